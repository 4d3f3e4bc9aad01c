"""How Reddit is asked: its options, feeds without credentials, its API with them, tokens, deletions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from scrapy.http import TextResponse

from config.settings import Source
from crawlers.errors import StatusError
from crawlers.items import Withdrawal
from crawlers.sources.reddit import RedditOptions, RedditReader
from storage.records import Mention
from storage.sources import SourceState
from tests.contract.worlds.reddit import listing, post

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SITE = "https://www.reddit.com"
FEED = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title></feed>'


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"subreddits": ["two words"]},
        {"subreddits": ["a"]},
        {"subreddits": ["https://elsewhere.example/r/coffee"]},
        {"users": ["no/body"]},
        {"queries": [" "]},
        {"queries": ["x"], "client_id": "only this"},
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RedditOptions.model_validate(wrong)


def test_names_may_be_written_as_people_write_them():
    options = RedditOptions(
        subreddits=["r/Coffee", "/r/coffee/", "https://old.reddit.com/r/Tea/"], users=["/u/Lina-1", "lina"]
    )
    assert options.subreddits == ["coffee", "coffee", "tea"]
    assert options.users == ["Lina-1", "lina"]


class _Reddit(RedditReader):
    """A reader whose requests are written down; `answers` maps a path to what is answered there."""

    def __init__(self, answers: Mapping[str, list[Any]], **options: Any) -> None:
        source = Source(name="reddit under test", kind="reddit")
        source._options = RedditOptions(**options)
        state = SourceState(source=source.name)
        super().__init__(source=source, state=state, clock=lambda: NOW, downloads=None)  # type: ignore[arg-type]
        self.memory = {}
        self.answers = {path: list(given) for path, given in answers.items()}
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []

    async def _answer(self, url: str, params: Any, headers: Any) -> TextResponse:
        self.asked.append((url, dict(params or {}), dict(headers or {})))
        given = self.answers[url]
        body = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(body, int):
            raise StatusError(f"status {body}", TextResponse(url, status=body))
        return TextResponse(url, body=body)

    async def get(self, url: str, *, params: Any = None, **how: Any) -> TextResponse:
        return await self._answer(url, params, {**how.get("headers", {}), **how.get("secret_headers", {})})

    async def post(self, url: str, *, form: Any = None, **how: Any) -> TextResponse:
        return await self._answer(url, form, {**how["headers"], **how["secret_headers"]})

    async def parse_apart(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    def visit_once(self) -> list[Any]:
        """Return the ids of mentions, and withdrawals, that a visit gives."""

        async def all_of() -> list[Any]:
            return [found async for found in self.read()]

        found = asyncio.run(all_of())
        return [
            one.external_id if isinstance(one, Mention) else one
            for one in found
            if isinstance(one, Mention | Withdrawal)
        ]


TOKEN = b'{"access_token": "tok", "expires_in": 3600}'
TOKENS = f"{SITE}/api/v1/access_token"
API = "https://oauth.reddit.com"
KEYS = {"client_id": "app", "client_secret": "secret"}


def test_without_credentials_every_list_is_a_feed():
    empty = [FEED]
    paths = {
        "/r/coffee/new/.rss": {"limit": 100, "after": None},
        "/r/coffee/comments/.rss": {"limit": 100, "after": None},
        "/search.rss": {"q": "قهوة", "sort": "new", "type": "link", "limit": 100, "after": None},
        "/user/lina/.rss": {"sort": "new", "limit": 100, "after": None},
    }
    reader = _Reddit(
        {SITE + path: empty for path in paths},
        subreddits=["coffee"],
        queries=["قهوة"],
        users=["lina"],
        contact="u/marsad_ops",
    )
    assert reader.visit_once() == []
    assert {url.removeprefix(SITE): params for url, params, _ in reader.asked} == paths
    assert {headers["User-Agent"] for _, _, headers in reader.asked} == {
        "server:marsad:v0.1 (by /u/marsad_ops)"
    }


def test_with_credentials_one_token_serves_every_list():
    answers = {
        TOKENS: [TOKEN],
        f"{API}/r/coffee/new": [listing([post(2, "x")], "t3_p2"), listing([post(1, "x")])],
        f"{API}/search": [listing([post(2, "x")])],
        f"{API}/user/lina/submitted": [listing([])],
    }
    lists = {"subreddits": ["coffee"], "queries": ["x"], "users": ["lina"], "comments": False}
    reader = _Reddit(answers, **lists, **KEYS)
    assert reader.visit_once() == ["t3_p2", "t3_p1", "t3_p2"]
    token, *others = reader.asked
    assert token[1] == {"grant_type": "client_credentials"}
    assert token[2]["Authorization"] == "Basic YXBwOnNlY3JldA=="
    assert {headers["Authorization"] for _, _, headers in others} == {"Bearer tok"}
    assert [params["after"] for url, params, _ in others if url.endswith("/new")] == [None, "t3_p2"]
    assert all(params["raw_json"] == 1 for _, params, _ in others)


def test_a_token_that_is_refused_is_asked_for_anew_once():
    answers = {TOKENS: [TOKEN], f"{API}/r/coffee/new": [401, listing([post(1, "x")])]}
    assert _Reddit(answers, subreddits=["coffee"], comments=False, **KEYS).visit_once() == ["t3_p1"]
    refused = _Reddit(
        {**answers, f"{API}/r/coffee/new": [401]}, subreddits=["coffee"], comments=False, **KEYS
    )
    with pytest.raises(StatusError):
        refused.visit_once()
    assert len(refused.asked) == 4


def test_a_token_is_given_up_before_it_ends():
    answers = {
        TOKENS: [b'{"access_token": "tok", "expires_in": 60}'],
        f"{API}/r/coffee/new": [listing([])],
        f"{API}/r/coffee/comments": [listing([])],
    }
    reader = _Reddit(answers, subreddits=["coffee"], **KEYS)
    reader.visit_once()
    assert sum(url == TOKENS for url, _, _ in reader.asked) == 2


def test_what_was_read_lately_is_looked_at_again_for_deletion():
    answers = {
        TOKENS: [TOKEN],
        f"{API}/r/coffee/new": [listing([post(2, "x"), post(1, "x")]), listing([post(3, "x")])],
        f"{API}/api/info": [listing([post(2, "x"), post(1, "[removed]")])],
    }
    reader = _Reddit(answers, subreddits=["coffee"], comments=False, **KEYS)
    assert reader.visit_once() == ["t3_p2", "t3_p1"]
    reader.state = reader.visit.state
    assert reader.visit_once() == ["t3_p3", "t3_p2", Withdrawal("reddit under test", "t3_p1")]
    assert reader.asked[-1][1]["id"] == "t3_p2,t3_p1"
    assert reader.visit.state.cursor["lately"] == ["t3_p3", "t3_p2"]


def test_after_a_failure_nothing_is_looked_at_again_and_the_latest_stay_known():
    answers = {TOKENS: [TOKEN], f"{API}/r/coffee/new": [listing([post(1, "x")]), b"<html>"]}
    reader = _Reddit(answers, subreddits=["coffee"], comments=False, **KEYS)
    reader.visit_once()
    reader.state = reader.visit.state
    assert reader.visit_once() == []
    assert reader.visit.failure == "not a Reddit listing: the answer is not JSON"
    assert reader.visit.state.cursor["lately"] == ["t3_p1"]
