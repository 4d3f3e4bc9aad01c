"""People's labels: they win, count at once, outlive new analyses, and can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from storage import analyses, corrections, mentions, reanalysis, rollups, tables, texts
from storage.reanalysis import Outdated
from storage.records import Analysis, BrandMatch, BrandRole, Mention, MentionKind, SentimentLabel

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
DAY = (NOW - timedelta(days=1), NOW + timedelta(days=1))
NEGATIVE, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.POSITIVE
LAWZY = BrandMatch("Lawzy", BrandRole.OWN, "لوزي", 0, 4, 1.0)


def mention(number: int, **changes: object) -> Mention:
    text = f"لوزي رقم {number} غير متوفر"
    base = Mention(
        source="news", kind=MentionKind.POST, external_id=str(number), text=text, collected_at=NOW, title=None
    )
    return replace(base, **{"content_hash": "", **changes})


def analysis(label: SentimentLabel | None = NEGATIVE, version: str = "one") -> Analysis:
    return Analysis(
        language="ar",
        model_version=version,
        sentiment_label=label,
        sentiment_score=None if label is None else -0.5,
        confidence=None if label is None else 0.8,
        reason="unsure" if label is None else None,
        brands=(LAWZY,),
    )


def stored(engine: Engine, batch: Sequence[Mention], result: Analysis | None) -> list[int]:
    """Store the mentions, analysed with a result or left waiting, and return their ids in order."""
    with engine.begin() as conn:
        mentions.store(conn, batch)
        ids = list(conn.scalars(select(tables.mentions.c.id).order_by(tables.mentions.c.id)))
        if result is not None:
            save(engine, conn, ids, result)
    return ids


def save(engine: Engine, conn: object, ids: Sequence[int], result: Analysis) -> None:
    found = mentions.fetch(conn, ids)  # type: ignore[arg-type]
    analyses.save(conn, [(one, result) for one in found], NOW)  # type: ignore[arg-type]


def correct(engine: Engine, label: SentimentLabel, *ids: int, who: str = "sara") -> set[int]:
    with engine.begin() as conn:
        return corrections.record(conn, dict.fromkeys(ids, label), who, NOW)


def counted(engine: Engine) -> dict[str, int]:
    with engine.connect() as conn:
        found = rollups.totals(conn, "Lawzy", *DAY, by="sentiment")
    return {label: count for label, count in found.items() if count}


def labels(engine: Engine, ids: Sequence[int]) -> list[SentimentLabel | None]:
    with engine.connect() as conn:
        found = [one.analysis for one in mentions.fetch(conn, ids)]
    return [None if one is None else one.sentiment_label for one in found]


def waiting(engine: Engine) -> int:
    with engine.connect() as conn:
        return mentions.unanalyzed(conn)


def test_a_label_changes_the_analysis_and_the_counts_in_its_transaction(engine: Engine) -> None:
    ids = stored(engine, [mention(1), mention(2), mention(3)], analysis())
    assert correct(engine, POSITIVE, ids[0], ids[1]) == set()
    assert labels(engine, ids) == [POSITIVE, POSITIVE, NEGATIVE]
    assert counted(engine) == {"negative": 1, "positive": 2}
    correct(engine, SentimentLabel.NEUTRAL, ids[0])
    assert counted(engine) == {"negative": 1, "neutral": 1, "positive": 1}
    with pytest.raises(ZeroDivisionError), engine.begin() as conn:
        corrections.record(conn, {ids[2]: POSITIVE}, "sara", NOW)
        raise ZeroDivisionError
    assert counted(engine) == {"negative": 1, "neutral": 1, "positive": 1}


def test_a_label_stays_whatever_is_read_later_and_counts_where_the_model_abstained(engine: Engine) -> None:
    ids = stored(engine, [mention(1)], analysis(None))
    assert counted(engine) == {"unknown": 1}
    correct(engine, NEGATIVE, *ids)
    with engine.begin() as conn:
        save(engine, conn, ids, analysis(POSITIVE, "two"))
    assert labels(engine, ids) == [NEGATIVE]
    assert counted(engine) == {"negative": 1}


def test_a_label_for_a_mention_that_waits_comes_with_its_first_analysis(engine: Engine) -> None:
    ids = stored(engine, [mention(1)], None)
    assert correct(engine, POSITIVE, *ids) == set()
    assert (waiting(engine), counted(engine)) == (1, {})
    with engine.begin() as conn:
        save(engine, conn, ids, analysis())
    assert (waiting(engine), counted(engine)) == (0, {"positive": 1})


def test_an_edited_mention_takes_its_label_and_still_waits_for_a_new_reading(engine: Engine) -> None:
    ids = stored(engine, [mention(1)], analysis())
    stored(engine, [mention(1, text="لوزي نفد من السوق كله")], None)
    with engine.begin() as conn:
        claimed = mentions.claim_unanalyzed(conn, 9, "worker", NOW, timedelta(minutes=5))
    correct(engine, POSITIVE, *ids)
    assert (waiting(engine), counted(engine)) == (1, {"positive": 1})
    with engine.begin() as conn:
        holder = conn.scalar(select(tables.mentions.c.claimed_by))
        assert analyses.save(conn, [(claimed[0], analysis(version="two"))], NOW) == 1
    assert holder == "worker"
    assert (waiting(engine), counted(engine)) == (0, {"positive": 1})


def test_what_is_no_mention_is_told_and_the_rest_is_kept(engine: Engine) -> None:
    ids = stored(engine, [mention(1)], analysis())
    assert correct(engine, POSITIVE, ids[0], 99, 2**40) == {99, 2**40}
    assert counted(engine) == {"positive": 1}


def test_a_label_that_is_taken_back_leaves_the_mention_waiting_for_the_model(engine: Engine) -> None:
    ids = stored(engine, [mention(1)], analysis())
    correct(engine, POSITIVE, *ids)
    with engine.begin() as conn:
        assert corrections.withdraw(conn, ids[0])
        assert not corrections.withdraw(conn, ids[0])
    assert waiting(engine) == 1
    with engine.begin() as conn:
        save(engine, conn, ids, analysis())
    assert (labels(engine, ids), counted(engine)) == ([NEGATIVE], {"negative": 1})


def test_labels_given_while_workers_save_are_neither_lost_nor_counted_twice(engine: Engine) -> None:
    ids = stored(engine, [mention(number) for number in range(40)], analysis())

    def reread(version: int) -> None:
        with engine.begin() as conn:
            save(engine, conn, ids, analysis(NEGATIVE, str(version)))

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(reread, version) for version in range(4)]
        work += [pool.submit(correct, engine, POSITIVE, *ids[start::4]) for start in range(4)]
        for one in work:
            one.result()
    assert labels(engine, ids) == [POSITIVE] * 40
    assert counted(engine) == {"positive": 40}


def test_labelled_texts_are_given_out_to_learn_from_and_mentions_found_by_what_they_are(
    engine: Engine,
) -> None:
    ids = stored(engine, [mention(1), mention(2)], analysis())
    stored(engine, [mention(3, title="عنوان")], None)
    with engine.begin() as conn:
        found = corrections.ids_of(conn, [("news", "2"), ("news", "3"), ("news", "9"), ("x", "1")])
        assert found[("news", "2")] == ids[1]
        assert set(found) == {("news", "2"), ("news", "3")}
    correct(engine, POSITIVE, found[("news", "3")])
    correct(engine, NEGATIVE, ids[1])
    with engine.connect() as conn:
        taught = {(t.mention_id, t.title, t.language, t.label) for t in corrections.corrected_texts(conn)}
        assert corrections.corrected(conn, [*ids, 99]) == {ids[1]}
        assert list(texts.newest(conn, 1)) == ["عنوان\nلوزي رقم 3 غير متوفر"]
    assert taught == {(found[("news", "3")], "عنوان", None, POSITIVE), (ids[1], None, "ar", NEGATIVE)}


def test_what_another_model_read_is_read_again_newest_first_a_page_at_a_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reanalysis, "_PAGE", 4)
    ids = stored(engine, [mention(number) for number in range(10)], analysis())
    with engine.begin() as conn:
        save(engine, conn, ids[8:], analysis(version="two"))
    edited = stored(engine, [mention(0, text="كلام جديد عن لوزي")], None)
    assert edited == ids
    outdated = Outdated(model_version="two")
    with engine.connect() as conn:
        assert reanalysis.count(conn, outdated) == 7
    found = [[one.id for one in batch] for batch in reanalysis.batches(engine, outdated, 3)]
    assert found == [ids[5:8][::-1], [ids[4]], ids[1:4][::-1]], "the edited one waits for the daemon anyway"


def test_rereading_is_narrowed_by_time_and_by_what_was_read_already(engine: Engine) -> None:
    old, new = NOW - timedelta(days=9), NOW - timedelta(days=1)
    batch = [mention(1, published_at=old), mention(2, published_at=new), mention(3)]
    ids = stored(engine, batch, analysis())
    with engine.begin() as conn:
        later = update(tables.analyses).where(tables.analyses.c.mention_id == ids[2])
        conn.execute(later.values(analyzed_at=NOW + timedelta(hours=1)))

    def found(**conditions: object) -> list[int]:
        wanted = Outdated(**conditions)  # type: ignore[arg-type]
        return [one.id for batch in reanalysis.batches(engine, wanted, 9) for one in batch]

    assert found() == ids[::-1]
    assert found(since=NOW - timedelta(days=2)) == [ids[2], ids[1]]
    assert found(read_before=NOW + timedelta(minutes=1)) == [ids[1], ids[0]]
    assert found(model_version="one") == []


def brands_of(engine: Engine, key: int) -> list[tuple[str, int | None, float]]:
    with engine.connect() as conn:
        found = mentions.fetch(conn, [key])[0].analysis
    assert found is not None
    return [(match.name, match.start, match.confidence) for match in found.brands]


def name_brands(engine: Engine, key: int, **roles: BrandRole) -> set[int]:
    with engine.begin() as conn:
        return corrections.record_brands(conn, {key: roles}, "sara", NOW)


def test_the_brands_that_a_person_names_win_count_and_outlive_new_readings(engine: Engine) -> None:
    [key] = stored(engine, [mention(1)], replace(analysis(), brands=(replace(LAWZY, confidence=0.6),)))
    assert name_brands(engine, key, Lawzy=BrandRole.OWN, Globex=BrandRole.COMPETITOR) == set()
    assert brands_of(engine, key) == [("Lawzy", 0, 1.0), ("Globex", None, 1.0)]
    with engine.begin() as conn:
        save(engine, conn, [key], replace(analysis(POSITIVE, "two"), brands=()))
        roles = conn.execute(select(tables.mention_brands.c.brand, tables.mention_brands.c.role)).all()
    assert sorted(map(tuple, roles)) == [("Globex", "competitor"), ("Lawzy", "own")]
    assert (labels(engine, [key]), counted(engine)) == ([POSITIVE], {"positive": 1})


def test_no_brand_is_an_answer_too_and_can_be_taken_back(engine: Engine) -> None:
    [key] = stored(engine, [mention(1)], analysis())
    assert name_brands(engine, key) == set()
    assert (brands_of(engine, key), counted(engine)) == ([], {})
    with engine.begin() as conn:
        assert corrections.rebranded(conn, [key]) == {key}
        assert corrections.corrected(conn, [key]) == set()
        assert list(corrections.corrected_texts(conn)) == []
        assert corrections.withdraw(conn, key)
        save(engine, conn, [key], analysis())
    assert (brands_of(engine, key), counted(engine)) == ([("Lawzy", 0, 1.0)], {"negative": 1})


def test_label_and_brands_are_said_apart_and_neither_forgets_the_other(engine: Engine) -> None:
    [key] = stored(engine, [mention(1)], None)
    assert name_brands(engine, 99, Lawzy=BrandRole.OWN) == {99}
    name_brands(engine, key, Globex=BrandRole.COMPETITOR)
    correct(engine, POSITIVE, key)
    assert waiting(engine) == 1
    with engine.begin() as conn:
        save(engine, conn, [key], analysis())
        assert corrections.corrected(conn, [key]) == {key}
    assert (labels(engine, [key]), brands_of(engine, key)) == ([POSITIVE], [("Globex", None, 1.0)])
