"""Posts, comments and recommendations of Facebook pages."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crawlers.errors import UnreadableError
from crawlers.services.graph_posts import (
    read_comments,
    read_page_profile,
    read_post_counts,
    read_posts,
    read_recommendations,
)
from crawlers.services.graph_profiles import Profile
from crawlers.sources.facebook_page import FacebookPageOptions
from storage.records import MentionKind

US = Profile("facebook", "900", username="acme", name="Acme", followers=4200)
POST = {
    "id": "900_1",
    "message": " وصلنا اليوم ",
    "created_time": "2026-10-01T09:30:00+0300",
    "permalink_url": "https://www.facebook.com/900/posts/1/",
    "from": {"id": "900", "name": "Acme"},
    "shares": {"count": 3},
    "comments": {"data": [], "summary": {"total_count": 5}},
    "reactions": {"data": [], "summary": {"total_count": 12}},
}


def body(*objects, **more):
    return json.dumps({"data": list(objects), **more}).encode()


def only_post(raw, kind=MentionKind.POST):
    (item,) = read_posts(body(raw), US, kind).items
    return item


def test_a_post_of_the_page_carries_its_followers():
    item = only_post(POST)
    assert (item.external_id, item.text, item.kind) == ("900_1", "وصلنا اليوم", MentionKind.POST)
    assert item.published_at == datetime(2026, 10, 1, 6, 30, tzinfo=UTC)
    assert (item.engagement.likes, item.engagement.replies, item.engagement.shares) == (12, 5, 3)
    assert item.author is not None
    assert (item.author.handle, item.author.followers) == ("acme", 4200)
    assert read_posts(body(POST), US, MentionKind.POST).facts == {"comments": {"900_1": 5}}


def test_a_visitor_s_post_is_the_visitor_s():
    item = only_post({**POST, "from": {"id": "77", "name": "Mona"}})
    assert item.author is not None
    assert (item.author.handle, item.author.name, item.author.followers) == ("77", "Mona", None)


@pytest.mark.parametrize(
    ("link", "own"),
    [
        ("https://www.facebook.com/900/posts/1/", True),
        ("https://www.facebook.com/Acme/posts/1", True),
        ("https://www.facebook.com/77/posts/1/", False),
        ("https://www.facebook.com/permalink.php?story_fbid=1&id=77", False),
        (None, False),
    ],
)
def test_without_a_name_the_address_tells_whose_post_it_is(link, own):
    item = only_post({**POST, "from": None, "permalink_url": link})
    assert (item.author is not None) is own


def test_a_competitor_s_post_is_its_own_kind_and_a_visitor_s_there_is_not():
    assert only_post(POST, MentionKind.COMPETITOR_POST).kind is MentionKind.COMPETITOR_POST
    other = {**POST, "from": {"id": "77", "name": "Mona"}}
    assert only_post(other, MentionKind.COMPETITOR_POST).kind is MentionKind.POST


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({"message": "m", "story": "s"}, "m"),
        ({"attachments": {"data": [{}, {"title": "t", "description": "d"}]}, "story": "s"}, "t\nd"),
        ({"story": "Acme updated their cover photo."}, "Acme updated their cover photo."),
        ({"message": ["x"]}, ""),
        ({}, ""),
    ],
)
def test_a_post_says_its_message_or_what_it_shares(raw, text):
    assert only_post({"id": "1", **raw}).text == text


def test_a_feed_asked_for_together_with_its_page_is_read():
    link = "https://graph.facebook.com/v24.0/900/feed?access_token=SECRET&after=QVFI"
    whole = {"id": "900", "name": "Acme", "feed": {"data": [POST], "paging": {"next": link}}}
    page = read_posts(json.dumps(whole).encode(), US, MentionKind.POST)
    assert ([item.external_id for item in page.items], page.next) == (["900_1"], "after=QVFI")


def test_a_comment_knows_what_it_answers():
    raw = {"id": "1_5", "message": "سيئ جدا", "created_time": "2026-10-01T10:00:00+0000", "like_count": 2}
    replied = {
        "id": "1_6",
        "message": "نعتذر",
        "parent": {"id": "1_5"},
        "from": {"id": "900", "name": "Acme"},
    }
    first, second = read_comments(body(raw, replied), "900_1").items
    assert (first.external_id, first.parent_id, first.kind) == ("1_5", "900_1", MentionKind.COMMENT)
    assert (second.parent_id, second.author.name) == ("1_5", "Acme")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("comment_id=5", ("1_5", "900_1")),
        ("comment_id=5&reply_comment_id=6", ("1_6", "1_5")),
        ("comment_id=x", None),
        ("comment_id=5&reply_comment_id=x", None),
        ("", None),
    ],
)
def test_a_comment_without_an_id_is_known_by_its_address(query, ids):
    raw = {"message": "m", "permalink_url": f"https://www.facebook.com/900/posts/1/?{query}"}
    found = read_comments(body(raw), "900_1").items
    assert [(one.external_id, one.parent_id) for one in found] == ([ids] if ids else [])


@pytest.mark.parametrize(
    ("raw", "rating"),
    [
        ({"recommendation_type": "positive", "review_text": "رائع"}, 5.0),
        ({"recommendation_type": "NEGATIVE"}, 1.0),
        ({"rating": 4, "review_text": "good"}, 4.0),
        ({"rating": 9, "review_text": "good"}, None),
        ({"rating": True, "review_text": "good"}, None),
    ],
)
def test_a_recommendation_is_an_end_of_the_scale(raw, rating):
    (item,) = read_recommendations(body({**raw, "reviewer": {"id": "7", "name": "Jo"}}), US).items
    assert (item.rating, item.rating_scale) == (rating, None if rating is None else 5.0)
    assert (item.kind, item.item) == (MentionKind.REVIEW, "Acme")


def test_a_recommendation_keeps_its_identity_when_its_words_change():
    raw = {
        "reviewer": {"id": "7"},
        "created_time": "2026-09-07T09:00:00+0000",
        "recommendation_type": "positive",
    }
    (before,) = read_recommendations(body({**raw, "review_text": "a"}), US).items
    (after,) = read_recommendations(body({**raw, "review_text": "b"}), US).items
    (other,) = read_recommendations(body({**raw, "reviewer": {"id": "8"}}), US).items
    assert before.external_id == after.external_id != other.external_id
    (told,) = read_recommendations(body({**raw, "open_graph_story": {"id": "55"}}), US).items
    assert told.external_id == "55"


def test_one_without_rating_and_words_is_none():
    assert read_recommendations(body({"reviewer": {"id": "7"}}), US).items == ()


def test_who_a_page_is():
    raw = {"id": "900", "name": "Acme", "fan_count": 10, "verification_status": "not_verified"}
    found = read_page_profile(json.dumps(raw).encode(), "acme")
    assert (found.id, found.followers, found.verified) == ("900", 10, False)
    told = read_page_profile(json.dumps({**raw, "followers_count": 12}).encode(), "acme")
    assert told.followers == 12


def test_numbers_of_comments_by_id():
    told = {"900_1": POST, "900_2": {"id": "900_2"}}
    assert read_post_counts(json.dumps(told).encode()) == {"900_1": 5, "900_2": None}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"page_ids": ["a b"]},
        {"page_ids": ["https://facebook.com/acme"]},
        {"page_ids": ["acme"], "version": "24"},
    ],
)
def test_options_that_cannot_work_are_refused(options):
    with pytest.raises(ValidationError):
        FacebookPageOptions.model_validate({"token": {"env": "T"}, **options})


KEYS = [
    *POST,
    "like_count",
    "rating",
    "recommendation_type",
    "review_text",
    "reviewer",
    "parent",
    "attachments",
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*KEYS, "summary", "total_count", "data"]), inner, max_size=5)
    ),
    max_leaves=15,
)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), anything, max_size=8), max_size=4))
def test_a_broken_item_never_breaks_the_rest(raws):
    whole = body(*raws, POST)
    assert read_posts(whole, US, MentionKind.POST).items[-1].external_id == "900_1"
    assert read_comments(whole, "900_1").items[-1].external_id == "900_1"
    read_recommendations(whole, US)


@given(st.binary(max_size=60) | st.integers(0, 400).map(lambda cut: body(POST, POST)[:cut]))
def test_bytes_that_are_no_answer_are_refused(raw):
    for read in (lambda b: read_posts(b, US, MentionKind.POST), lambda b: read_comments(b, "1")):
        with suppress(UnreadableError):
            read(raw)
