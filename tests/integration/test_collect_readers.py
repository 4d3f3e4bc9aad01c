"""What readers share: budgets, hosts that rest, withdrawals, checkpoints, visits at once."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from benchmarks.payloads.case import Answer
from benchmarks.payloads.run import settings_with
from benchmarks.payloads.service import Service
from crawlers.collect import collect
from storage import analyses, sources, withdrawals
from storage.export import every_mention
from storage.mentions import claim_unanalyzed, fetch, store
from storage.records import Analysis, Author, BrandMatch, BrandRole, FetchStatus, Mention, MentionKind
from storage.rollups import observed_since
from storage.tables import analyses as analysis_table
from storage.tables import mention_brands, mentions, revisions, rollups
from storage.tables import sources as source_table
from tests.contract.world import BASE
from tests.contract.worlds.hacker_news import WORLD


@pytest.fixture
def hits(clock):
    """A search that has 250 items, several pages."""
    clock.now = BASE + timedelta(days=1)
    items = list(range(250, 0, -1))
    with Service(lambda asked: WORLD.answer(asked, items)) as service:
        service.items = items
        yield service


def entry(service, name="hn", **more):
    return {"name": name, "kind": "hacker_news", **WORLD.options(service.url), **more}


def test_a_budget_ends_a_visit_without_failing_it_and_the_next_day_goes_on(engine, hits, clock, run):
    settings = settings_with(entry(hits, requests_a_day=1, backfill="30d", every="5m"))
    (event,) = run(lambda: collect(engine, settings, clock))
    assert (event.status, event.requests, event.error) == (FetchStatus.OK, 1, None)
    assert event.next_due.date() == (clock() + timedelta(days=1)).date()
    clock.advance(minutes=30)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.status, event.requests) == (FetchStatus.POSTPONED, 0)
    with engine.connect() as conn:
        state = sources.load_state(conn, "hn")
    assert state.failures == 0
    clock.advance(days=1)
    (event,) = run(lambda: collect(engine, settings, clock))
    assert event.requests == 1
    assert len(hits.asked) == 2


def test_a_host_that_rests_does_so_for_all_its_sources_and_after_a_restart(engine, hits, clock, run):
    whole = hits.respond
    hits.respond = lambda asked: Answer(b"{}", 429, {"Retry-After": "3600"})
    run(lambda: collect(engine, settings_with(entry(hits)), clock))
    hits.respond = whole
    asked = len(hits.asked)
    settings = settings_with(entry(hits), entry(hits, "other"))
    events = run(lambda: collect(engine, settings, clock, force=True))
    assert {event.status for event in events} == {FetchStatus.POSTPONED}
    assert len(hits.asked) == asked
    assert all(event.next_due >= clock() + timedelta(minutes=59) for event in events)
    clock.advance(minutes=61)
    events = run(lambda: collect(engine, settings, clock, force=True))
    assert {event.status for event in events} == {FetchStatus.OK}


def test_progress_is_told_at_every_checkpoint(engine, hits, clock, run):
    told = []
    settings = settings_with(entry(hits, backfill="30d"))
    run(lambda: collect(engine, settings, clock, progress=lambda *said: told.append(said)))
    assert told
    assert {name for name, _, _ in told} == {"hn"}
    counts = [count for _, count, _ in told]
    assert counts == sorted(counts)
    assert told[0][2].goal == clock() - timedelta(days=30)


def test_two_calls_at_once_visit_a_quiet_feed_once(engine, clock, run, site, answer):
    site.pages["/feed"] = answer(
        b"<rss version='2.0'><channel><item><title>One</title><guid>1</guid></item></channel></rss>",
        headers={"ETag": '"a"'},
    )
    settings = settings_with(
        {"name": "feed", "kind": "feed", "url": f"{site.url}/feed", "every": "5m"},
    )
    run(lambda: collect(engine, settings, clock))
    clock.advance(minutes=6)

    async def often():
        rounds = [asyncio.create_task(collect(engine, settings, clock)) for _ in range(3)]
        for _ in range(20):
            await asyncio.sleep(0.03)
            rounds.append(asyncio.create_task(collect(engine, settings, clock)))
        return [event for one in rounds for event in await one]

    events = run(often)
    assert [event.status for event in events] == [FetchStatus.UNCHANGED]
    assert len(site.asked) == 2


def opinion(number: int, clock, text="the coffee was cold") -> Mention:
    return Mention(
        source="hn",
        kind=MentionKind.POST,
        external_id=str(number),
        text=text,
        collected_at=clock(),
        published_at=clock() - timedelta(hours=1),
        author=Author("hn", "ann"),
        url=f"https://x.example/{number}",
        extra={"points": 3},
    )


READING = Analysis(
    language="en",
    model_version="1",
    brands=(BrandMatch("Acme", BrandRole.OWN, "acme", None, None, 1.0),),
)


def understood(engine, clock):
    with engine.begin() as conn:
        waiting = claim_unanalyzed(conn, 100, "me", clock(), timedelta(minutes=1))
        analyses.save(conn, [(one, READING) for one in waiting], clock())


def total(conn) -> int:
    return conn.scalar(select(func.coalesce(func.sum(rollups.c.mentions), 0)))


def test_what_was_taken_back_leaves_no_words_and_no_counts(engine, clock):
    with engine.begin() as conn:
        store(conn, [opinion(1, clock), opinion(2, clock)])
        store(conn, [opinion(1, clock, "the coffee was not so cold")])
    understood(engine, clock)
    with engine.begin() as conn:
        assert total(conn) == 2
        assert withdrawals.withdraw(conn, "hn", ["1", "unknown"], clock()) == 1
        assert withdrawals.withdraw(conn, "hn", ["1"], clock()) == 0
    with engine.connect() as conn:
        assert total(conn) == 1
        row = conn.execute(select(mentions).where(mentions.c.external_id == "1")).one()
        assert (row.text, row.title, row.url, row.author_id, row.extra) == ("", None, None, None, None)
        assert conn.scalar(select(func.count()).select_from(revisions)) == 0
        assert conn.scalar(select(func.count()).select_from(analysis_table)) == 1
        assert conn.scalar(select(func.count()).select_from(mention_brands)) == 1
        assert [one.mention.external_id for one in every_mention(conn)] == ["2"]
        assert observed_since(conn, "Acme") is not None
    with engine.begin() as conn:
        assert claim_unanalyzed(conn, 10, "me", clock(), timedelta(minutes=1)) == []


def test_an_analysis_under_way_is_not_saved_for_what_was_taken_back(engine, clock):
    with engine.begin() as conn:
        store(conn, [opinion(1, clock)])
        waiting = claim_unanalyzed(conn, 100, "me", clock(), timedelta(minutes=1))
    with engine.begin() as conn:
        withdrawals.withdraw(conn, "hn", ["1"], clock())
        assert analyses.save(conn, [(one, READING) for one in waiting], clock()) == 0
        assert total(conn) == 0


def test_what_comes_back_is_a_mention_again(engine, clock):
    with engine.begin() as conn:
        store(conn, [opinion(1, clock)])
        withdrawals.withdraw(conn, "hn", ["1"], clock())
        result = store(conn, [opinion(1, clock)])
        assert result.revised == 1
    understood(engine, clock)
    with engine.connect() as conn:
        (one,) = fetch(conn, list(conn.scalars(select(mentions.c.id))))
        assert one.mention.text == "the coffee was cold"
        assert one.mention.extra == {"points": 3}
        assert total(conn) == 1


def test_extra_facts_are_kept_and_refreshed(engine, clock):
    from dataclasses import replace

    with engine.begin() as conn:
        store(conn, [opinion(1, clock)])
        store(conn, [replace(opinion(1, clock), extra={"points": 9})])
        store(conn, [replace(opinion(1, clock), extra={})])
        (one,) = fetch(conn, list(conn.scalars(select(mentions.c.id))))
    assert one.mention.extra == {"points": 9}
    assert one.mention.revision == 1


def test_a_cursor_holds_json_only(engine, hits, clock, run):
    run(lambda: collect(engine, settings_with(entry(hits, backfill="30d")), clock))
    with engine.connect() as conn:
        cursor = conn.scalar(select(source_table.c.cursor))
    assert json.loads(json.dumps(cursor)) == cursor
    assert cursor["walks"]


def test_a_source_found_due_and_visited_meanwhile_is_left_free(engine, hits, clock, run, monkeypatch):
    from crawlers import collect as module

    settings = settings_with(entry(hits, every="5m"))
    run(lambda: collect(engine, settings, clock))
    # As if it had been due when this call looked, and another call visited it before this one took it.
    with monkeypatch.context() as patched:
        patched.setattr(module.ledger, "due", lambda *_: ["hn"])
        assert run(lambda: collect(engine, settings, clock)) == []
    clock.advance(minutes=6)
    (event,) = run(lambda: collect(engine, settings, clock))
    assert event.status is FetchStatus.OK


def asked_for(service) -> list[str]:
    """Return the searches that were asked for, in order, each once for any number of pages in a row."""
    found = []
    for asked in service.asked:
        if not found or found[-1] != asked.query["query"]:
            found.append(asked.query["query"])
    return found


def test_a_list_that_fails_hides_none_of_the_others(engine, hits, clock, run):
    whole = hits.respond
    hits.respond = lambda asked: Answer(b"{}", 500) if asked.query["query"] == "two" else whole(asked)
    settings = settings_with(entry(hits, queries=["one", "two", "three", "four"]))
    for _ in range(2):
        hits.asked.clear()
        (event,) = run(lambda: collect(engine, settings, clock, force=True))
        assert event.status is FetchStatus.FAILED
        assert "two: " in event.error
        assert sorted(set(asked_for(hits))) == ["four", "one", "three", "two"]


def test_a_service_that_fails_whole_is_given_up_and_the_next_visit_begins_elsewhere(engine, hits, clock, run):
    hits.respond = lambda asked: Answer(b"{}", 500)
    settings = settings_with(entry(hits, queries=["one", "two", "three", "four", "five"]))
    run(lambda: collect(engine, settings, clock, force=True))
    assert asked_for(hits) == ["one", "two", "three"]
    hits.asked.clear()
    run(lambda: collect(engine, settings, clock, force=True))
    assert asked_for(hits)[0] == "four"


def test_a_small_budget_goes_round_all_lists(engine, hits, clock, run):
    settings = settings_with(entry(hits, queries=["one", "two", "three"], requests_a_day=2, backfill="30d"))
    seen = set()
    for _ in range(4):
        hits.asked.clear()
        run(lambda: collect(engine, settings, clock, force=True))
        seen |= set(asked_for(hits))
        clock.advance(days=1)
    assert seen == {"one", "two", "three"}


def test_what_the_service_gives_no_more_is_not_asked_for_for_ever(engine, hits, clock, run):
    whole = hits.respond
    hits.respond = lambda asked: Answer(b"{}", 404) if asked.query.get("numericFilters") else whole(asked)
    settings = settings_with(entry(hits, backfill="30d"))
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.error is None
    with engine.connect() as conn:
        cursor = conn.scalar(select(source_table.c.cursor))
    assert cursor["walks"]["acme"]["gaps"] == []
    assert len(hits.asked) <= 6


def test_a_source_that_stays_ill_is_called_ill_for_as_long(engine, hits, clock, run):
    settings = settings_with(entry(hits))
    for _ in range(6):
        run(lambda: collect(engine, settings, clock, force=True))
        clock.advance(hours=1)
    hits.items.clear()
    for _ in range(30):
        (event,) = run(lambda: collect(engine, settings, clock, force=True))
        clock.advance(hours=1)
        assert event.symptoms


def test_hosts_that_rest_are_known_to_others_at_once(engine, hits, clock, run, monkeypatch):
    hits.respond = lambda asked: Answer(b"{}", 429, {"Retry-After": "3600"})
    kept = []
    monkeypatch.setattr(
        "crawlers.collect._save_resting", lambda engine, hosts, clock: kept.append(dict(hosts.resting))
    )
    run(lambda: collect(engine, settings_with(entry(hits)), clock))
    assert len(kept[0]) == 1
