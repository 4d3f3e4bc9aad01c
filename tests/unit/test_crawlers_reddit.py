"""Reddit: listings of its API, its feeds and its tokens, read."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import CrawlError, UnreadableError
from crawlers.items import Page
from crawlers.services.reddit_feed import read_reddit_feed
from crawlers.services.reddit_listing import read_listing, read_token
from storage.records import Author, Engagement, MentionKind
from tests.contract.worlds.reddit import post

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SITE = "https://www.reddit.com"
COMMENT = {
    "id": "c1",
    "body": "**قهوة** &amp; more",
    "body_html": '<div class="md"><p><strong>قهوة</strong> &amp; more</p></div>',
    "author": "lina",
    "subreddit": "coffee",
    "permalink": "/r/coffee/comments/p1/acme/c1/",
    "link_id": "t3_p1",
    "link_title": "Acme &amp; Globex",
    "parent_id": "t1_c0",
    "score": -4,
    "created_utc": 1793500000.0,
}


def read(*children: object, after: object = None, token: str | None = None) -> Page:
    document = {"kind": "Listing", "data": {"after": after, "children": list(children)}}
    return read_listing(json.dumps(document).encode(), NOW, token)


def comment(**changed: Any) -> dict[str, Any]:
    return {"kind": "t1", "data": {**COMMENT, **changed}}


def submission(**changed: Any) -> dict[str, Any]:
    made = post(1, "text")
    return {**made, "data": {**made["data"], **changed}}


def test_a_post_is_read_whole():
    (item,) = read(submission(is_self=False, url="https://acme.example/shop")).items
    assert (item.external_id, item.kind) == ("t3_p1", MentionKind.POST)
    assert (item.title, item.text) == ("Acme opens a shop", "text")
    assert item.author == Author("reddit", "lina", name="lina", profile_url=f"{SITE}/user/lina")
    assert item.url == f"{SITE}/r/coffee/comments/p1/acme_opens_a_shop/"
    assert item.engagement == Engagement(likes=12, replies=3)
    assert item.published_at == datetime(2026, 11, 1, 0, 1, tzinfo=UTC)
    assert item.extra == {
        "subreddit": "coffee",
        "score": 12,
        "upvote_ratio": 0.93,
        "link": "https://acme.example/shop",
    }


def test_a_comment_is_read_whole():
    (item,) = read(comment()).items
    assert (item.external_id, item.kind, item.parent_id) == ("t1_c1", MentionKind.COMMENT, "t1_c0")
    assert (item.title, item.item, item.text) == (None, "Acme & Globex", "قهوة & more")
    assert (item.engagement.likes, item.extra["score"]) == (0, -4)
    assert item.published_at == datetime.fromtimestamp(1793500000, UTC)


def test_html_that_was_escaped_once_more_gives_the_same_text():
    escaped = comment(body_html=escape(COMMENT["body_html"]))
    assert read(escaped).items[0].text == read(comment()).items[0].text
    assert read(comment(body_html=None)).items[0].text == "**قهوة** & more"


@pytest.mark.parametrize(
    "gone",
    [
        comment(body="[deleted]"),
        comment(body="[removed] "),
        submission(selftext="[removed]"),
        submission(title="[deleted by user]", selftext=""),
        submission(removed_by_category="moderator", selftext=""),
    ],
)
def test_what_was_deleted_or_removed_is_withdrawn(gone: dict[str, Any]) -> None:
    page = read(gone)
    assert page.items == ()
    assert page.withdrawn == (f"{gone['kind']}_{gone['data']['id']}",)


def test_a_deleted_account_leaves_its_posts_without_an_author():
    page = read(submission(author="[deleted]"))
    assert page.withdrawn == ()
    assert page.items[0].author is None


@pytest.mark.parametrize("hidden", [{"hide_score": True}, {"score_hidden": True}, {"score": "many"}])
def test_a_score_that_is_hidden_is_unknown(hidden: dict[str, Any]) -> None:
    (item,) = read(submission(**hidden)).items
    assert item.engagement.likes is None
    assert "score" not in item.extra


def test_a_date_in_the_future_is_not_believed():
    assert read(submission(created_utc=(NOW + timedelta(days=2)).timestamp())).items[0].published_at is None


def test_pages_lead_on_until_a_server_answers_the_same_one_again():
    assert read(comment(), after="t1_c1").next == "t1_c1"
    assert read(comment()).next is None
    assert read(comment(), after="t1_c1", token="t1_c1") == Page(items=())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"message": "Forbidden", "error": 403, "reason": "private"}', "403, Forbidden, private"),
        (b'{"kind": "Listing", "data": {"children": {}}}', "not a Reddit listing"),
        (b"[]", "not a Reddit listing"),
        (b"null", "not a Reddit listing"),
    ],
)
def test_what_is_no_listing_says_why(body: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read_listing(body, NOW)


broken = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@given(
    st.lists(
        st.builds(
            lambda kind, data, changed: {"kind": kind, "data": {**data, **changed}},
            st.sampled_from(["t1", "t3", "t5", "more", None, 3]),
            st.sampled_from([COMMENT, submission()["data"], {}]),
            st.dictionaries(st.sampled_from([*COMMENT, *submission()["data"]]), broken, max_size=5),
        )
        | broken,
        max_size=4,
    ),
    broken,
)
def test_things_of_any_shape_are_survived(children: list[object], after: object) -> None:
    page = read(*children, after=after)
    assert len(page.items) + len(page.withdrawn) <= len(children)
    for item in page.items:
        assert item.published_at is None or item.published_at <= NOW + timedelta(days=1)


def test_a_token_is_read_with_its_time():
    assert read_token(b'{"access_token": "ab", "expires_in": 3600}') == ("ab", 3600)
    assert read_token(b'{"access_token": "ab", "expires_in": 1e300}') == ("ab", 0)


@pytest.mark.parametrize("token", ["", None, "a\r\nb", "ق", 7, "a" * 5000])
def test_what_is_no_token_is_refused_without_showing_it(token: object) -> None:
    body = json.dumps({"error": "invalid_grant", "access_token": token}).encode()
    with pytest.raises(UnreadableError) as refused:
        read_token(body)
    assert str(refused.value) == "Reddit gave no access token: Reddit says invalid_grant"


# Feeds.

FOOT = (
    ' &#32; submitted by &#32; <a href="https://www.reddit.com/user/lina"> /u/lina </a> <br/>'
    ' <span><a href="https://acme.example">[link]</a></span> &#32;'
    ' <span><a href="https://www.reddit.com/r/coffee/comments/p1/acme/">[comments]</a></span>'
)


def entry(
    identity: str, content: str, *, title: str = "Acme opens", path: str = "/r/coffee/comments/p1/acme/"
) -> str:
    return (
        f"<entry><author><name>/u/lina</name><uri>{SITE}/user/lina</uri></author>"
        f'<content type="html">{escape(content)}</content><id>{identity}</id>'
        f'<link href="{SITE}{path}"/><updated>2026-11-01T00:01:00+00:00</updated>'
        f"<title>{escape(title)}</title></entry>"
    )


def feed(*entries: str) -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{"".join(entries)}</feed>'.encode()


def read_feed_of(*entries: str, token: str | None = None) -> Page:
    return read_reddit_feed(feed(*entries), f"{SITE}/r/coffee/new/.rss", None, NOW, token)


def test_a_feeds_post_is_the_one_of_the_api():
    (item,) = read_feed_of(entry("t3_p1", f'<div class="md"><p>قهوة</p></div>{FOOT}')).items
    assert (item.external_id, item.kind, item.title, item.text) == (
        "t3_p1",
        MentionKind.POST,
        "Acme opens",
        "قهوة",
    )
    assert item.author == Author("reddit", "lina", name="lina", profile_url=f"{SITE}/user/lina")
    assert item.extra == {"subreddit": "coffee"}


def test_words_like_those_below_a_post_stay_where_they_are_its_own():
    (item,) = read_feed_of(entry("t3_p1", f"<p>submitted by /u/ann [link] [comments] twice</p>{FOOT}")).items
    assert item.text == "submitted by /u/ann [link] [comments] twice"


def test_a_feeds_comment_names_its_thread():
    content = '<div class="md"><p>Good &amp; cheap</p></div>'
    path = "/r/coffee/comments/p1/acme/c1/"
    (item,) = read_feed_of(entry("t1_c1", content, title="/u/lina on Acme on sale", path=path)).items
    assert (item.external_id, item.kind, item.parent_id) == ("t1_c1", MentionKind.COMMENT, "t3_p1")
    assert (item.title, item.item, item.text) == (None, "Acme on sale", "Good & cheap")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/r/coffee/comments/p1/acme/", "t3_p1"),
        ("/r/coffee/comments/p1/", "t3_p1"),
        ("/r/coffee/comments/p1", "t3_p1"),
        ("/r/coffee/comments/p1/acme/c1/", "t1_c1"),
        ("/r/coffee/comments/p1/acme/c1/?context=3", "t1_c1"),
        ("/user/lina/comments/p1/acme/", "t3_p1"),
    ],
)
def test_without_its_own_id_an_entry_has_that_of_its_link(path: str, expected: str) -> None:
    (item,) = read_feed_of(entry(f"{SITE}{path}", "x", path=path)).items
    assert item.external_id == expected


def test_what_is_neither_post_nor_comment_is_left_out():
    assert read_feed_of(entry("t5_2qh1i", "a subreddit", path="/r/coffee/")).items == ()


def test_removed_words_in_a_feed_are_a_withdrawal():
    page = read_feed_of(
        entry("t3_p1", f"<p>[removed]</p>{FOOT}"),
        entry("t1_c1", "<p>[deleted]</p>", path="/r/coffee/comments/p1/acme/c1/"),
    )
    assert (page.items, page.withdrawn) == ((), ("t3_p1", "t1_c1"))


def test_a_full_page_leads_on_and_what_was_read_of_it_is_left_out():
    full = [entry(f"t3_p{n}", "x", path=f"/r/coffee/comments/p{n}/acme/") for n in range(25)]
    assert read_feed_of(*full[:24]).next is None
    assert read_feed_of(*full).next == "t3_p24"
    again = read_feed_of(*full, token="t3_p20")
    assert [item.external_id for item in again.items] == ["t3_p21", "t3_p22", "t3_p23", "t3_p24"]
    assert read_feed_of(*full, token="t3_p24") == Page(items=())


@given(st.integers(0, 900))
def test_a_feed_that_ends_early_is_survived(length: int) -> None:
    whole = feed(entry("t3_p1", FOOT), entry("t3_p2", "x", path="/r/coffee/comments/p2/acme/"))
    with suppress(CrawlError):
        assert len(read_reddit_feed(whole[:length], SITE, None, NOW).items) <= 2
