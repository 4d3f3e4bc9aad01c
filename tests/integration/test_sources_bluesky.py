"""Bluesky's API on loopback, read through the real reader into the database."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from benchmarks.payloads.case import Answer, Asked
from benchmarks.payloads.run import settings_with
from benchmarks.payloads.service import Service
from crawlers.collect import collect
from storage.mentions import fetch
from storage.records import FetchStatus
from storage.tables import mentions

PASSWORD = "abcd-efgh-ijkl"
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
SEARCH, PROFILES = "app.bsky.feed.searchPosts", "app.bsky.actor.getProfiles"
LOGIN, RENEW = "com.atproto.server.createSession", "com.atproto.server.refreshSession"


def moment(number: int) -> str:
    return (FIRST + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def post(number: int, writer: int = 0) -> dict:
    did = f"did:plc:writer{writer}"
    return {
        "uri": f"at://{did}/app.bsky.feed.post/{number}",
        "author": {"did": did, "handle": f"writer{writer}.example"},
        "record": {"text": f"Post {number}", "createdAt": moment(number)},
        "indexedAt": moment(number),
    }


class Sky:
    """The service: posts by number, sessions, and what it refuses."""

    def __init__(self) -> None:
        self.posts: list[dict] = []
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.accepted: set[str] = set()
        self.refreshable = True
        self.cursors_need_login = False
        self.search_needs_login = False
        self.page = 100

    def calls(self, method: str) -> int:
        return sum(one == method for one, _, _ in self.asked)

    def __call__(self, asked: Asked) -> Answer | None:
        method, access = asked.path.removeprefix("/xrpc/"), asked.headers.get("authorization", "")
        self.asked.append((method, dict(asked.query), access))
        if method == LOGIN:
            good = json.loads(asked.body) == {"identifier": "us.example", "password": PASSWORD}
            return self._session() if good else self._refusal(401, "AuthenticationRequired")
        if method == RENEW:
            known = access.startswith("Bearer refresh") and self.refreshable
            return self._session() if known else self._refusal(400, "ExpiredToken")
        if access and access.removeprefix("Bearer ") not in self.accepted:
            return self._refusal(400, "ExpiredToken")
        if method == PROFILES:
            return Answer(b'{"profiles": [{"did": "did:plc:writer0", "followersCount": 70000}]}')
        return self._search(dict(asked.query), access) if method == SEARCH else None

    def _session(self) -> Answer:
        number = self.calls(LOGIN) + self.calls(RENEW)
        self.accepted = {f"access{number}"}
        tokens = {"accessJwt": f"access{number}", "refreshJwt": f"refresh{number}"}
        return Answer(json.dumps(tokens).encode())

    def _search(self, query: dict[str, str], access: str) -> Answer:
        if not access and (self.search_needs_login or ("cursor" in query and self.cursors_need_login)):
            return Answer(b"<html>403 Forbidden</html>", 403, type="text/html")
        found = [one for one in self.posts if one["indexedAt"] < query.get("until", "9")]
        at = int(query.get("cursor", 0))
        more = {"cursor": str(at + self.page)} if at + self.page < len(found) else {}
        return Answer(json.dumps({"posts": found[at : at + self.page], **more}).encode())

    def _refusal(self, status: int, error: str) -> Answer:
        return Answer(json.dumps({"error": error, "message": f"It is {error}"}).encode(), status)


@pytest.fixture
def sky() -> Sky:
    return Sky()


@pytest.fixture
def visit(sky, engine, clock, run, tmp_path, monkeypatch):
    monkeypatch.setenv("MARSAD_TEST_PASSWORD", PASSWORD)
    name = f"sky {uuid4().hex}"
    with Service(sky) as service:

        def once(*, login: bool = True, **options):
            entry = {"name": name, "kind": "bluesky", "base_url": service.url, "queries": ["acme"], **options}
            if login:
                entry |= {"handle": "us.example", "app_password": {"env": "MARSAD_TEST_PASSWORD"}}
            settings = settings_with(entry, folder=tmp_path)
            (event,) = run(lambda: collect(engine, settings, clock, force=True))
            return event

        yield once


def kept(engine) -> dict[str, object]:
    with engine.connect() as connection:
        ids = connection.execute(select(mentions.c.id)).scalars().all()
        return {one.mention.external_id: one.mention for one in fetch(connection, ids)}


def test_we_log_in_once_and_followers_are_looked_up_once_a_day(sky, visit, engine, clock):
    sky.posts = [post(2), post(1, writer=1)]
    for _ in range(2):
        event = visit()
        assert event.status is FetchStatus.OK, event.error
    assert (sky.calls(LOGIN), sky.calls(PROFILES)) == (1, 1)
    followers = {one.author.handle: one.author.followers for one in kept(engine).values()}
    assert followers == {"writer0.example": 70000, "writer1.example": None}
    clock.advance(hours=25)
    visit()
    assert (sky.calls(LOGIN), sky.calls(PROFILES)) == (1, 2)


def test_a_session_that_expired_is_renewed_and_one_that_cannot_be_is_begun_anew(sky, visit):
    sky.posts = [post(1)]
    visit()
    sky.accepted = set()
    assert visit().status is FetchStatus.OK
    assert (sky.calls(LOGIN), sky.calls(RENEW)) == (1, 1)
    sky.accepted, sky.refreshable = set(), False
    assert visit().status is FetchStatus.OK
    assert (sky.calls(LOGIN), sky.calls(RENEW)) == (2, 2)


def test_a_password_that_is_not_accepted_is_said_so(sky, visit, monkeypatch):
    monkeypatch.setenv("MARSAD_TEST_PASSWORD", "wrong-password")
    event = visit()
    assert event.status is FetchStatus.FAILED
    assert "did not accept handle and app_password" in event.error
    assert "wrong-password" not in event.error


def test_a_gap_is_read_on_by_date_since_cursors_move(sky, visit, engine, clock):
    sky.page = 2
    sky.posts = [post(1)]
    visit(pages=3)
    sky.posts = [post(number) for number in range(12, 0, -1)]
    for _ in range(5):
        assert visit(pages=3).error is None
    assert len(kept(engine)) == 12
    searched = [query for method, query, _ in sky.asked if method == SEARCH]
    assert any("cursor" in query and "until" not in query for query in searched)
    assert any("until" in query and "cursor" not in query for query in searched)


def test_without_a_login_pages_are_asked_for_by_date_where_cursors_are_refused(sky, visit, engine):
    sky.page, sky.cursors_need_login = 2, True
    sky.posts = [post(number) for number in range(5, 0, -1)]
    event = visit(login=False)
    assert event.status is FetchStatus.OK, event.error
    assert (len(kept(engine)), event.http_status) == (5, 200)
    assert sky.calls(LOGIN) == 0


def test_a_search_that_needs_a_login_says_what_to_set(sky, visit):
    sky.search_needs_login = True
    event = visit(login=False)
    assert event.status is FetchStatus.FAILED
    assert "set handle and app_password" in event.error


def test_the_password_goes_nowhere_but_into_the_login(sky, visit):
    sky.posts = [post(1)]
    visit()
    assert all(PASSWORD not in str(query) + access for _, query, access in sky.asked)
    assert all(access.startswith("Bearer access") for method, _, access in sky.asked if method != LOGIN)
