"""The preview of a public channel on Telegram, simulated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from html import escape

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

CHANNEL = "acme_news"
PER_PAGE = 20


def message(number: int, words: str) -> str:
    """Return one message as it stands in a preview page; numbers count from 1."""
    written = (BASE + timedelta(minutes=number)).isoformat()
    return f"""
<div class="tgme_widget_message_wrap js-widget_message_wrap">
 <div class="tgme_widget_message text_not_supported_wrap js-widget_message" data-post="Acme_News/{number}">
  <div class="tgme_widget_message_author accent_color">
   <a class="tgme_widget_message_owner_name" href="https://t.me/Acme_News"><span dir="auto">Acme</span></a>
  </div>
  <div class="tgme_widget_message_text js-message_text" dir="auto">{words}</div>
  <div class="tgme_widget_message_footer compact js-message_footer">
   <span class="tgme_widget_message_views">1.2K</span><span class="copyonly"> views</span>
   <span class="tgme_widget_message_meta"><a class="tgme_widget_message_date"
     href="https://t.me/Acme_News/{number}"><time datetime="{written}" class="time">00:00</time></a></span>
  </div>
 </div>
</div>"""


def preview(messages: str, before: int | None = None) -> bytes:
    """Return a preview page that holds messages, oldest first, and leads to those before a number."""
    more = (
        f'<a href="/s/{CHANNEL}?before={before}" class="tme_messages_more js-messages_more"'
        f' data-before="{before}"></a>'
        if before
        else ""
    )
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Acme – Telegram</title></head>
<body class="widget_frame_base tgme_webpreview">
 <div class="tgme_channel_info">
  <div class="tgme_channel_info_header_title"><span dir="auto">Acme</span></div>
  <div class="tgme_channel_info_counters">
   <div class="tgme_channel_info_counter"><span class="counter_value">12.3K</span>
     <span class="counter_type">subscribers</span></div>
   <div class="tgme_channel_info_counter"><span class="counter_value">45</span>
     <span class="counter_type">photos</span></div>
  </div>
 </div>
 <section class="tgme_channel_history js-message_history">{more}{messages}</section>
</body></html>""".encode()


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path != f"/s/{CHANNEL}":
        return None
    before = asked.query.get("before", "")
    # Telegram counts messages from 1, items here count from 0.
    below = int(before) if re.fullmatch(r"\d+", before) else max(items, default=0) + 2
    shown = [number for number in items if number + 1 < below][:PER_PAGE]
    more = any(number < min(shown) for number in items) if shown else False
    blocks = "".join(_block(number) for number in reversed(shown))
    return Answer(preview(blocks, min(shown) + 1 if more else None), type="text/html; charset=utf-8")


def _block(number: int) -> str:
    written = (BASE + timedelta(minutes=number)).isoformat()
    later = (BASE + timedelta(minutes=number + 1)).isoformat()
    return message(number + 1, escape(f"item {number}.")).replace(later, written)


WORLD = World(
    kind="telegram_channel",
    options=lambda base: {"base_url": base, "channels": [f"@{CHANNEL}"]},
    answer=_answer,
    per_page=PER_PAGE,
)
