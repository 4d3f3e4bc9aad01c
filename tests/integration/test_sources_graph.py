"""The Graph API on loopback, read through the readers of Facebook pages and Instagram into the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.payloads.case import Answer, Asked
from benchmarks.payloads.run import settings_with
from benchmarks.payloads.service import Service
from crawlers.collect import collect
from storage.engine import migrate, open_engine
from storage.records import FetchEvent, FetchStatus
from storage.tables import mentions

TOKEN = "EAAsynthetic-token"
ACCOUNT = "17840000000000001"


class Graph:
    """A simulated Graph API: what it answers by path below the version, and what was asked."""

    def __init__(self, engine, clock, run, folder) -> None:
        self.engine, self.clock, self.run, self.folder = engine, clock, run, folder
        self.answers: dict[str, Callable[[Asked], Answer] | Answer] = {}
        self.asked: list[Asked] = []
        self.url = ""

    def respond(self, asked: Asked) -> Answer | None:
        self.asked.append(asked)
        found = self.answers.get(asked.path.removeprefix("/v24.0/"))
        return found(asked) if callable(found) else found

    def paths(self) -> list[str]:
        """Return the paths asked for since the last call."""
        paths = [asked.path.removeprefix("/v24.0/") for asked in self.asked]
        self.asked.clear()
        return paths

    def visit(self, kind: str, **options: Any) -> FetchEvent:
        self.clock.advance(hours=1)
        entry = {
            "name": f"graph-{id(self)}",
            "kind": kind,
            "base_url": self.url,
            "token": {"env": "GRAPH_TOKEN"},
        }
        settings = settings_with({**entry, **options}, folder=self.folder)
        (event,) = self.run(lambda: collect(self.engine, settings, self.clock, force=True))
        return event

    def stored(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.scalars(select(mentions.c.external_id).order_by(mentions.c.external_id)))


@pytest.fixture
def graph(tmp_path, clock, run, monkeypatch) -> Iterator[Graph]:
    monkeypatch.setenv("GRAPH_TOKEN", TOKEN)
    from crawlers.downloads import shared_settings

    unthrottled = {"AUTOTHROTTLE_ENABLED": False}
    monkeypatch.setattr("crawlers.downloads.shared_settings", lambda s: {**shared_settings(s), **unthrottled})
    engine = open_engine("sqlite:///graph.db", tmp_path)
    migrate(engine)
    made = Graph(engine, clock, run, tmp_path)
    with Service(made.respond) as service:
        made.url = service.url
        yield made
    engine.dispose()


def told(body: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(json.dumps(body).encode(), status=status, headers=headers)


def refused(code: int, message: str, status: int = 400, **headers: str) -> Answer:
    return told({"error": {"message": message, "code": code}}, status, **headers)


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def feed_of(clock, *counts: int) -> Answer:
    posts = [
        {
            "id": f"900_{number}",
            "message": "m",
            "created_time": moment(clock() - timedelta(hours=number)),
            "comments": {"summary": {"total_count": count}},
        }
        for number, count in enumerate(counts, start=1)
    ]
    return told({"data": posts})


def comments(clock, post: str, *numbers: int) -> Answer:
    found = [{"id": f"{post}_{n}", "message": "c", "created_time": moment(clock())} for n in numbers]
    return told({"data": found})


def test_comments_are_asked_for_only_where_their_number_has_changed(graph, clock):
    facebook = {"page_ids": ["acme"], "tagged": False}
    graph.answers = {"acme": told({"id": "900", "fan_count": 5}), "acme/feed": feed_of(clock, 2, 0)}
    graph.answers["900_1/comments"] = comments(clock, "1", 11, 12)
    assert graph.visit("facebook_page", **facebook).error is None
    assert graph.paths() == ["acme", "acme/feed", "900_1/comments"]
    assert graph.stored() == ["1_11", "1_12", "900_1", "900_2"]

    graph.visit("facebook_page", **facebook)
    assert graph.paths() == ["acme/feed"]

    graph.answers["acme/feed"] = feed_of(clock, 2, 1)
    graph.answers["900_2/comments"] = comments(clock, "2", 21)
    graph.visit("facebook_page", **facebook)
    assert graph.paths() == ["acme/feed", "900_2/comments"]
    assert "2_21" in graph.stored()


def test_posts_beyond_the_first_page_are_counted_together_and_old_ones_left_alone(graph, clock):
    facebook = {"page_ids": ["acme"], "tagged": False}
    graph.answers = {"acme": told({"id": "900"}), "acme/feed": feed_of(clock, 0, 0)}
    graph.visit("facebook_page", **facebook)
    graph.paths()
    graph.answers["acme/feed"] = told({"data": []})
    numbers = {
        f"900_{n}": {"id": f"900_{n}", "comments": {"summary": {"total_count": n - 1}}} for n in (1, 2)
    }
    graph.answers[""] = told(numbers)
    graph.answers["900_2/comments"] = comments(clock, "2", 21)
    assert graph.visit("facebook_page", **facebook).error is None
    assert graph.paths() == ["acme/feed", "", "900_2/comments"]

    clock.advance(days=15)
    graph.visit("facebook_page", **facebook)
    assert graph.paths() == ["acme", "acme/feed"]


def test_a_post_that_was_deleted_is_no_failure(graph, clock):
    facebook = {"page_ids": ["acme"], "tagged": False}
    graph.answers = {"acme": told({"id": "900"}), "acme/feed": feed_of(clock, 0)}
    graph.visit("facebook_page", **facebook)
    graph.answers["acme/feed"] = told({"data": []})
    graph.answers[""] = refused(803, "Some of the aliases you requested do not exist", 404)
    graph.answers["900_1/comments"] = refused(100, "Object with ID '900_1' does not exist")
    assert graph.visit("facebook_page", **facebook).error is None
    graph.paths()
    graph.visit("facebook_page", **facebook)
    assert graph.paths() == ["acme/feed"]


@pytest.mark.parametrize("code", [4, 17, 32, 613, 80001])
def test_a_spent_limit_postpones_in_words(graph, code):
    graph.answers = {
        "acme": told({"id": "900"}),
        "acme/feed": refused(code, "User request limit reached", 403),
    }
    event = graph.visit("facebook_page", page_ids=["acme"])
    assert event.status is FetchStatus.POSTPONED
    assert graph.paths() == ["acme", "acme/feed"]


def test_a_limit_that_is_nearly_spent_ends_the_visit_before_it_is_spent(graph, clock):
    usage = '{"call_count":96,"total_time":2,"total_cputime":1}'
    graph.answers = {"acme": told({"id": "900"})}
    graph.answers["acme/feed"] = told(json.loads(feed_of(clock, 3).body), **{"X-App-Usage": usage})
    event = graph.visit("facebook_page", page_ids=["acme"])
    assert event.status is FetchStatus.OK
    assert graph.paths() == ["acme", "acme/feed"]
    assert graph.stored() == ["900_1"]


def test_a_token_that_expired_is_said_in_words_and_not_shown(graph):
    message = f"Error validating access token: Session has expired. {TOKEN}"
    graph.answers = {"acme": refused(190, message, 401), "acme/feed": refused(190, message, 401)}
    event = graph.visit("facebook_page", page_ids=["acme"])
    assert event.status is FetchStatus.FAILED
    assert event.error is not None
    assert "make a new one" in event.error
    assert TOKEN not in event.error


def test_a_missing_permission_fails_one_list_and_not_the_others(graph, clock):
    lacking = refused(10, "(#10) requires the 'pages_read_user_content' permission", 403)
    graph.answers = {"acme": told({"id": "900"}), "acme/tagged": lacking, "acme/feed": feed_of(clock, 0)}
    graph.answers["globex"] = told({"id": "901"})
    graph.answers["globex/posts"] = told({"data": [{"id": "901_1", "message": "new"}]})
    event = graph.visit("facebook_page", page_ids=["acme"], competitors=["globex"])
    assert event.error is not None
    assert "lacks a permission" in event.error
    assert graph.stored() == ["900_1", "901_1"]


def test_the_token_goes_in_a_header_and_nowhere_else(graph, clock):
    graph.answers = {"acme": told({"id": "900"}), "acme/feed": feed_of(clock, 0)}
    graph.visit("facebook_page", page_ids=["acme"])
    assert {asked.headers["authorization"] for asked in graph.asked} == {f"Bearer {TOKEN}"}
    assert all(TOKEN not in str(asked.query) for asked in graph.asked)


def hashtag_id(asked: Asked) -> Answer:
    return told({"data": [{"id": str(sum(map(ord, asked.query["q"])))}]})


def test_a_hashtag_s_id_is_asked_for_once(graph):
    instagram = {"accounts": [ACCOUNT], "own_posts": False, "mentions": False, "hashtags": ["a"]}
    graph.answers = {
        "ig_hashtag_search": hashtag_id,
        "97/recent_media": told({"data": [{"id": "1", "caption": "#a"}]}),
    }
    assert graph.visit("instagram", **instagram).error is None
    assert graph.paths() == ["ig_hashtag_search", "97/recent_media"]
    assert graph.stored() == ["1"]
    graph.visit("instagram", **instagram)
    assert graph.paths() == ["97/recent_media"]


def test_no_more_than_thirty_hashtags_are_asked_for_in_a_week(graph, clock):
    instagram = {"accounts": [ACCOUNT], "own_posts": False, "mentions": False}
    graph.answers = {"ig_hashtag_search": hashtag_id}
    first = [chr(ord("a") + n) for n in range(26)] + ["aa", "ab", "ac", "ad"]
    for tag in [*first, "zz"]:
        graph.answers[f"{sum(map(ord, tag))}/recent_media"] = told({"data": []})
    assert graph.visit("instagram", **instagram, hashtags=first).error is None
    graph.paths()
    event = graph.visit("instagram", **instagram, hashtags=["zz", "a"])
    assert event.error is not None
    assert "30 different hashtags a week; not yet: zz" in event.error
    assert graph.paths() == ["97/recent_media"]
    clock.advance(days=7)
    assert graph.visit("instagram", **instagram, hashtags=["zz", "a"]).error is None
    assert set(graph.paths()) == {"97/recent_media", "244/recent_media", "ig_hashtag_search"}


def test_a_competitor_is_read_page_by_page(graph):
    def discovery(asked: Asked) -> Answer:
        later = ".after(QVFI)" in asked.query["fields"]
        media = {"data": [{"id": "2" if later else "1", "caption": "new"}]}
        if not later:
            media["paging"] = {"cursors": {"after": "QVFI"}}
        return told({"business_discovery": {"username": "globex", "followers_count": 80, "media": media}})

    graph.answers = {ACCOUNT: discovery}
    competitor = {"accounts": [ACCOUNT], "own_posts": False, "mentions": False, "competitors": ["@Globex"]}
    assert graph.visit("instagram", **competitor).error is None
    assert graph.stored() == ["1", "2"]
