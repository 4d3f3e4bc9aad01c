"""X's API on loopback, read through the real reader into the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from crawlers.collect import collect
from crawlers.services.x_posts import id_at
from crawlers.sources.x import XOptions, searched
from storage.mentions import fetch
from storage.records import FetchStatus
from storage.sources import load_state
from storage.tables import mentions

SEARCH = "/2/tweets/search/recent"
USER = {"id": "42", "username": "lina", "name": "Lina", "public_metrics": {"followers_count": 7}}


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("X_TOKEN", "a-bearer-token")


class Api:
    """Posts, minutes old, served as X serves them; `refusals` are answered first."""

    def __init__(self, site, answer, clock) -> None:
        self.answer, self.clock, self.site = answer, clock, site
        self.ages: list[float] = []
        self.changes: dict[float, dict[str, Any]] = {}
        self.errors: list[Any] = []
        self.refusals: list[tuple[int, Any]] = []
        self.size = 100
        site.pages[SEARCH] = self.posts
        self.born = clock()

    def post(self, age: float) -> dict[str, Any]:
        one = id_at(self.born - timedelta(minutes=age)) + 1
        return {"id": str(one), "author_id": "42", "text": f"aged {age}", **self.changes.get(age, {})}

    def posts(self, path: str):
        if self.refusals:
            status, said = self.refusals.pop(0)
            return self.answer(json.dumps(said).encode(), status=status)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        since, until = int(asked.get("since_id", 0)), int(asked.get("until_id", 2**63))
        found = [self.post(age) for age in sorted(self.ages)]
        found = [post for post in found if since < int(post["id"]) < until]
        document = {"data": found[: self.size], "includes": {"users": [USER]}, "errors": self.errors}
        more = {"next_token": "b26v"} if len(found) > self.size else {}
        document["meta"] = {"result_count": len(found[: self.size]), **more}
        return self.answer(json.dumps(document).encode())

    def asked(self) -> list[dict[str, str]]:
        queries = (parse_qs(urlsplit(path).query) for path, _ in self.site.asked)
        return [{name: values[0] for name, values in query.items()} for query in queries]


@pytest.fixture
def api(site, answer, clock) -> Api:
    return Api(site, answer, clock)


@pytest.fixture
def read(engine, site, configured, clock, run) -> Callable[..., Any]:
    def visit(**more: Any):
        # What a source remembers outlives a test, so that each has a name of its own.
        entry = {"name": f"x{site.port}", "kind": "x", "base_url": site.url, "token": {"env": "X_TOKEN"}}
        entry |= more if "accounts" in more else {"queries": ["acme"], **more}
        (event,) = run(lambda: collect(engine, configured(entry), clock, force=True))
        return event

    return visit


def texts(engine) -> list[str]:
    with engine.connect() as connection:
        ids = connection.execute(select(mentions.c.id)).scalars().all()
        return sorted(one.mention.text for one in fetch(connection, ids))


def test_a_search_is_read_and_then_only_what_is_new(engine, api, read, clock):
    api.ages = [30, 60]
    event = read()
    assert (event.status, event.items_new) == (FetchStatus.OK, 2)
    assert api.site.asked[0][1]["authorization"] == "Bearer a-bearer-token"
    assert api.asked()[0]["query"] == "acme -is:retweet"
    assert "since_id" not in api.asked()[0]
    clock.advance(minutes=15)
    api.ages = [-10, 30, 60]
    assert read().items_new == 1
    assert int(api.asked()[1]["since_id"]) == id_at(api.born - timedelta(minutes=32))
    assert texts(engine) == ["aged -10", "aged 30", "aged 60"]


def test_that_nothing_new_was_written_is_told_from_nothing_found(api, read, clock):
    assert read().status is FetchStatus.OK
    api.ages = [5]
    read()
    clock.advance(minutes=15)
    api.ages = []
    assert read().status is FetchStatus.UNCHANGED


def test_the_first_visit_reads_as_far_back_as_it_is_told(api, read):
    api.ages = [30, 60 * 24 * 3]
    assert read(backfill="2d").items_new == 1


def test_a_bound_before_the_seven_days_is_dropped_when_it_is_refused(api, read):
    api.ages = [30, 60]
    told = "'since_id' must be a tweet id created after 2026-03-03T12:00Z."
    api.refusals = [(400, {"errors": [{"message": told}], "title": "Invalid Request"})]
    event = read(backfill="30d")
    assert (event.status, event.items_new) == (FetchStatus.OK, 2)
    assert ["since_id" in one for one in api.asked()] == [True, False]


def test_what_the_page_limit_leaves_is_read_at_the_next_visits(engine, api, read, clock):
    api.ages = [600]
    read()
    clock.advance(minutes=10)
    api.size, api.ages = 2, [*range(0, 40, 5), 600]
    given = [read(pages=2).items_new for _ in range(4)]
    assert sum(given) == 8
    assert len(texts(engine)) == 9
    assert all("next_token" not in one for one in api.asked())
    # Older pages too end where what is known begins: more would be paid for.
    assert all("since_id" in one for one in api.asked()[1:])


def test_an_edit_is_a_revision(engine, api, read, clock):
    api.ages = [5]
    read()
    first = api.post(5)["id"]
    api.ages, api.changes = (
        [2],
        {2: {"text": "put right", "edit_history_tweet_ids": [first, api.post(2)["id"]]}},
    )
    clock.advance(minutes=15)
    read()
    assert texts(engine) == ["put right"]


def test_what_x_says_is_deleted_loses_its_words(engine, api, read):
    api.ages = [5, 6]
    read()
    gone = api.post(6)["id"]
    api.ages = [5]
    api.errors = [
        {
            "resource_type": "tweet",
            "resource_id": gone,
            "type": "https://api.x.com/2/problems/resource-not-found",
        }
    ]
    assert read().status is FetchStatus.OK
    assert "aged 6" not in texts(engine)
    assert "aged 5" in texts(engine)


@pytest.mark.parametrize(
    ("status", "said", "words", "waits"),
    [
        (429, {"title": "UsageCapExceeded"}, "that your plan at X allows are used up", True),
        (402, {"type": "https://api.x.com/2/problems/credits-depleted"}, "no credits left", True),
        (403, {"reason": "client-not-enrolled"}, "attach the app to a project", False),
        (401, {"title": "Unauthorized"}, "the token is wrong (HTTP 401): Unauthorized", False),
    ],
)
def test_what_holds_for_every_list_ends_the_visit_in_words(
    engine, api, read, clock, status, said, words, waits
):
    api.refusals = [(status, said)] * 3
    event = read(queries=["acme", "globex"])
    assert event.status is FetchStatus.FAILED
    assert words in event.error
    assert len(api.asked()) == 1
    with engine.connect() as connection:
        due = load_state(connection, event.source).next_due
    tomorrow = clock().replace(hour=0) + timedelta(days=1)
    assert (due >= tomorrow) is waits


def test_a_query_that_x_does_not_accept_keeps_no_other_from_being_read(engine, api, read):
    api.ages = [5]
    api.refusals = [(400, {"errors": [{"message": "no viable alternative at input ')'"}]})]
    event = read(queries=[")", "acme"])
    assert event.status is FetchStatus.FAILED
    assert "no viable alternative" in event.error
    assert texts(engine) == ["aged 5"]


def test_the_posts_of_accounts_are_read_by_their_id(engine, api, read, answer, site):
    api.ages = [5]
    site.pages["/2/users/by/username/acme"] = answer(b'{"data": {"id": "42", "username": "acme"}}')
    site.pages["/2/users/42/tweets"] = api.posts
    missing = b'{"errors": [{"detail": "Could not find user with username: [nobody]."}]}'
    site.pages["/2/users/by/username/nobody"] = answer(missing)
    event = read(accounts=["@nobody", "@Acme"])
    assert "X knows no account @nobody: Could not find user" in event.error
    assert texts(engine) == ["aged 5"]
    read(accounts=["Acme"])
    paths = [urlsplit(path).path for path, _ in site.asked]
    assert paths.count("/2/users/by/username/acme") == 1
    assert api.asked()[2]["exclude"] == "retweets"


@pytest.mark.parametrize(
    ("query", "retweets", "sent"),
    [
        ("acme", False, "acme -is:retweet"),
        ("acme OR أكمي", False, "(acme OR أكمي) -is:retweet"),
        ("acme", True, "acme"),
        ("acme is:retweet", False, "acme is:retweet"),
    ],
)
def test_a_query_leaves_retweets_out_unless_it_speaks_of_them(query, retweets, sent):
    assert searched(query, retweets) == sent


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({}, "at least one query"),
        ({"queries": ["x" * 501]}, "longer than 512"),
        ({"queries": ["x" * 1020], "query_length": 1024}, "longer than 1024"),
        ({"queries": ["  "]}, "write a query"),
        ({"accounts": ["a b"]}, "account's name"),
        ({"accounts": ["لينا"]}, "account's name"),
    ],
)
def test_options_that_cannot_work_are_refused_in_words(options, cause):
    with pytest.raises(ValidationError, match=cause):
        XOptions.model_validate({"token": {"env": "X_TOKEN"}, **options})


def test_a_longer_query_is_taken_where_the_plan_allows_it():
    options = XOptions.model_validate(
        {"token": {"env": "X_TOKEN"}, "queries": ["x" * 1000], "query_length": 1024}
    )
    assert options.requests_a_day == 500
