"""Making strangers' text safe for where it is shown: Slack's mrkdwn, HTML, mail headers, plain text.

HTML is escaped by the templates (Jinja's autoescape); what is here comes before that.
"""

from __future__ import annotations

import unicodedata
from typing import Final
from urllib.parse import urlsplit

ELLIPSIS: Final = "…"
_MAX_LINK = 2000
_MAX_SLACK_LINK = 1000  # escaped: a third of a section

# Embeddings, overrides and isolates: a stranger's unclosed one would turn around the text after it.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029\t")
_SLACK_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Joined to the character before them, so a cut must not come in front of them.
_ZERO_WIDTH_JOINER = "\u200d"
_EXTENDING_CATEGORIES = frozenset({"Mn", "Me", "Mc"})
_LINK_REPLACEMENTS = {ord(char): f"%{ord(char):02X}" for char in ' <>"|\\^`{}'}


def clean(text: str) -> str:
    """Return one line of text: no control characters, no bidi controls, no lone surrogates.

    Line breaks and runs of white space become one space. Joiners and direction marks stay: emoji and
    correct Arabic and Persian need them.
    """
    kept = []
    for char in text:
        if char in _LINE_BREAKS:
            kept.append(" ")
        elif char not in _BIDI_CONTROLS and unicodedata.category(char) not in ("Cc", "Cs"):
            kept.append(char)
    return " ".join("".join(kept).split())


def _extends(char: str) -> bool:
    return (
        char == _ZERO_WIDTH_JOINER
        or unicodedata.category(char) in _EXTENDING_CATEGORIES
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )


def clip(text: str, limit: int) -> str:
    """Return at most `limit` code points (at least 2), with an ellipsis where something was cut.

    No cut comes between a letter and its marks or inside a joined emoji, unless those alone exceed the
    limit; a word is kept whole where that costs less than a fifth of the text.
    """
    if len(text) <= limit:
        return text
    cut = limit - 1
    floor = max(1, cut - 32)
    while cut > floor and (_extends(text[cut]) or text[cut - 1] == _ZERO_WIDTH_JOINER):
        cut -= 1
    space = text.rfind(" ", 0, cut + 1)
    if space > cut * 4 // 5:
        cut = space
    return text[:cut].rstrip() + ELLIPSIS


def excerpt(text: str, limit: int) -> str:
    """Return the cleaned beginning of a text of any length; the cost does not grow with the rest of it."""
    # Cleaning removes characters, so more is read than is shown, and the mark of the cut is kept right.
    text = text.lstrip()
    window = text[: limit * 4]
    shown = clean(window)
    if len(window) < len(text) and len(shown) <= limit:
        shown = shown[: limit - 1].rstrip() + ELLIPSIS if shown else ELLIPSIS
    return clip(shown, limit)


def mrkdwn(text: str, limit: int | None = None) -> str:
    """Return cleaned text for a Slack `mrkdwn` object, escaped, at most `limit` characters *after* that.

    Only `&`, `<` and `>` need it; escaped, `<!channel>` and `<@U1>` are shown as they were written.
    """
    escaped = [_SLACK_ENTITIES.get(char, char) for char in clean(text)]
    if limit is None or sum(map(len, escaped)) <= limit:
        return "".join(escaped)
    kept, room = [], limit - len(ELLIPSIS)
    for piece in escaped:
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + ELLIPSIS


def slack_link(url: str, label: str) -> str:
    """Return a Slack link, or the escaped label alone where the address is not one to link to."""
    address = (safe_link(url) or "").replace("&", "&amp;")
    return f"<{address}|{mrkdwn(label)}>" if 0 < len(address) <= _MAX_SLACK_LINK else mrkdwn(label)


def safe_link(url: str | None) -> str | None:
    """Return an absolute http or https address that is safe inside quotes and Slack links, or None."""
    if not url or len(url) > _MAX_LINK or any(char in "\n\r\t" for char in url):
        return None
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    if any(char in _BIDI_CONTROLS or unicodedata.category(char) in ("Cc", "Cs") for char in url):
        return None
    return url.strip().translate(_LINK_REPLACEMENTS)


def header(text: str, limit: int = 200) -> str:
    """Return text for a mail header: one line, no control characters, at most `limit` code points."""
    return excerpt(text, limit)
