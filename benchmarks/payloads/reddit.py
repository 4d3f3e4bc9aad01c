"""Recorded feeds of Reddit, and answers of its API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case, betamax
from storage.records import Mention, MentionKind

_SECRETS = {"REDDIT_CLIENT_ID": "an-app", "REDDIT_CLIENT_SECRET": "its-secret"}


def _feed_options(base: str, **lists: Any) -> dict[str, Any]:
    return {"base_url": base, **lists}


def _api_options(base: str, **lists: Any) -> dict[str, Any]:
    return {
        "oauth_url": base,
        "token_url": f"{base}/api/v1/access_token",
        "client_id": {"env": "REDDIT_CLIENT_ID"},
        "client_secret": {"env": "REDDIT_CLIENT_SECRET"},
        **lists,
    }


def _feed(path: str, asked: Asked, content: bytes) -> Answer | None:
    """Serve the feed whatever page is asked for: a right reader sees that it has been there."""
    return Answer(content, type="application/atom+xml; charset=UTF-8") if asked.path == path else None


def _api(path: str, asked: Asked, content: bytes) -> Answer | None:
    """Play the cassette: the token, then the listing; other lists are empty."""
    if asked.path == "/api/v1/access_token":
        basic = asked.headers.get("authorization", "").startswith("Basic ")
        return betamax(content, 0) if asked.method == "POST" and basic else Answer(b"{}", 401)
    if asked.headers.get("authorization") != "Bearer <ACCESS_TOKEN>":
        return Answer(b'{"message": "Unauthorized", "error": 401}', 401)
    if asked.path == path and "after" not in asked.query:
        return betamax(content, 1)
    empty = {"kind": "Listing", "data": {"after": None, "children": []}}
    return Answer(json.dumps(empty).encode(), type="application/json; charset=UTF-8")


def _search(mentions: list[Mention]) -> None:
    first = mentions[0]
    assert (first.external_id, first.kind, first.title) == ("t3_1qcwxml", MentionKind.POST, "New bike day")
    assert first.published_at == datetime(2026, 1, 14, 19, 32, 56, tzinfo=UTC)
    assert first.author is not None and first.author.handle == "aspiring-housewife-"
    assert first.text.startswith("Ribble Allgrit Ti") and first.text.endswith("come across so far!")
    assert {mention.extra["subreddit"] for mention in mentions} == {"gravelcycling"}
    assert not any("submitted by" in mention.text for mention in mentions)


def _thread(mentions: list[Mention]) -> None:
    post, first, *_ = mentions
    assert (post.external_id, post.parent_id) == ("t3_1qcwxml", None)
    assert (first.external_id, first.kind) == ("t1_nzlszj8", MentionKind.COMMENT)
    assert (first.parent_id, first.item, first.title) == ("t3_1qcwxml", "New bike day", None)
    assert first.text == "Man watch out my wife is on this app."
    assert first.published_at == datetime(2026, 1, 14, 20, 34, 48, tzinfo=UTC)
    assert sum(mention.kind is MentionKind.COMMENT for mention in mentions) == 33
    assert sum(mention.author is None for mention in mentions) == 2


def _front_page(mentions: list[Mention]) -> None:
    first = mentions[0]
    assert (first.external_id, first.title) == ("t3_3skxqc", "The water is too deep, so he improvises")
    assert first.published_at == datetime(2015, 11, 12, 21, 16, 39, tzinfo=UTC)
    assert first.author is not None and first.author.handle == "cakebeerandmorebeer"
    assert (first.engagement.replies, first.extra["subreddit"], first.text) == (275, "funny", "")
    assert all(mention.author and mention.engagement.replies for mention in mentions)


def _new(mentions: list[Mention]) -> None:
    first = mentions[0]
    assert first.external_id == "t3_48fbm9"
    assert first.author is not None and first.author.handle == "RedHeadQc"
    assert first.published_at == datetime(2016, 3, 1, 8, 37, 38, tzinfo=UTC)
    assert first.title == (
        "[Serious] Parents of Reddit, what's the biggest lie about yourself you've told your kids?"
    )
    assert (first.engagement.likes, first.engagement.replies) == (None, 1)
    assert first.extra == {"subreddit": "AskReddit", "flair": "serious replies only"}
    assert len({mention.external_id for mention in mentions}) == 100


def _comments(mentions: list[Mention]) -> None:
    first = mentions[0]
    assert (first.external_id, first.kind) == ("t1_d4y8bdp", MentionKind.COMMENT)
    assert first.author is not None and first.author.handle == "preppypuppy"
    assert first.published_at == datetime(2016, 7, 4, 0, 4, 50, tzinfo=UTC)
    assert first.text == "great, life is so much better when you can do what you enjoy for a living"
    assert first.parent_id == "t3_4r4inc"
    assert first.item == '[Serious] To anyone who "followed their dreams", how has it panned out?'
    assert first.url == "https://www.reddit.com/r/AskReddit/comments/4r4inc/_/d4y8bdp/"


CASES = [
    Case(
        kind="reddit",
        file="feeds/a2web__reddit_search.rss",
        items=25,
        options=partial(_feed_options, queries=["bell"]),
        answer=partial(_feed, "/search.rss"),
        known=_search,
    ),
    Case(
        kind="reddit",
        file="feeds/a2web__reddit_thread.rss",
        items=34,
        options=partial(_feed_options, subreddits=["r/gravelcycling"], comments=False),
        answer=partial(_feed, "/r/gravelcycling/new/.rss"),
        known=_thread,
    ),
    Case(
        kind="reddit",
        file="feeds/rss-parser__reddit.rss",
        items=24,
        options=partial(_feed_options, subreddits=["all"], comments=False),
        answer=partial(_feed, "/r/all/new/.rss"),
        known=_front_page,
    ),
    Case(
        kind="reddit",
        file="social/praw__TestSubredditListings.test_new.json",
        items=100,
        options=partial(_api_options, subreddits=["AskReddit"]),
        answer=partial(_api, "/r/askreddit/new"),
        known=_new,
        secrets=_SECRETS,
    ),
    Case(
        kind="reddit",
        file="social/praw__TestSubredditListings.test_comments.json",
        items=100,
        options=partial(_api_options, subreddits=["AskReddit"]),
        answer=partial(_api, "/r/askreddit/comments"),
        known=_comments,
        secrets=_SECRETS,
    ),
]
