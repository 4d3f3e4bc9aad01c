"""Previews of Telegram channels on loopback, read through the real reader into the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from benchmarks.payloads.case import Asked
from crawlers.collect import collect
from crawlers.sources.telegram_channel import TelegramChannelOptions
from storage.mentions import fetch
from storage.records import FetchStatus
from storage.tables import mentions
from tests.contract.worlds.telegram_channel import WORLD, message, preview


@pytest.fixture
def read(engine, site, configured, clock, run) -> Callable[..., Any]:
    def visit(*channels: str, **more: Any):
        entry = {"name": "tg", "kind": "telegram_channel", "base_url": site.url, "channels": channels, **more}
        (event,) = run(lambda: collect(engine, configured(entry), clock, force=True))
        return event

    return visit


def kept(engine):
    with engine.connect() as connection:
        ids = connection.execute(select(mentions.c.id)).scalars().all()
        found = [one.mention for one in fetch(connection, ids)]
    return sorted(found, key=lambda one: (len(one.external_id), one.external_id))


@pytest.fixture
def numbers(site, answer) -> list[int]:
    """The numbers of the messages there are, newest first, in a channel that the site serves."""
    there: list[int] = []

    def serve(path: str):
        query = dict(pair.split("=") for pair in path.partition("?")[2].split("&") if pair)
        page = WORLD.answer(Asked("GET", "/s/acme_news", query, {}, b""), there)
        return answer(page.body, headers={"Content-Type": page.type})

    site.pages["/s/acme_news"] = serve
    return there


def test_older_pages_are_read_to_the_first_message(engine, read, numbers, site, clock):
    numbers[:] = range(44, -1, -1)
    clock.now = clock.now.replace(year=2027)
    event = read("@Acme_News")
    assert (event.status, event.items_new) == (FetchStatus.OK, 45)
    assert [path for path, _ in site.asked] == [
        "/s/acme_news",
        "/s/acme_news?before=26",
        "/s/acme_news?before=6",
    ]
    first = kept(engine)[0]
    assert (first.external_id, first.text, first.author.followers) == ("acme_news/1", "item 0.", 12_300)


def test_what_the_page_limit_leaves_is_read_at_the_next_visits(engine, read, numbers, clock):
    clock.now = clock.now.replace(year=2027)
    numbers[:] = range(5, -1, -1)
    read("acme_news")
    numbers[:] = range(99, -1, -1)
    given = [read("acme_news", pages=2).items_new for _ in range(5)]
    assert given[0] == 40
    assert sum(given) == 94
    assert len(kept(engine)) == 100


def test_an_edited_message_is_a_revision(engine, read, site, answer):
    site.pages["/s/acme_news"] = answer(preview(message(5, "befor")))
    read("acme_news")
    site.pages["/s/acme_news"] = answer(preview(message(5, "before")))
    read("acme_news")
    assert [one.text for one in kept(engine)] == ["before"]


def test_a_channel_without_a_preview_fails_in_words_and_the_others_are_read(
    engine, read, site, answer, numbers
):
    numbers[:] = [0]
    site.pages["/s/hidden"] = answer(status=302, headers={"Location": "/hidden"})
    site.pages["/hidden"] = answer(
        b'<div class="tgme_page"><div class="tgme_page_title">H</div>'
        b'<div class="tgme_page_extra">7 subscribers</div></div>'
    )
    event = read("hidden", "acme_news")
    assert event.status is FetchStatus.FAILED
    assert "hidden: the channel's public preview is off" in event.error
    assert len(kept(engine)) == 1


@pytest.mark.parametrize(
    ("written", "channel"),
    [
        ("acme_news", "acme_news"),
        ("@Acme_News", "acme_news"),
        ("https://t.me/Acme_News", "acme_news"),
        ("t.me/s/acme_news?before=5", "acme_news"),
        (" https://telegram.me/acme_news/ ", "acme_news"),
    ],
)
def test_a_channel_is_named_in_any_usual_way(written, channel):
    assert TelegramChannelOptions(channels=[written]).channels == [channel]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "@",
        "a b",
        "قناة",
        "https://t.me/+AbCdEf",
        "https://t.me/joinchat/x",
        "+AbCdEf",
        "../etc",
        "https://x.example/a",
    ],
)
def test_what_names_no_public_channel_is_refused(written):
    with pytest.raises(ValidationError):
        TelegramChannelOptions(channels=[written])
