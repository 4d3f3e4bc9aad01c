"""Sources that are ill become alerts, one for what belongs together, and spikes know what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from alerts.evaluate import evaluate
from alerts.render.alert import compose
from alerts.rules.base import options_models
from config.errors import ConfigError
from config.loader import Kinds, load
from config.settings import Settings
from crawlers.base import options_models as source_models
from storage import sources, tables, watches
from storage.records import Alert, AlertState, FetchEvent, FetchStatus
from storage.sources import SourceState
from storage.status import gather

NOW = datetime(2026, 3, 10, 12, 20, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
OK, FAILED, UNCHANGED = FetchStatus.OK, FetchStatus.FAILED, FetchStatus.UNCHANGED
CONFIGURATION = """
brands: [{name: Lawzy}]
sources:
  - {name: news, kind: feed, url: "https://a.example/rss"}
  - {name: blog, kind: feed, url: "https://b.example/rss"}
  - {name: one, kind: feed, url: "https://c.example/1"}
  - {name: two, kind: feed, url: "https://c.example/2"}
channels: [{name: team, kind: any}]
alerts: [{name: ill, kind: source_health, to: [team]}]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "marsad.yaml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    anything = type("Anything", (next(iter(options_models().values())).__base__,), {})
    return load(file, Kinds(source_models(), {"any": anything}, options_models()), {})


@pytest.fixture
def world(engine: Engine, settings: Settings) -> SimpleNamespace:
    return SimpleNamespace(engine=engine, settings=settings, states={}, at=NOW)


def visit(world: Any, name: str, status: FetchStatus = OK, **more: Any) -> None:
    before = world.states.get(name) or SourceState(source=name)
    good = status in (OK, UNCHANGED)
    failures = 0 if good else before.failures + (status is FAILED)
    last = world.at if good else before.last_ok_at
    state = SourceState(source=name, failures=failures, last_ok_at=last)
    world.states[name] = state
    more = {"http_status": 200, **more} if good else more
    event = FetchEvent(source=name, at=world.at, status=status, next_due=world.at + QUARTER, **more)
    with world.engine.begin() as conn:
        sources.record(conn, event, state)


def turn(world: Any, *ill: str, status: FetchStatus = FAILED, **more: Any) -> list[Alert]:
    """Visit every source a quarter of an hour later, these with trouble, and decide."""
    world.at += QUARTER
    for name in ("news", "blog", "one", "two"):
        visit(world, name, status, **more) if name in ill else visit(world, name)
    return evaluate(world.engine, world.settings, world.at)


def reset(world: Any, **options: Any) -> None:
    """Give the rule other options."""
    rule = world.settings.alerts[0]
    rule._options = rule.options.model_copy(update=options)


def payloads(world: Any) -> list[dict[str, Any]]:
    with world.engine.connect() as conn:
        return list(conn.scalars(select(tables.outbox.c.payload).order_by(tables.outbox.c.id)))


def test_two_refused_visits_are_told_once_and_a_good_one_ends_it(world: Any) -> None:
    more = {"http_status": 401, "error": "news: the token is wrong (HTTP 401)"}
    assert turn(world) == turn(world, "news", **more) == []
    (alert,) = turn(world, "news", **more)
    assert (alert.brand, alert.facts["cause"], alert.state) == ("news", "login", AlertState.FIRING)
    assert turn(world, "news", **more) == []
    (over,) = turn(world)
    assert over.state is AlertState.RESOLVED
    first, last = payloads(world)
    english, arabic = compose(first, "en"), compose(first, "ar")
    assert "news" in english.headline
    assert "Renew the token" in english.distance[0]
    assert "جدّدوا الرمز" in arabic.distance[0]
    assert first["facts"]["last_good"] == (NOW + QUARTER).isoformat()
    assert compose(last, "en").plain_headline == "Source news is well again"


def test_what_is_gone_is_told_at_once(world: Any) -> None:
    turn(world)
    (alert,) = turn(world, "blog", http_status=410, error="blog: gone")
    assert alert.facts["cause"] == "gone"


def test_a_postponed_visit_is_no_trouble(world: Any) -> None:
    turn(world)
    assert [turn(world, "news", status=FetchStatus.POSTPONED) for _ in range(4)] == [[]] * 4


def test_nothing_where_there_is_usually_something_is_told_also_if_it_stays_unchanged(world: Any) -> None:
    turn(world)
    symptom = ("it gave nothing, and usually gives 20 items",)
    assert turn(world, "news", status=OK, symptoms=symptom) == []
    (alert,) = turn(world, "news", status=UNCHANGED)
    assert alert.facts["cause"] == "nothing"


def test_sources_that_fail_for_one_host_are_one_alert(world: Any) -> None:
    turn(world)
    turn(world, "one", "two", http_status=503, error="x: fails")
    (alert,) = turn(world, "one", "two", http_status=503, error="x: fails")
    assert alert.brand == "host c.example"
    assert "c.example" in compose(payloads(world)[0], "ar").headline
    assert turn(world, "one", http_status=503, error="x: fails") == []
    (over,) = turn(world)
    assert over.state is AlertState.RESOLVED


def test_an_outage_of_the_whole_machine_is_one_alert(world: Any) -> None:
    turn(world)
    everything = ("news", "blog", "one", "two")
    turn(world, *everything, error="x: no answer in time")
    (alert,) = turn(world, *everything, error="x: no answer in time")
    assert (alert.brand, str(alert.severity)) == ("all sources", "high")
    assert "network" in compose(payloads(world)[0], "en").distance[0]
    (over,) = turn(world)
    assert (over.id, over.state) == (alert.id, AlertState.RESOLVED)


def test_what_is_known_of_a_source_outlives_its_visits(world: Any) -> None:
    turn(world)
    first = world.at
    world.at += timedelta(days=100)
    turn(world)
    with world.engine.begin() as conn:
        assert sources.prune_events(conn, world.at - timedelta(days=1)) == 4
        assert watches.first_seen(conn)["news"] == first
        assert {gap.start for gap in watches.gaps(conn, NOW, world.at)} == {first}


@pytest.mark.parametrize("status", [UNCHANGED, FetchStatus.POSTPONED])
def test_status_tells_of_an_illness_until_the_source_is_read_well(world: Any, status: FetchStatus) -> None:
    def health() -> str:
        with world.engine.connect() as conn:
            (one,) = gather(conn, ["news"], world.at).sources
        return str(one.health)

    turn(world)
    turn(world, "news", status=OK, symptoms=("it gave nothing, and usually gives 20 items",))
    assert health() == "ill"
    turn(world, "news", status=status)
    assert health() == "ill"
    with world.engine.connect() as conn:
        found = gather(conn, ["news"], world.at)
    assert found.problems == ["source news: it gave nothing, and usually gives 20 items"]
    turn(world, "news", http_status=503, error="news: fails")
    assert health() == "failing"
    turn(world)
    assert health() == "ok"


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": FAILED, "http_status": 503, "error": "news: fails"},
        {"status": OK, "symptoms": ("it gave nothing, and usually gives 20 items",)},
    ],
)
def test_with_after_one_the_first_ill_visit_is_told(world: Any, trouble: dict[str, Any]) -> None:
    reset(world, after=1)
    turn(world)
    (alert,) = turn(world, "news", **trouble)
    assert alert.brand == "news"
    (over,) = turn(world)
    assert over.state is AlertState.RESOLVED


def test_only_the_sources_named_are_watched_over(world: Any) -> None:
    reset(world, sources=["blog"])
    more = {"http_status": 401, "error": "x: no"}
    assert turn(world) == turn(world, "news", "blog", **more) == []
    assert [alert.brand for alert in turn(world, "news", "blog", **more)] == ["blog"]


def test_a_name_that_is_no_source_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "marsad.yaml"
    file.write_text(
        CONFIGURATION.replace("to: [team]", "to: [team], sources: [blog, newz]"), encoding="utf-8"
    )
    anything = type("Anything", (next(iter(options_models().values())).__base__,), {})
    with pytest.raises(ConfigError) as caught:
        load(file, Kinds(source_models(), {"any": anything}, options_models()), {})
    assert "alerts[0].sources[1]" in str(caught.value)
    assert "Did you mean news?" in str(caught.value)
