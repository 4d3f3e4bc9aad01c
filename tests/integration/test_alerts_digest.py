"""The digest on a real database: its numbers add up, it is sent once, and it says what it does not know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from alerts import digest
from alerts.digest_period import following, period_of
from storage import mentions, outbox
from storage.engine import reading
from storage.records import Mention, MentionKind
from tests.integration import digest_world as world

OWN = "درهمي"


def build(conn: Connection, settings: Any, now: datetime = world.NOW, weeks: int = 0) -> dict[str, Any]:
    """Return the digest of the world's week, or of one so many weeks away."""
    period = following(period_of(world.START, settings.week_starts, settings.zone), settings.zone, weeks)
    return digest.build(conn, settings, [OWN], period, now)


def figures(value: Any) -> Iterator[dict[str, Any]]:
    """Return every part of a digest that holds ids."""
    if isinstance(value, dict):
        if "ids" in value:
            yield value
        for entry in value.values():
            yield from figures(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from figures(entry)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """A database with the whole world in it."""
    with engine.begin() as conn:
        world.fill(conn)
    return engine


def test_every_number_is_that_of_its_ids_and_the_parts_add_up_to_the_whole(filled: Engine) -> None:
    with reading(filled) as conn:
        data = build(conn, world.settings())
    (part,) = data["brands"]
    volume = part["volume"]
    assert volume["value"] == len(volume["ids"]) == len(set(volume["ids"])) > 50
    for week in (lambda f: f, lambda f: f["before"]):
        tones = [week(figure) for figure in part["sentiment"].values()]
        assert sum(tone["value"] for tone in tones) == week(volume)["value"]
        assert sorted(i for tone in tones for i in tone["ids"]) == sorted(week(volume)["ids"])
    days = part["trend"]
    assert len(days) == 28
    last = [count for day in days[-7:] for tone, count in day.items() if tone != "day"]
    assert sorted(i for count in last for i in count["ids"]) == sorted(volume["ids"])
    sites = part["reviews"]["sites"]
    assert sum(site["count"]["value"] for site in sites) == part["reviews"]["count"]["value"]
    assert sum(entry["share"] for entry in part["share_of_voice"]) == pytest.approx(1)
    counts = [
        found for found in figures(data) if isinstance(found["value"], int) and found is not part["reach"]
    ]
    reach = (part["reach"], part["reach"]["before"])
    assert all(found["value"] == len(found["ids"]) for found in counts if found not in reach)


def test_the_numbers_are_those_of_the_mentions_themselves(filled: Engine) -> None:
    with reading(filled) as conn:
        data = build(conn, world.settings())
        part = data["brands"][0]
        told = mentions.fetch(conn, part["volume"]["ids"])
        stars = mentions.fetch(conn, part["reviews"]["average"]["ids"])
    assert part["reach"]["value"] == sum(stored.mention.reach or 0 for stored in told)
    mean = sum(s.mention.rating / s.mention.rating_scale * 5 for s in stars) / len(stars)  # type: ignore[operator]
    assert part["reviews"]["average"]["value"] == pytest.approx(mean)
    assert all(stored.mention.kind is not MentionKind.COMPETITOR_POST for stored in told)
    labels = [stored.analysis.sentiment_label for stored in told if stored.analysis]
    judged = [label for label in labels if label]
    net = (judged.count(world.POSITIVE) - judged.count(world.NEGATIVE)) / len(judged)
    assert part["net_sentiment"]["value"] == pytest.approx(net)


def test_what_happened_is_the_headline_and_its_cause_stands_out(filled: Engine) -> None:
    with reading(filled) as conn:
        data = build(conn, world.settings())
    part = data["brands"][0]
    assert part["headline"] == {"kind": "negative_up", "quiet": False}
    assert "الخدمة متوقفة" in [word["text"] for word in part["top_words"]]
    assert OWN not in [word["text"] for word in part["top_words"]]
    assert [alert["rule"] for alert in data["alerts"]] == ["angry customers"]
    assert [(gap["source"], gap["hours"]) for gap in data["gaps"]] == [("store", 36)]
    assert data["competitor_posts"]["value"] == len(data["competitor_posts"]["ids"]) == 2
    assert len({post["text"] for post in part["top_posts"]}) == 3


def test_a_week_like_the_others_has_nothing_of_note(engine: Engine) -> None:
    with engine.begin() as conn:
        world.fill(conn)
        data = build(conn, world.settings(), weeks=-1)
    assert data["brands"][0]["headline"] == {"kind": "quiet", "quiet": True}


def test_the_first_week_is_not_compared_with_one_that_nobody_watched(engine: Engine) -> None:
    with engine.begin() as conn:
        world.fill(conn, weeks=1)
        data = build(conn, world.settings())
    part = data["brands"][0]
    assert part["headline"]["kind"] == "first_week"
    assert (part["volume"]["before"], part["volume"]["change"], part["volume"]["usual"]) == (None, None, None)


def test_an_empty_database_gives_a_digest_that_says_so(engine: Engine) -> None:
    with engine.begin() as conn:
        data = build(conn, world.settings())
    part = data["brands"][0]
    assert part["headline"]["kind"] == "nothing_found"
    assert (part["volume"]["value"], part["net_sentiment"]["value"]) == (0, None)
    assert json.loads(json.dumps(data)) == data


def sent(engine: Engine) -> list[str]:
    """Return the keys of all messages in the outbox."""
    with engine.begin() as conn:
        return [
            n.idempotency_key
            for n in outbox.claim_due(conn, datetime(2030, 1, 1, tzinfo=UTC), 99, timedelta(1))
        ]


def test_a_period_is_sent_once_to_each_channel_whatever_the_clock_and_restarts_do(filled: Engine) -> None:
    settings = world.settings()
    due = world.START + timedelta(days=7, hours=9)
    moments = [due - timedelta(minutes=1), due, due, due - timedelta(hours=2), due + timedelta(days=6), due]
    queued = []
    for now in moments:
        with filled.begin() as conn:
            queued.append(digest.enqueue_due(conn, settings, now))
    # A minute before, the week before it is the newest that is due.
    assert queued == [2, 2, 0, 0, 0, 0]
    weeks = ("2026-W46", "2026-W47")
    assert sorted(sent(filled)) == sorted(
        f"digest:weekly:{w}:{c}" for w in weeks for c in ("team", "marketing")
    )


def test_a_crash_before_the_commit_leaves_the_digest_due(filled: Engine) -> None:
    settings = world.settings()
    with pytest.raises(RuntimeError), filled.begin() as conn:
        assert digest.enqueue_due(conn, settings, world.NOW) == 2
        raise RuntimeError("killed")
    with filled.begin() as conn:
        assert digest.enqueue_due(conn, settings, world.NOW) == 2
    assert len(sent(filled)) == 2


def test_after_downtime_only_the_newest_week_is_made_up_for(filled: Engine) -> None:
    with filled.begin() as conn:
        conn_now = world.NOW + timedelta(days=3)
        assert digest.enqueue_due(conn, world.settings(), conn_now) == 2
    assert {key.split(":")[2] for key in sent(filled)} == {"2026-W47"}


def test_the_first_start_sends_no_digest_of_the_week_before_it(engine: Engine) -> None:
    late = Mention(
        source="news",
        kind=MentionKind.POST,
        external_id="1",
        text="درهمي",
        published_at=world.START + timedelta(days=1),
        collected_at=world.NOW,
    )
    with engine.begin() as conn:
        mentions.store(conn, [late])
        assert digest.enqueue_due(conn, world.settings(), world.NOW) == 0
    with engine.begin() as conn:
        assert digest.enqueue_due(conn, world.settings(), world.NOW + timedelta(weeks=1)) == 2


def test_a_message_carries_its_language_and_no_ids(filled: Engine) -> None:
    with filled.begin() as conn:
        digest.enqueue_due(conn, world.settings(), world.NOW)
        notes = outbox.claim_due(conn, world.NOW, 9, timedelta(minutes=1))
    assert {note.channel: note.payload["language"] for note in notes} == {"team": "en", "marketing": "ar"}
    assert all(note.kind == note.payload["type"] == "digest" for note in notes)
    assert all("ids" not in json.dumps(note.payload) for note in notes)
    fixed = world.settings(
        digests=[{"name": "w", "brands": [OWN], "at": "sunday 09:00", "to": ["team"], "language": "ar"}]
    )
    data = {"period": {"key": "2026-W47"}}
    assert [n.payload["language"] for n in digest.notifications(fixed, fixed.digests[0], data)] == ["ar"]
