"""Messages in the public preview of a Telegram channel (`t.me/s/<channel>`). Pure, run in the child.

The page has no specification: class names are what the served pages have had since 2019. They are looked for
by name alone, whatever stands beside them and however the page is indented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from lxml.html import HtmlElement

from crawlers import pages
from crawlers.dates import parse_moment
from crawlers.errors import CrawlError, UnreadableError
from crawlers.items import Item, Page
from crawlers.services.telegram_counts import short_count
from crawlers.services.telegram_markup import inside, texts, with_class, words_in
from crawlers.services.telegram_walls import why_no_preview
from crawlers.text_of_html import one_line
from crawlers.urls import web_url
from storage.records import Author, Engagement

_POST = re.compile(r"([A-Za-z]\w{2,63})/(\d{1,18})", re.ASCII)
_HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})
_FULL_PAGE = 10
_READERS = re.compile(
    r"subscri|membe?r|follow|abonn|suscri|inscri|iscri|assinant|seguidor|mitglied|miembr|obunachi|подпис|підпис"
    r"|участник|учасник|üye|abone|anggota|pelanggan|obserwu|odběr|prenumer|مشتر[كک]|متابع|عضو|[أا]عضا|دنبال",
    re.IGNORECASE,
)
# The first that is found says what else the message holds; an album holds several.
_MEDIA = {
    "tgme_widget_message_photo_wrap": "photo",
    "tgme_widget_message_video_player": "video",
    "tgme_widget_message_roundvideo_player": "video",
    "tgme_widget_message_voice_player": "voice",
    "tgme_widget_message_sticker_wrap": "sticker",
    "tgme_widget_message_sticker": "sticker",
    "tgme_widget_message_videosticker": "sticker",
    "tgme_widget_message_tgsticker": "sticker",
    "tgme_widget_message_location_wrap": "location",
    "tgme_widget_message_contact_wrap": "contact",
    "tgme_widget_message_poll": "poll",
    "tgme_widget_message_game": "game",
    "tgme_widget_message_invoice_wrap": "invoice",
    "tgme_widget_message_document_wrap": "document",
}
_EMOJI_TAGS = frozenset({"i", "b", "tg-emoji", "svg", "img"})


def read_channel(body: bytes, content_type: str | None = None) -> Page:
    """Return the messages of a preview page, newest first, and the `before` of the page of older ones.

    A message without words (a photo, a voice note) has an empty text, and `media` in `extra` says what it is.
    `facts` holds the channel's `title` and `subscribers` where the page shows them. The page of a single
    post gives that post, without a date.

    Raises:
        UnreadableError: this is no preview; the message says what it is instead, for a person.
    """
    try:
        tree = pages.tree_of(pages.decoded(body, content_type))
    except UnreadableError:
        raise
    except CrawlError as error:
        raise UnreadableError(str(error)) from None
    except (ValueError, RecursionError):
        raise UnreadableError("the page is not HTML") from None
    subscribers = _subscribers(tree)
    messages = _messages(tree)
    if not body.rstrip()[-1000:].lower().count(b"</html>"):
        # Cut short: the footer with the date ends a message, so one without it may be half of one.
        messages = [one for one in messages if _published(one[0]) is not None]
    items = [_item(message, channel, number, subscribers) for message, channel, number in messages]
    if not items and (single := _single_post(tree)) is not None:
        items = [single]
    if not items and not _is_preview(tree):
        raise UnreadableError(why_no_preview(tree))
    title = next(iter(texts(tree, "tgme_channel_info_header_title")), None)
    return Page(
        items=tuple(reversed(items)),
        next=_before(tree, [number for _, _, number in messages]),
        facts={"title": title, "subscribers": subscribers},
    )


def post_id(address: str | None) -> str | None:
    """Return `channel/123` for the address of a post in a public channel, else None. Case is folded."""
    parts = urlsplit(web_url(address, "https://t.me/") or "")
    if (parts.hostname or "").removeprefix("www.") not in _HOSTS:
        return None
    found = _POST.fullmatch(parts.path.removeprefix("/s/").strip("/"))
    return _identity(found[1], int(found[2])) if found else None


def _identity(channel: str, number: int) -> str:
    return f"{channel.casefold()}/{number}"


def _messages(tree: HtmlElement) -> list[tuple[HtmlElement, str, int]]:
    """Return the messages of the page with their channel and number, oldest first, each once."""
    found: dict[int, tuple[HtmlElement, str, int]] = {}
    for element in tree.xpath("//*[@data-post][not(ancestor::*[@data-post])]"):
        match = _POST.fullmatch(element.get("data-post", "").strip())
        if match:
            found.setdefault(int(match[2]), (element, match[1], int(match[2])))
    return [found[number] for number in sorted(found)]


def _item(message: HtmlElement, channel: str, number: int, subscribers: int | None) -> Item:
    replied = next(with_class(message, "tgme_widget_message_reply"), None)
    address = f"https://t.me/{channel}/{number}"
    return Item(
        external_id=_identity(channel, number),
        url=address,
        text=_text(message),
        author=Author(
            "telegram",
            channel,
            name=next(iter(texts(message, "tgme_widget_message_owner_name")), "")[:300] or None,
            profile_url=f"https://t.me/{channel}",
            followers=subscribers,
        ),
        engagement=Engagement(
            likes=_reactions(message, paid=False),
            views=short_count(next(iter(texts(message, "tgme_widget_message_views")), None)),
        ),
        published_at=_published(message),
        parent_id=None if replied is None else post_id(replied.get("href")),
        extra=_extra(message),
    )


def _extra(message: HtmlElement) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "forwarded_from": next(iter(texts(message, "tgme_widget_message_forwarded_from_name")), "")[:300],
        "signed": next(iter(texts(message, "tgme_widget_message_from_author")), "")[:300],
        "edited": _edited(message),
        "service": "service_message" in message.get("class", "").split(),
        "media": _media(message),
        "link": _link(message),
        "link_title": next(iter(texts(message, "link_preview_title")), "")[:300],
        "stars": _reactions(message, paid=True),
    }
    return {name: value for name, value in facts.items() if value}


def _text(message: HtmlElement) -> str:
    """Return the words of a message: its text or caption, a poll's question and answers, a file's name."""
    written = [
        part
        for part in with_class(message, "tgme_widget_message_text")
        if not inside(part, message, "tgme_widget_message_text", "tgme_widget_message_reply")
    ]
    parts = [words_in(part) for part in written]
    parts += texts(message, "tgme_widget_message_poll_question")
    parts += [f"- {answer}" for answer in texts(message, "tgme_widget_message_poll_option_text")]
    words = "\n".join(part for part in parts if part)
    return words or "\n".join(
        text
        for name in ("tgme_widget_message_document_title", "tgme_widget_message_contact_name")
        for text in texts(message, name)
    )


def _published(message: HtmlElement) -> Any:
    """Return the time in the footer: a video's length stands in a `time` too, but without `datetime`."""
    for path in (".//a[contains(@class,'message_date')]//time/@datetime", ".//time/@datetime"):
        for written in message.xpath(path):
            if (moment := parse_moment(str(written))) is not None:
                return moment
    return None


def _edited(message: HtmlElement) -> bool:
    """Tell whether a word stands beside the time and the signature, which is `edited` in some language."""
    for meta in with_class(message, "tgme_widget_message_meta"):
        loose = "".join([meta.text or "", *(child.tail or "" for child in meta)])
        if any(letter.isalpha() for letter in loose):
            return True
    return False


def _reactions(message: HtmlElement, *, paid: bool) -> int | None:
    """Return the sum of the reactions, those paid for in stars or the others; None where none is shown."""
    counts = [
        short_count(_without_emoji(reaction))
        for reaction in with_class(message, "tgme_reaction")
        if paid == any("paid" in name for name in reaction.get("class", "").split())
    ]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _without_emoji(reaction: HtmlElement) -> str:
    parts = [reaction.text or ""]
    for child in reaction:
        if child.tag not in _EMOJI_TAGS and isinstance(child.tag, str):
            parts.append(str(child.text_content()))
        parts.append(child.tail or "")
    return " ".join(parts)


def _media(message: HtmlElement) -> list[str]:
    held = {
        kind
        for name, kind in _MEDIA.items()
        for element in with_class(message, name)
        if not inside(element, message, "tgme_widget_message_reply")
    }
    return sorted(held)


def _link(message: HtmlElement) -> str | None:
    preview = next(with_class(message, "tgme_widget_message_link_preview"), None)
    return None if preview is None else web_url(preview.get("href"))


def _subscribers(tree: HtmlElement) -> int | None:
    for counter in with_class(tree, "tgme_channel_info_counter"):
        kind = next(iter(texts(counter, "counter_type")), "")
        if _READERS.search(kind):
            return short_count(next(iter(texts(counter, "counter_value")), None))
    return None


def _before(tree: HtmlElement, numbers: list[int]) -> str | None:
    """Return the `before` of the next older page: what the page's link says, never after its oldest message.

    Without a link, a page that looks full and does not reach the channel's first message has one too.
    """
    named = [
        int(written)
        for written in _older_links(tree)
        if re.fullmatch(r"[0-9]{1,18}", written) and (not numbers or int(written) < max(numbers))
    ]
    if not numbers:
        return None
    oldest = min(numbers)
    if oldest <= 1 or not (named or len(numbers) >= _FULL_PAGE):
        return None
    return str(min([oldest, *named]))


def _older_links(tree: HtmlElement) -> Iterator[str]:
    yield from (str(one) for one in tree.xpath("//a[contains(@class,'messages_more')]/@data-before"))
    for href in tree.xpath("//link[@rel='prev']/@href | //a[contains(@class,'messages_more')]/@href"):
        yield from parse_qs(str(href).partition("?")[2][:1000]).get("before", [])


def _is_preview(tree: HtmlElement) -> bool:
    names = ("tgme_channel_history", "tgme_channel_info")
    return any(next(with_class(tree, name), None) is not None for name in names)


def _single_post(tree: HtmlElement) -> Item | None:
    """Return the post of a page that shows one in a frame: its words stand in the page's description."""
    shown = next((str(one) for one in tree.xpath("//@data-telegram-post")), "")
    found = _POST.fullmatch(unquote(shown).strip())
    if found is None:
        return None
    words = next((str(one) for one in tree.xpath("//meta[@property='og:description']/@content")), "")
    title = next((str(one) for one in tree.xpath("//meta[@property='og:title']/@content")), "")
    address = f"https://t.me/{found[1]}"
    return Item(
        external_id=_identity(found[1], int(found[2])),
        url=f"{address}/{int(found[2])}",
        text=pages.tidied(words),
        author=Author("telegram", found[1], name=one_line(title)[:300] or None, profile_url=address),
    )
