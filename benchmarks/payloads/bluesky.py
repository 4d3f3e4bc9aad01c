"""Recorded searches and author feeds of Bluesky."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention, MentionKind


def _search(base: str) -> dict[str, Any]:
    return {"base_url": base, "queries": ["samsung"]}


def _author(base: str) -> dict[str, Any]:
    return {"base_url": base, "authors": ["shinyakato.dev"]}


def _method(name: str, asked: Asked, content: bytes) -> Answer | None:
    """Answer the first page of one method with the recording; nobody's profile is known."""
    if asked.path == "/xrpc/app.bsky.actor.getProfiles":
        return Answer(b'{"profiles": []}')
    if asked.path != f"/xrpc/app.bsky.feed.{name}":
        return None
    older = "cursor" in asked.query or "until" in asked.query
    return Answer(b'{"posts": []}' if older else content)


def _headphones(found: list[Mention]) -> None:
    (only,) = found
    assert only.external_id == "at://did:plc:d3zpokjdspr22chfrc427eis/app.bsky.feed.post/3ju4p6u2i3a2g"
    assert only.url == "https://bsky.app/profile/luy.gay/post/3ju4p6u2i3a2g"
    assert only.text.startswith("eu queria um fone de ouvido")
    assert only.published_at == datetime(2023, 4, 24, 13, 50, 19, tzinfo=UTC)
    assert only.author is not None and only.author.handle == "luy.gay"
    assert (only.engagement.likes, only.engagement.replies, only.engagement.shares) == (7, 8, 0)


def _meetup(found: list[Mention]) -> None:
    reposted = next(one for one in found if one.external_id.endswith("/3jukz62npim26"))
    assert reposted.author is not None and reposted.author.handle == "christopherpmoore.xyz"
    assert reposted.published_at == datetime(2023, 4, 30, 6, 26, 7, tzinfo=UTC)
    assert reposted.engagement.likes == 100
    answer = next(one for one in found if one.external_id.endswith("/3jukterj4bp2j"))
    assert answer.kind is MentionKind.COMMENT
    assert answer.parent_id == "at://did:plc:gojiv3xdlwobtke4csnksyyb/app.bsky.feed.post/3jukqq23rvy2w"
    assert sum(one.author is not None and one.author.handle == "shinyakato.dev" for one in found) == 23


CASES = [
    Case(
        kind="bluesky",
        file="social/atproto.dart__searchPosts.json",
        items=1,
        options=_search,
        answer=partial(_method, "searchPosts"),
        known=_headphones,
    ),
    Case(
        kind="bluesky",
        file="social/atproto.dart__getAuthorFeed.json",
        items=25,
        options=_author,
        answer=partial(_method, "getAuthorFeed"),
        known=_meetup,
    ),
]
