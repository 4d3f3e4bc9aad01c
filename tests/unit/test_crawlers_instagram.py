"""Posts and comments of Instagram."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crawlers.errors import UnreadableError
from crawlers.services.graph_media import (
    read_account_profile,
    read_discovered,
    read_hashtag_id,
    read_media,
    read_media_comments,
    read_media_counts,
)
from crawlers.services.graph_profiles import Profile
from crawlers.sources.instagram import InstagramOptions
from storage.records import MentionKind

US = Profile("instagram", "17840", username="acme", name="Acme", followers=900)
MEDIA = {
    "id": "179",
    "caption": "قهوة الصباح #أكمي",
    "media_type": "VIDEO",
    "permalink": "https://www.instagram.com/p/Cx/",
    "timestamp": "2026-10-01T09:30:00+0000",
    "like_count": 40,
    "comments_count": 6,
    "username": "acme",
}
COMMENT = {
    "id": "55",
    "text": "وين الطلب؟",
    "timestamp": "2026-10-01T10:00:00+0000",
    "username": "mona",
    "like_count": 1,
    "replies": {
        "data": [
            {"id": "56", "text": "نعتذر", "timestamp": "2026-10-03T10:00:00+0000", "username": "acme"},
            {"text": "no id"},
            None,
        ]
    },
}


def body(*objects):
    return json.dumps({"data": list(objects)}).encode()


def discovery(media, **told):
    return json.dumps({"business_discovery": {**told, "media": media}, "id": "1"}).encode()


def test_an_own_post_carries_its_followers():
    (item,) = read_media(body(MEDIA), US).items
    assert (item.external_id, item.text, item.url) == ("179", MEDIA["caption"], MEDIA["permalink"])
    assert (item.engagement.likes, item.engagement.replies) == (40, 6)
    assert item.author is not None
    assert (item.author.handle, item.author.followers) == ("acme", 900)
    assert item.published_at == datetime(2026, 10, 1, 9, 30, tzinfo=UTC)


def test_a_post_of_another_is_not_taken_for_ours():
    (item,) = read_media(body({**MEDIA, "username": "mona"}), US).items
    assert item.author is not None
    assert (item.author.handle, item.author.followers) == ("mona", None)


def test_under_a_hashtag_neither_time_nor_author_is_told():
    bare = {key: MEDIA[key] for key in ("id", "caption", "permalink")}
    (item,) = read_media(body(bare)).items
    assert (item.author, item.published_at, item.engagement.likes) == (None, None, None)


def test_replies_follow_what_they_answer_and_do_not_hide_how_far_the_page_goes():
    page = read_media_comments(body(COMMENT), "179")
    first, reply = page.items
    assert (first.external_id, first.parent_id, first.engagement.replies) == ("55", "179", 3)
    assert (reply.external_id, reply.parent_id, reply.kind) == ("56", "55", MentionKind.COMMENT)
    assert page.reached() == first.published_at


def test_a_competitor_s_posts_carry_its_followers():
    media = {"data": [{**MEDIA, "username": "globex"}], "paging": {"cursors": {"after": "QVFI"}}}
    page = read_discovered(discovery(media, id="5", username="globex", followers_count=80), "globex")
    (item,) = page.items
    assert (item.kind, page.next) == (MentionKind.COMPETITOR_POST, "QVFI")
    assert item.author is not None
    assert (item.author.handle, item.author.followers) == ("globex", 80)


@pytest.mark.parametrize("raw", [b"{}", b'{"business_discovery":[]}', b'{"business_discovery":null}', b"[]"])
def test_what_is_no_discovery_is_unreadable(raw):
    with pytest.raises(UnreadableError):
        read_discovered(raw, "globex")


def test_a_discovery_without_posts_is_empty():
    assert read_discovered(discovery(None), "globex").items == ()


def test_the_id_of_a_hashtag():
    assert read_hashtag_id(body({"id": "17843826142012701"})) == "17843826142012701"
    assert read_hashtag_id(body({"id": "../x"})) is None
    assert read_hashtag_id(body()) is None


def test_posts_come_by_their_ids_too():
    whole = json.dumps({"179": MEDIA, "180": {**MEDIA, "id": "180"}}).encode()
    assert [item.external_id for item in read_media(whole, US).items] == ["179", "180"]
    assert read_media_counts(whole) == {"179": 6, "180": 6}


def test_who_an_account_is():
    found = read_account_profile(b'{"id":"1","username":"acme","followers_count":900}', "1")
    assert (found.url, found.followers) == ("https://www.instagram.com/acme/", 900)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"accounts": ["acme"]},
        {"accounts": ["1"], "own_posts": False, "mentions": False},
        {"accounts": ["1"], "hashtags": ["two words"]},
        {"accounts": ["1"], "hashtags": [f"tag{n}" for n in range(31)]},
        {"accounts": ["1"], "competitors": ["x){id}"]},
    ],
)
def test_options_that_cannot_work_are_refused(options):
    with pytest.raises(ValidationError):
        InstagramOptions.model_validate({"token": {"env": "T"}, **options})


def test_hashtags_are_written_as_people_do():
    found = InstagramOptions.model_validate(
        {"token": {"env": "T"}, "accounts": ["1"], "hashtags": ["#قهوة", "Tea"]}
    )
    assert found.hashtags == ["قهوة", "tea"]


KEYS = [*MEDIA, "replies", "text", "from", "user", "parent_id"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYS, "data"]), inner, max_size=5)
    ),
    max_leaves=15,
)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), anything, max_size=8), max_size=4))
def test_a_broken_item_never_breaks_the_rest(raws):
    whole = body(*raws, MEDIA)
    assert read_media(whole, US).items[-1].external_id == "179"
    assert read_media_comments(whole, "1").items[-1].external_id == "179"
    media = {"data": [*raws, MEDIA], "paging": {"cursors": raws}}
    assert read_discovered(discovery(media), "globex").items[-1].external_id == "179"


@given(st.binary(max_size=60) | st.integers(0, 400).map(lambda cut: body(MEDIA, MEDIA)[:cut]))
def test_bytes_that_are_no_answer_are_refused(raw):
    for read in (read_media, lambda b: read_media_comments(b, "1"), lambda b: read_discovered(b, "x")):
        with suppress(UnreadableError):
            read(raw)
