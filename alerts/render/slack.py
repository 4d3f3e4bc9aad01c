"""An alert as Slack's Block Kit, within Slack's limits whatever the payload holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from alerts.render import escaping
from alerts.render.alert import AlertMessage, Post, compose

Block = dict[str, Any]

# https://docs.slack.dev/reference/block-kit/blocks: characters and elements that Slack accepts.
MAX_BLOCKS: Final = 50
MAX_HEADER: Final = 150
MAX_SECTION: Final = 3000
MAX_CONTEXT_ELEMENTS: Final = 10
MAX_CONTEXT_TEXT: Final = 2000
MAX_BLOCK_ID: Final = 255
MAX_TEXT: Final = 4000

_MARKS: Final[Mapping[str, str]] = {"low": "🟡", "medium": "🟠", "high": "🔴", "resolved": "✅"}
_HALF_ENTITY: Final = re.compile(r"&[a-z]{0,3}$")
_BARS: Final = "▁▂▃▄▅▆▇█"
_BARS_SHOWN = 48
# Slack takes a line's direction from its first strong character, which may be a Latin name or a digit.
_LINE_STARTS: Final[Mapping[str, str]] = {"rtl": "\u200f", "ltr": "\u200e"}


def slack_alert(payload: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return the body of a webhook call, `{"text": fallback, "blocks": […]}`, for an alert payload."""
    message = compose(payload, language)
    headline = f"{_mark(message)} {message.plain_headline}"
    blocks = [header_block(headline), *_body(message)]
    fallback = " — ".join([headline, *message.distance[:1]])
    return {"text": escaping.mrkdwn(fallback, MAX_TEXT), "blocks": blocks[:MAX_BLOCKS]}


def header_block(text: str) -> Block:
    """Return a header of at most 150 characters; in `plain_text` nothing is markup."""
    plain = escaping.clip(escaping.clean(text), MAX_HEADER)
    return {"type": "header", "text": {"type": "plain_text", "text": plain, "emoji": False}}


def section(markup: str) -> Block:
    """Return a section of ready mrkdwn of at most 3,000 characters.

    `verbatim` keeps Slack from making links of bare addresses, names and channels in what strangers wrote.
    """
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": _cut(markup, MAX_SECTION), "verbatim": True},
    }


def context(parts: Sequence[str]) -> Block:
    """Return a line of small print: at most 10 parts of ready mrkdwn."""
    elements = [
        {"type": "mrkdwn", "text": _cut(part, MAX_CONTEXT_TEXT), "verbatim": True}
        for part in parts[:MAX_CONTEXT_ELEMENTS]
    ]
    return {"type": "context", "elements": elements}


def _cut(markup: str, limit: int) -> str:
    """Cut ready mrkdwn, but not inside an escaped character."""
    return markup if len(markup) <= limit else _HALF_ENTITY.sub("", markup[: limit - 1]) + escaping.ELLIPSIS


def sparkline(values: Sequence[float], width: int = _BARS_SHOWN) -> str:
    """Return counts as one line of bars, newest last, neighbours added up so that at most `width` remain."""
    if not values or max(values) <= 0:
        return ""
    step = -(-len(values) // width)
    # Grouped from the newest backwards, so that the last bar is a whole one.
    sums = [sum(values[max(0, end - step) : end]) for end in range(len(values), 0, -step)][::-1]
    top = max(sums)
    return "".join(_BARS[min(7, int(max(0.0, value) / top * 7.999))] for value in sums)


def _mark(message: AlertMessage) -> str:
    return _MARKS["resolved" if message.change == "resolved" else message.severity]


def _body(message: AlertMessage) -> Iterator[Block]:
    start = _LINE_STARTS[message.direction]
    lines = [start + _sentence(line) for line in message.distance]
    bars = sparkline([count for _, count, _ in message.series])
    if bars:
        lines.append(f"{start}{_sentence(message.chart_title)}: `{bars}`")
    if lines:
        yield section("\n".join(lines))
    if message.reasons:
        why = [f"{start}*{_sentence(message.why)}*"]
        for reason in message.reasons:
            items = " · ".join(_sentence(item) for item in reason.items)
            why.append(f"{start}{_sentence(reason.label)}: {items}")
        yield section("\n".join(why))
    if message.posts:
        yield section(f"{start}*{_sentence(message.posts_title)}*")
        for post in message.posts:
            yield section(_post(post, message, start))
    small = (message.since, message.severity_line, *message.footer)
    yield context([start + " · ".join(_sentence(part) for part in small if part)])


def _sentence(text: str) -> str:
    """Escape a sentence that was cleaned when it was composed; its isolates must stay."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _post(post: Post, message: AlertMessage, start: str) -> str:
    # The link stands before the text: an unclosed code mark in a stranger's text must not swallow it.
    about = [f"*{_sentence(post.author)}*", *map(_sentence, post.about)]
    if post.url:
        about.append(escaping.slack_link(post.url, message.open_label))
    return f"{start}{' · '.join(about)}\n> {_LINE_STARTS[post.direction]}{escaping.mrkdwn(post.text)}"
