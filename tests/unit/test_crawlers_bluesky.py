"""What Bluesky's API answers, read into items."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crawlers.errors import UnreadableError
from crawlers.services.bluesky_posts import problem, read_posts, read_profiles, read_session
from crawlers.sources.bluesky import BlueskyOptions
from storage.records import MentionKind

DID = "did:plc:abc"
URI = f"at://{DID}/app.bsky.feed.post/3k1"
OTHER = "at://did:plc:xyz/app.bsky.feed.post/3k0"
POST = {
    "uri": URI,
    "author": {"did": DID, "handle": "lina.example", "displayName": "Lina ☕", "labels": []},
    "record": {"text": "قهوة أكمي", "langs": ["ar", "en"], "createdAt": "2026-03-01T10:00:00.123Z"},
    "replyCount": 1,
    "repostCount": 2,
    "likeCount": 3,
    "quoteCount": 4,
    "indexedAt": "2026-03-01T10:00:05.000Z",
    "labels": [],
}


def page(*posts: object, reposts: bool = True, **more: object):
    return read_posts(json.dumps({"posts": list(posts), **more}).encode(), reposts)


def feed(*entries: object, reposts: bool = True):
    return read_posts(json.dumps({"feed": list(entries)}).encode(), reposts)


def one(**more):
    (item,) = page({**POST, **more}).items
    return item


def recorded(**more):
    return one(record={**POST["record"], **more})


def test_a_post_is_read_whole():
    found = page(POST, cursor="100", hitsTotal=1_000_000)
    (item,) = found.items
    assert (item.external_id, item.url) == (URI, "https://bsky.app/profile/lina.example/post/3k1")
    assert (item.kind, item.text, item.language_hint) == (MentionKind.POST, "قهوة أكمي", "ar")
    assert (item.author.handle, item.author.name) == ("lina.example", "Lina ☕")
    counted = item.engagement
    assert (counted.likes, counted.replies, counted.shares) == (3, 1, 6)
    assert item.published_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (found.next, item.extra) == ("100", {})


def test_a_reply_names_what_it_answers():
    item = recorded(reply={"parent": {"uri": OTHER}, "root": {"uri": OTHER}})
    assert (item.kind, item.parent_id) == (MentionKind.COMMENT, OTHER)


@pytest.mark.parametrize(
    "embed",
    [
        {"$type": "app.bsky.embed.record", "record": {"uri": OTHER, "cid": "b"}},
        {"$type": "app.bsky.embed.recordWithMedia", "record": {"record": {"uri": OTHER}}, "media": {}},
    ],
)
def test_a_quoted_post_is_named(embed):
    assert recorded(embed=embed).extra == {"quotes": OTHER}


def test_a_list_or_feed_that_is_linked_is_no_quote():
    assert recorded(embed={"record": {"uri": "at://did:plc:xyz/app.bsky.graph.list/3k0"}}).extra == {}


@pytest.mark.parametrize(
    ("embed", "text"),
    [
        ({"images": [{"alt": "A cup"}, {"alt": ""}]}, "A cup"),
        ({"media": {"images": [{"alt": "A cup"}]}, "record": {}}, "A cup"),
        ({"external": {"title": "News", "description": "of coffee"}}, "News\nof coffee"),
        ({"alt": "A film"}, "A film"),
        ({"images": None}, ""),
    ],
)
def test_a_post_without_words_says_what_it_shows(embed, text):
    assert recorded(text="", embed=embed).text == text
    assert recorded(text="Look", embed=embed).text == "Look"


def test_a_handle_that_is_not_valid_gives_way_to_the_identifier():
    item = one(author={"did": DID, "handle": "handle.invalid"})
    assert (item.author.handle, item.url) == (DID, f"https://bsky.app/profile/{DID}/post/3k1")


def test_a_date_after_it_was_seen_is_not_believed():
    assert recorded(createdAt="2031-01-01T00:00:00Z").published_at == datetime(
        2026, 3, 1, 10, 0, 5, tzinfo=UTC
    )
    assert recorded(createdAt=None).published_at == datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC)


REPOST = {
    "post": {**POST, "uri": OTHER},
    "reason": {
        "$type": "app.bsky.feed.defs#reasonRepost",
        "by": {"did": DID},
        "indexedAt": "2026-03-05T00:00:00Z",
    },
}


def test_reposts_are_their_writers_posts_and_may_be_left_out():
    assert [item.external_id for item in feed(REPOST, {"post": POST}).items] == [OTHER, URI]
    assert [item.external_id for item in feed(REPOST, {"post": POST}, reposts=False).items] == [URI]


def test_a_feed_reaches_from_repost_to_repost_not_to_what_was_reposted():
    found = feed(REPOST, reposts=False)
    assert (found.newest, found.reached()) == (datetime(2026, 3, 5, tzinfo=UTC),) * 2


def test_a_pinned_post_is_no_repost():
    pinned = {"post": POST, "reason": {"$type": "app.bsky.feed.defs#reasonPin"}}
    assert len(feed(pinned, reposts=False).items) == 1


@pytest.mark.parametrize(
    "withheld",
    [
        {"labels": [{"val": "!takedown"}]},
        {"author": {**POST["author"], "labels": [{"val": "!suspend"}]}},
    ],
)
def test_what_is_taken_down_is_withdrawn(withheld):
    found = page({**POST, **withheld})
    assert (found.items, found.withdrawn) == ((), (URI,))


def test_a_label_that_was_taken_back_does_not_count():
    assert one(labels=[{"val": "!takedown", "neg": True}]).extra == {}


def test_other_labels_and_the_wish_for_members_only_are_kept():
    author = {**POST["author"], "labels": [{"val": "!no-unauthenticated"}]}
    assert one(author=author, labels=[{"val": "spam"}]).extra == {"labels": ["spam"], "signed_in_only": True}


@pytest.mark.parametrize(
    "entry",
    [
        {"post": {**POST, "embed": {"record": {"uri": OTHER, "notFound": True}}}},
        {"post": {**POST, "embed": {"record": {"record": {"uri": OTHER, "notFound": True}}}}},
        {"post": POST, "reply": {"parent": {"uri": OTHER, "notFound": True}, "root": POST}},
    ],
)
def test_what_others_speak_of_and_is_gone_is_withdrawn(entry):
    assert feed(entry).withdrawn == (OTHER,)
    assert feed(entry, {"post": {**POST, "uri": OTHER}}).withdrawn == (), "it stands there itself"


def test_what_is_blocked_is_not_gone():
    assert feed({"post": POST, "reply": {"parent": {"uri": OTHER, "blocked": True}}}).withdrawn == ()


def test_followers_are_read_by_identifier():
    people = {"profiles": [{"did": DID, "followersCount": 70}, {"did": "did:x"}, {"followersCount": 3}, 7]}
    assert read_profiles(json.dumps(people).encode()) == {DID: 70, "did:x": None}


def test_a_session_has_tokens():
    session = read_session(b'{"accessJwt": "a.b.c", "refreshJwt": "d.e.f"}')
    assert (session.access, session.refresh) == ("a.b.c", "d.e.f")
    for body in (b"{}", b"[]", b'{"accessJwt": "a\\nb"}', b'{"accessJwt": 7}'):
        with pytest.raises(UnreadableError):
            read_session(body)


def test_an_error_is_told_in_words():
    body = b'{"error": "ExpiredToken", "message": "Token has expired"}'
    assert problem(body) == ("ExpiredToken", "Token has expired")
    with pytest.raises(UnreadableError, match="Token has expired"):
        read_posts(body, True)


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[]", b"{}", b'{"posts": {}}', b"[" * 100_000])
def test_what_holds_no_posts_is_refused(body):
    with pytest.raises(UnreadableError):
        read_posts(body, True)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(URI),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["uri", "record", "text", "createdAt", "embed", "val", "labels", "handle", "parent"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from([*POST, "embed", "reason", "reply", "post"]), values), max_size=3
    )
)
def test_posts_of_any_shape_are_survived(posts):
    page(*posts)


@given(st.integers(0, 700))
def test_an_answer_cut_short_is_read_or_refused(cut):
    with suppress(UnreadableError):
        read_posts(json.dumps({"posts": [POST]}).encode()[:cut], True)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"queries": ["acme"], "handle": "lina.example"},
        {"queries": ["acme"], "app_password": {"env": "P"}},
        {"authors": ["not a handle"]},
        {"authors": ["lina"]},
    ],
)
def test_options_that_cannot_be_followed_are_refused(options):
    with pytest.raises(ValidationError):
        BlueskyOptions(**options)


def test_authors_may_be_written_in_every_form():
    written = ["@lina.example", "https://bsky.app/profile/acme.bsky.social", DID]
    assert BlueskyOptions(authors=written).authors == ["lina.example", "acme.bsky.social", DID]
