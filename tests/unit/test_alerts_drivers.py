"""Why an alert fired: words and sources that stand out, posts that show it, hours that were watched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerts import drivers
from alerts.history import lay_out, starts
from alerts.lifecycle import Change
from alerts.message import LIFE, notifications, payload
from storage.mentions import StoredMention
from storage.records import (
    Alert,
    AlertState,
    Analysis,
    Author,
    BrandMatch,
    BrandRole,
    Mention,
    MentionKind,
    SentimentLabel,
    Severity,
)

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


def stored(identity: int, *phrases: str, followers: int | None = None, **changes: Any) -> StoredMention:
    mention = Mention(
        source="news",
        kind=MentionKind.POST,
        external_id=str(identity),
        text=f"نص رقم {identity}",
        author=Author("mastodon", f"writer{identity}", followers=followers),
        collected_at=NOW,
        published_at=NOW - HOUR,
    )
    understood = Analysis(
        language="ar",
        model_version="test",
        brands=(BrandMatch("Lawzy", BrandRole.OWN, "لوزي", 0, 4, 1.0),),
        keyphrases=phrases,
    )
    return StoredMention(identity, replace(mention, content_hash="", **changes), understood)


def test_words_are_those_that_are_new_not_those_that_are_frequent() -> None:
    before = [stored(n, "لوزي", "التوصيل") for n in range(40)] + [stored(50, "الدفع")]
    now = [stored(n, "لوزي", "التوصيل", "الدفع", "خطأ الدفع") for n in range(100, 114)]
    found = drivers.words(now, before, 4.1)
    assert [driver["text"] for driver in found] == ["خطأ الدفع"], "a phrase stands for its words"
    assert found[0] == {"type": "word", "text": "خطأ الدفع", "count": 14, "usual": 0.0}


def test_without_any_past_words_still_come_but_never_the_brand_itself() -> None:
    found = drivers.words([stored(n, "لوزي", "lawzy", "الدفع") for n in range(6)], [], 0.5)
    assert "لوزي" not in {driver["text"] for driver in found}
    assert "lawzy" not in {driver["text"] for driver in found}


phrases = st.lists(st.sampled_from(["a", "b", "c", "a b", "b c", "d"]), max_size=4, unique=True)


@given(st.lists(phrases, max_size=30), st.lists(phrases, max_size=30), st.floats(0, 50))
def test_every_word_is_in_the_evidence_as_often_as_it_says(
    now: list[list[str]], before: list[list[str]], expected: float
) -> None:
    present = [stored(n, *each) for n, each in enumerate(now)]
    found = drivers.words(present, [stored(n, *each) for n, each in enumerate(before)], expected)
    assert len(found) <= drivers.WORDS
    for driver in found:
        held = [any(driver["text"] in (phrase, *phrase.split()) for phrase in each) for each in now]
        assert driver["count"] == sum(held) >= 2
        assert 0 <= driver["usual"] <= expected + 0.05


def test_sources_are_named_by_excess_and_only_where_there_is_one() -> None:
    found = drivers.shares("source", {"news": 20, "forum": 3, "blog": 1}, {"news": 18.0, "blog": 4.0}, 3)
    assert found == [
        {"type": "source", "text": "forum", "count": 3, "usual": 0.0},
        {"type": "source", "text": "news", "count": 20, "usual": 18.0},
    ]


def test_posts_show_a_story_once() -> None:
    told = [stored(n, followers=100 - n) for n in range(4)]
    copies = [
        StoredMention(each.id, each.mention, replace(each.analysis, story_id=story))  # type: ignore[type-var]
        for each, story in zip(told, (7, 7, None, None), strict=True)
    ]
    assert drivers.posts(copies) == (0, 2, 3)


def test_posts_are_by_reach_and_show_no_writer_and_no_text_twice() -> None:
    loud = stored(1, followers=9000)
    same_writer = stored(2, author=Author("mastodon", "writer1", followers=8000))
    same_text = stored(3, followers=7000, text=loud.mention.text)
    others = [stored(4, followers=50), stored(5), stored(6, followers=10)]
    assert drivers.posts([*others, same_text, same_writer, loud]) == (1, 4, 6)
    assert drivers.posts([]) == ()


def hours(source: str, first: datetime, last: datetime, each: int = 1) -> list[tuple[str, datetime, int]]:
    span = int((last - first) / HOUR)
    return [(source, first + n * HOUR, each) for n in range(span)]


def on_the_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0)


def test_what_was_published_before_the_first_visit_is_left_out() -> None:
    visited = on_the_hour(NOW - timedelta(days=10))
    rows = hours("news", visited - timedelta(days=3), on_the_hour(NOW), each=2)
    laid = lay_out(rows, {"news": visited}, NOW, WEEK)
    assert laid is not None
    assert laid.series.start == visited + HOUR
    assert laid.series.counts.sum() == 2 * (10 * 24 - 1)


def test_a_source_counts_once_it_was_watched_long_enough() -> None:
    rows = hours("news", NOW.replace(minute=0) - timedelta(days=9), on_the_hour(NOW))
    assert lay_out(rows, {"news": NOW - timedelta(days=7, hours=23)}, NOW, WEEK) is None
    laid = lay_out(rows, {"news": NOW - timedelta(days=9), "new": NOW - timedelta(days=7)}, NOW, WEEK)
    assert laid is not None
    assert laid.sources == ("news",)


def test_hours_before_a_source_was_added_count_for_their_share_of_the_usual_volume() -> None:
    added = on_the_hour(NOW - timedelta(days=20))
    old = on_the_hour(NOW - timedelta(days=40))
    rows = hours("news", old, on_the_hour(NOW)) + hours("forum", added, on_the_hour(NOW), each=3)
    laid = lay_out(rows, {"news": old, "forum": added}, NOW, WEEK)
    assert laid is not None
    assert abs(laid.series.exposure[0] - 0.25) < 0.01
    assert laid.series.exposure[-2] == 1.0


def test_imported_mentions_are_complete_from_the_first_one_on() -> None:
    first = NOW - timedelta(days=30)
    rows = [("survey", NOW - timedelta(days=3), 1), ("news", NOW - HOUR, 1)]
    visits = {"news": NOW - timedelta(days=90)}
    since = NOW - timedelta(days=56)
    assert starts(rows, visits, first, since) == {"survey": first, "news": first}
    assert starts(rows, visits, NOW - timedelta(days=400), since) == {"survey": since, "news": since}


def test_a_message_is_json_says_all_there_is_and_goes_once_to_each_channel() -> None:
    alert = Alert(
        rule="angry",
        kind="negative_spike",
        brand="Lawzy",
        state=AlertState.FIRING,
        group_key="k",
        severity=Severity.HIGH,
        window_start=NOW - HOUR,
        window_end=NOW,
        observed=2,
        expected=0.5,
        score=3.0,
        evidence=(1, 2),
        facts={"hours": 1, LIFE: {"told": 1}},
        id=12,
    )
    post = stored(1, text="x" * 5000)
    shown = StoredMention(1, post.mention, replace(post.analysis, sentiment_label=SentimentLabel.NEGATIVE))  # type: ignore[type-var]
    document = payload(
        alert,
        Change.FIRING,
        timezone="Asia/Riyadh",
        names={"Lawzy": {"ar": "لوزي"}, "Tamrago": {"ar": "تمراجو"}},
        posts=[shown, stored(2, author=None)],
        series=[(NOW, 2, 0.5)],
    )
    assert json.loads(json.dumps(document)) == document
    assert document["facts"] == {"hours": 1}
    assert (document["brand"], document["names"]) == ("Lawzy", {"Lawzy": {"ar": "لوزي"}})
    assert document["window"] == {"start": "2026-03-10T11:30:00+00:00", "end": "2026-03-10T12:30:00+00:00"}
    assert document["evidence_count"] == 2
    assert document["posts"][0]["sentiment"] == "negative"
    assert len(document["posts"][0]["text"]) == 2000
    sent = notifications(document, alert, "12", Change.FIRING, 1, ["team", "marketing", "team"])
    assert [note.channel for note in sent] == ["team", "marketing"]
    assert len({note.idempotency_key for note in sent}) == 2
    assert {note.alert_id for note in sent} == {12}
