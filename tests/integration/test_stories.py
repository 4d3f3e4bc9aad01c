"""Stories and spam as they are saved: copies found once, marks exact, counts without spam."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, text

from config.settings import Settings, Source
from nlp.stories import fingerprint
from storage import analyses, mentions, rollups, stories, tables
from storage.engine import _migrations, migrate, reading
from storage.records import (
    Analysis,
    AspectSentiment,
    Author,
    BrandMatch,
    BrandRole,
    Entity,
    Mention,
    MentionKind,
    SentimentLabel,
    SignalMatch,
)
from storage.stories import Policy

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LONG = "انتظرت طلبي من لوزي أكثر من ساعتين وفي النهاية وصل ناقص وبارد وما رد علي أحد من خدمة العملاء"
OTHER = "The new Lawzy branch near the mall opens on Friday with free coffee for the first hundred guests"


def post(external_id: str, words: str = LONG, writer: str | None = None, **changes: object) -> Mention:
    base = Mention(
        source="news",
        kind=MentionKind.POST,
        external_id=external_id,
        text=words,
        collected_at=NOW,
        published_at=NOW - timedelta(hours=2),
        author=Author("mastodon", writer or f"writer{external_id}"),
    )
    return replace(base, **{"content_hash": "", **changes})


def review(external_id: str, words: str = LONG, writer: str | None = None, **changes: object) -> Mention:
    return post(external_id, words, writer, **{"kind": MentionKind.REVIEW, **changes})


def understood(mention: Mention, **changes: object) -> Analysis:
    base = Analysis(
        language="ar",
        model_version="test",
        sentiment_label=SentimentLabel.NEGATIVE,
        sentiment_score=-0.5,
        confidence=0.9,
        brands=(BrandMatch("Lawzy", BrandRole.OWN, "لوزي", 0, 4, 1.0),),
        fingerprint=fingerprint(mention.text, mention.title),
    )
    return replace(base, **changes)


def save(engine: Engine, batch: Sequence[Mention], policy: Policy | None = None, **changes: object) -> None:
    with engine.begin() as conn:
        mentions.store(conn, batch)
        claimed = mentions.claim_unanalyzed(conn, 1000, "test", NOW, timedelta(minutes=5))
        pairs = [(stored, understood(stored.mention, **changes)) for stored in claimed]
        analyses.save(conn, pairs, NOW, policy)


def kept(engine: Engine) -> dict[str, Analysis]:
    """Return what is kept of each mention, by external id."""
    with reading(engine) as conn:
        ids = list(conn.scalars(select(tables.mentions.c.id)))
        found = mentions.fetch(conn, ids)
    return {stored.mention.external_id: stored.analysis for stored in found if stored.analysis is not None}


def story_of(engine: Engine) -> dict[str, str | None]:
    """Return the external id of the mention with which each one's story began."""
    with reading(engine) as conn:
        names = {row.id: row.external_id for row in conn.execute(select(tables.mentions))}
    return {name: None if one.story_id is None else names[one.story_id] for name, one in kept(engine).items()}


def marks(engine: Engine) -> dict[str, str | None]:
    return {name: one.spam for name, one in kept(engine).items()}


def counted(engine: Engine) -> int:
    with reading(engine) as conn:
        return sum(rollups.totals(conn, "Lawzy", NOW - 30 * DAY, NOW + DAY, "sentiment").values())


def test_copies_are_one_story_in_one_batch_and_in_later_ones(engine: Engine) -> None:
    save(engine, [post("a"), post("b", f"RT @x: {LONG} https://t.co/q"), post("c", OTHER)])
    save(engine, [post("d", f"عاجل: {LONG} #لوزي 😡"), post("e", OTHER.replace("free", "some free"))])
    assert story_of(engine) == {"a": "a", "b": "a", "c": "c", "d": "a", "e": "c"}


def test_a_headline_with_its_text_is_the_same_story_elsewhere(engine: Engine) -> None:
    article = {"kind": MentionKind.ARTICLE, "title": "لوزي تعتذر لعملائها عن تأخر الطلبات"}
    save(engine, [post("a", **article), post("b", f"{LONG} - وكالات", **article)])
    assert story_of(engine) == {"a": "a", "b": "a"}
    assert marks(engine) == {"a": None, "b": None}


def test_what_comes_after_the_window_or_from_a_source_left_out_is_no_copy(engine: Engine) -> None:
    late = NOW - 9 * DAY
    save(engine, [post("old", published_at=late), post("new")])
    assert story_of(engine) == {"old": "old", "new": "new"}
    configured = Settings(sources=[Source(name="forum", kind="feed", stories=False)], story_window=20 * DAY)
    policy = Policy.from_settings(configured)
    save(engine, [post("left out", source="forum"), post("newer")], policy)
    assert story_of(engine) == {"old": "old", "new": "new", "left out": None, "newer": "old"}


def test_few_words_make_a_story_only_where_they_are_the_same_and_enough(engine: Engine) -> None:
    thanks = [
        "شكرا",
        "شكرا",
        "الله يعطيكم العافية جميعا",
        "الله يعطيكم العافيه جميعا!",
        "الله يعطيكم العافية يا جماعة",
    ]
    save(engine, [post(str(n), words, "same writer") for n, words in enumerate(thanks)])
    assert story_of(engine) == {"0": None, "1": None, "2": "2", "3": "2", "4": "4"}
    assert set(marks(engine).values()) == {None}


def test_reading_again_and_unlike_edits_keep_the_stories_that_others_joined(engine: Engine) -> None:
    save(engine, [post("a"), post("b"), post("c", OTHER), post("d", OTHER[:40] + " tomorrow morning at ten")])
    before = story_of(engine)
    with engine.begin() as conn:
        everything = mentions.fetch(conn, list(conn.scalars(select(tables.mentions.c.id))))
        again = [(stored, understood(stored.mention, model_version="newer")) for stored in everything]
        analyses.save(conn, list(reversed(again)), NOW)
    assert story_of(engine) == before
    save(engine, [post("d", LONG)])
    save(engine, [post("a", OTHER)])
    assert story_of(engine) == {"a": "a", "b": "a", "c": "c", "d": "a"}, "a began it, d stood alone"
    save(engine, [post("e", OTHER), post("f", LONG)])
    found = story_of(engine)
    assert found["e"] in ("a", "c")
    assert found["f"] == "f", "what begins a story is known by what it says now"


def test_two_workers_at_once_begin_one_story(engine: Engine) -> None:
    with engine.begin() as conn:
        mentions.store(conn, [post(str(n)) for n in range(40)])

    def work(_: int) -> None:
        while True:
            with engine.begin() as conn:
                claimed = mentions.claim_unanalyzed(conn, 3, "test", NOW, timedelta(minutes=5))
            if not claimed:
                return
            with engine.begin() as conn:
                analyses.save(conn, [(one, understood(one.mention)) for one in claimed], NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len({one.story_id for one in kept(engine).values()}) == 1
    assert counted(engine) == 40


def test_a_batch_that_is_rolled_back_begins_nothing(engine: Engine) -> None:
    with pytest.raises(RuntimeError), engine.begin() as conn:
        mentions.store(conn, [post("a")])
        claimed = mentions.claim_unanalyzed(conn, 10, "test", NOW, timedelta(minutes=5))
        analyses.save(conn, [(one, understood(one.mention)) for one in claimed], NOW)
        raise RuntimeError("killed")
    with reading(engine) as conn:
        assert conn.scalar(select(func.count()).select_from(tables.story_bands)) == 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.sampled_from([LONG, OTHER, "شكرا", "خدمة ممتازة من الجميع دائما"]), max_size=12),
    cuts=st.sets(st.integers(1, 11)),
)
def test_identical_texts_are_one_story_however_they_are_batched(
    engine: Engine, texts: list[str], cuts: set[int]
) -> None:
    with engine.begin() as conn:
        for table in reversed(tables.metadata.sorted_tables):
            conn.execute(table.delete())
    edges = [0, *sorted(cuts), len(texts)]
    for start, end in pairwise(edges):
        save(engine, [post(str(n), texts[n]) for n in range(start, min(end, len(texts)))])
    first = {words: str(n) for n, words in reversed(list(enumerate(texts))) if words != "شكرا"}
    assert story_of(engine) == {str(n): first.get(words) for n, words in enumerate(texts)}


def test_a_look_reads_no_more_than_the_slots_of_a_band(engine: Engine) -> None:
    chance = Random(1)
    shared = fingerprint(LONG)[:12]
    prints = [shared + chance.randbytes(244) for _ in range(60)]
    with engine.begin() as conn:
        mentions.store(conn, [post(str(n), f"text {n}") for n in range(60)])
        claimed = mentions.claim_unanalyzed(conn, 100, "test", NOW, timedelta(minutes=5))
        pairs = [
            (one, understood(one.mention, fingerprint=print_))
            for one, print_ in zip(claimed, prints, strict=True)
        ]
        analyses.save(conn, pairs, NOW)
        [band, *_] = stories.bands(prints[0])
        rows = conn.execute(select(tables.story_bands).where(tables.story_bands.c.band == band)).all()
    assert len(rows) == 16
    assert {row.story_id for row in rows} == {stored.id for stored in claimed[-16:]}, "the newest stay"


def test_looks_use_the_index_and_never_read_a_table_through(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL reads a small table through whatever the index
    seen: list[str] = []
    with engine.begin() as conn:
        run = conn.connection.driver_connection
        assert run is not None
        run.set_trace_callback(seen.append)
        mentions.store(conn, [post("a"), post("b", writer="writera"), post("c", writer="writera")])
        claimed = mentions.claim_unanalyzed(conn, 10, "test", NOW, timedelta(minutes=5))
        del seen[:]
        analyses.save(conn, [(one, understood(one.mention)) for one in claimed], NOW)
        run.set_trace_callback(None)
        looks = [line for line in seen if line.startswith("SELECT")]
        plans = [row for line in looks for row in run.execute(f"EXPLAIN QUERY PLAN {line}")]
    assert len(looks) > 4
    assert [plan for plan in plans if "SCAN" in str(plan)] == []


def test_a_copied_review_is_marked_and_the_first_one_counts(engine: Engine) -> None:
    save(engine, [review("a"), review("b"), review("c", source="other shop", writer="writera")])
    save(engine, [review("d", f"{LONG}!!"), review("e", OTHER), post("f")])
    copied = {"b": "copied_review", "d": "copied_review"}
    assert marks(engine) == {"a": None, **copied, "c": None, "e": None, "f": None}
    assert counted(engine) == 4


def test_an_account_that_says_the_same_thing_again_and_again_counts_twice(engine: Engine) -> None:
    same = [post(str(n), f"{LONG} {n}", "bot") for n in range(4)]
    save(engine, same[:1])
    save(engine, same[1:])
    save(engine, [post("4", f"{LONG} 4", "bot"), post("5", LONG, "somebody"), post("6", OTHER, "bot")])
    assert [name for name, mark in marks(engine).items() if mark == "repeated_post"] == ["2", "3", "4"]
    assert counted(engine) == 4


@pytest.mark.parametrize("kind", [MentionKind.ARTICLE, MentionKind.COMPETITOR_POST, MentionKind.TICKET])
def test_news_that_many_or_one_publish_again_is_no_spam(engine: Engine, kind: MentionKind) -> None:
    save(engine, [post(str(n), LONG, "desk" if n < 4 else None, kind=kind) for n in range(6)])
    assert set(marks(engine).values()) == {None}
    assert set(story_of(engine).values()) == {"0"}


def test_marks_stay_as_they_are_when_mentions_are_read_again_one_by_one(engine: Engine) -> None:
    save(engine, [post(str(n), LONG, "bot") for n in range(4)] + [review("r", OTHER), review("s", OTHER)])
    before = marks(engine)
    assert list(before.values()) == [None, None, "repeated_post", "repeated_post", None, "copied_review"]
    with engine.begin() as conn:
        for identity in list(conn.scalars(select(tables.mentions.c.id))):
            [stored] = mentions.fetch(conn, [identity])
            analyses.save(conn, [(stored, understood(stored.mention))], NOW)
    assert marks(engine) == before


def test_spam_by_its_text_is_kept_out_of_the_counts_until_asked_for(engine: Engine) -> None:
    spam = {"spam": "giveaway", "aspects": (AspectSentiment("price", None, 0.0, 0, 1),)}
    save(engine, [post("a", rating=5.0, rating_scale=5.0)], **spam)
    assert (marks(engine), counted(engine)) == ({"a": "giveaway"}, 0)
    assert analyses.recount_spam(engine, count_spam=False) == 0
    assert analyses.recount_spam(engine, count_spam=True) == 1
    with reading(engine) as conn:
        assert rollups.hourly(conn, "Lawzy", NOW - DAY, NOW, aspect="price") != []
        assert rollups.ratings(conn, "Lawzy", NOW - DAY, NOW).count == 1
    assert (counted(engine), analyses.recount_spam(engine, count_spam=True)) == (1, 0)
    assert analyses.recount_spam(engine, count_spam=False) == 1
    assert counted(engine) == 0
    save(engine, [post("b")], Policy(count_spam=True), **spam)
    assert counted(engine) == 1


def test_an_aspect_spoken_of_twice_counts_one_mention_by_its_strongest_feeling(engine: Engine) -> None:
    aspects = (
        AspectSentiment("delivery", None, 0.0, 0, 1),
        AspectSentiment("delivery", SentimentLabel.POSITIVE, 0.2, 2, 3),
        AspectSentiment("delivery", SentimentLabel.NEGATIVE, -0.7, 4, 5),
        AspectSentiment("price", None, 0.0, 6, 7),
    )
    save(engine, [post("a")], aspects=aspects)
    with reading(engine) as conn:
        span = NOW - DAY, NOW

        def hours(**of: str) -> list[int]:
            return [count for _, count in rollups.hourly(conn, "Lawzy", *span, **of)]

        assert (hours(aspect="delivery"), hours(aspect="price"), hours()) == ([1], [1], [1])
        assert hours(aspect="delivery", sentiment="negative") == [1]
    save(engine, [post("a", OTHER)], aspects=())
    with reading(engine) as conn:
        assert hours(aspect="delivery") == []
        assert counted(engine) == 1


def test_all_that_was_understood_comes_back(engine: Engine) -> None:
    whole = {
        "dialect": "gulf",
        "dialect_confidence": 0.8,
        "lexicon_score": -0.25,
        "entities": (Entity("أرامكو", "ORG", 0, 6, "Aramco"), Entity("جدة", "LOC", 7, 10)),
        "aspects": (AspectSentiment("delivery", SentimentLabel.NEGATIVE, -1.0, 0, 3, "receive"),),
        "signals": (SignalMatch("comparison", 0.7, 0, 5, "Tamrago"),),
        "keyphrases": ("التوصيل",),
        "spam": "advert",
    }
    save(engine, [post("a")], **whole)
    found = kept(engine)["a"]
    assert found == replace(understood(post("a"), **whole), story_id=found.story_id)
    assert found.story_id is not None


@pytest.fixture
def first_version(engine: Engine) -> Iterator[Engine]:
    """A database as version 0001 left it, with one mention that was understood and one that was not."""
    with engine.begin() as conn:
        tables.metadata.drop_all(conn)
        conn.execute(text("DROP TABLE alembic_version"))
        command.upgrade(_migrations(conn), "0001")
        for identity in (1, 2):
            conn.execute(
                text(
                    "INSERT INTO mentions (id, source, kind, external_id, text, collected_at, revision,"
                    " content_hash, analyzed_revision) VALUES"
                    f" ({identity}, 'news', 'post', 'old {identity}', :text, :at, 1, 'x', {2 - identity})"
                ),
                {"text": LONG, "at": "2026-03-10 09:00:00"},
            )
        conn.execute(
            text(
                "INSERT INTO analyses (mention_id, revision, language, brands, entities, aspects, signals,"
                " keyphrases, clipped, model_version, analyzed_at) VALUES (1, 1, 'ar', '[]',"
                """ '[{"text": "جدة", "label": "LOC", "start": 0, "end": 3}]', '[]',"""
                """ '[{"signal": "x", "confidence": 0.5, "start": 0, "end": 1}]', '["طلبي"]', false, 'old',"""
                " '2026-03-10 09:00:00')"
            )
        )
        if engine.dialect.name == "postgresql":
            conn.execute(text("SELECT setval(pg_get_serial_sequence('mentions', 'id'), 2)"))
    yield engine


def test_a_database_of_the_first_version_is_migrated_with_what_it_holds(first_version: Engine) -> None:
    migrate(first_version)
    old = kept(first_version)["old 1"]
    assert (old.entities, old.keyphrases) == ((Entity("جدة", "LOC", 0, 3),), ("طلبي",))
    assert (old.signals[0].about, old.fingerprint, old.spam, old.story_id) == (None, b"", None, None)
    save(first_version, [post("new", published_at=None, collected_at=NOW)])
    assert story_of(first_version) == {"old 1": None, "old 2": "old 2", "new": "old 2"}
    with first_version.begin() as conn:
        [stored] = mentions.fetch(conn, [1])
        analyses.save(conn, [(stored, understood(stored.mention))], NOW)
    assert story_of(first_version)["old 1"] == "old 2"
