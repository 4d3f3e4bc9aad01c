"""A Mastodon server on loopback, read through the real reader into the database."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import select

from crawlers.collect import collect
from storage.mentions import fetch
from storage.records import FetchStatus, MentionKind
from storage.tables import mentions

COFFEE, TEA = "/api/v1/timelines/tag/coffee", "/api/v1/timelines/tag/tea"
FIRST_HOUR = datetime(2026, 3, 1, tzinfo=UTC)


def everything(engine):
    with engine.connect() as connection:
        ids = connection.execute(select(mentions.c.id)).scalars().all()
        return [one.mention for one in fetch(connection, ids)]


def kept(engine) -> list[str]:
    return sorted((one.external_id for one in everything(engine)), key=int)


def status(number: int, **more) -> dict:
    """A status; each was made an hour after the one before."""
    made = FIRST_HOUR + timedelta(hours=number)
    return {
        "id": str(number),
        "created_at": made.isoformat().replace("+00:00", ".000Z"),
        "content": f"<p>Post {number}<br>second line</p>",
        "url": f"https://social.example/@lina/{number}",
        "in_reply_to_id": None,
        "language": "ar",
        "favourites_count": 3,
        "account": {"acct": "lina", "url": "https://social.example/@lina", "followers_count": 70000},
        **more,
    }


def timeline(site, answer, path, *pages, headers=None):
    """Serve pages of statuses, newest first, with `Link` headers as Mastodon writes them."""

    def serve(asked: str):
        at = 0
        for number, page in enumerate(pages):
            if f"max_id={page[0]['id']}x" in asked:
                at = number
        more = {}
        if at + 1 < len(pages):
            older = f"{site.url}{path}?max_id={pages[at + 1][0]['id']}x"
            more["Link"] = f'<{older}>; rel="next", <{site.url}{path}?min_id=1>; rel="prev"'
        return answer(json.dumps(pages[at]).encode(), headers={**more, **(headers or {})})

    site.pages[path] = serve


def mastodon(site, **more):
    return {"name": "social", "kind": "mastodon", "base_url": site.url, "hashtags": ["coffee"], **more}


def test_posts_carry_author_followers_and_kind(engine, site, configured, clock, run, answer):
    page = [status(9, reblog={"id": "1"}), status(8, in_reply_to_id="5"), status(7)]
    timeline(site, answer, COFFEE, page)
    (event,) = run(lambda: collect(engine, configured(mastodon(site, hashtags=["#coffee"])), clock))
    assert (event.items_seen, event.items_new) == (2, 2)
    reply, post = sorted(everything(engine), key=lambda one: one.external_id, reverse=True)
    assert (reply.kind, reply.parent_id) == (MentionKind.COMMENT, "5")
    assert (post.kind, post.text, post.language_hint) == (MentionKind.POST, "Post 7\nsecond line", "ar")
    assert (post.author.handle, post.author.followers) == ("lina@social.example", 70000)
    assert post.engagement.likes == 3


def test_reading_ends_where_what_is_known_begins(engine, site, configured, clock, run, answer):
    settings = configured(mastodon(site))
    timeline(site, answer, COFFEE, [status(20), status(19)], [status(18), status(17)])
    (event,) = run(lambda: collect(engine, settings, clock))
    assert event.items_new == 4
    older = [status(18), status(17)]
    timeline(site, answer, COFFEE, [status(22), status(21)], [status(20), status(19)], older)
    before = len(site.asked)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.items_new == 2
    assert len(site.asked) - before == 2, "the third page is older than what is known"
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.items_new, event.items_revised, len(site.asked) - before) == (0, 0, 3)


def test_what_the_page_limit_cut_off_is_read_at_later_visits(engine, site, configured, clock, run, answer):
    settings = configured(mastodon(site, pages=2))
    timeline(site, answer, COFFEE, [status(1)])
    run(lambda: collect(engine, settings, clock))
    pages = [[status(number), status(number - 1)] for number in range(10, 1, -2)]
    timeline(site, answer, COFFEE, *pages, [status(1)])
    run(lambda: collect(engine, settings, clock, force=True))
    assert kept(engine) == ["1", "7", "8", "9", "10"]
    for _ in range(4):
        run(lambda: collect(engine, settings, clock, force=True))
    assert kept(engine) == [str(number) for number in range(1, 11)]


def test_the_first_visit_goes_no_deeper_than_its_pages(engine, site, configured, clock, run, answer):
    settings = configured(mastodon(site, pages=1))
    timeline(site, answer, COFFEE, [status(6), status(5)], [status(4), status(3)])
    for _ in range(3):
        run(lambda: collect(engine, settings, clock, force=True))
    assert kept(engine) == ["5", "6"]


def test_a_late_post_from_elsewhere_does_not_end_the_reading(engine, site, configured, clock, run, answer):
    """Identifiers tell when a post came in; one made long ago must not hide what stands below it."""

    def identified(number: int, **more) -> dict:
        came = FIRST_HOUR + timedelta(hours=number)
        return status(number, **{"id": str(int(came.timestamp() * 1000) << 16), **more})

    settings = configured(mastodon(site))
    timeline(site, answer, COFFEE, [identified(10)])
    run(lambda: collect(engine, settings, clock))
    late = identified(13, created_at="2026-01-01T00:00:00.000Z")
    timeline(site, answer, COFFEE, [identified(14), late], [identified(12)], [identified(10)])
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.items_new == 3


def test_reading_stops_before_the_rate_limit_and_goes_on_later(engine, site, configured, clock, run, answer):
    reset = clock() + timedelta(hours=1)
    limited = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset.isoformat().replace("+00:00", "Z")}
    settings = configured(mastodon(site, hashtags=["coffee", "tea"], every="5m"))
    timeline(site, answer, COFFEE, [status(6)], headers=limited)
    timeline(site, answer, TEA, [status(7)])
    (event,) = run(lambda: collect(engine, settings, clock))
    assert (event.status, event.next_due, event.items_new) == (FetchStatus.OK, reset, 1)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.status, event.requests) == (FetchStatus.POSTPONED, 0), "a limit holds, forced or not"
    clock.advance(minutes=61)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert kept(engine) == ["6", "7"]


def test_a_post_under_two_tags_is_one_and_an_edit_is_a_revision(engine, site, configured, clock, run, answer):
    settings = configured(mastodon(site, hashtags=["coffee", "tea"]))
    for path in (COFFEE, TEA):
        timeline(site, answer, path, [status(6)])
    (event,) = run(lambda: collect(engine, settings, clock))
    assert (event.items_seen, event.items_new) == (1, 1)
    edited = status(6, content="<p>Better words</p>", edited_at="2026-03-10T11:00:00.000Z")
    for path in (COFFEE, TEA):
        timeline(site, answer, path, [edited])
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.items_new, event.items_revised) == (0, 1)
    (post,) = everything(engine)
    assert (post.text, post.extra["edited_at"]) == ("Better words", "2026-03-10T11:00:00+00:00")


@pytest.mark.parametrize("broken", ["missing", "unreadable"])
def test_the_other_hashtags_are_read_where_one_cannot_be(
    engine, site, configured, clock, run, answer, broken
):
    if broken == "unreadable":
        site.pages[TEA] = answer(b"<html>maintenance</html>")
    timeline(site, answer, COFFEE, [status(9)])
    settings = configured(mastodon(site, hashtags=["tea", "coffee"]))
    (event,) = run(lambda: collect(engine, settings, clock))
    assert (event.status, event.items_new) == (FetchStatus.FAILED, 1)
    assert "#tea" in event.error


def test_a_secret_that_is_not_there_fails_the_visit_with_its_place(
    engine, site, configured, clock, run, answer
):
    settings = configured(mastodon(site, token={"env": "MARSAD_TEST_NO_SUCH_TOKEN"}))
    (event,) = run(lambda: collect(engine, settings, clock))
    assert event.status is FetchStatus.FAILED
    assert "MARSAD_TEST_NO_SUCH_TOKEN" in event.error
    assert site.asked == []


def test_an_account_is_looked_up_once_and_read_without_boosts(engine, site, configured, clock, run, answer):
    site.pages["/api/v1/accounts/lookup"] = answer(b'{"id": "77", "acct": "lina"}')
    timeline(site, answer, "/api/v1/accounts/77/statuses", [status(3), status(2, in_reply_to_id="1")])
    entry = mastodon(site, hashtags=[], accounts=["@lina@other.example"], name=f"it {uuid4().hex}")
    for _ in range(2):
        (event,) = run(lambda: collect(engine, configured(entry), clock, force=True))
        assert event.status is FetchStatus.OK, event.error
    paths = [path for path, _ in site.asked]
    assert [path for path in paths if "lookup" in path] == [
        "/api/v1/accounts/lookup?acct=lina%40other.example"
    ]
    assert all("exclude_reblogs=true" in path for path in paths if "statuses" in path)
    assert kept(engine) == ["2", "3"]


def test_a_search_pages_by_offset_and_later_visits_by_identifier(
    engine, site, configured, clock, run, answer, monkeypatch
):
    monkeypatch.setenv("MARSAD_TEST_TOKEN", "s3cret")
    held = [status(number) for number in range(1, 3)]

    def search(asked: str):
        query = {name: value[0] for name, value in parse_qs(urlsplit(asked).query).items()}
        found = [one for one in held if int(one["id"]) < int(query.get("max_id", 10**30))]
        found = sorted(found, key=lambda one: -int(one["id"]))[int(query.get("offset", 0)) :]
        return answer(json.dumps({"accounts": [], "statuses": found[: int(query["limit"])]}).encode())

    site.pages["/api/v2/search"] = search
    more = {"hashtags": [], "queries": ["acme"], "token": {"env": "MARSAD_TEST_TOKEN"}, "pages": 2}
    settings = configured(mastodon(site, **more))
    run(lambda: collect(engine, settings, clock))
    clock.advance(days=30)
    held += [status(number) for number in range(3, 203)]
    for _ in range(6):
        run(lambda: collect(engine, settings, clock, force=True))
    assert kept(engine) == [str(number) for number in range(1, 203)]
    paths = [path for path, _ in site.asked]
    assert any("offset=40" in path for path in paths)
    assert any("max_id=" in path and "offset" not in path for path in paths)
    assert all(headers.get("authorization") == "Bearer s3cret" for _, headers in site.asked)
    assert all("s3cret" not in path for path in paths)


def test_quotes_of_an_account_s_newest_posts_are_read(
    engine, site, configured, clock, run, answer, monkeypatch
):
    monkeypatch.setenv("MARSAD_TEST_TOKEN", "s3cret")
    site.pages["/api/v1/accounts/lookup"] = answer(b'{"id": "77", "acct": "acme"}')
    timeline(site, answer, "/api/v1/accounts/77/statuses", [status(10), status(9), status(8)])
    quoting = status(20, quote={"state": "accepted", "quoted_status": status(10)})
    timeline(site, answer, "/api/v1/statuses/10/quotes", [quoting])
    more = {"hashtags": [], "accounts": ["acme"], "quotes": 2, "token": {"env": "MARSAD_TEST_TOKEN"}}
    for _ in range(2):
        (event,) = run(lambda: collect(engine, configured(mastodon(site, **more)), clock, force=True))
        assert (event.status, event.http_status) == (FetchStatus.OK, 200), event.error
    assert kept(engine) == ["8", "9", "10", "20"]
    (quote,) = (one for one in everything(engine) if one.external_id == "20")
    assert quote.extra["quotes"] == "10"
    asked = [path.partition("?")[0] for path, _ in site.asked if "quotes" in path]
    assert sorted(asked) == ["/api/v1/statuses/10/quotes", "/api/v1/statuses/9/quotes"]
