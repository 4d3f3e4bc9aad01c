"""A digest as HTML, plain text, mail and Slack message. The words are `digest_message`'s."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from alerts.render import escaping
from alerts.render.digest_charts import DARK, LIGHT, Palette, trend_chart, voice_chart
from alerts.render.digest_message import DigestMessage, PartMessage, compose_digest
from alerts.render.mail import Mail, render_html, render_text
from alerts.render.phrases import brand_name
from alerts.render.slack import MAX_BLOCKS, MAX_TEXT, Block, context, header_block, section

_SUBJECT_LIMIT = 150
_SHADES: Final[Mapping[str, Palette]] = {"light": LIGHT, "dark": DARK}
# Slack takes a line's direction from its first strong character, which may be a Latin name or a digit.
_LINE_STARTS: Final[Mapping[str, str]] = {"rtl": "\u200f", "ltr": "\u200e"}

Images = Mapping[str, bytes]


def digest_images(data: Mapping[str, Any], language: str) -> dict[str, bytes]:
    """Return the charts as PNG by name: `trend-1-light`, `voice-1-dark` and so on, by part from 1."""
    images = {}
    for place, part in enumerate(data["brands"], start=1):
        shares = [
            {**entry, "brand": brand_name(data, entry["brand"], language)} for entry in part["share_of_voice"]
        ]
        for shade, palette in _SHADES.items():
            images[f"trend-{place}-{shade}"] = trend_chart(part["trend"], language, palette)
            if any(entry["share"] is not None for entry in part["share_of_voice"]):
                images[f"voice-{place}-{shade}"] = voice_chart(shares, language, palette)
    return images


def inline_images(images: Images) -> Callable[[str], str]:
    """Return addresses that hold the pictures themselves, for a page that is opened as a file."""
    return lambda name: f"data:image/png;base64,{b64encode(images[name]).decode()}"


def digest_html(
    data: Mapping[str, Any], language: str, images: Images, address: Callable[[str], str] | None = None
) -> str:
    """Return the page. `address` maps a picture's name to its `src`; `cid:NAME` if not given."""
    message = compose_digest(data, language)
    parts = {
        "message": message,
        "images": images,
        "address": address or (lambda name: f"cid:{name}"),
        "light": LIGHT,
        "dark": DARK,
    }
    return render_html("digest.html.jinja", parts)


def digest_text(data: Mapping[str, Any], language: str) -> str:
    """Return the digest as plain text, with the same numbers."""
    return render_text("digest.txt.jinja", {"message": compose_digest(data, language)})


def mail_digest(data: Mapping[str, Any], language: str) -> Mail:
    """Return the mail for a digest payload, its pictures attached inline."""
    images = digest_images(data, language)
    return Mail(
        subject=escaping.header(compose_digest(data, language).subject, _SUBJECT_LIMIT),
        html=digest_html(data, language, images),
        text=digest_text(data, language),
        images=images,
    )


def slack_digest(data: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return the short form as the body of a webhook call, `{"text": fallback, "blocks": […]}`."""
    message = compose_digest(data, language)
    start = _LINE_STARTS[message.direction]
    blocks: list[Block] = [header_block(f"{message.say['title']} · {message.days}")]
    for part in message.parts:
        blocks += [section("\n".join(start + line for line in _lines(part, message)))]
        for post in part.posts[:1]:
            link = f" · {escaping.slack_link(post.url, message.say['open'])}" if post.url else ""
            about = f"*{_sentence(post.author)}*{link}"
            text = f"> {_LINE_STARTS[post.direction]}{escaping.mrkdwn(post.text, 600)}"
            blocks.append(section(f"{start}{about}\n{text}"))
    for title, lines in (("alerts", message.alerts), ("gaps", message.gaps)):
        if lines:
            told = [f"*{_sentence(message.say[title])}*", *(f"• {_sentence(line)}" for line in lines[:5])]
            blocks.append(section("\n".join(start + line for line in told)))
    blocks = [*blocks[: MAX_BLOCKS - 1], context([start + _sentence(line) for line in message.foot[1:2]])]
    return {"text": escaping.mrkdwn(message.subject, MAX_TEXT), "blocks": blocks}


def _lines(part: PartMessage, message: DigestMessage) -> list[str]:
    lines = [f"*{_sentence(part.headline)}*"]
    if part.stands_out:
        lines.append(_sentence(part.stands_out))
    lines += [
        f"• {_sentence(card.label)}: {_sentence(card.value)} · {_sentence(card.change)}"
        for card in part.cards
    ]
    tones = " · ".join(f"{piece.label} {piece.count} ({piece.share})" for piece in part.sentiment)
    lines.append(f"• {_sentence(tones)}")
    if part.voice:
        lines.append(f"• {_sentence(message.say['voice'])}: {_sentence(' · '.join(part.voice))}")
    return lines


def _sentence(text: str) -> str:
    """Escape a sentence that was cleaned when it was composed; its isolates must stay."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
