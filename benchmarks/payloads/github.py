"""Recorded answers of GitHub's API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case, betamax, recorded
from storage.records import Mention, MentionKind


def _search_options(base_url: str) -> dict[str, Any]:
    # The cassette was recorded when a search could be for both kinds of thread, and holds two pull requests.
    return {"base_url": base_url, "queries": ["github3 label:Bug is:issue"], "pull_requests": True}


def _search(asked: Asked, content: bytes) -> Answer | None:
    return betamax(content, -1) if asked.path == "/search/issues" else None


def _search_known(mentions: list[Mention]) -> None:
    by_id = {mention.external_id: mention for mention in mentions}
    first = by_id["koffeegod/demo-issues#28"]
    assert first.title == "GitHub integration images"
    assert first.author is not None
    assert (first.author.platform, first.author.handle) == ("github", "Koffeegod")
    assert first.published_at == datetime(2015, 11, 24, 3, 31, 29, tzinfo=UTC)
    assert first.url == "https://github.com/Koffeegod/demo-issues/issues/28"
    assert first.engagement.replies == 4
    assert first.extra["labels"] == ["bug", "duplicate", "enhancement"]
    assert (first.extra["state"], first.extra["answered"]) == ("open", True)
    assert by_id["octobear2/ob2#4"].text.startswith("This bug has occurred 2 times out of 160")
    assert sum(bool(mention.extra.get("pull_request")) for mention in mentions) == 2
    assert all(mention.author and mention.published_at and mention.title for mention in mentions)


def _comments_options(base_url: str) -> dict[str, Any]:
    return {"base_url": base_url, "repositories": ["zhquan_example/repo"]}


def _comments(asked: Asked, content: bytes) -> Answer | None:
    if asked.path == "/repos/zhquan_example/repo/issues/comments":
        return Answer(recorded(content))
    return Answer(b"[]") if asked.path == "/repos/zhquan_example/repo/issues" else None


def _comments_known(mentions: list[Mention]) -> None:
    (comment,) = mentions
    assert (comment.kind, comment.external_id) == (MentionKind.COMMENT, "comment:1")
    assert comment.parent_id == "zhquan_example/repo#1"
    assert comment.text == "My first comment"
    assert comment.author is not None
    assert comment.author.handle == "zhquan_example"
    assert comment.published_at == datetime(2016, 11, 26, 11, 34, 39, tzinfo=UTC)
    assert comment.engagement.likes == 3


CASES = [
    Case(
        kind="github",
        file="social/github3.py__GitHub_search_issues.json",
        items=57,
        options=_search_options,
        answer=_search,
        known=_search_known,
    ),
    Case(
        kind="github",
        file="social/grimoirelab-perceval__github_issue_comments_1",
        items=1,
        options=_comments_options,
        answer=_comments,
        known=_comments_known,
    ),
]
