"""What the storage promises, on both databases: once each, revised when edited, counts that add up."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from storage import alerts, analyses, digests, lease, mentions, outbox, rollups, sources, tables
from storage.engine import open_engine, prepare, reading
from storage.errors import SchemaOutdated, StorageError, explain
from storage.mentions import MentionQuery
from storage.records import (
    Alert,
    AlertState,
    Analysis,
    AspectSentiment,
    Author,
    BrandMatch,
    BrandRole,
    Engagement,
    FetchEvent,
    FetchStatus,
    Mention,
    MentionKind,
    Notification,
    NotificationStatus,
    SentimentLabel,
    Severity,
)
from storage.sources import SourceState

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LEASE = timedelta(minutes=5)


def mention(external_id: str = "1", text: str = "شكرا", **changes: object) -> Mention:
    base = Mention(
        source="news",
        kind=MentionKind.POST,
        external_id=external_id,
        text=text,
        collected_at=NOW,
        published_at=NOW - timedelta(hours=2),
        author=Author("mastodon", "someone@example", followers=10),
    )
    return replace(base, **{"content_hash": "", **changes})


def analysis(label: SentimentLabel | None = SentimentLabel.NEGATIVE, **changes: object) -> Analysis:
    base = Analysis(
        language="ar",
        model_version="test",
        sentiment_label=label,
        sentiment_score=None if label is None else -0.5,
        confidence=None if label is None else 0.9,
        brands=(BrandMatch("Lawzy", BrandRole.OWN, "لوزي", 0, 4, 1.0),),
    )
    return replace(base, **changes)


def store_and_analyze(engine: Engine, batch: Sequence[Mention], result: Analysis) -> list[int]:
    with engine.begin() as conn:
        mentions.store(conn, batch)
        claimed = mentions.claim_unanalyzed(conn, 1000, "test", NOW, LEASE)
        analyses.save(conn, [(stored, result) for stored in claimed], NOW)
    return [stored.id for stored in claimed]


def test_the_migrations_end_where_the_tables_stand(engine: Engine) -> None:
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": engine.dialect.name != "sqlite"})
        assert compare_metadata(context, tables.metadata) == []


def test_meeting_a_mention_again_makes_no_second_one(engine: Engine) -> None:
    with engine.begin() as conn:
        first = mentions.store(conn, [mention(), mention("2"), mention()])
    with engine.begin() as conn:
        again = mentions.store(conn, [mention(collected_at=NOW + timedelta(hours=1))])
        total = conn.scalar(select(func.count()).select_from(tables.mentions))
    assert (first.new, first.revised) == (2, 0)
    assert (again.new, again.revised, again.unchanged, total) == (0, 0, 1, 2)


def test_an_edit_is_a_revision_and_is_read_again(engine: Engine) -> None:
    [identity] = store_and_analyze(engine, [mention(text="جيد")], analysis(SentimentLabel.POSITIVE))
    with engine.begin() as conn:
        edited = mentions.store(conn, [mention(text="سيئ")])
        [waiting] = mentions.claim_unanalyzed(conn, 10, "test", NOW, LEASE)
        before = conn.execute(select(tables.revisions)).one()
    assert (edited.new, edited.revised, edited.ids) == (0, 1, (identity,))
    assert (waiting.mention.text, waiting.mention.revision) == ("سيئ", 2)
    assert (before.text, before.revision) == ("جيد", 1)


def test_counts_that_move_are_refreshed_without_a_revision(engine: Engine) -> None:
    with engine.begin() as conn:
        mentions.store(conn, [mention(engagement=Engagement(likes=1, views=5))])
        seen = mentions.store(
            conn,
            [
                mention(
                    engagement=Engagement(likes=70),
                    author=Author("mastodon", "someone@example", followers=99),
                )
            ],
        )
        [stored] = mentions.claim_unanalyzed(conn, 10, "test", NOW, LEASE)
    assert seen.revised == 0
    assert stored.mention.engagement == Engagement(likes=70, views=5)
    assert stored.mention.author == Author("mastodon", "someone@example", followers=99)


def test_a_stale_analysis_is_dropped(engine: Engine) -> None:
    with engine.begin() as conn:
        mentions.store(conn, [mention(text="one")])
        old = mentions.claim_unanalyzed(conn, 10, "test", NOW, LEASE)
        mentions.store(conn, [mention(text="two")])
        assert analyses.save(conn, [(old[0], analysis())], NOW) == 0
        assert mentions.unanalyzed(conn) == 1


def test_a_claim_runs_out_and_is_handed_to_another(engine: Engine) -> None:
    with engine.begin() as conn:
        mentions.store(conn, [mention()])
        assert len(mentions.claim_unanalyzed(conn, 10, "first", NOW, LEASE)) == 1
        assert mentions.claim_unanalyzed(conn, 10, "second", NOW + LEASE / 2, LEASE) == []
        assert len(mentions.claim_unanalyzed(conn, 10, "second", NOW + LEASE * 2, LEASE)) == 1
        mentions.release(conn)
        assert len(mentions.claim_unanalyzed(conn, 10, "third", NOW + LEASE * 2, LEASE)) == 1


LABELS = st.sampled_from([*SentimentLabel, None])
BRANDS = st.sets(st.sampled_from(["Lawzy", "Tamrago"]), max_size=2)
EDITS = st.lists(
    st.tuples(
        st.integers(0, 3),
        LABELS,
        BRANDS,
        st.one_of(st.none(), st.integers(0, 5)),
        st.sampled_from(["price", "delivery", None]),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_rollups_equal_a_count_from_scratch_after_any_edits(engine: Engine, edits: list[tuple]) -> None:
    with engine.begin() as conn:
        for table in reversed(tables.metadata.sorted_tables):
            conn.execute(table.delete())
    for turn, (which, label, brands, stars, aspect) in enumerate(edits):
        batch = [mention(str(which), text=f"text {turn}", rating=stars, rating_scale=5.0)]
        found = tuple(BrandMatch(b, BrandRole.OWN, b, 0, 1, 1.0) for b in sorted(brands))
        parts = () if aspect is None else (AspectSentiment(aspect, label, 0.0, 0, 1),)
        store_and_analyze(engine, batch, analysis(label, brands=found, aspects=parts))
    expected: Counter[tuple[str, str, str]] = Counter()
    stars_expected: Counter[str] = Counter()
    for which in {edit[0] for edit in edits}:
        _, label, brands, stars, aspect = [edit for edit in edits if edit[0] == which][-1]
        word = rollups.UNKNOWN if label is None else str(label)
        for brand in brands or {""}:
            expected[brand, word, ""] += 1
            stars_expected[brand] += 0 if stars is None else stars
            if aspect is not None:
                expected[brand, word, aspect] += 1
    with reading(engine) as conn:
        rows = conn.execute(select(tables.rollups).where(tables.rollups.c.mentions != 0)).all()
        found_stars = {
            row[0]: row[1]
            for row in conn.execute(
                select(tables.rollups.c.brand, func.sum(tables.rollups.c.rating_sum)).group_by("brand")
            )
        }
    assert {(row.brand, row.sentiment, row.aspect): row.mentions for row in rows} == dict(expected)
    assert {b: s for b, s in found_stars.items() if s} == pytest.approx(
        {b: s for b, s in stars_expected.items() if s}
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=50),
    handle=st.text(max_size=400),
    external=st.text(min_size=1, max_size=700),
    followers=st.one_of(st.none(), st.integers()),
    rating=st.one_of(st.none(), st.floats()),
)
def test_whatever_strangers_write_can_be_stored(
    engine: Engine, text: str, handle: str, external: str, followers: int | None, rating: float | None
) -> None:
    hostile = mention(
        external, text=text, rating=rating, author=Author("p", handle, name=text, followers=followers)
    )
    with engine.begin() as conn:
        mentions.store(conn, [hostile])
        again = mentions.store(conn, [hostile])
    assert (again.new, again.revised) == (0, 0)


def test_very_long_ids_with_one_beginning_stay_apart(engine: Engine) -> None:
    with engine.begin() as conn:
        result = mentions.store(conn, [mention("x" * 600 + "a"), mention("x" * 600 + "b")])
    assert result.new == 2


def test_mentions_are_found_by_brand_time_and_feeling(engine: Engine) -> None:
    store_and_analyze(engine, [mention("bad", published_at=NOW - timedelta(hours=3))], analysis())
    store_and_analyze(engine, [mention("good")], analysis(SentimentLabel.POSITIVE))
    store_and_analyze(
        engine, [mention("star", rating=1.0, kind=MentionKind.REVIEW)], analysis(None, brands=())
    )
    with reading(engine) as conn:

        def found(**query: object) -> list[str]:
            return [s.mention.external_id for s in mentions.find(conn, MentionQuery(**query))]

        assert found(brand="Lawzy") == ["good", "bad"]
        assert found(brand="Lawzy", sentiment="negative") == ["bad"]
        assert found(brand="Lawzy", since=NOW - timedelta(hours=2, minutes=30)) == ["good"]
        assert found(brand="Lawzy", until=NOW - timedelta(hours=2, minutes=30)) == ["bad"]
        assert found(brand="Lawzy", min_followers=11) == []
        assert found(rated=True) == ["star"]
        assert found(kinds=[MentionKind.REVIEW]) == ["star"]
        assert len(mentions.find_ids(conn, MentionQuery(brand="Lawzy", min_followers=10))) == 2


def test_a_correction_outlives_a_new_reading(engine: Engine) -> None:
    [identity] = store_and_analyze(engine, [mention()], analysis(SentimentLabel.POSITIVE))
    with engine.begin() as conn:
        row = {"mention_id": identity, "sentiment_label": "negative", "who": "sara", "at": NOW}
        conn.execute(tables.corrections.insert().values(row))
        [stored] = mentions.fetch(conn, [identity])
        analyses.save(conn, [(stored, analysis(SentimentLabel.POSITIVE))], NOW)
        [now_stored] = mentions.fetch(conn, [identity])
        assert now_stored.analysis is not None
        assert now_stored.analysis.sentiment_label is SentimentLabel.NEGATIVE
        assert rollups.totals(conn, "Lawzy", NOW - timedelta(days=1), NOW, "sentiment") == {"negative": 1}


def test_due_names_the_never_visited_and_the_overdue_in_order(engine: Engine) -> None:
    def visit(name: str, next_due: datetime) -> None:
        event = FetchEvent(source=name, at=NOW, status=FetchStatus.OK, next_due=next_due)
        with engine.begin() as conn:
            sources.record(conn, event, SourceState(source=name, next_due=next_due, cursor={"since": "٣"}))

    visit("late", NOW - timedelta(minutes=1))
    visit("later", NOW - timedelta(hours=1))
    visit("early", NOW + timedelta(minutes=1))
    with reading(engine) as conn:
        assert sources.due(conn, ["early", "late", "never", "later"], NOW) == ["never", "later", "late"]
        assert sources.load_state(conn, "late").cursor == {"since": "٣"}
        assert sources.load_state(conn, "never") == SourceState(source="never")
        assert sources.last_events(conn)["early"].next_due == NOW + timedelta(minutes=1)


ALERT = Alert(
    rule="angry",
    kind="negative_spike",
    brand="Lawzy",
    state=AlertState.FIRING,
    group_key="angry:Lawzy",
    severity=Severity.HIGH,
    window_start=NOW,
    window_end=NOW,
    observed=41,
    expected=6.0,
    score=4.0,
    evidence=(1, 2),
)


def test_only_one_alert_is_open_for_an_occasion(engine: Engine) -> None:
    with engine.begin() as conn:
        kept = alerts.insert(conn, ALERT, NOW, "41 in 3 hours")
    with pytest.raises(IntegrityError), engine.begin() as conn:
        alerts.insert(conn, ALERT, NOW, "again")
    with engine.begin() as conn:
        assert alerts.open_alert(conn, "angry:Lawzy") == kept
        alerts.save(conn, replace(kept, state=AlertState.RESOLVED), NOW, "back to normal")
        assert alerts.open_alert(conn, "angry:Lawzy") is None
        assert alerts.seen(conn, "angry:Lawzy")
        alerts.insert(conn, ALERT, NOW, "next time")


def note(key: str) -> Notification:
    return Notification(channel="team", kind="alert", payload={"a": 1}, idempotency_key=key)


def test_a_message_is_claimed_once_until_its_sender_is_given_up(engine: Engine) -> None:
    with engine.begin() as conn:
        assert outbox.enqueue(conn, [note("k"), note("k")], NOW) == 1
        assert outbox.enqueue(conn, [note("k")], NOW) == 0
        [taken] = outbox.claim_due(conn, NOW, 10, LEASE)
        assert (taken.status, taken.attempts) == (NotificationStatus.SENDING, 1)
        assert outbox.claim_due(conn, NOW, 10, LEASE) == []
        [retaken] = outbox.claim_due(conn, NOW + LEASE, 10, LEASE)
        assert (retaken.id, retaken.attempts, retaken.idempotency_key) == (taken.id, 2, "k")
        assert retaken.id is not None
        outbox.retry(conn, retaken.id, NOW + 2 * LEASE, "429")
        assert [found.last_error for found in outbox.troubled(conn)] == ["429"]
        outbox.delivered(conn, retaken.id, NOW)
        outbox.retry(conn, retaken.id, NOW, "too late to matter")
        assert outbox.claim_due(conn, NOW + 9 * LEASE, 10, LEASE) == []
        assert outbox.counts(conn)[NotificationStatus.DELIVERED] == 1


def test_a_digest_is_claimed_once(engine: Engine) -> None:
    with engine.begin() as conn:
        assert [digests.claim(conn, "weekly", p, NOW) for p in ("W1", "W1", "W2")] == [True, False, True]


def test_one_leads_until_it_lets_go_or_dies(engine: Engine) -> None:
    now = NOW
    first, second = (lease.leader(engine, "scheduler", name, lambda: now) for name in ("a", "b"))
    assert first.acquire()
    assert not second.acquire()
    assert first.acquire()
    first.release()
    assert second.acquire()
    assert not first.acquire()
    if engine.dialect.name == "sqlite":
        now += lease.LEASE
        assert first.acquire()
        assert not second.acquire()
    for who in (first, second):
        who.release()


def test_the_lease_of_a_killed_process_is_taken_over_at_once(tmp_path: Path) -> None:
    engine = open_engine("sqlite:///t.db", tmp_path)
    prepare(engine)
    code = "import sys; from storage import lease; print(lease.holder_name(), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        theirs = lease.leader(engine, "scheduler", name, lambda: NOW)
        mine = lease.leader(engine, "scheduler", lease.holder_name(), lambda: NOW)
        assert theirs.acquire()
        assert not mine.acquire()
        other.kill()
        other.wait()
        assert mine.acquire()
        assert not theirs.acquire()


def test_messages_in_hand_are_freed_only_if_their_sender_is_dead(tmp_path: Path) -> None:
    engine = open_engine("sqlite:///t.db", tmp_path)
    prepare(engine)
    stalled = lease.Leadership(engine, "other-host|1|2|3", lambda: NOW)
    assert stalled.renew()
    with engine.begin() as conn:
        outbox.enqueue(conn, [note("k")], NOW)
        outbox.claim_due(conn, NOW, 10, LEASE)
    later = NOW + lease.LEASE
    assert lease.Leadership(engine, lease.holder_name(), lambda: later).renew()
    with engine.begin() as conn:
        assert outbox.claim_due(conn, later, 10, LEASE) == [], "its sender may only be slow"
        assert outbox.claim_due(conn, NOW + LEASE, 10, LEASE) != []
    engine.dispose()


def test_a_transaction_that_fails_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(RuntimeError), engine.begin() as conn:
        mentions.store(conn, [mention()])
        raise RuntimeError("crash")
    with reading(engine) as conn:
        assert conn.scalar(select(func.count()).select_from(tables.mentions)) == 0


def test_a_full_disk_is_named_and_loses_nothing(tmp_path: Path) -> None:
    engine = open_engine("sqlite:///small.db", tmp_path)
    prepare(engine)
    with engine.begin() as conn:
        mentions.store(conn, [mention("kept")])
    with pytest.raises(OperationalError) as caught, engine.connect() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
        mentions.store(conn, [mention(str(n), text="x" * 5000) for n in range(50)])
    assert "the disk is full" in explain(caught.value)
    with reading(engine) as conn:
        assert conn.scalar(select(func.count()).select_from(tables.mentions)) == 1


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_a_database_of_another_kind_is_refused_in_words(url: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"sqlite|postgresql"):
        open_engine(url, tmp_path)


def test_an_unreachable_server_is_named_without_its_password(tmp_path: Path) -> None:
    engine = open_engine("postgresql://user:hunter2@127.0.0.1:1/x", tmp_path)
    with pytest.raises(OperationalError) as caught:
        prepare(engine)
    assert "cannot be reached" in explain(caught.value)
    assert "hunter2" not in repr(engine) + str(caught.value)


def test_postgresql_is_not_migrated_behind_the_users_back(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        return
    with engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM alembic_version")
    with pytest.raises(SchemaOutdated, match="marsad migrate"):
        prepare(engine)


def test_writers_of_one_process_take_turns_and_a_failed_one_passes_its_on(tmp_path: Path) -> None:
    engine = open_engine("sqlite:///t.db", tmp_path)
    prepare(engine)

    def write(number: int) -> None:
        with suppress(RuntimeError), engine.begin() as conn:
            mentions.store(conn, [mention(str(number))])
            if number % 3 == 0:
                raise RuntimeError("crash")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    with reading(engine) as conn:
        assert conn.scalar(select(func.count()).select_from(tables.mentions)) == 40
    engine.dispose()
