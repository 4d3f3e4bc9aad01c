"""What Mastodon's API answers, read into items."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scrapy.http import Response

from crawlers.errors import UnreadableError
from crawlers.services.mastodon_statuses import id_at, moment_of, read_account, read_statuses
from crawlers.sources.mastodon import MastodonOptions, _mark, _older_than
from storage.records import MentionKind

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
    return read_statuses(json.dumps(document).encode(), "social.example")


def one(**more):
    (item,) = read([{**STATUS, **more}]).items
    return item


def test_a_status_is_read_whole():
    item = one()
    assert (item.title, item.text) == ("تنبيه", "قهوة #رائعة\n\nend")
    author = item.author
    assert (author.handle, author.name, author.followers) == ("lina@other.example", "Lina ☕", 5)
    counted = item.engagement
    assert (counted.likes, counted.replies, counted.shares) == (1, 2, 3)
    assert (item.kind, item.parent_id) == (MentionKind.COMMENT, "7")
    assert item.published_at == datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert item.extra == {}


@pytest.mark.parametrize(
    ("account", "handle"),
    [
        ({"acct": "lina", "url": "https://home.example/@lina"}, "lina@home.example"),
        ({"acct": "lina"}, "lina@social.example"),
        ({"username": "lina", "url": "javascript:x"}, "lina@social.example"),
    ],
)
def test_handles_name_their_server(account, handle):
    assert one(account=account).author.handle == handle


@pytest.mark.parametrize("account", [{}, None, "lina", {"acct": ["lina"]}])
def test_a_status_of_nobody_is_read(account):
    assert one(account=account).author is None


def test_boosts_keep_their_place_in_the_timeline_but_are_no_items():
    page = read([{**STATUS, "id": "12", "reblog": STATUS}, STATUS])
    assert page.facts["ids"] == ("12", "11")
    assert [item.external_id for item in page.items] == ["11"]


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_what_is_not_public_is_left_out(visibility):
    assert read([{**STATUS, "visibility": visibility}]).items == ()
    assert one(visibility="unlisted").external_id == "11"


@pytest.mark.parametrize(
    "quoting",
    [
        {"quote": {"state": "accepted", "quoted_status": {**STATUS, "id": "5"}}},
        {"quote": {"state": "accepted", "quoted_status_id": "5"}},
        {"quote": {**STATUS, "id": "5"}},
        {"quote_id": "5"},
    ],
)
def test_the_quoted_status_is_named_in_every_form(quoting):
    assert one(**quoting).extra["quotes"] == "5"


@pytest.mark.parametrize("quote", [None, {"state": "deleted", "quoted_status": None}, [], "x", {"id": True}])
def test_a_quote_that_is_gone_is_none(quote):
    assert "quotes" not in one(quote=quote).extra


def test_marks_of_the_status_are_kept():
    item = one(edited_at="2026-03-10T10:00:00Z", sensitive=True, account={"acct": "lina", "bot": True})
    assert item.extra == {"edited_at": "2026-03-10T10:00:00+00:00", "sensitive": True, "bot": True}


def test_the_choices_of_a_poll_are_part_of_the_text():
    poll = {"options": [{"title": "شاي", "votes_count": 3}, {"title": "Coffee"}, None, {"title": 7}]}
    assert one(content="<p>Which?</p>", poll=poll).text == "Which?\nشاي\nCoffee"


def test_a_picture_without_words_says_its_description():
    pictures = [{"description": "A cup of coffee"}, {"description": None}]
    assert one(content="", media_attachments=pictures).text == "A cup of coffee"
    assert one(content="<p>Look</p>", media_attachments=pictures).text == "Look"


def test_quotes_count_as_shares():
    assert one(quotes_count=4).engagement.shares == 7


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
        read_statuses(body, "social.example")


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"id": ""}', b'{"id": "../x"}', b'{"id": true}', b"<html>"])
def test_what_is_no_account_is_refused(body):
    with pytest.raises(UnreadableError):
        read_account(body)


values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.sampled_from(["id", "options", "quoted_status", "url"]), st.none() | st.integers())
)
FIELDS = [*STATUS, "reblog", "language", "quote", "poll", "media_attachments", "visibility", "quotes_count"]


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), values), max_size=4))
def test_statuses_of_any_shape_are_survived(statuses):
    page = read(statuses)
    assert len(page.items) <= len(page.facts["ids"]) <= len(statuses)


@given(st.binary(max_size=60) | st.integers(0, 400).map(lambda cut: json.dumps([STATUS]).encode()[:cut]))
def test_bytes_of_any_kind_are_read_or_refused(body):
    with suppress(UnreadableError):
        read_statuses(body, "social.example")


def test_identifiers_carry_the_time_where_they_are_of_that_kind():
    moment = datetime(2026, 8, 1, 13, 55, 55, 865_000, tzinfo=UTC)
    assert moment_of("117020593741189701") == moment
    assert moment_of(id_at(moment)) == moment
    assert [moment_of(other) for other in ("11", "abc", "9" * 30, "01F7K", "")] == [None] * 5


def test_the_mark_of_a_search_leaves_out_nothing_of_the_same_second():
    assert moment_of(_mark("117020593741189701")) == datetime(2026, 8, 1, 13, 55, 56, 865_000, tzinfo=UTC)
    assert _mark("714859") == "714859"


@given(st.integers(1_500_000_000_000, 4_000_000_000_000))
def test_a_moment_and_its_identifier_are_one(milliseconds):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert moment_of(id_at(moment)) == moment


def test_a_status_made_long_before_it_came_in_does_not_move_the_page_back():
    came = datetime(2026, 3, 10, 8, tzinfo=UTC)
    late = {**STATUS, "id": id_at(came), "created_at": "2026-01-01T00:00:00Z"}
    assert read([late]).reached() == came
    assert read([STATUS]).reached() == datetime(2026, 3, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize("tag", ["", "#", "two words", "a/b", "a?b", "../x"])
def test_what_is_no_hashtag_is_refused(tag):
    with pytest.raises(ValidationError):
        MastodonOptions(base_url="https://social.example", hashtags=[tag])


@pytest.mark.parametrize("account", ["", "@", "a b", "a@b@c", "../x", "a@"])
def test_what_is_no_account_name_is_refused(account):
    with pytest.raises(ValidationError):
        MastodonOptions(base_url="https://social.example", accounts=[account])


def test_names_may_be_written_with_their_signs():
    options = MastodonOptions(
        base_url="https://social.example",
        hashtags=["#قهوة", "coffee"],
        accounts=["@lina@other.example", "ali"],
    )
    assert options.hashtags == ["قهوة", "coffee"]
    assert options.accounts == ["lina@other.example", "ali"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "name hashtags"),
        ({"queries": ["acme"]}, "queries need a token"),
        ({"accounts": ["acme"], "quotes": 5}, "quotes need accounts and a token"),
    ],
)
def test_options_that_read_nothing_are_refused(more, words):
    with pytest.raises(ValidationError, match=words):
        MastodonOptions(base_url="https://social.example", **more)


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
