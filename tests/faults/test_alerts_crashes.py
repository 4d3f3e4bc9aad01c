"""Evaluation that is cut short anywhere, any number of times, tells exactly what an undisturbed one tells."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from alerts.evaluate import evaluate
from alerts.rules.base import options_models
from config.loader import Kinds, load
from config.settings import Settings, Strict
from storage import alerts as kept
from storage import analyses, mentions, outbox, tables
from storage.records import (
    Analysis,
    Author,
    BrandMatch,
    BrandRole,
    Mention,
    MentionKind,
    SentimentLabel,
)

START = datetime(2026, 3, 10, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIGURATION = """
brands: [{name: Lawzy}, {name: Zahra, competitor: true}]
channels: [{name: marketing, kind: any}, {name: team, kind: any}]
alerts:
  - {name: angry customers, kind: negative_spike, to: [marketing, team]}
  - {name: big voices, kind: influencer_post, min_followers: 50000, to: [marketing]}
  - {name: rivals, kind: competitor_post, to: [team]}
"""


class Killed(BaseException):
    """What no `except Exception` stops, as a kill is."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "marsad.yaml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    return load(file, Kinds({}, {"any": type("Anything", (Strict,), {})}, options_models()), {})


def mention(number: int, at: datetime, **changes: Any) -> Mention:
    values: dict[str, Any] = {
        "source": "import",
        "kind": MentionKind.POST,
        "external_id": f"{number}-{at.isoformat()}",
        "text": f"نص {number}",
        "collected_at": at,
        "published_at": at,
    }
    return Mention(**(values | changes))


def add(engine: Engine, batch: list[Mention], label: SentimentLabel | None, brand: str = "Lawzy") -> None:
    role = BrandRole.OWN if brand == "Lawzy" else BrandRole.COMPETITOR
    understood = Analysis(
        language="ar",
        model_version="test",
        sentiment_label=label,
        brands=(BrandMatch(brand, role, brand, None, None, 1.0),),
    )
    with engine.begin() as conn:
        mentions.store(conn, batch)
        claimed = mentions.claim_unanalyzed(conn, 5000, "test", START, HOUR)
        analyses.save(conn, [(stored, understood) for stored in claimed], START)


def what_happens(engine: Engine, hour: int) -> None:
    """Add what comes in this hour of the story."""
    now = START + hour * HOUR
    star = Author("mastodon", "star", followers=90_000)
    if hour in (1, 7):
        add(engine, [mention(n, now) for n in range(12 * hour)], SentimentLabel.NEGATIVE)
    if hour in (2, 5):
        add(engine, [mention(500 + n, now, author=star) for n in range(2)], SentimentLabel.POSITIVE)
    if hour == 3:
        posts = [mention(600 + n, now, kind=MentionKind.COMPETITOR_POST) for n in range(3)]
        add(engine, posts, None, brand="Zahra")


def told(engine: Engine) -> list[tuple[str, str, str, float]]:
    query = select(tables.outbox).order_by(tables.outbox.c.id)
    with engine.connect() as conn:
        return [
            (row.payload["rule"], row.payload["change"], row.channel, row.payload["observed"])
            for row in conn.execute(query)
        ]


@pytest.mark.parametrize("seed", range(3))
def test_crashes_anywhere_lose_nothing_and_repeat_nothing(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    crashes = 0

    def deadly(then: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            nonlocal crashes
            before, after = chance.random() < 0.25, chance.random() < 0.25
            crashes += before or after
            if before:
                raise Killed
            result = then(*args, **named)
            if after:
                raise Killed
            return result

        return call

    add(
        engine,
        [mention(n, START - n * 5 * HOUR) for n in range(1, 100)],
        SentimentLabel.NEGATIVE,
    )
    for place, name in ((outbox, "enqueue"), (kept, "insert"), (kept, "save")):
        monkeypatch.setattr(place, name, deadly(getattr(place, name)))
    for hour in range(26):
        what_happens(engine, hour)
        for _ in range(100):
            try:
                evaluate(engine, settings, START + hour * HOUR)
            except Killed:
                continue
            break
    assert crashes > 3
    assert told(engine) == [
        ("angry customers", "firing", "marketing", 12.0),
        ("angry customers", "firing", "team", 12.0),
        ("big voices", "firing", "marketing", 90_000.0),
        ("big voices", "firing", "marketing", 90_000.0),
        ("rivals", "firing", "team", 3.0),
        ("big voices", "firing", "marketing", 90_000.0),
        ("big voices", "firing", "marketing", 90_000.0),
        ("angry customers", "update", "marketing", 84.0),
        ("angry customers", "update", "team", 84.0),
        ("angry customers", "resolved", "marketing", 84.0),
        ("angry customers", "resolved", "team", 84.0),
    ]
