"""What YouTube's feeds and Data API answer, read into items; and the key's quota."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crawlers.errors import CrawlError, PostponedError, UnreadableError
from crawlers.services.youtube_comments import read_replies, read_threads
from crawlers.services.youtube_feed import read_channel_feed
from crawlers.services.youtube_quota import Quota, QuotaSpentError, midnight
from crawlers.services.youtube_videos import (
    completed,
    problem,
    read_channels,
    read_playlist,
    read_search,
    read_videos,
)
from crawlers.sources.youtube import YouTubeOptions
from storage.records import MentionKind

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CHANNEL = "UC0123456789abcdefghijkl"
SNIPPET = {
    "publishedAt": "2026-03-01T10:00:00Z",
    "channelId": CHANNEL,
    "channelTitle": "قناة أكمي",
    "title": "Tom &amp; Jerry&#39;s",
    "description": "One &lt;3",
    "liveBroadcastContent": "none",
}
VIDEO = {
    "id": "abcdefghijk",
    "snippet": {**SNIPPET, "title": "Tom &amp; Jerry", "defaultAudioLanguage": "ar-SA"},
    "statistics": {"viewCount": "1200", "likeCount": "30", "commentCount": "4", "favoriteCount": "0"},
}
COMMENT = {
    "id": "Ugx1",
    "snippet": {
        "videoId": "abcdefghijk",
        "textDisplay": "Great!<br>Really &quot;great&quot;",
        "textOriginal": 'Great!\nReally "great"',
        "authorDisplayName": "@lina",
        "authorChannelId": {"value": CHANNEL},
        "likeCount": 3,
        "publishedAt": "2026-03-01T10:00:00Z",
        "updatedAt": "2026-03-01T10:05:00Z",
    },
}
REPLY = {"id": "Ugx1.9a", "snippet": {**COMMENT["snippet"], "parentId": "Ugx1", "likeCount": 0}}
THREAD = {
    "id": "Ugx1",
    "snippet": {"videoId": "abcdefghijk", "topLevelComment": COMMENT, "totalReplyCount": 3},
    "replies": {"comments": [REPLY]},
}


def listing(*items: object, **more: object) -> bytes:
    return json.dumps({"kind": "youtube#someListResponse", "items": list(items), **more}).encode()


def found(snippet: object = SNIPPET) -> dict:
    return {"id": {"kind": "youtube#video", "videoId": "abcdefghijk"}, "snippet": snippet}


def test_a_search_writes_its_words_as_html_text_and_the_list_of_videos_does_not():
    (searched,) = read_search(listing(found())).items
    assert (searched.title, searched.text) == ("Tom & Jerry's", "One <3")
    (listed,) = read_videos(listing(VIDEO))
    assert listed.title == "Tom &amp; Jerry"


def test_a_video_is_read_whole():
    (video,) = read_videos(listing(VIDEO))
    assert video.url == "https://www.youtube.com/watch?v=abcdefghijk"
    assert (video.author.handle, video.author.name) == (CHANNEL, "قناة أكمي")
    counted = video.engagement
    assert (counted.views, counted.likes, counted.replies) == (1200, 30, 4)
    assert (video.language_hint, video.extra) == ("ar-SA", {})


def test_hidden_statistics_are_unknown():
    (video,) = read_videos(listing({**VIDEO, "statistics": {"viewCount": "7"}}))
    assert (video.engagement.views, video.engagement.likes, video.engagement.replies) == (7, None, None)


def test_music_without_words_has_no_language():
    (video,) = read_videos(listing({**VIDEO, "snippet": {**SNIPPET, "defaultAudioLanguage": "zxx"}}))
    assert video.language_hint is None


def test_channels_and_playlists_among_the_results_are_left_out():
    others = [{"id": {"channelId": CHANNEL}, "snippet": SNIPPET}, {"id": {"playlistId": "PL1"}}, None, 7]
    page = read_search(listing(*others, found(), found(), nextPageToken="CAUQAA"))
    assert ([item.external_id for item in page.items], page.next) == (["abcdefghijk"], "CAUQAA")


def test_a_video_of_a_playlist_has_its_own_date_and_owner():
    details = {"videoId": "abcdefghijk", "videoPublishedAt": "2026-02-01T00:00:00Z"}
    owner = {"videoOwnerChannelId": "UCowner", "videoOwnerChannelTitle": "Owner"}
    page = read_playlist(listing({"id": "UEx", "snippet": {**SNIPPET, **owner}, "contentDetails": details}))
    (video,) = page.items
    assert video.published_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert (video.author.handle, video.author.name) == ("UCowner", "Owner")


def test_subscribers_that_are_hidden_are_unknown():
    shown = {"id": "UCa", "statistics": {"subscriberCount": "70000", "hiddenSubscriberCount": False}}
    hidden = {"id": "UCb", "statistics": {"subscriberCount": "0", "hiddenSubscriberCount": True}}
    channels = read_channels(listing(shown, hidden, {"id": 7}))
    assert [(one.id, one.subscribers) for one in channels] == [("UCa", 70000), ("UCb", None)]


def test_what_was_found_is_completed_and_what_is_missing_stays():
    items = read_search(listing(found(), {**found(), "id": {"videoId": "lmnopqrstuv"}})).items
    bare = read_videos(listing({"id": "abcdefghijk", "statistics": {"viewCount": "9"}}))
    first, second = completed(items, {bare[0].external_id: bare[0]}, {CHANNEL: 70000})
    assert (first.title, first.engagement.views, first.author.followers) == ("Tom & Jerry's", 9, 70000)
    assert (second.title, second.engagement.views) == ("Tom & Jerry's", None)
    (full,) = read_videos(listing(VIDEO))
    assert completed(items[:1], {"abcdefghijk": full}, {})[0].title == "Tom &amp; Jerry"


def test_a_thread_gives_its_comment_and_the_replies_it_shows():
    page = read_threads(listing(THREAD, nextPageToken="QURT"))
    top, reply = page.items
    assert (top.kind, top.parent_id, top.text) == (
        MentionKind.COMMENT,
        "abcdefghijk",
        'Great!\nReally "great"',
    )
    assert (top.engagement.likes, top.engagement.replies) == (3, 3)
    assert top.url == "https://www.youtube.com/watch?v=abcdefghijk&lc=Ugx1"
    assert top.extra == {"edited_at": "2026-03-01T10:05:00+00:00"}
    assert (reply.external_id, reply.parent_id) == ("Ugx1.9a", "Ugx1")
    assert (page.facts["unshown"], page.next) == ({"Ugx1": (3, "abcdefghijk")}, "QURT")


def test_a_page_of_threads_reaches_as_far_back_as_its_last_thread_not_its_replies():
    late = {**REPLY, "snippet": {**REPLY["snippet"], "publishedAt": "2026-03-09T10:00:00Z"}}
    page = read_threads(listing({**THREAD, "replies": {"comments": [late]}}))
    assert page.reached() == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("display", "text"),
    [
        ("Great!<br>Really &quot;great&quot;", 'Great!\nReally "great"'),
        ("plain <3 this & that", "plain <3 this & that"),
        ('<a href="https://x.example">link</a>', "link"),
        (None, ""),
    ],
)
def test_a_comment_without_its_original_is_read_as_it_is_shown(display, text):
    snippet = {**COMMENT["snippet"], "textDisplay": display, "textOriginal": None}
    (comment,) = read_replies(listing({"id": "Ugx1.9a", "snippet": snippet}), "abcdefghijk", "Ugx1").items
    assert comment.text == text


@pytest.mark.parametrize("author", [{"value": CHANNEL}, CHANNEL, None])
def test_who_commented_is_known_by_channel_in_every_form(author):
    snippet = {**COMMENT["snippet"], "authorChannelId": author}
    snippet["authorChannelUrl"] = f"http://www.youtube.com/channel/{CHANNEL}"
    (comment,) = read_replies(listing({"id": "Ugx1.9a", "snippet": snippet}), "abcdefghijk", "Ugx1").items
    assert (comment.author.handle, comment.author.name) == (CHANNEL, "@lina")
    assert comment.parent_id == "Ugx1"


def feed(stars: str, entry: str = "") -> bytes:
    return f"""<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns="http://www.w3.org/2005/Atom"
     xmlns:media="http://search.yahoo.com/mrss/"><title>Acme</title>{entry}<entry>
     <id>yt:video:abcdefghijk</id><yt:videoId>abcdefghijk</yt:videoId><yt:channelId>{CHANNEL}</yt:channelId>
     <title>قهوة</title><link rel="alternate" href="https://www.youtube.com/watch?v=abcdefghijk"/>
     <author><name>Acme</name></author><published>2026-03-01T10:00:00+00:00</published>
     <media:group><media:description>Best coffee</media:description><media:community>{stars}
     <media:statistics views="77"/></media:community></media:group></entry></feed>""".encode()


@pytest.mark.parametrize(
    ("stars", "likes"),
    [
        ('<media:starRating count="200" average="5.00" min="1" max="5"/>', 200),
        ('<media:starRating count="200" average="3.00" min="1" max="5"/>', 100),
        ('<media:starRating average="4.00" count="100"/>', 75),
        ('<media:starRating count="200" average="0.00" min="1" max="5"/>', None),
        ('<media:starRating count="many"/>', None),
        ("", None),
    ],
)
def test_a_feed_tells_views_likes_and_channel(stars, likes):
    (video,) = read_channel_feed(feed(stars), "https://www.youtube.com/", None, NOW).items
    assert (video.external_id, video.title, video.text) == ("abcdefghijk", "قهوة", "Best coffee")
    assert (video.engagement.views, video.engagement.likes) == (77, likes)
    assert (video.author.handle, video.author.name) == (CHANNEL, "Acme")


def test_an_error_is_told_in_words():
    refused = {
        "error": {"code": 403, "message": "Over <b>quota</b>.", "errors": [{"reason": "quotaExceeded"}]}
    }
    assert problem(json.dumps(refused).encode()) == ("quotaExceeded", "Over quota.")
    assert [problem(body) for body in (b"<html>", b"[]", b'{"error": []}')] == [("", "")] * 3
    with pytest.raises(UnreadableError, match="Over quota"):
        read_search(json.dumps(refused).encode())


readers = [
    read_search,
    read_playlist,
    read_videos,
    read_channels,
    read_threads,
    lambda body: read_replies(body, "abcdefghijk", "Ugx1"),
]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("7"),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [*COMMENT["snippet"], *SNIPPET, "id", "snippet", "comments", "topLevelComment", "value"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("read", readers)
@given(
    st.lists(st.dictionaries(st.sampled_from([*VIDEO, "replies", "contentDetails"]), values), max_size=3)
    | values
)
def test_answers_of_any_shape_are_read_or_refused(read, items):
    with suppress(UnreadableError):
        read(json.dumps({"kind": "youtube#xListResponse", "items": items}).encode())


@pytest.mark.parametrize("read", readers)
@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"items": {}}', b"[" * 100_000, b"\xff"])
def test_what_is_no_answer_of_the_api_is_refused(read, body):
    with pytest.raises(UnreadableError):
        read(body)


@given(st.integers(0, 900))
def test_a_feed_cut_short_is_read_or_refused(cut):
    with suppress(CrawlError):
        read_channel_feed(feed("")[:cut], "https://www.youtube.com/", None, NOW)


LIMITS = {"searches": 2, "units": 5}


def test_the_quota_is_spent_and_begins_anew_at_midnight_pacific():
    evening = datetime(2026, 3, 11, 6, 59, tzinfo=UTC)
    quota = Quota.from_json(None, LIMITS, evening)
    quota.spend("searches", evening)
    quota = Quota.from_json(json.loads(json.dumps(quota.to_json())), LIMITS, evening)
    quota.spend("searches", evening)
    with pytest.raises(QuotaSpentError) as refused:
        quota.spend("searches", evening)
    assert refused.value.until == datetime(2026, 3, 11, 7, tzinfo=UTC), "summer time since the 8th"
    quota.spend("units", evening)
    assert quota.to_json() == {"day": "2026-03-10", "searches": 2, "units": 1}
    quota.spend("searches", refused.value.until)
    assert quota.to_json() == {"day": "2026-03-11", "searches": 1, "units": 0}


def test_midnight_is_that_of_winter_too():
    assert midnight(datetime(2026, 1, 10, 12, tzinfo=UTC)) == datetime(2026, 1, 11, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reason", "words", "for_the_day"),
    [
        ("quotaExceeded", "", True),
        ("dailyLimitExceeded", "", True),
        ("rateLimitExceeded", "Quota exceeded for 'Search Queries per day'", True),
        ("rateLimitExceeded", "Too many requests per minute", False),
    ],
)
def test_a_refusal_is_for_the_day_or_for_a_moment(reason, words, for_the_day):
    quota = Quota.from_json({}, LIMITS, NOW)
    with pytest.raises(PostponedError) as refused:
        quota.refused("searches", reason, words, NOW)
    assert isinstance(refused.value, QuotaSpentError) is for_the_day
    assert (quota.spent["searches"] == 2) is for_the_day


def test_other_refusals_are_not_of_the_quota():
    Quota.from_json([], LIMITS, NOW).refused("units", "commentsDisabled", "Comments are off", NOW)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"queries": ["acme"]},
        {"videos": ["abcdefghijk"]},
        {"channels": ["@acme"]},
        {"channels": [CHANNEL], "comments": True},
        {"channels": ["acme"]},
        {"videos": ["https://vimeo.com/1"], "key": {"env": "K"}},
    ],
)
def test_options_that_cannot_be_followed_are_refused(options):
    with pytest.raises(ValidationError):
        YouTubeOptions(**options)


def test_channels_and_videos_may_be_written_as_addresses():
    options = YouTubeOptions(
        channels=[f"https://www.youtube.com/channel/{CHANNEL}", "https://www.youtube.com/@acme"],
        videos=["https://youtu.be/abcdefghijk?t=3", "https://www.youtube.com/watch?v=abcdefghijk&t=3"],
        key={"env": "K"},
    )
    assert options.channels == [CHANNEL, "@acme"]
    assert options.videos == ["abcdefghijk"] * 2
