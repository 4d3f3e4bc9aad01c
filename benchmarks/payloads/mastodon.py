"""Recorded timelines and searches of Mastodon servers."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case, vcr
from storage.records import Mention, MentionKind

_TAG = "/api/v1/timelines/tag/any"
_SEARCH = "/api/v2/search"
_EXCHANGES = "INDEX counts the exchanges of the cassette; this is how many statuses the one answer holds"


def _hashtag(base: str) -> dict[str, Any]:
    return {"base_url": base, "hashtags": ["any"]}


def _search(base: str) -> dict[str, Any]:
    return {"base_url": base, "queries": ["any"], "token": {"env": "MASTODON_TOKEN"}}


def _whole(path: str, asked: Asked, content: bytes) -> Answer | None:
    return Answer(content) if asked.path == path and "max_id" not in asked.query else None


def _exchange(path: str, number: int, asked: Asked, content: bytes) -> Answer | None:
    return vcr(content, number) if asked.path == path and "max_id" not in asked.query else None


def _old_timeline(found: list[Mention]) -> None:
    first, last = found[0], found[-1]
    assert (first.external_id, first.parent_id) == ("714859", "675923")
    assert first.kind is MentionKind.COMMENT
    assert first.published_at == datetime(2017, 4, 21, 15, 0, 42, tzinfo=UTC)
    assert first.author is not None and first.author.handle == "jeroenpraat@mastodon.social"
    assert last.published_at is not None and last.published_at < first.published_at
    assert all(one.author is not None and one.author.followers is not None for one in found)
    assert all("<" not in one.text for one in found)


def _old_search(found: list[Mention]) -> None:
    first = next(one for one in found if one.external_id == "103085519055545958")
    assert (first.title, first.text) == ("Cat rules", "cats\ncats never change")
    assert first.published_at == datetime(2019, 11, 5, 13, 23, 9, tzinfo=UTC)


def _one_hoot(found: list[Mention]) -> None:
    (only,) = found
    assert only.external_id == "117020593741189701"
    assert only.text == "#hoot (hashtag toot)"
    assert only.language_hint == "ja"
    assert only.author is not None
    assert (only.author.handle, only.author.followers) == ("mastodonpy_test_2@localhost", 0)


def _modern_search(found: list[Mention]) -> None:
    first = next(one for one in found if one.external_id == "116388149027005349")
    assert first.published_at == datetime(2026, 4, 11, 21, 16, 53, tzinfo=UTC)
    assert first.author is not None and first.author.handle == "greg@icosahedron.website"
    assert all(one.language_hint and one.published_at for one in found)
    assert all(one.author is not None and "@" in one.author.handle for one in found)
    assert all(one.author is not None and one.author.followers is not None for one in found)


_TOKEN = {"MASTODON_TOKEN": "not-a-token"}

CASES = [
    Case(
        kind="mastodon",
        file="social/bigbone__tag_timeline.json",
        items=20,
        options=_hashtag,
        answer=partial(_whole, _TAG),
        known=_old_timeline,
    ),
    Case(
        kind="mastodon",
        file="social/bigbone__search.json",
        items=2,
        options=_search,
        answer=partial(_whole, _SEARCH),
        known=_old_search,
        secrets=_TOKEN,
    ),
    Case(
        kind="mastodon",
        file="social/Mastodon.py__test_hashtag_tl.yaml",
        items=1,
        options=_hashtag,
        answer=partial(_exchange, _TAG, 2),
        known=_one_hoot,
        note=_EXCHANGES,
    ),
    Case(
        kind="mastodon",
        file="social/Mastodon.py__test_entity_searchv2.yaml",
        items=2,
        options=_search,
        answer=partial(_exchange, _SEARCH, 2),
        known=_modern_search,
        secrets=_TOKEN,
        note=_EXCHANGES,
    ),
]
