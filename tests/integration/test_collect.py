"""From a source on loopback through its spider into the database."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

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
