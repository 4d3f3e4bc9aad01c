"""Hacker News by Algolia's search: hits, and pages by date."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crawlers.errors import CrawlError, UnreadableError
from crawlers.items import Page
from crawlers.services.hacker_news_hits import read_hits, token_parts
from crawlers.sources.hacker_news import HackerNewsOptions
from storage.records import Author, Engagement, MentionKind
from tests.contract.worlds.hacker_news import answer_of, hit, published

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
STORY, COMMENT = hit(3, "<p>We sell <i>قهوة</i> &amp; tea"), hit(4, "Good<p>but&#x27;s dear")


def read(*hits: object, found: int | None = None, token: str | None = None, **changed: Any) -> Page:
    document = json.loads(answer_of([], len(hits) if found is None else found))
    return read_hits(json.dumps({**document, "hits": list(hits), **changed}).encode(), NOW, token)


def second(number: int) -> int:
    return int(published(number).timestamp())


def test_a_story_is_read_whole():
    (item,) = read({**STORY, "url": "https://acme.example/shop"}).items
    assert (item.external_id, item.kind, item.parent_id) == ("41000003", MentionKind.POST, None)
    assert (item.title, item.text) == ("Acme opens a shop", "We sell قهوة & tea")
    assert item.url == "https://news.ycombinator.com/item?id=41000003"
    assert item.author == Author(
        "hacker_news", "lina", name="lina", profile_url="https://news.ycombinator.com/user?id=lina"
    )
    assert item.engagement == Engagement(likes=7, replies=2)
    assert item.published_at == datetime(2026, 11, 1, 0, 3, tzinfo=UTC)
    assert item.extra == {"link": "https://acme.example/shop"}


def test_a_comment_is_read_whole():
    (item,) = read({**COMMENT, "story_url": "https://acme.example/"}).items
    assert (item.external_id, item.kind, item.parent_id) == ("41000004", MentionKind.COMMENT, "40999999")
    assert (item.title, item.item, item.text) == (None, "Ask HN: Coffee?", "Good\nbut's dear")
    assert item.engagement == Engagement()
    assert item.extra == {"link": "https://acme.example/", "story_id": "40999999"}


def test_highlights_are_no_part_of_the_words():
    marked = {
        "title": {"value": "<em>Acme</em> &amp; Globex"},
        "story_text": {"value": "We <em>sell</em> &lt;b&gt;"},
    }
    bare = {name: value for name, value in STORY.items() if name not in ("title", "story_text")}
    (item,) = read({**bare, "_highlightResult": marked}).items
    assert (item.title, item.text) == ("Acme & Globex", "We sell <b>")


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"_tags": ["poll", "author_lina"]}, MentionKind.POST),
        ({"_tags": ["job"]}, MentionKind.POST),
        ({"_tags": None}, MentionKind.POST),
        ({"_tags": [], "title": None, "comment_text": "x", "parent_id": 1}, MentionKind.COMMENT),
        ({"_tags": ["comment"], "comment_text": "x", "parent_id": "1"}, MentionKind.COMMENT),
    ],
)
def test_what_is_a_comment_is_told_by_tags_or_else_by_fields(
    changed: dict[str, Any], kind: MentionKind
) -> None:
    (item,) = read({**STORY, **changed}).items
    assert item.kind is kind
    assert item.parent_id == ("1" if kind is MentionKind.COMMENT else None)


@pytest.mark.parametrize(
    "changed",
    [{"objectID": None}, {"objectID": "x1"}, {"objectID": True}, {"title": None, "story_text": "<p>"}],
)
def test_what_has_no_identity_or_no_words_is_left_out(changed: dict[str, Any]) -> None:
    assert [item.external_id for item in read({**STORY, **changed}, COMMENT).items] == ["41000004"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"created_at_i": None}, published(3)),
        ({"created_at_i": None, "created_at": "2026-11-01T00:03:00.000Z"}, published(3)),
        ({"created_at_i": int((NOW + timedelta(days=2)).timestamp())}, None),
        ({"created_at_i": 10**15}, None),
        ({"created_at_i": -5, "created_at": "0001-01-01T00:00:00Z"}, None),
    ],
)
def test_dates(changed: dict[str, Any], expected: datetime | None) -> None:
    assert read({**STORY, **changed}).items[0].published_at == expected


def test_the_next_page_begins_with_the_second_where_this_one_ends():
    page = read(hit(5, "x"), hit(4, "x"), found=300)
    assert page.next == f"{second(4)}:41000004"
    assert token_parts(page.next) == (second(4), ("41000004",))
    assert read(hit(5, "x"), hit(4, "x")).next is None


def test_of_that_second_only_what_was_not_read_is_given():
    same = {"created_at_i": second(4)}
    token = f"{second(4)}:41000004"
    page = read(hit(4, "x"), {**hit(7, "x"), **same}, hit(2, "x"), found=300, token=token)
    assert [item.external_id for item in page.items] == ["41000007", "41000002"]
    still = read(hit(4, "x"), {**hit(7, "x"), **same}, found=300, token=token)
    assert still.next == f"{second(4)}:41000004,41000007"


def test_a_server_that_gives_the_same_page_again_and_again_comes_to_an_end():
    token, pages, given = None, 0, []
    while pages == 0 or token is not None:
        page = read(hit(5, "x"), hit(4, "x"), found=300, token=token)
        given += [item.external_id for item in page.items]
        token, pages = page.next, pages + 1
        assert pages < 5
    assert given == ["41000005", "41000004"]


def test_broken_hits_do_not_end_the_pages():
    page = read(*({**hit(number, ""), "title": None} for number in (5, 4)), found=300)
    assert (page.items, page.next) == ((), f"{second(4)}:41000004")


def test_a_date_before_the_site_was_opened_does_not_end_the_pages():
    early = {**hit(3, "x"), "created_at_i": 1}
    assert read(hit(5, "x"), hit(4, "x"), early, found=300).next == f"{second(4)}:41000004"


def test_without_a_number_of_pages_a_full_page_leads_on():
    assert read(hit(5, "x"), hit(4, "x"), nbPages=None, hitsPerPage=2).next is not None
    assert read(hit(5, "x"), nbPages=None, hitsPerPage=2).next is None
    assert read(nbPages=None, hitsPerPage=0).next is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not JSON"),
        (b'{"message": "invalid numericFilters", "status": 400}', "it says invalid numericFilters"),
        (b'{"hits": {}}', "not an answer of Hacker News search$"),
        (b"[]", "not an answer"),
        (b"null", "not an answer"),
    ],
)
def test_what_is_no_answer_says_why(body: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read_hits(body, NOW)


values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)
hits = st.builds(
    lambda whole, changed: {**whole, **changed},
    st.sampled_from([STORY, COMMENT, {}]),
    st.dictionaries(st.sampled_from([*STORY, *COMMENT]), values, max_size=5),
)


@given(
    st.lists(hits | values, max_size=4),
    st.dictionaries(st.sampled_from(["nbPages", "hitsPerPage"]), values),
    st.none() | st.sampled_from([f"{second(4)}:", f"{second(4)}:41000004", "x", ":"]),
)
def test_answers_of_any_shape_are_survived(
    given_hits: list[object], changed: dict[str, Any], token: str | None
) -> None:
    page = read(*given_hits, token=token, **changed)
    assert len(page.items) <= len(given_hits)
    if page.next is not None:
        bound, _ = token_parts(page.next)
        assert bound is not None and bound > 0


@given(st.integers(0, 900))
def test_an_answer_that_ends_early_is_unreadable(length: int) -> None:
    whole = answer_of([STORY, COMMENT], 2)
    try:
        read_hits(whole[: min(length, len(whole) - 1)], NOW)
    except CrawlError:
        return
    raise AssertionError("half an answer was taken for a whole one")


@pytest.mark.parametrize("wrong", [{}, {"queries": []}, {"queries": [" "]}])
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HackerNewsOptions.model_validate(wrong)
