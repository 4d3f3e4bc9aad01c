"""A Slack payload as a page that looks as Slack would show it, for pictures of what was sent."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from unicodedata import bidirectional

_LINK = re.compile(r"<(https?://[^|>]+)\|([^>]*)>")
_SPANS: Final = (
    (re.compile(r"`([^`\n]+)`"), r"<code>\1</code>"),
    (re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])"), r"<b>\1</b>"),
)
_STYLE = """
body { margin: 0; background: #fff; color: #1d1c1d;
  font: 15px/1.46 'Lato', 'Noto Sans', 'Noto Sans Arabic', sans-serif; }
.message { display: flex; gap: 10px; padding: 16px 20px; max-width: 680px; }
.face { flex: none; width: 36px; height: 36px; border-radius: 8px; background: #174a5b; color: #fff;
  font: 700 20px/36px 'Noto Sans Arabic', sans-serif; text-align: center; }
.content { min-width: 0; flex: 1; }
.who { font-weight: 900; }
.app { font-size: 10px; background: #e8e8e8; color: #616061; border-radius: 2px; padding: 1px 4px; }
h3 { margin: 6px 0 8px; font-size: 18px; line-height: 1.35; }
.section { margin: 0 0 8px; } .line { unicode-bidi: plaintext; text-align: start; overflow-wrap: anywhere; }
.quote { border-inline-start: 4px solid #ddd; padding-inline-start: 12px; }
.context { font-size: 13px; color: #616061; margin: 8px 0 0; }
.context span + span::before { content: '  '; white-space: pre; }
code { font: 14px 'DejaVu Sans Mono', monospace; letter-spacing: -1px; color: #e01e5a; background: #f6f6f6;
  border: 1px solid #ddd; border-radius: 3px; padding: 1px 3px; unicode-bidi: isolate; direction: ltr; }
a { color: #1264a3; text-decoration: none; }
hr { border: 0; border-top: 1px solid #ddd; margin: 10px 0; }
"""


def page(payload: Mapping[str, Any], sender: str = "Marsad") -> str:
    """Return a whole HTML page with one message. Blocks of other kinds than Marsad sends are left out."""
    body = "\n".join(_BLOCKS[block["type"]](block) for block in payload["blocks"] if block["type"] in _BLOCKS)
    first = re.search(r"\w", payload["text"])
    side = "rtl" if first and bidirectional(first[0]) in ("R", "AL") else "ltr"
    return (
        f'<!DOCTYPE html><html dir="{side}"><head><meta charset="utf-8"><title>{html.escape(sender)}</title>'
        f'<style>{_STYLE}</style></head><body><div class="message"><div class="face">م</div>'
        f'<div class="content"><span class="who">{html.escape(sender)}</span> <span class="app">APP</span>'
        f"{body}</div></div></body></html>"
    )


def _header(block: Mapping[str, Any]) -> str:
    return f'<h3 dir="auto">{html.escape(block["text"]["text"])}</h3>'


def _section(block: Mapping[str, Any]) -> str:
    return '<div class="section">' + "".join(map(_line, block["text"]["text"].split("\n"))) + "</div>"


def _context(block: Mapping[str, Any]) -> str:
    parts = "".join(f"<span>{_marked(part['text'])}</span>" for part in block["elements"])
    return f'<div class="context" dir="auto">{parts}</div>'


def _line(text: str) -> str:
    quoted = text.startswith(">")
    kind = "line quote" if quoted else "line"
    return f'<div class="{kind}" dir="auto">{_marked(text.removeprefix(">").strip())}</div>'


def _marked(text: str) -> str:
    """Turn mrkdwn into HTML. What Slack had escaped stays escaped: `&lt;` is the same in both."""
    pieces, end = [], 0
    for link in _LINK.finditer(text):
        pieces.append(_spanned(text[end : link.start()]))
        pieces.append(f'<a href="{link[1].replace(chr(34), "%22")}">{link[2]}</a>')
        end = link.end()
    return "".join([*pieces, _spanned(text[end:])])


def _spanned(text: str) -> str:
    safe = text.replace("<", "&lt;").replace(">", "&gt;")
    for pattern, replacement in _SPANS:
        safe = pattern.sub(replacement, safe)
    return safe


def _divider(block: Mapping[str, Any]) -> str:
    return "<hr>"


_BLOCKS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "divider": _divider,
}
