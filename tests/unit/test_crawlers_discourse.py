"""Posts, topics and search results of Discourse forums: how they are read."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import UnreadableError
from crawlers.services.discourse_posts import Forum, error_words, own_words, read_posts, wait_seconds
from crawlers.services.discourse_topics import read_categories, read_search, read_topics
from storage.records import MentionKind

FORUM = Forum("https://talk.example/forum/", {7: "الدعم"})
POST = {
    "id": 41,
    "name": "Lina Ali",
    "username": "lina",
    "created_at": "2026-11-19T10:00:00.000Z",
    "cooked": "<p>متى يصل الطلب؟</p>",
    "raw": "ignored",
    "post_number": 1,
    "post_type": 1,
    "reply_count": 2,
    "reply_to_post_number": None,
    "reads": 30,
    "score": 12.5,
    "topic_id": 9,
    "topic_slug": "where-is-it",
    "topic_title": "Where &amp; when?",
    "category_id": 7,
    "actions_summary": [{"id": 6, "count": 1}, {"id": 2, "count": 3}],
    "hidden": False,
    "deleted_at": None,
    "user_deleted": False,
}
REPLY = {
    **POST,
    "id": 42,
    "post_number": 2,
    "cooked": "<p>غدا</p>",
    "actions_summary": [],
    "username": "omar",
}
TOPIC = {
    "id": 9,
    "title": "Where & when?",
    "slug": "where-is-it",
    "views": 400,
    "posts_count": 25,
    "category_id": 7,
    "tags": ["delivery", {"id": 4, "name": "late"}],
    "has_accepted_answer": True,
}
LISTED = {
    **TOPIC,
    "excerpt": "Hello &hellip; <b>there</b>",
    "created_at": "2026-11-01T10:00:00.000Z",
    "bumped_at": "2026-11-19T10:00:00.000Z",
    "like_count": 4,
    "posters": [{"description": "الناشر الأصلي", "user_id": 3}, {"user_id": 4}],
    "archetype": "regular",
}


def posts(document: object, topic=None):
    return read_posts(json.dumps(document).encode(), FORUM, topic)


def topics(*listed, **more):
    document = {
        "users": [{"id": 3, "username": "lina", "name": "Lina"}],
        "topic_list": {"topics": listed, **more},
    }
    return read_topics(json.dumps(document).encode(), FORUM)


def search(**document):
    return read_search(json.dumps(document).encode(), FORUM)


def test_a_post_that_begins_a_topic_is_read_whole():
    (item,) = posts({"latest_posts": [POST]}).items
    assert (item.external_id, item.kind, item.title) == ("topic:9", MentionKind.POST, "Where & when?")
    assert item.text == "متى يصل الطلب؟"
    assert item.url == "https://talk.example/forum/t/where-is-it/9"
    assert item.author is not None
    assert (item.author.platform, item.author.handle, item.author.name) == (
        "talk.example",
        "lina",
        "Lina Ali",
    )
    assert item.author.profile_url == "https://talk.example/forum/u/lina"
    assert (item.engagement.likes, item.engagement.replies, item.engagement.views) == (3, 2, 30)
    assert item.published_at == datetime(2026, 11, 19, 10, tzinfo=UTC)
    assert item.extra == {"score": 12.5, "category": "الدعم"}


def test_a_reply_names_the_post_that_it_answers():
    third = {**REPLY, "id": 43, "post_number": 3, "reply_to_post_number": 2}
    far = {**REPLY, "id": 44, "post_number": 90, "reply_to_post_number": 60}
    first, second, *others = posts({"latest_posts": [POST, REPLY, third, far]}).items
    assert (second.external_id, second.kind, second.title) == ("post:42", MentionKind.COMMENT, None)
    assert [item.parent_id for item in (first, second, *others)] == [None, "topic:9", "post:42", "topic:9"]
    assert second.url == "https://talk.example/forum/t/where-is-it/9/2"
    assert second.extra["topic"] == "Where & when?"
    assert second.engagement.likes == 0


def test_a_topic_tells_more_of_its_first_post():
    document = {
        **TOPIC,
        "post_stream": {"posts": [POST, {**REPLY, "accepted_answer": True}], "stream": [41, 42, 50]},
    }
    found = posts(document)
    first, reply = found.items
    assert (first.engagement.views, first.engagement.replies) == (400, 24)
    assert (first.extra["answered"], first.extra["tags"]) == (True, ["delivery", "late"])
    assert reply.extra["accepted"] is True
    assert found.facts["stream"] == [41, 42, 50]


def test_one_post_is_read_with_what_is_known_of_its_topic():
    bare = {key: value for key, value in POST.items() if not key.startswith("topic_t")}
    (item,) = posts(bare, TOPIC).items
    assert (item.title, item.engagement.views) == ("Where & when?", 400)
    (other,) = posts(bare, {**TOPIC, "id": 10}).items
    assert other.title is None


@pytest.mark.parametrize(
    "change", [{"hidden": True}, {"deleted_at": "2026-11-19T11:00:00Z"}, {"user_deleted": True}]
)
def test_hidden_and_deleted_posts_are_withdrawn(change):
    found = posts({"latest_posts": [{**POST, **change}, REPLY]})
    assert [item.external_id for item in found.items] == ["post:42"]
    assert found.withdrawn == ("topic:9",)


def test_notices_and_whispers_are_no_posts():
    found = posts({"latest_posts": [{**REPLY, "post_type": 3}, {**REPLY, "post_type": 4}]})
    assert (found.items, found.withdrawn, found.facts["first"]) == ((), (), 42)


@pytest.mark.parametrize(
    ("cooked", "text"),
    [
        ('<aside class="quote"><blockquote>theirs</blockquote></aside><p>mine</p>', "mine"),
        ("a<aside><aside>x</aside>y</aside>b", "ab"),
        ("<p>mine</p><aside>never closed", "<p>mine</p>"),
        ("<aside>only quoted</aside>", "<aside>only quoted</aside>"),
        ("</aside>mine", "</aside>mine"),
    ],
)
def test_what_is_quoted_is_not_the_writers_own(cooked, text):
    assert own_words(cooked).replace("<p>", "").replace("</p>", "") == text.replace("<p>", "").replace(
        "</p>", ""
    )


def test_topics_are_read_with_who_began_them():
    found = topics(LISTED, more_topics_url="/latest?no_definitions=true&order=created&page=1")
    (item,) = found.items
    assert (item.external_id, item.title, item.text) == ("topic:9", "Where & when?", "Hello … there")
    assert item.author is not None
    assert item.author.handle == "lina"
    assert (item.engagement.likes, item.engagement.replies, item.engagement.views) == (4, 24, 400)
    assert item.extra == {"category": "الدعم", "tags": ["delivery", "late"], "answered": True}
    assert found.next == "1"
    assert topics(LISTED, more_topics_url="/latest?page=x").next is None


def test_pinned_topics_do_not_say_how_far_a_page_reaches():
    pinned = {**LISTED, "id": 1, "pinned": True, "bumped_at": "2019-01-01T00:00:00Z"}
    newer = {**LISTED, "id": 2, "bumped_at": "2026-11-20T00:00:00Z"}
    found = topics(pinned, newer, LISTED)
    assert found.oldest == datetime(2026, 11, 19, 10, tzinfo=UTC)
    assert found.newest == datetime(2026, 11, 20, tzinfo=UTC)
    assert len(found.items) == 3


def test_private_messages_are_left_out():
    assert topics({**LISTED, "archetype": "private_message"}).items == ()


HIT = {key: POST[key] for key in ("id", "name", "username", "created_at", "post_number", "topic_id")}


def test_search_results_are_read_with_their_topics():
    hits = [
        {**HIT, "blurb": "When &hellip;", "like_count": 5},
        {**HIT, "id": 60, "post_number": 4, "blurb": "b"},
    ]
    found = search(posts=hits, topics=[TOPIC], grouped_search_result={"more_full_page_results": True})
    first, reply = found.items
    assert (first.external_id, first.title, first.engagement.likes) == ("topic:9", "Where & when?", 5)
    assert (reply.external_id, reply.parent_id, reply.title) == ("post:60", "topic:9", None)
    assert found.facts["more"] is True
    assert found.facts["found"]["post:60"][0] == 60


def test_the_oldest_form_of_search_gives_topics():
    groups = [
        {"type": "topic", "results": [{"id": 1, "title": "A", "url": "/t/a/12"}, {"id": 2, "title": "B"}]},
        {"type": "user", "results": [{"id": "lina", "title": "lina", "url": "/users/lina"}]},
    ]
    found = read_search(json.dumps(groups).encode(), FORUM)
    assert [(item.external_id, item.title) for item in found.items] == [("topic:12", "A"), ("topic:2", "B")]


def test_a_search_that_was_not_made_says_why():
    with pytest.raises(UnreadableError, match="too short"):
        search(posts=[], grouped_search_result={"error": "Your search term is too short."})
    assert search(posts=[], topics=[], grouped_search_result=None).items == ()


def test_categories_and_those_under_them_have_names():
    listed = [
        {"id": 1, "name": "General", "subcategory_list": [{"id": 2, "name": "Under"}]},
        {"id": "x"},
        None,
    ]
    body = json.dumps({"category_list": {"categories": listed}}).encode()
    assert read_categories(body) == {1: "General", 2: "Under"}


@pytest.mark.parametrize("body", [b"<html>", b"null", b"[1]", b"{}", b'{"errors": ["Please log in."]}'])
def test_what_is_no_answer_of_a_forum_is_refused(body):
    words = "Please log in" if b"errors" in body else "not an answer of a Discourse forum"
    for read in (
        lambda: read_posts(body, FORUM),
        lambda: read_topics(body, FORUM),
        lambda: read_categories(body),
    ):
        with pytest.raises(UnreadableError, match=words):
            read()
    if body != b"[1]":
        with pytest.raises(UnreadableError, match=words):
            read_search(body, FORUM)


def test_waits_and_errors_are_told():
    body = b'{"errors": ["Slow down."], "error_type": "rate_limit", "extras": {"wait_seconds": 24}}'
    assert wait_seconds(body) == ("Slow down.", 24.0)
    assert wait_seconds(b"Slow down, too many requests from this IP address") == ("", None)
    assert wait_seconds(b'{"extras": {"wait_seconds": -1}}') == ("", None)
    assert error_words({"error": "not found"}) == "not found"


values = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just([]) | st.just({})
)
changes = st.dictionaries(
    st.sampled_from([*POST, *LISTED, "accepted_answer", "locale", "posts_count"]), values
)


@given(st.lists(changes | values, max_size=3), values, values)
def test_answers_of_any_shape_are_survived(listed, one, other):
    whole = [{**LISTED, **POST, **change} if isinstance(change, dict) else change for change in listed]
    for document in (
        {"latest_posts": whole},
        {"post_stream": {"posts": whole, "stream": one}, "title": other, "tags": one},
        {"topic_list": {"topics": whole, "more_topics_url": one}, "users": other},
        {"posts": whole, "topics": whole, "grouped_search_result": one},
        [{"type": "topic", "results": whole}, one],
        {"category_list": {"categories": whole}},
    ):
        for read in (read_posts, read_topics, read_search, lambda body, forum: read_categories(body)):
            with suppress(UnreadableError):
                read(json.dumps(document).encode(), FORUM)


@given(st.text(alphabet='<>/aside "x', max_size=60))
def test_any_html_has_own_words(cooked):
    assert isinstance(own_words(cooked), str)
