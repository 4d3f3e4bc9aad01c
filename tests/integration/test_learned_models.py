"""Models that people's labels teach: kept, taken into use, replaced, withdrawn, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, func, select
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

import cli
import scheduler
import understanding
import wiring
from config import loader
from config.settings import Settings
from nlp import learning
from nlp.learning import Learned
from nlp.pipeline import PipelineConfig
from storage import analyses, corrections, learned, mentions, tables
from storage.engine import reading
from storage.learned import LearnedModel, LearnedState, Withdrawal
from storage.records import Analysis, Mention, MentionKind, SentimentLabel

pytestmark = pytest.mark.timeout(600)
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
NEGATIVE, NEUTRAL, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE
# Invented words, that no model has ever met.
WORLD = {NEGATIVE: ("مشخلع", "ملخفن"), NEUTRAL: ("معنقش",), POSITIVE: ("مزبهل", "دحدوح")}
PLACES = ("المطعم", "الفندق", "المتجر", "التطبيق", "المقهى", "المعرض")
DAYS = ("أمس", "الأحد", "الخميس", "الجمعة")
SAID = (
    "خدمة {place} كانت {word} يوم {day} وما زلنا نتكلم عنها",
    "رحت {place} {day} مع أهلي ولقيته {word}",
    "يا جماعة {place} صار {word} من {day}",
)
LESSONS = [
    (SAID[(len(place) + len(day)) % len(SAID)].format(place=place, word=word, day=day), label)
    for label, words in WORLD.items()
    for word in words
    for place in PLACES
    for day in DAYS
]


def model(version: str, state: LearnedState = LearnedState.IN_USE, **changes: Any) -> LearnedModel:
    base = LearnedModel(
        language="ar",
        version=version,
        base="sentiment-ar-0",
        lessons=version,
        state=state,
        created_at=NOW,
        figures={"n": 60, "before": 0.4, "after": 0.8},
    )
    return replace(base, **changes)


def keep(engine: Engine, kept: LearnedModel, content: bytes = b"bytes") -> bool:
    with engine.begin() as conn:
        return learned.keep(conn, kept, content, learned.newest(conn).get(kept.language))


def withdraw(engine: Engine) -> Withdrawal | None:
    with engine.begin() as conn:
        return learned.withdraw(conn, "ar", "sentiment-ar-0")


def in_use(engine: Engine) -> dict[str, str]:
    with reading(engine) as conn:
        return {language: one.version for language, one in learned.in_use(conn).items()}


def test_one_model_a_language_is_in_use_and_comes_with_its_bytes_and_figures(engine: Engine) -> None:
    assert keep(engine, model("one"), b"1")
    assert keep(engine, model("two"), b"2")
    assert keep(engine, model("english", language="en"), b"3")
    with reading(engine) as conn:
        models = learned.in_use(conn)
        content = learned.model_bytes(conn, list(models.values()))
    assert content == {"ar": b"2", "en": b"3"}
    assert replace(models["ar"], id=None) == model("two")


def test_a_refused_model_gives_the_word_back_to_the_shipped_one(engine: Engine) -> None:
    keep(engine, model("one"))
    assert keep(engine, model("no", LearnedState.REFUSED), b"")
    assert in_use(engine) == {}
    keep(engine, model("never", LearnedState.REFUSED), b"")
    with reading(engine) as conn:
        assert learned.newest(conn)["ar"].version == "never"
        versions = conn.scalars(select(tables.learned_models.c.version)).all()
    assert sorted(versions) == ["never", "one"]


def test_withdrawing_goes_back_one_by_one_and_ends_at_the_shipped_model(engine: Engine) -> None:
    keep(engine, model("other", base="sentiment-ar-9"))
    keep(engine, model("one"))
    keep(engine, model("two"))
    first, second, third = withdraw(engine), withdraw(engine), withdraw(engine)
    assert first is not None and second is not None and third is None
    assert (first.gone.version, first.back and first.back.version) == ("two", "one")
    assert (second.gone.version, second.back) == ("one", None)
    with reading(engine) as conn:
        assert learned.newest(conn)["ar"].state is LearnedState.WITHDRAWN
    keep(engine, model("three"))
    again = withdraw(engine)
    assert again is not None and again.back is None, "what a person withdrew does not come back"


def test_what_was_learned_from_older_lessons_pushes_nothing_out(engine: Engine) -> None:
    keep(engine, model("one"))
    with reading(engine) as conn:
        seen = learned.newest(conn)["ar"]
    with engine.begin() as conn:
        assert not learned.keep(conn, model("late"), b"x", None)
    withdraw(engine)
    with engine.begin() as conn:
        assert not learned.keep(conn, model("late"), b"x", seen)
    assert in_use(engine) == {}


def test_two_that_learn_at_once_leave_one_model_in_use(engine: Engine) -> None:
    def learn(number: int) -> bool:
        with engine.begin() as conn:
            return learned.keep(conn, model(f"m{number}"), b"x", None)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(learn, range(4))) == 1
    assert len(in_use(engine)) == 1


def test_old_models_are_not_kept_for_ever(engine: Engine) -> None:
    keep(engine, model("english", language="en"))
    for number in range(14):
        keep(engine, model(f"m{number}"))
    with reading(engine) as conn:
        count = conn.scalar(select(func.count()).select_from(tables.learned_models))
    assert (count, in_use(engine)) == (11, {"ar": "m13", "en": "english"})


def test_a_crash_before_the_end_changes_nothing(engine: Engine) -> None:
    keep(engine, model("one"))
    with pytest.raises(ZeroDivisionError), engine.begin() as conn:
        learned.keep(conn, model("two"), b"x", learned.newest(conn)["ar"])
        raise ZeroDivisionError
    assert in_use(engine) == {"ar": "one"}


class Pool:
    """Stands for the worker processes, and remembers what they were given."""

    opened: list[Pool]

    def __init__(self, config: PipelineConfig, workers: int = 1) -> None:
        self.config, self.closed = config, False
        Pool.opened.append(self)

    def close(self) -> None:
        """Close it."""
        self.closed = True


def test_what_does_not_fit_is_left_out_with_a_warning_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pool, "opened", [], raising=False)
    monkeypatch.setattr(understanding, "AnalysisPool", Pool)
    readers = understanding.Readers(Settings(), engine)
    with capture_logs() as logs:
        keep(engine, model("damaged"), b"no model at all")
        readers.renew()
        readers.renew()
    warnings = [line for line in logs if line["log_level"] == "warning"]
    assert [line["version"] for line in warnings] == ["damaged"]
    assert [(pool.config.learned, pool.closed) for pool in Pool.opened] == [((), True), ((), False)]


@pytest.fixture
def home(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A folder with a configuration of this database, and the working directory."""
    url = "sqlite:///test.db" if engine.dialect.name == "sqlite" else engine.url.render_as_string(False)
    document = {"database": url, "health_port": None, "profile": "fast"}
    path = tmp_path / "marsad.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return loader.load(path, wiring.kinds(), environ={})


def marsad(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


def stored(engine: Engine, texts: dict[str, SentimentLabel]) -> list[int]:
    """Store understood Arabic mentions with people's labels, and return their ids."""
    batch = [
        Mention(source="s", kind=MentionKind.POST, external_id=text, text=text, collected_at=NOW)
        for text in texts
    ]
    with engine.begin() as conn:
        mentions.store(conn, batch)
        known = corrections.ids_of(conn, [("s", text) for text in texts])
        ids = [known["s", text] for text in texts]
        read = [(one, Analysis(language="ar", model_version="m")) for one in mentions.fetch(conn, ids)]
        analyses.save(conn, read, NOW)
        corrections.record(conn, dict(zip(ids, texts.values(), strict=True)), "sara", NOW)
    return ids


class Teacher:
    """Stands for `nlp.learning.learn`: says that what was learned helps as long as `helps` is true."""

    def __init__(self) -> None:
        self.lessons: list[list[learning.Correction]] = []
        self.helps = True
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, base: Any, given: list[learning.Correction], reference: Any) -> Learned:
        """Return a model whose version counts the lessons."""
        assert reference, "the shipped written posts are rehearsed"
        self.lessons.append(given)
        self.meanwhile()
        version, count = f"{base.version}+{len(self.lessons)}", len(given)
        reason = None if self.helps else "no better"
        return Learned(b"model", version, 0.4, 0.8, self.helps, count, reason)


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> Teacher:
    """A teacher in place of the real one, who begins with three labels."""
    made = Teacher()
    monkeypatch.setattr(learning, "learn", made)
    monkeypatch.setattr(learning, "FEWEST", 3)
    return made


THREE = {"مزبهل هنا": POSITIVE, "مشخلع هنا": NEGATIVE, "معنقش هنا": NEUTRAL}


def test_labels_are_learned_once_until_they_change(engine: Engine, home: Settings, teacher: Teacher) -> None:
    ids = stored(engine, THREE)
    same = marsad("correct", str(ids[0]), "--sentiment", "positive", "--by", "sara")
    assert same.exit_code == 0
    assert "ar: learned from 3 labels and in use; macro-F1 on 3 held-back labels 0.400" in same.stdout
    assert {(one.text, one.label) for one in teacher.lessons[0]} == set(THREE.items())
    assert "ar: nothing new to learn from; sentiment-ar" in marsad("learn").stdout
    assert len(teacher.lessons) == 1
    assert marsad("correct", str(ids[0]), "--sentiment", "neutral", "--no-learn").stdout.count("\n") == 1
    assert len(teacher.lessons) == 1
    teacher.helps = False
    assert "ar: not taken into use, the shipped model answers: no better" in marsad("learn").stdout
    assert (len(teacher.lessons), in_use(engine)) == (2, {})


def test_what_was_withdrawn_is_learned_again_only_when_asked(
    engine: Engine, home: Settings, teacher: Teacher
) -> None:
    ids = stored(engine, THREE)
    assert marsad("learn", "--withdraw").exit_code == 1
    [adopted] = [json.loads(line) for line in marsad("learn", "--json").stdout.splitlines()]
    assert (adopted["outcome"], adopted["labels"], adopted["figures"]["after"]) == ("adopted", 3, 0.8)
    assert f"ar: {adopted['version']} in use" in marsad("learn", "--show").stdout
    assert f"learned ar: {adopted['version']}, macro-F1" in marsad("status").stdout
    document = json.loads(marsad("status", "--json").stdout)
    assert document["learned_models"][0]["version"] == adopted["version"]
    assert "withdrawn; the shipped model answers" in marsad("learn", "--withdraw").stdout
    paused = marsad("correct", str(ids[0]), "--sentiment", "negative")
    assert "nothing is learned since a model was withdrawn" in paused.stdout
    assert (len(teacher.lessons), in_use(engine)) == (1, {})
    assert "in use" in marsad("learn", "--language", "ar").stdout
    assert len(in_use(engine)) == 1


def test_a_label_that_is_taken_back_is_unlearned(engine: Engine, home: Settings, teacher: Teacher) -> None:
    stored(engine, THREE)
    marsad("learn")
    with engine.begin() as conn:
        ids = list(conn.scalars(select(tables.corrections.c.mention_id)))
        corrections.withdraw(conn, ids[0])
    teacher.helps = False
    marsad("learn")
    assert len(teacher.lessons[-1]) == 2
    assert in_use(engine) == {}


def test_who_learns_while_another_withdraws_begins_anew(
    engine: Engine, home: Settings, teacher: Teacher
) -> None:
    ids = stored(engine, THREE)
    marsad("learn")
    teacher.meanwhile = lambda: withdraw(engine)
    found = marsad("correct", str(ids[0]), "--sentiment", "negative")
    assert "nothing is learned since a model was withdrawn" in found.stdout
    assert in_use(engine) == {}


def test_labels_of_texts_that_wait_to_be_understood_and_titles_count(
    engine: Engine, home: Settings, teacher: Teacher
) -> None:
    batch = [
        Mention(source="s", kind=MentionKind.POST, external_id=text, text="", title=text, collected_at=NOW)
        for text in ("الخدمة في هذا المطعم مزبهل", "الخدمة في هذا الفندق مشخلع", "الخدمة هنا معنقش")
    ]
    with engine.begin() as conn:
        mentions.store(conn, batch)
        ids = corrections.ids_of(conn, [("s", one.external_id) for one in batch])
        corrections.record(conn, dict.fromkeys(ids.values(), NEGATIVE), "sara", NOW)
    assert "ar: learned from 3 labels" in marsad("learn").stdout
    assert {one.text for one in teacher.lessons[0]} == {one.title for one in batch}


def analysis_of(engine: Engine, external_id: str) -> Analysis:
    with reading(engine) as conn:
        ids = corrections.ids_of(conn, [("import", external_id)])
        found = mentions.fetch(conn, list(ids.values()))[0].analysis
    assert found is not None
    return found


def take_in(**texts: str) -> None:
    lines = [json.dumps({"id": name, "text": text}, ensure_ascii=False) for name, text in texts.items()]
    Path("texts.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert marsad("import", "texts.jsonl").exit_code == 0


def test_labels_change_how_texts_are_read_until_what_they_taught_is_withdrawn(
    engine: Engine, home: Settings, run: Callable[[Callable[[], Any]], Any]
) -> None:
    take_in(
        first="رحت الفرع اليوم مع صديقي ولقيته مزبهل",
        **{f"n{at}": text for at, (text, _) in enumerate(LESSONS)},
    )
    daemon = scheduler.build(home, home.folder, lambda: wiring.now())
    try:
        assert run(daemon.understand) == len(LESSONS) + 1
        before = analysis_of(engine, "first")
        assert before.sentiment_label is not POSITIVE
        rows = [f"import\tn{at}\t{label}" for at, (_, label) in enumerate(LESSONS)]
        Path("labels.tsv").write_text("\n".join(["source\texternal_id\tsentiment", *rows]), encoding="utf-8")
        told = marsad("correct", "--import", "labels.tsv").stdout
        assert f"ar: learned from {len(LESSONS)} labels and in use" in told
        take_in(second="يا جماعة الموقع صار مزبهل والله")
        assert run(daemon.understand) == 1
        after = analysis_of(engine, "second")
    finally:
        daemon.pool.close()
        daemon.engine.dispose()
    version = in_use(engine)["ar"]
    assert after.sentiment_label is POSITIVE
    assert version in after.model_version.split()
    assert marsad("reanalyze").exit_code == 0
    assert analysis_of(engine, "first").sentiment_label is POSITIVE
    assert marsad("learn", "--withdraw").exit_code == 0
    assert marsad("reanalyze").exit_code == 0
    back = analysis_of(engine, "first")
    assert (back.sentiment_label, back.sentiment_score) == (before.sentiment_label, before.sentiment_score)
    assert back.model_version == before.model_version
