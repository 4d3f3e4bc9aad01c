"""From a source on loopback through its spider into the database."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import func, select

from crawlers.collect import collect, preview
from storage.mentions import fetch
from storage.records import FetchStatus, MentionKind
from storage.sources import load_state
from storage.tables import mentions


def rss(*items: str, head: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Made up</title>{head}{"".join(items)}'
        "</channel></rss>"
    ).encode()


def item(number: int, text: str = "Good coffee") -> str:
    return (
        f"<item><title>Item {number}</title><guid>id-{number}</guid><author>Lina</author>"
        f"<pubDate>Tue, 10 Mar 2026 0{number % 10}:00:00 GMT</pubDate>"
        f"<link>http://shop.example/{number}?utm_source=feed</link><description>{text}</description></item>"
    )


def count(engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(mentions)).scalar_one()


def everything(engine):
    with engine.connect() as connection:
        ids = connection.execute(select(mentions.c.id)).scalars().all()
        return [one.mention for one in fetch(connection, ids)]


def feed(site, name="news", path="/feed", **more):
    return {"name": name, "kind": "feed", "url": site.url + path, **more}


def test_mentions_state_and_event_are_kept(engine, site, configured, clock, run, answer):
    site.pages["/feed"] = answer(rss(item(1), item(2)), headers={"ETag": '"one"'})
    (event,) = run(lambda: collect(engine, configured(feed(site)), clock))
    assert (event.status, event.items_seen, event.items_new) == (FetchStatus.OK, 2, 2)
    assert event.fill_rates == {"author": 1.0, "date": 1.0, "rating": 0.0, "text": 1.0}
    found = sorted(everything(engine), key=lambda one: one.external_id)
    assert [one.external_id for one in found] == ["id-1", "id-2"]
    first = found[0]
    assert first.canonical_url == "http://shop.example/1"
    assert (first.title, first.text, first.author.name) == ("Item 1", "Good coffee", "Lina")
    assert first.kind is MentionKind.ARTICLE
    with engine.connect() as connection:
        state = load_state(connection, "news")
    assert (state.etag, state.failures, state.last_ok_at) == ('"one"', 0, clock())


def test_collecting_again_makes_nothing_new_and_an_edit_a_revision(
    engine, site, configured, clock, run, answer
):
    settings = configured(feed(site))
    site.pages["/feed"] = answer(rss(item(1), item(2)))
    run(lambda: collect(engine, settings, clock))
    site.pages["/feed"] = answer(rss(item(1), item(2, "Cold coffee")))
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.items_seen, event.items_new, event.items_revised) == (2, 0, 1)
    assert sorted(one.revision for one in everything(engine)) == [1, 2]


def test_only_what_is_due_is_visited(engine, site, configured, clock, run, answer):
    settings = configured(feed(site, every="15m"))
    site.pages["/feed"] = answer(rss(item(1)))
    (event,) = run(lambda: collect(engine, settings, clock))
    assert event.next_due == clock() + timedelta(minutes=15)
    clock.advance(minutes=14)
    assert run(lambda: collect(engine, settings, clock)) == []
    clock.advance(minutes=1)
    assert len(run(lambda: collect(engine, settings, clock))) == 1


def test_an_unchanged_feed_is_not_fetched_again(engine, site, configured, clock, run, answer):
    settings = configured(feed(site))
    site.pages["/feed"] = answer(rss(item(1)), headers={"ETag": '"a"', "Last-Modified": "yesterday"})
    run(lambda: collect(engine, settings, clock))
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.status, event.http_status, event.bytes) == (FetchStatus.UNCHANGED, 304, 0)
    assert site.asked[1][1]["if-none-match"] == '"a"'
    assert site.asked[1][1]["if-modified-since"] == "yesterday"
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.http_status == 304, "the validators outlive an unchanged visit"


def test_a_body_equal_to_the_last_is_not_parsed(engine, site, configured, clock, run, answer, monkeypatch):
    settings = configured(feed(site))
    site.pages["/feed"] = answer(rss(item(1)))
    run(lambda: collect(engine, settings, clock))

    async def never(*_):
        raise AssertionError("parsed")

    monkeypatch.setattr("crawlers.parsing.parse", never)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.status, event.http_status) == (FetchStatus.UNCHANGED, 200)


def test_validators_of_another_address_are_not_used(engine, site, configured, clock, run, answer):
    site.pages["/feed"] = site.pages["/moved"] = answer(rss(item(1)), headers={"ETag": '"a"'})
    run(lambda: collect(engine, configured(feed(site)), clock))
    (event,) = run(lambda: collect(engine, configured(feed(site, path="/moved")), clock, force=True))
    assert event.http_status == 200
    assert event.status is FetchStatus.OK


def test_many_mentions_are_stored_in_batches_and_counted_once(engine, site, configured, clock, run, answer):
    site.pages["/feed"] = answer(rss(*(item(number) for number in range(450))))
    (event,) = run(lambda: collect(engine, configured(feed(site)), clock))
    assert (event.items_seen, event.items_new, count(engine)) == (450, 450, 450)


def test_a_failing_source_delays_no_other_and_keeps_its_state(engine, site, configured, clock, run, answer):
    settings = configured(feed(site), feed(site, "broken", "/none"), feed(site, "gone", "/gone"))
    site.pages["/feed"] = answer(rss(item(1)))
    site.pages["/gone"] = answer(status=410)
    events = {event.source: event for event in run(lambda: collect(engine, settings, clock))}
    assert events["news"].status is FetchStatus.OK
    assert events["broken"].error == "broken: there is nothing at this address (HTTP 404)"
    assert timedelta(seconds=80) < events["broken"].next_due - clock() < timedelta(minutes=3)
    assert events["gone"].next_due - clock() > timedelta(hours=17)
    with engine.connect() as connection:
        assert load_state(connection, "broken").failures == 1


def test_a_failure_after_a_success_keeps_validators_and_counts_up(
    engine, site, configured, clock, run, answer
):
    settings = configured(feed(site))
    site.pages["/feed"] = answer(rss(item(1)), headers={"ETag": '"a"'})
    run(lambda: collect(engine, settings, clock))
    good = site.pages["/feed"]
    site.pages["/feed"] = answer(status=500)
    for failures in (1, 2):
        run(lambda: collect(engine, settings, clock, force=True))
        with engine.connect() as connection:
            state = load_state(connection, "news")
        assert (state.failures, state.etag) == (failures, '"a"')
    site.pages["/feed"] = good
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.status is FetchStatus.UNCHANGED


def test_retry_after_pushes_the_next_visit(engine, site, configured, clock, run, answer):
    until = clock() + timedelta(hours=3)
    site.pages["/seconds"] = answer(status=429, headers={"Retry-After": "7200"})
    site.pages["/date"] = answer(status=503, headers={"Retry-After": format_datetime(until, usegmt=True)})
    settings = configured(feed(site, "seconds", "/seconds"), feed(site, "date", "/date"))
    events = {event.source: event for event in run(lambda: collect(engine, settings, clock))}
    assert events["seconds"].next_due == clock() + timedelta(hours=2)
    assert events["date"].next_due == until
    assert "429" in events["seconds"].error


def test_redirects_are_followed(engine, site, configured, clock, run, answer):
    site.pages["/old"] = answer(status=301, headers={"Location": "/feed"})
    site.pages["/feed"] = answer(rss(item(1)))
    (event,) = run(lambda: collect(engine, configured(feed(site, path="/old")), clock))
    assert (event.status, event.items_new) == (FetchStatus.OK, 1)


def test_preview_stores_nothing(engine, site, configured, clock, run, answer):
    site.pages["/feed"] = answer(rss(item(1)))
    ((event, found),) = run(lambda: preview(configured(feed(site)), clock))
    assert (event.items_seen, found[0].source) == (1, "news")
    assert count(engine) == 0


def test_a_robots_file_binds_only_where_it_is_to_be_obeyed(engine, site, configured, clock, run, answer):
    site.pages["/robots.txt"] = answer(b"User-agent: *\nDisallow: /feed\n")
    site.pages["/feed"] = answer(rss(item(1)))
    settings = configured(feed(site), feed(site, "polite", obey_robots=True))
    events = {event.source: event for event in run(lambda: collect(engine, settings, clock))}
    assert events["news"].status is FetchStatus.OK
    assert events["polite"].error == "polite: robots.txt forbids this page"


def test_a_database_that_fails_makes_the_visit_fail_and_the_mentions_come_again(
    engine, site, configured, clock, run, answer, monkeypatch
):
    from sqlalchemy.exc import OperationalError

    from crawlers import keeping as module

    settings = configured(feed(site))
    site.pages["/feed"] = answer(rss(item(1)), headers={"ETag": '"a"'})

    def full(*_):
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patched:
        patched.setattr(module.shelf, "store", full)
        (event,) = run(lambda: collect(engine, settings, clock))
    assert event.status is FetchStatus.FAILED
    assert "disk is full" in event.error
    with engine.connect() as conn:
        assert "disk is full" in load_state(conn, "news").last_error
    assert run(lambda: collect(engine, settings, clock)) == [], "it backs off as after any failure"
    clock.advance(minutes=10)
    (event,) = run(lambda: collect(engine, settings, clock))
    assert (event.status, event.items_new) == (FetchStatus.OK, 1)


def status(number: int, **more) -> dict:
    return {
        "id": str(number),
        "created_at": "2026-03-10T09:00:00.000Z",
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


def test_mastodon_posts_carry_author_reach_and_kind(engine, site, configured, clock, run, answer):
    page = [status(9, reblog={"id": "1"}), status(8, in_reply_to_id="5"), status(7)]
    timeline(site, answer, "/api/v1/timelines/tag/coffee", page)
    (event,) = run(lambda: collect(engine, configured(mastodon(site, hashtags=["#coffee"])), clock))
    assert (event.items_seen, event.items_new) == (2, 2)
    reply, post = sorted(everything(engine), key=lambda one: one.external_id, reverse=True)
    assert (reply.kind, reply.parent_id) == (MentionKind.COMMENT, "5")
    assert (post.kind, post.text, post.language_hint) == (MentionKind.POST, "Post 7\nsecond line", "ar")
    assert (post.author.handle, post.author.followers, post.reach) == ("lina@social.example", 70000, 70000)
    assert post.engagement.likes == 3


def test_mastodon_pages_until_what_is_known(engine, site, configured, clock, run, answer):
    path = "/api/v1/timelines/tag/coffee"
    settings = configured(mastodon(site))
    timeline(site, answer, path, [status(20), status(19)], [status(18), status(17)])
    (event,) = run(lambda: collect(engine, settings, clock))
    assert event.items_new == 4
    timeline(site, answer, path, [status(22), status(21)], [status(20), status(19)], [status(18), status(17)])
    before = len(site.asked)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.items_seen == 2
    assert len(site.asked) - before == 2, "the third page is older than what is known"
    assert "since_id=20" in site.asked[before][0]
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.status is FetchStatus.UNCHANGED


def test_mastodon_reads_on_where_the_page_limit_cut_a_visit_short(
    engine, site, configured, clock, run, answer
):
    path = "/api/v1/timelines/tag/coffee"
    settings = configured(mastodon(site, pages=1))
    timeline(site, answer, path, [status(1)])
    run(lambda: collect(engine, settings, clock))
    timeline(site, answer, path, [status(6), status(5)], [status(4), status(3)], [status(2), status(1)])
    for _ in range(3):
        run(lambda: collect(engine, settings, clock, force=True))
    assert sorted(one.external_id for one in everything(engine)) == list("123456")


def test_mastodon_first_visit_goes_no_deeper_than_its_pages(engine, site, configured, clock, run, answer):
    path = "/api/v1/timelines/tag/coffee"
    settings = configured(mastodon(site, pages=1))
    timeline(site, answer, path, [status(6), status(5)], [status(4), status(3)])
    for _ in range(3):
        run(lambda: collect(engine, settings, clock, force=True))
    assert sorted(one.external_id for one in everything(engine)) == list("56")


def test_mastodon_stops_before_the_rate_limit_and_goes_on_later(engine, site, configured, clock, run, answer):
    reset = clock() + timedelta(hours=1)
    limited = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset.isoformat().replace("+00:00", "Z")}
    settings = configured(mastodon(site, hashtags=["coffee", "tea"], every="5m"))
    timeline(site, answer, "/api/v1/timelines/tag/coffee", [status(6)], headers=limited)
    timeline(site, answer, "/api/v1/timelines/tag/tea", [status(7)])
    (event,) = run(lambda: collect(engine, settings, clock))
    assert (event.status, event.next_due, event.items_new) == (FetchStatus.OK, reset, 1)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.status, event.requests) == (FetchStatus.POSTPONED, 0), "a limit holds, forced or not"
    clock.advance(minutes=61)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert sorted(one.external_id for one in everything(engine)) == ["6", "7"]


def test_mastodon_post_under_two_tags_is_one_and_an_edit_is_a_revision(
    engine, site, configured, clock, run, answer
):
    settings = configured(mastodon(site, hashtags=["coffee", "tea"]))
    for tag in ("coffee", "tea"):
        timeline(site, answer, f"/api/v1/timelines/tag/{tag}", [status(6)])
    (event,) = run(lambda: collect(engine, settings, clock))
    assert (event.items_seen, event.items_new) == (1, 1)


@pytest.mark.parametrize("broken", ["missing", "unreadable"])
def test_mastodon_reads_the_other_hashtags_where_one_cannot_be_read(
    engine, site, configured, clock, run, answer, broken
):
    if broken == "unreadable":
        site.pages["/api/v1/timelines/tag/tea"] = answer(b"<html>maintenance</html>")
    timeline(site, answer, "/api/v1/timelines/tag/coffee", [status(9)])
    settings = configured(mastodon(site, hashtags=["tea", "coffee"]))
    (event,) = run(lambda: collect(engine, settings, clock))
    assert (event.status, event.items_new) == (FetchStatus.FAILED, 1)


def test_mastodon_without_its_token_fails_with_the_place_of_the_secret(
    engine, site, configured, clock, run, answer
):
    settings = configured(mastodon(site, token={"env": "MARSAD_TEST_NO_SUCH_TOKEN"}))
    (event,) = run(lambda: collect(engine, settings, clock))
    assert event.status is FetchStatus.FAILED
    assert "MARSAD_TEST_NO_SUCH_TOKEN" in event.error
    assert site.asked == []


def test_characters_that_databases_refuse_do_no_harm(engine, site, configured, clock, run, answer):
    written = (
        '{"version": "https://jsonfeed.org/version/1", "items": ['
        '{"id": "a\\u0000b", "title": "t\\ud800", "content_text": "x\\u0000y\\udc00", "url": "http://a.example/\\ud800",'
        ' "author": {"name": "n\\u0000\\ud800"}}]}'
    )
    site.pages["/feed"] = answer(written.encode())
    (event,) = run(lambda: collect(engine, configured(feed(site)), clock))
    assert (event.status, event.items_new, count(engine)) == (FetchStatus.OK, 1, 1)
    (event,) = run(lambda: collect(engine, configured(feed(site, path="/feed?x")), clock, force=True))
    assert (event.items_new, event.items_revised) == (0, 0)


def test_a_bug_at_one_source_does_not_stop_the_others(
    engine, site, configured, clock, run, answer, monkeypatch
):
    from crawlers import collect as module

    visit = module.visit

    async def broken(settings, clock, source, *rest, **more):
        if source.name == "bad":
            raise ZeroDivisionError
        return await visit(settings, clock, source, *rest, **more)

    monkeypatch.setattr(module, "visit", broken)
    site.pages["/feed"] = answer(rss(item(1)))
    settings = configured(feed(site, "bad"), feed(site))
    events = {event.source: event for event in run(lambda: collect(engine, settings, clock))}
    assert "ZeroDivisionError" in events["bad"].error
    assert events["news"].status is FetchStatus.OK


def test_a_crash_between_batches_loses_and_doubles_nothing(
    engine, site, configured, clock, run, answer, monkeypatch
):
    from sqlalchemy.exc import OperationalError

    from crawlers import collect as module

    site.pages["/feed"] = answer(rss(*(item(number) for number in range(450))), headers={"ETag": '"a"'})
    settings = configured(feed(site))

    def crash(*_):
        raise OperationalError("INSERT", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patched:
        patched.setattr(module.ledger, "record", crash)
        (event,) = run(lambda: collect(engine, settings, clock))
    assert event.status is FetchStatus.FAILED
    assert count(engine) == 400, "the last batch goes with the state or not at all"
    (event,) = run(lambda: collect(engine, settings, clock))
    assert (event.http_status, event.items_new, count(engine)) == (200, 50, 450)
