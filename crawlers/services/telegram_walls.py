"""What stands in the place of a Telegram channel's preview, in words for a person. Pure."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from crawlers.services.telegram_markup import texts
from crawlers.text_of_html import one_line
from crawlers.walls import wall_of

_PEOPLE = re.compile(r"\d|subscri|member", re.IGNORECASE)
_GROUP = re.compile(r"member|online", re.IGNORECASE)


def why_no_preview(tree: HtmlElement) -> str:
    """Return why a page of t.me holds no messages: what it is instead of a channel's preview.

    Telegram answers with a contact page where a channel has no preview, where the name is a group, person or
    bot, and where nobody has the name.
    """
    title = _first(tree, "tgme_page_title")
    below = _first(tree, "tgme_page_extra")
    if tree.xpath("//a[contains(@class,'tgme_action_button')][starts-with(@href,'/s/')]"):
        return "the channel's contact page came instead of its preview, which it does have"
    if title or below:
        return _of_contact_page(below)
    if tree.xpath("//*[contains(@class,'tgme_page')]"):
        return "there is no public channel of this name: it does not exist, or it is private"
    if wall := wall_of(tree, "https://t.me/s/", "the channel's preview"):
        return wall
    heading = one_line(" ".join(str(text) for text in tree.xpath("//title//text() | //h1//text()")))[:200]
    shown = f" (it is titled {heading[:80]!r})" if heading else ""
    return f"this is not the preview page of a Telegram channel{shown}"


def _of_contact_page(below: str) -> str:
    if below.startswith("@"):
        return "this name is a person's or a bot's, not a channel's"
    if _GROUP.search(below) and "online" in below.lower():
        return "this name is a group's, and groups have no public preview"
    if _PEOPLE.search(below):
        return "the channel's public preview is off, or the channel is a group: only its contact page came"
    return "there is no public preview under this name: it is private, restricted, or no channel"


def _first(tree: HtmlElement, name: str) -> str:
    return next(iter(texts(tree, name)), "")
