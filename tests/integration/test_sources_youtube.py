"""YouTube's Data API on loopback, read through the real reader into the database."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import select

from crawlers.collect import collect
from storage.mentions import fetch
from storage.records import FetchStatus
from storage.sources import load_state
from storage.tables import mentions

CHANNEL = "UC0123456789abcdefghijkl"
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "AIza-test-key"


def moment(number: int) -> str:
    return (FIRST + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def video(number: int) -> dict:
    snippet = {"publishedAt": moment(number), "channelId": CHANNEL, "title": f"Video {number}"}
    return {"id": {"videoId": f"vid{number:08d}"}, "snippet": snippet}


def comment(identity: str, number: int) -> dict:
    return {"id": identity, "snippet": {"textOriginal": identity, "publishedAt": moment(number)}}


def thread(identity: str, number: int, *shown: dict, total: int = 0) -> dict:
    snippet = {"topLevelComment": comment(identity, number), "totalReplyCount": total}
    return {"id": identity, "snippet": snippet, "replies": {"comments": list(shown)}}


class Tube:
    """The API: each method answers `answers[method](query)`; `calls` counts them."""

    def __init__(self, site, answer) -> None:
        self.calls: Counter[str] = Counter()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers = {"videos": lambda query: [], "channels": lambda query: []}
        self.pages = 1
        for method in ("search", "videos", "channels", "playlistItems", "commentThreads", "comments"):
            site.pages[f"/youtube/v3/{method}"] = self._served(method, answer)

    def _served(self, method, answer):
        def serve(path: str):
            query = {name: value[0] for name, value in parse_qs(urlsplit(path).query).items()}
            self.calls[method] += 1
            self.asked.append((method, query))
            given = self.answers.get(method, lambda _: [])(query)
            if isinstance(given, tuple):
                status, reason = given
                error = {"code": status, "message": f"no: {reason}", "errors": [{"reason": reason}]}
                return answer(json.dumps({"error": error}).encode(), status)
            page = given if isinstance(given, dict) else {"items": given}
            return answer(json.dumps({"kind": "youtube#xListResponse", **page}).encode())

        return serve


@pytest.fixture
def tube(site, answer, monkeypatch) -> Tube:
    monkeypatch.setenv("MARSAD_TEST_KEY", KEY)
    return Tube(site, answer)


@pytest.fixture
def name() -> str:
    """A name that no other test's source had: what a source looked up lives as long as the process."""
    return f"tube {uuid4().hex}"


@pytest.fixture
def visit(engine, site, configured, clock, run, name):
    def once(**options):
        entry = {"name": name, "kind": "youtube", "base_url": site.url, **options}
        if options.pop("key", True):
            entry["key"] = {"env": "MARSAD_TEST_KEY"}
        (event,) = run(lambda: collect(engine, configured(entry), clock, force=True))
        return event

    return once


def kept(engine) -> dict[str, object]:
    with engine.connect() as connection:
        ids = connection.execute(select(mentions.c.id)).scalars().all()
        return {one.mention.external_id: one.mention for one in fetch(connection, ids)}


def test_what_a_search_finds_is_looked_up_in_one_batch_and_subscribers_once_a_day(tube, visit, engine, clock):
    tube.answers["search"] = lambda query: [video(2), video(1)]
    whole = {"statistics": {"viewCount": "9"}, "snippet": {"title": "Whole", "channelId": CHANNEL}}
    tube.answers["videos"] = lambda query: [{**whole, "id": one} for one in query["id"].split(",")]
    subscribers = {"id": CHANNEL, "statistics": {"subscriberCount": "70000"}}
    tube.answers["channels"] = lambda query: [subscribers]
    for _ in range(2):
        event = visit(queries=["acme"])
        assert event.status is FetchStatus.OK, event.error
    assert tube.calls == {"search": 2, "videos": 2, "channels": 1}
    first = kept(engine)["vid00000001"]
    assert (first.title, first.engagement.views, first.author.followers) == ("Whole", 9, 70000)
    clock.advance(hours=25)
    visit(queries=["acme"])
    assert tube.calls["channels"] == 2


def test_a_video_that_the_look_up_leaves_out_is_kept_as_it_was_found(tube, visit, engine):
    tube.answers["search"] = lambda query: [video(1)]
    tube.answers["videos"] = lambda query: (403, "forbidden")
    assert visit(queries=["acme"]).status is FetchStatus.OK
    assert kept(engine)["vid00000001"].title == "Video 1"


def test_later_visits_search_only_what_is_new_and_gaps_by_date(tube, visit, engine, clock):
    held = [video(1)]

    def search(query):
        since, until = query.get("publishedAfter", ""), query.get("publishedBefore", "9")
        inside = [one for one in held if since <= one["snippet"]["publishedAt"] < until]
        at = int(query.get("pageToken", 0))
        page = {"items": inside[at : at + 2]}
        return {**page, "nextPageToken": str(at + 2)} if at + 2 < len(inside) else page

    tube.answers["search"] = search
    visit(queries=["acme"], pages=3)
    clock.advance(days=10)
    held[:0] = [video(number) for number in range(400, 280, -10)]
    for _ in range(5):
        visit(queries=["acme"], pages=3)
    assert len(kept(engine)) == 13
    searched = [query for method, query in tube.asked if method == "search"]
    assert "publishedAfter" not in searched[0]
    assert searched[1]["publishedAfter"] == "2026-02-28T19:00:00Z"
    resumed = [query for query in searched if "publishedBefore" in query and "pageToken" not in query]
    assert resumed, "a gap is read on by date"
    assert all("publishedAfter" not in query for query in resumed)


def test_the_day_s_searches_are_spent_and_all_else_is_read(tube, visit, engine, clock):
    tube.answers["search"] = lambda query: [video(1)]
    tube.answers["playlistItems"] = lambda query: [
        {"snippet": {**video(2)["snippet"], "resourceId": {"videoId": "vid00000002"}}}
    ]
    options = {"queries": ["acme", "globex"], "channels": [CHANNEL], "searches_a_day": 1}
    for _ in range(2):
        event = visit(**options)
        assert event.status is FetchStatus.OK, event.error
    assert (tube.calls["search"], tube.calls["playlistItems"]) == (1, 2)
    clock.advance(days=1)
    visit(**options)
    assert tube.calls["search"] == 2


def test_searches_alone_wait_for_midnight_pacific(tube, visit, clock):
    tube.answers["search"] = lambda query: (403, "quotaExceeded")
    event = visit(queries=["acme"])
    assert event.status is FetchStatus.POSTPONED
    assert event.next_due == datetime(2026, 3, 11, 7, tzinfo=UTC)


def test_units_that_are_spent_end_the_visit_without_failing_it(tube, visit, engine):
    tube.answers["playlistItems"] = lambda query: (403, "quotaExceeded")
    event = visit(channels=[CHANNEL])
    assert event.status is FetchStatus.POSTPONED
    assert event.next_due == datetime(2026, 3, 11, 7, tzinfo=UTC)


def test_a_refusal_is_told_in_the_api_s_words_without_the_key(tube, visit, engine, name):
    tube.answers["search"] = lambda query: (400, f"API key {KEY} not valid")
    event = visit(queries=["acme"])
    assert event.status is FetchStatus.FAILED
    assert "not valid" in event.error
    assert KEY not in event.error
    with engine.connect() as connection:
        assert KEY not in str(load_state(connection, name))
    assert all(KEY not in str(query) for _, query in tube.asked)


def test_comments_and_all_replies_are_read_once(tube, visit, engine):
    shown = {**comment("Ug1.a", 5), "snippet": {**comment("Ug1.a", 5)["snippet"], "parentId": "Ug1"}}
    tube.answers["commentThreads"] = lambda query: [thread("Ug2", 4), thread("Ug1", 3, shown, total=3)]

    def replies(query):
        at = query.get("pageToken", "first")
        page = {"first": ["Ug1.a", "Ug1.b"], "second": ["Ug1.c"]}[at]
        more = {"nextPageToken": "second"} if at == "first" else {}
        return {"items": [comment(one, 5) for one in page], **more}

    tube.answers["comments"] = replies
    for _ in range(2):
        event = visit(videos=["vid00000001"], comments=True)
        assert event.status is FetchStatus.OK, event.error
    found = kept(engine)
    assert sorted(found) == ["Ug1", "Ug1.a", "Ug1.b", "Ug1.c", "Ug2"]
    assert (found["Ug1"].parent_id, found["Ug1.c"].parent_id) == ("vid00000001", "Ug1")
    assert found["Ug1.c"].url == "https://www.youtube.com/watch?v=vid00000001&lc=Ug1.c"
    assert tube.calls["comments"] == 2, "replies that did not become more are not asked for again"
    assert (tube.asked[1][0], tube.asked[1][1]["order"]) == ("commentThreads", "time")


def test_comments_that_are_off_are_no_failure(tube, visit, engine):
    tube.answers["commentThreads"] = lambda query: (403, "commentsDisabled")
    event = visit(videos=["vid00000001"], comments=True)
    assert (event.status, event.error, event.http_status) == (FetchStatus.OK, None, 200)


def test_comments_are_read_on_what_a_search_found_and_a_deleted_video_is_withdrawn(tube, visit, engine):
    tube.answers["search"] = lambda query: [video(2), video(1)]
    tube.answers["commentThreads"] = lambda query: [thread(f"Ug-{query['videoId']}", 9)]
    options = {"queries": ["acme"], "comments": True, "comment_videos": 1}
    visit(**options)
    assert sorted(kept(engine)) == ["Ug-vid00000002", "vid00000001", "vid00000002"]
    tube.answers["search"] = lambda query: []
    tube.answers["commentThreads"] = lambda query: (404, "videoNotFound")
    event = visit(**options)
    assert event.error is None
    gone = kept(engine).get("vid00000002")
    assert gone is None or not gone.text
    before = tube.calls["commentThreads"]
    visit(**options)
    assert tube.calls["commentThreads"] == before, "it is not asked for again"


def test_an_at_handle_is_looked_up_once(tube, visit):
    tube.answers["channels"] = lambda query: [{"id": CHANNEL}] if query.get("forHandle") == "@acme" else []
    for _ in range(2):
        assert visit(channels=["@acme"]).error is None
    assert tube.calls["channels"] == 1
    playlists = {query["playlistId"] for method, query in tube.asked if method == "playlistItems"}
    assert playlists == {"UU0123456789abcdefghijkl"}
