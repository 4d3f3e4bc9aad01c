"""What Mastodon's API answers, read into statuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scrapy.http import Response

from crawlers.errors import UnreadableError
from crawlers.mastodon_statuses import read_timeline
from crawlers.sources.mastodon import MastodonOptions, _older_than

STATUS = {
    "id": "11",
    "created_at": "2026-03-10T09:00:00.000Z",
    "spoiler_text": "تنبيه",
    "content": "<p>قهوة <a href='https://x.example'><span>#</span>رائعة</a></p><p>end</p>",
    "url": "https://social.example/@lina/11",
    "in_reply_to_id": 7,
    "account": {"acct": "lina@other.example", "display_name": "Lina ☕", "followers_count": 5},
    "favourites_count": 1,
    "replies_count": 2,
    "reblogs_count": 3,
}


def read(document: object):
    return read_timeline(json.dumps(document).encode(), "social.example")


def test_a_status_is_read_whole():
    (status,) = read([STATUS]).statuses
    assert status.text == "تنبيه\nقهوة #رائعة\n\nend"
    assert (status.handle, status.name, status.followers) == ("lina@other.example", "Lina ☕", 5)
    assert (status.likes, status.replies, status.shares) == (1, 2, 3)
    assert (status.reply_to, status.created_at) == ("7", datetime(2026, 3, 10, 9, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("account", "handle"),
    [
        ({"acct": "lina", "url": "https://home.example/@lina"}, "lina@home.example"),
        ({"acct": "lina"}, "lina@social.example"),
        ({"username": "lina", "url": "javascript:x"}, "lina@social.example"),
        ({}, None),
        (None, None),
        ("lina", None),
    ],
)
def test_handles_name_their_server(account, handle):
    assert read([{**STATUS, "account": account}]).statuses[0].handle == handle


def test_boosts_keep_their_place_in_the_timeline_but_are_no_statuses():
    timeline = read([{**STATUS, "id": "12", "reblog": STATUS}, STATUS])
    assert timeline.ids == ("12", "11")
    assert [status.id for status in timeline.statuses] == ["11"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"error": "This method requires an authenticated user"}', "requires an authenticated user"),
        (b'"words"', "not a Mastodon timeline"),
        (b"null", "not a Mastodon timeline"),
    ],
)
def test_what_is_no_timeline_says_why(body, words):
    with pytest.raises(UnreadableError, match=words):
        read_timeline(body, "social.example")


values = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)


@given(st.lists(st.dictionaries(st.sampled_from([*STATUS, "reblog", "language"]), values), max_size=4))
def test_statuses_of_any_shape_are_survived(statuses):
    timeline = read(statuses)
    assert len(timeline.statuses) <= len(timeline.ids) <= len(statuses)


@pytest.mark.parametrize("tag", ["", "#", "two words", "a/b", "a?b", "../x"])
def test_what_is_no_hashtag_is_refused(tag):
    with pytest.raises(ValidationError):
        MastodonOptions(base_url="https://social.example", hashtags=[tag])


def test_hashtags_may_be_written_with_their_sign():
    options = MastodonOptions(base_url="https://social.example", hashtags=["#قهوة", "coffee"])
    assert options.hashtags == ["قهوة", "coffee"]


@pytest.mark.parametrize(
    ("link", "held", "expected"),
    [
        ('<https://other.example/api?max_id=7>; rel="next"', 40, "7"),
        ('<https://other.example/api?min_id=9>; rel="prev"', 40, None),
        (None, 40, "id39"),
        (None, 3, None),
    ],
)
def test_the_next_page_is_known_with_and_without_a_link(
    link: str | None, held: int, expected: str | None
) -> None:
    """A server without `Link` headers is paged by its last id, after a page that may be full."""
    response = Response("https://social.example/", headers={"Link": link} if link else {})
    assert _older_than(response, [f"id{number}" for number in range(held)]) == expected
