"""HTML as people read it: plain text, with a line for each block. Pure."""

from __future__ import annotations

import html
import re

import nh3

_BLOCKS = {
    *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "figure"),
    *("footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre"),
    *("section", "table", "tr", "ul"),
}
_CELLS = {"td", "th"}
_UNREAD = {"script", "style", "title", "template", "iframe", "object", "svg", "math", "noembed", "noframes"}
_BREAK = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS, key=len, reverse=True))})>")
_CELL = re.compile(r"</?t[dh]>")
# HTML knows no such elements: read by its rules, an unclosed one swallows all that follows.
_SELF_CLOSED = re.compile(rf"<(?:{'|'.join(sorted(_UNREAD))}|textarea|noscript)\b[^<>]{{0,4000}}/>", re.I)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*\n ?")
_LINE = re.compile(r" ?\n ?")
# Time grows with the square of the depth, so that the number of tags is limited, not only the length.
_LONGEST = 500_000
_MOST_TAGS = 8_000


def text_of_html(markup: str) -> str:
    """Return the readable text of a piece of HTML, however broken.

    Blocks and `<br>` become line breaks (at most one empty line between), white space is collapsed,
    entities are resolved, scripts, styles and comments dropped. Very long or deep input is cut.
    """
    if "<" not in markup:
        return tidy(html.unescape(markup[:_LONGEST]))
    # JSON may spell half a surrogate pair, which is no text.
    whole = _cut(markup).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    bare = nh3.clean(
        _SELF_CLOSED.sub(" ", whole).replace("\n", " "),
        tags=_BLOCKS | _CELLS,
        clean_content_tags=_UNREAD,
        attributes={},
        link_rel=None,
    )
    return tidy(html.unescape(_CELL.sub(" ", _BREAK.sub("\n", bare))))


def tidy(text: str) -> str:
    """Return text with white space collapsed, and line breaks only where they were, at most two."""
    text = _SPACES.sub(" ", text.replace("\x00", "").replace("\r", "\n"))
    return _LINE.sub("\n", _LINES.sub("\n\n", text)).strip()


def one_line(text: str) -> str:
    """Return text with all white space collapsed to single spaces, as for titles and names."""
    return " ".join(text.replace("\x00", "").split())


def _cut(markup: str) -> str:
    markup = markup[:_LONGEST]
    if markup.count("<") <= _MOST_TAGS:
        return markup
    return "<".join(markup.split("<", _MOST_TAGS)[:_MOST_TAGS])
