"""From stored mentions to alerts and messages, on both databases: each told once, whatever happens."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from structlog.testing import capture_logs

from alerts.evaluate import evaluate
from alerts.history import watched
from alerts.lifecycle import Event, transition
from alerts.rules.base import kinds, options_models
from alerts.spike import fit
from config.loader import Kinds, load
from config.settings import Settings
from storage import alerts as kept
from storage import analyses, mentions, sources, tables
from storage.records import (
    Alert,
    AlertState,
    Analysis,
    Author,
    BrandMatch,
    BrandRole,
    FetchEvent,
    FetchStatus,
    Mention,
    MentionKind,
    SentimentLabel,
)
from storage.sources import SourceState

NOW = datetime(2026, 3, 10, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEGATIVE, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.POSITIVE

CONFIGURATION = """
timezone: Asia/Riyadh
brands:
  - {name: Lawzy}
  - {name: Zahra, competitor: true}
channels:
  - {name: marketing, kind: any}
  - {name: team, kind: any}
alerts:
  - {name: angry customers, kind: negative_spike, budget: 2/week, to: [marketing, team]}
  - {name: big voices, kind: influencer_post, min_followers: 50000, to: [marketing]}
  - {name: rivals, kind: competitor_post, to: [team]}
  - {name: stars, kind: rating_drop, to: [team]}
"""


class World:
    """A database that fills with mentions, and what was decided about them."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        self.numbers = itertools.count()
        self.sources: set[str] = set()
        self.down = False

    def visited(self, source: str, at: datetime) -> None:
        self.sources.add(source)
        event = FetchEvent(source=source, at=at, status=FetchStatus.OK, next_due=at + HOUR)
        with self.engine.begin() as conn:
            sources.record(conn, event, SourceState(source=source, next_due=at + HOUR, last_ok_at=at))

    def mention(self, at: datetime | None, **changes: Any) -> Mention:
        number = next(self.numbers)
        base = Mention(
            source="news",
            kind=MentionKind.POST,
            external_id=str(number),
            text=f"قال الزبون رقم {number} رأيه في لوزي",
            url=f"https://example.org/{number}",
            author=Author("mastodon", f"writer{number}@example.org", followers=30),
            published_at=at,
            collected_at=NOW if at is None else at,
        )
        return replace(base, content_hash="", **changes)

    def add(
        self,
        batch: Sequence[Mention],
        label: SentimentLabel | None = NEGATIVE,
        brand: str = "Lawzy",
        words: tuple[str, ...] = (),
    ) -> list[int]:
        role = BrandRole.COMPETITOR if brand == "Zahra" else BrandRole.OWN
        understood = Analysis(
            language="ar",
            model_version="test",
            sentiment_label=label,
            sentiment_score=None if label is None else -0.5,
            confidence=None if label is None else 0.9,
            brands=(BrandMatch(brand, role, "لوزي", 0, 4, 1.0),),
            keyphrases=words,
        )
        with self.engine.begin() as conn:
            mentions.store(conn, batch)
            claimed = mentions.claim_unanalyzed(conn, 5000, "test", NOW, HOUR)
            analyses.save(conn, [(stored, understood) for stored in claimed], NOW)
        return [stored.id for stored in claimed]

    def usual(self, until: datetime = NOW, days: int = 21, source: str = "news") -> None:
        """Let a negative mention come every five hours, and a positive one every two."""
        hours = range(1, days * 24)
        complaint, praise = "التوصيل", "الطعم"
        self.add(
            [self.mention(until - h * HOUR, source=source) for h in hours if h % 5 == 0], words=(complaint,)
        )
        self.add(
            [self.mention(until - h * HOUR, source=source) for h in hours if h % 2 == 0],
            POSITIVE,
            words=(praise,),
        )

    def outburst(self, at: datetime, count: int, **changes: Any) -> list[int]:
        """Let so many negative mentions come within half an hour before `at`."""
        batch = [self.mention(at - timedelta(seconds=60 * (n % 20)), **changes) for n in range(count)]
        return self.add(batch, words=("الدفع", "خطأ"))

    def decide(self, now: datetime = NOW) -> list[Alert]:
        for source in () if self.down else sorted(self.sources):
            self.visited(source, now)
        return evaluate(self.engine, self.settings, now)

    def told(self) -> list[tuple[str, str, str]]:
        query = select(tables.outbox).order_by(tables.outbox.c.id)
        with self.engine.connect() as conn:
            return [(row.payload["rule"], row.payload["change"], row.channel) for row in conn.execute(query)]

    def payloads(self) -> list[dict[str, Any]]:
        with self.engine.connect() as conn:
            return list(conn.scalars(select(tables.outbox.c.payload).order_by(tables.outbox.c.id)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "marsad.yaml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    anything = type("Anything", (next(iter(options_models().values())).__base__,), {})
    return load(file, Kinds({}, {"any": anything}, options_models()), {})


@pytest.fixture
def world(engine: Engine, settings: Settings) -> World:
    return World(engine, settings)


def test_an_outburst_is_told_once_to_each_channel_with_numbers_reasons_and_posts(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    ids = world.outburst(NOW, 14)
    (alert,) = world.decide()
    assert world.decide(NOW + timedelta(minutes=5)) == []
    assert world.told() == [
        ("angry customers", "firing", "marketing"),
        ("angry customers", "firing", "team"),
    ]
    payload = world.payloads()[0]
    assert alert.state is AlertState.FIRING
    assert (payload["observed"], payload["facts"]["hours"]) == (14, 1)
    assert 0 < payload["expected"] < 1.5
    assert payload["facts"]["once_in_days"] > 60
    assert payload["severity"] == "high"
    assert payload["facts"]["negative_share"] > payload["facts"]["usual_share"]
    assert {"الدفع", "خطأ"} <= {d["text"] for d in payload["drivers"] if d["type"] == "word"}
    assert all(d["text"] != "التوصيل" for d in payload["drivers"])
    assert [d["count"] for d in payload["drivers"] if d["type"] == "source"] == [14]
    assert set(payload["evidence"]) == set(ids)
    assert payload["evidence_count"] == 14
    assert len(payload["posts"]) == 3
    assert payload["posts"][0]["url"].startswith("https://example.org/")
    assert len(payload["series"]) == 96
    assert payload["series"][-1][1] == 14
    assert "life" not in payload["facts"]


def test_usual_days_are_quiet(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    assert [world.decide(NOW - back * HOUR) for back in (30, 17, 6, 0)] == [[], [], [], []]


def test_the_backlog_of_a_first_visit_is_no_spike(world: World) -> None:
    world.visited("news", NOW - timedelta(minutes=10))
    world.usual(days=40)
    world.outburst(NOW - 2 * HOUR, 40)
    world.outburst(NOW, 20)
    assert world.decide() == []


def test_a_source_added_later_brings_no_spike_but_the_others_still_do(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.visited("forum", NOW - timedelta(days=2))
    world.usual()
    world.outburst(NOW, 30, source="forum")
    assert world.decide() == []
    world.outburst(NOW, 14)
    (alert,) = world.decide()
    assert alert.observed == 14


def test_a_brand_that_is_new_in_the_configuration_has_no_silent_past(world: World) -> None:
    world.visited("news", NOW - timedelta(days=300))
    world.usual(days=3)
    world.outburst(NOW, 14)
    assert world.decide() == []


def test_late_arrivals_count_where_they_belong(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    batch = [world.mention(NOW - 20 * HOUR, collected_at=NOW) for _ in range(20)]
    world.add(batch)
    (alert,) = world.decide()
    assert alert.facts["hours"] == 24


def test_an_episode_grows_once_ends_once_and_is_not_told_again(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    world.outburst(NOW, 10)
    world.decide()
    world.outburst(NOW + HOUR, 30)
    assert world.decide(NOW + HOUR) == [], "not inside the repeat interval"
    world.outburst(NOW + 6.5 * HOUR, 10)
    (update,) = world.decide(NOW + 6.5 * HOUR)
    assert update.observed >= 20
    changes = []
    for hours in range(7, 60):
        changes += world.decide(NOW + hours * HOUR)
    assert [change.state for change in changes] == [AlertState.RESOLVED]
    assert [change for _, change, channel in world.told() if channel == "team"] == [
        "firing",
        "update",
        "resolved",
    ]
    over = world.payloads()[-1]
    assert over["facts"]["calm_hours"] == 6
    assert over["drivers"] == over["posts"] == []
    assert over["facts"]["calm_observed"] <= 3
    with world.engine.connect() as conn:
        keys = list(conn.scalars(select(tables.outbox.c.idempotency_key)))
    assert len(set(keys)) == len(keys) == 6


def test_silence_while_nothing_is_collected_is_not_taken_for_calm(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    world.outburst(NOW, 12)
    world.decide()
    world.down = True
    assert [world.decide(NOW + hours * HOUR) for hours in range(3, 20)] == [[]] * 17
    world.down = False
    (over,) = world.decide(NOW + 20 * HOUR)
    assert over.state is AlertState.RESOLVED


def test_a_second_episode_is_a_new_alert(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    world.outburst(NOW, 12)
    (first,) = world.decide()
    (over,) = [alert for hours in range(1, 30) for alert in world.decide(NOW + hours * HOUR)]
    assert (over.id, over.state) == (first.id, AlertState.RESOLVED)
    world.outburst(NOW + 40 * HOUR, 12)
    (second,) = world.decide(NOW + 40 * HOUR)
    assert second.id != first.id
    assert second.state is AlertState.FIRING


def test_an_acknowledged_alert_stays_quiet_until_it_is_over(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    world.outburst(NOW, 12)
    (alert,) = world.decide()
    with world.engine.begin() as conn:
        known = replace(alert, state=transition(alert.state, Event.ACKNOWLEDGE))
        kept.save(conn, known, NOW, "acknowledged", "Noura")
    world.outburst(NOW + 7 * HOUR, 60)
    assert world.decide(NOW + 7 * HOUR) == []
    (over,) = [a for hours in range(8, 40) for a in world.decide(NOW + hours * HOUR)]
    assert over.state is AlertState.RESOLVED


def test_what_is_silenced_is_recorded_and_not_told(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    silence = {
        "rule": None,
        "brand": "Lawzy",
        "starts_at": NOW - HOUR,
        "ends_at": NOW + HOUR,
        "author": "Noura",
        "reason": "launch",
    }
    with world.engine.begin() as conn:
        conn.execute(tables.silences.insert().values(silence))
    world.outburst(NOW, 14)
    world.add([world.mention(NOW, author=Author("mastodon", "star", followers=90_000))], POSITIVE)
    assert {alert.kind for alert in world.decide()} == {"negative_spike", "influencer_post"}
    assert world.told() == []
    world.decide(NOW + 1.5 * HOUR)
    assert {told[:2] for told in world.told()} == {("angry customers", "firing")}, (
        "still on after the silence"
    )


def test_an_influencer_is_told_once_ever_and_history_never(world: World) -> None:
    star = Author("mastodon", "star@example.org", "Star", followers=90_000, verified=True)
    world.visited("news", NOW - timedelta(hours=1))
    world.add([world.mention(NOW - timedelta(days=5), author=star)], POSITIVE)
    (ill,) = world.add([world.mention(NOW - 3 * HOUR, author=star)], NEGATIVE)
    (well,) = world.add([world.mention(NOW - 2 * HOUR, author=star)], POSITIVE)
    first, second = world.decide()
    assert (first.evidence, second.evidence) == ((ill,), (well,))
    assert (str(first.severity), str(second.severity)) == ("high", "low")
    assert first.state is AlertState.RESOLVED
    assert world.decide(NOW + HOUR) == []
    payload = world.payloads()[0]
    assert payload["facts"] == {
        "followers": 90_000,
        "platform": "mastodon",
        "author": "Star",
        "verified": True,
        "sentiment": "negative",
    }
    assert payload["posts"][0]["followers"] == 90_000
    assert len(world.told()) == 2


def test_posts_of_a_competitor_at_once_are_one_message_and_never_told_again(world: World) -> None:
    world.visited("blog", NOW - timedelta(days=9))

    def post(at: datetime | None, **changes: Any) -> Mention:
        return world.mention(
            at, source="blog", kind=MentionKind.COMPETITOR_POST, title="New oven", author=None, **changes
        )

    old = post(NOW - timedelta(days=20))
    fresh = [post(NOW - hours * HOUR) for hours in (5, 4, 3)]
    undated = post(None, collected_at=NOW)
    world.add([old, *fresh, undated], None, brand="Zahra")
    (alert,) = world.decide()
    assert alert.observed == 4
    assert world.told() == [("rivals", "firing", "team")]
    assert len(world.payloads()[0]["facts"]["posts"]) == 4
    assert world.decide(NOW + HOUR) == []
    world.add([post(NOW + HOUR)], None, brand="Zahra")
    (later,) = world.decide(NOW + 2 * HOUR)
    assert later.observed == 1
    assert len(world.told()) == 2


def test_undated_pages_of_a_first_visit_are_no_news(world: World) -> None:
    world.visited("blog", NOW - HOUR)
    pages = [
        world.mention(None, source="blog", kind=MentionKind.COMPETITOR_POST, collected_at=NOW)
        for _ in range(5)
    ]
    world.add(pages, None, brand="Zahra")
    assert world.decide() == []


def reviews(world: World, at: datetime, stars: Sequence[float], scale: float = 5.0) -> list[Mention]:
    return [
        world.mention(
            at - timedelta(hours=9 * n),
            source="reviews",
            kind=MentionKind.REVIEW,
            rating=each * scale / 5,
            rating_scale=scale,
        )
        for n, each in enumerate(stars)
    ]


def test_stars_that_fall_are_told_with_how_many_they_rest_on(world: World) -> None:
    world.add(reviews(world, NOW - timedelta(days=16), [5, 4, 5, 5, 3, 4, 5, 4, 5, 5] * 3), None)
    assert world.decide() == []
    world.add(reviews(world, NOW, [1, 2, 1, 4, 1, 1, 2, 1, 5, 1, 1, 2], scale=10), None)
    (alert,) = world.decide()
    assert world.decide(NOW + HOUR) == []
    payload = world.payloads()[0]
    assert alert.kind == "rating_drop"
    assert payload["facts"]["mean_before"] == 4.5
    assert payload["facts"]["mean_after"] == pytest.approx(22 / 12, abs=0.01)
    assert (payload["facts"]["count_before"], payload["facts"]["count_after"]) == (30, 12)
    assert payload["drivers"][0] == {"type": "rating", "text": "1", "count": 7, "usual": 0.0}
    assert payload["severity"] == "high"
    assert {post["rating"] for post in payload["posts"]} == {2.0}
    later = NOW + timedelta(days=14)
    world.add(reviews(world, later, [5, 4, 5, 5, 4, 5, 4, 5, 5, 4, 5, 5]), None)
    (over,) = world.decide(later)
    assert over.state is AlertState.RESOLVED
    assert over.facts["mean_after"] > 4
    assert [change for _, change, _ in world.told()] == ["firing", "resolved"]


def test_a_rule_that_fails_is_logged_and_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the reading broke")

    monkeypatch.setattr(kinds()["negative_spike"], "read", broken)
    world.add([world.mention(NOW, author=Author("mastodon", "star", followers=90_000))], POSITIVE)
    with capture_logs() as logs:
        (alert,) = world.decide()
    assert alert.kind == "influencer_post"
    assert [(log["event"], log["rule"]) for log in logs] == [("rule_failed", "angry customers")]


def test_a_crash_before_the_commit_leaves_neither_alert_nor_message(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    world.outburst(NOW, 14)

    def crash(*_: object) -> int:
        raise SystemExit("killed")

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr("alerts.evaluate.outbox.enqueue", crash)
        world.decide()
    with world.engine.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(tables.alerts)) == 0
    assert len(world.decide()) == 1
    assert len(world.told()) == 2


def test_two_evaluators_at_once_tell_once(world: World) -> None:
    world.visited("news", NOW - timedelta(days=30))
    world.usual()
    world.outburst(NOW, 14)
    world.add([world.mention(NOW, author=Author("mastodon", "star", followers=90_000))], POSITIVE)
    barrier = threading.Barrier(3)

    def at_once(then: Callable[[], object]) -> None:
        barrier.wait()
        then()

    threads = [threading.Thread(target=at_once, args=(world.decide,)) for _ in range(3)]
    with capture_logs() as logs:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {log["event"] for log in logs} <= {"alert_decided_elsewhere"}
    assert sorted(world.told()) == [
        ("angry customers", "firing", "marketing"),
        ("angry customers", "firing", "team"),
        ("big voices", "firing", "marketing"),
    ]
    with world.engine.connect() as conn:
        assert len(kept.listing(conn)) == 2


def test_an_evaluation_in_which_nothing_happens_is_cheap(world: World) -> None:
    world.visited("news", NOW - timedelta(days=60))
    world.usual(days=56)
    world.decide()
    begun = time.process_time()
    for _ in range(5):
        world.decide()
    took = (time.process_time() - begun) / 5
    print(f"{took * 1000:.1f} ms for four rules")
    assert took < 0.25


def test_an_outage_is_no_silence_and_coming_back_is_no_spike(world: World) -> None:
    def steady(start: int, stop: int, **changes: Any) -> None:
        world.add([world.mention(NOW - h * HOUR, **changes) for h in range(stop, start) if h % 2 == 0])

    world.visited("news", NOW - timedelta(days=40))
    steady(720, 48)
    world.visited("news", NOW - 48 * HOUR)
    # Two days in which nothing is seen, then the newest day under its own hours, and more without a date.
    world.down = True
    assert world.decide(NOW - 5 * HOUR) == []
    world.down = False
    steady(24, 0, collected_at=NOW)
    world.add([world.mention(None) for _ in range(30)])
    assert world.decide(NOW + timedelta(minutes=5)) == []
    assert world.decide(NOW + 3 * HOUR) == []
    with world.engine.connect() as conn:
        seen = watched(conn, "Lawzy", NOW + HOUR, "negative", timedelta(days=7))
    assert seen is not None
    missing = int((seen.series.exposure[:-1] < 0.5).sum())
    assert 20 <= missing <= 32
    assert fit(seen.series, UTC).rate == pytest.approx(0.5, rel=0.1)
