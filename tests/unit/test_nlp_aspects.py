"""Aspects of what people say: found in any form and dialect, told apart by clause, judged by their words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.aspect_polarity import chances_of, weigh
from nlp.aspects import AspectFinder
from nlp.clauses import clauses_of, tokens_of
from nlp.sentiment import arabic
from nlp.sentiment.opinion import Abstention, Opinion
from nlp.training.aspects import count, held_out_hotels, read_table
from storage.records import SentimentLabel

FINDER = AspectFinder({})
NEGATIVE, NEUTRAL, POSITIVE = SentimentLabel
TABLE = Path(__file__).with_name("aspects_table.tsv")


class Recorder:
    """A judge that answers one thing and remembers what it was asked."""

    def __init__(self, answer: Opinion | Abstention) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def opine(self, text: str, /) -> Opinion | Abstention:
        """Remember and answer."""
        self.asked.append(text)
        return self.answer


def found(text: str, language: str = "ar") -> list[tuple[str, SentimentLabel | None, str]]:
    """Return each aspect of a text with its label and its words, by the words alone."""
    return [
        (each.aspect, each.label, text[each.start : each.end]) for each in FINDER.find(text, language, None)
    ]


@pytest.mark.parametrize("part", ["dev", "test"])
def test_aspects_are_found_and_judged_in_written_lines(part: str) -> None:
    model = arabic.load()
    judged = {"en": None, "fr": None, "arabizi": None}
    counts = count(FINDER, read_table(TABLE, part), lambda dialect: judged.get(dialect, model))
    whole = counts["all"]
    assert whole.right / (whole.right + whole.wrong) >= 0.95
    assert whole.right / (whole.right + whole.missed) >= 0.95
    assert whole.polarity / whole.right >= 0.85
    for dialect in ("gulf", "egyptian", "levantine", "maghrebi"):
        assert counts[dialect].right / (counts[dialect].right + counts[dialect].missed) >= 0.85, dialect


def test_words_near_an_aspect_tell_more_of_it_than_the_whole_text(shared: Path) -> None:
    examples = held_out_hotels(shared / "language")
    texts: dict[str, set[SentimentLabel]] = {}
    for each in examples:
        texts.setdefault(each.text, set()).add(each.label)
    mixed = [each for each in examples if texts[each.text] == {NEGATIVE, POSITIVE}]
    told = [(each.label, FINDER.chances(each.text, each.start, each.end, None)) for each in mixed]
    right = sum(
        (chances[2] > chances[0]) == (label is POSITIVE) for label, chances in told if chances is not None
    )
    assert right / len(told) >= 0.6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("غالي مرة", [("price", NEGATIVE, "غالي")]),
        ("مو غالي أبدا", [("price", POSITIVE, "غالي")]),
        ("not expensive at all", [("price", POSITIVE, "expensive")]),
        ("والتطبيق يعلق", [("app", NEGATIVE, "والتطبيق")]),
        ("الخدمة بطيئة", [("service", NEGATIVE, "الخدمة بطيئة")]),
        ("خدمتهم مو حلوة", [("service", NEGATIVE, "خدمتهم")]),
        ("ما يردون على الرسايل", [("service", NEGATIVE, "ما يردون على")]),
        ("مبيردوش عليا", [("service", NEGATIVE, "مبيردوش عليا")]),
        ("مايردون", [("service", NEGATIVE, "مايردون")]),
        ("خلص من السوق", [("availability", NEGATIVE, "خلص من السوق")]),
        ("كم سعر العضوية", [("price", NEUTRAL, "كم سعر")]),
        ("السِّـــعْر غااااالي", [("price", NEGATIVE, "السِّـــعْر")]),
        ("#خدمة_سيئة", [("service", NEGATIVE, "خدمة")]),
    ],
)
def test_an_aspect_is_found_with_its_words_and_how_it_fares(
    text: str, expected: list[tuple[str, SentimentLabel | None, str]]
) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "أغلق سعر النفط على ارتفاع", "طلعنا البر وكانت الجلسة ونيسة", "يا غالي الله يحفظك",
        "الحمد لله على السلامة",
        "the stock market fell and share prices with it", "he paid attention in the first place",
        "https://shop.example/price @delivery", "",
    ],
)  # fmt: skip
def test_words_that_only_look_like_an_aspect_are_left_alone(text: str) -> None:
    assert found(text, "en" if text.isascii() else "ar") == []


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("السعر ممتاز بس التوصيل سيء", {"price": POSITIVE, "delivery": NEGATIVE}),
        ("السعر ممتاز والتوصيل سيء", {"price": POSITIVE, "delivery": NEGATIVE}),
        ("الخدمة والتطبيق ممتازين", {"service": POSITIVE, "app": POSITIVE}),
        ("التوصيل سيء إلا أن الموظفين رائعين", {"delivery": NEGATIVE, "service": POSITIVE}),
        ("terrible app, lovely staff", {"app": NEGATIVE, "service": POSITIVE}),
        ("great staff and the website was awful", {"service": POSITIVE, "app": NEGATIVE}),
        ("great staff and website", {"service": POSITIVE, "app": POSITIVE}),
        ("التطبيق 😡 الموظفين 😍", {"app": NEGATIVE, "service": POSITIVE}),
    ],
)
def test_each_aspect_is_judged_by_its_own_clause(text: str, labels: dict[str, SentimentLabel]) -> None:
    assert {aspect: label for aspect, label, _ in found(text)} == labels


@pytest.mark.parametrize(
    ("text", "aspect", "touchpoint"),
    [
        ("السعر غالي", "price", "buy"), ("ألغيت الاشتراك لأن السعر غالي", "price", "leave"),
        ("الجودة سيئة من يوم وصلني", "quality", "receive"), ("التوصيل سريع", "delivery", "receive"),
        ("cancelled because the app is awful", "app", "leave"),
        ("still waiting for my refund", "payment", "get_help"),
    ],
)  # fmt: skip
def test_the_touchpoint_comes_from_the_words_or_else_from_the_aspect(
    text: str, aspect: str, touchpoint: str
) -> None:
    assert [(each.aspect, each.touchpoint) for each in FINDER.find(text, "ar", None)] == [
        (aspect, touchpoint)
    ]


def test_an_aspect_named_twice_in_a_clause_is_told_once_and_in_two_clauses_twice() -> None:
    assert len(found("السعر سعر غالي")) == 1
    assert len(found("السعر غالي. السعر مرتفع.")) == 2


def test_own_words_make_aspects_in_any_language_and_are_taken_literally() -> None:
    finder = AspectFinder({"parking": ["مواقف", "NOT far", "~gate"], "delivery": ["قیمت"]})
    assert [each.aspect for each in finder.find("مواقفكم سيئة", "ar", None)] == ["parking"]
    assert [each.touchpoint for each in finder.find("مواقفكم سيئة", "ar", None)] == [None]
    assert [each.aspect for each in finder.find("قیمت خیلی price", "fa", None)] == ["delivery"]
    assert [each.aspect for each in finder.find("gate two is not far", "en", None)] == ["parking"]
    assert finder.find("never far", "en", None) == ()
    assert found("مواقفكم", "ar") == []


def test_the_judge_is_asked_for_clauses_with_aspects_alone_and_at_most_eight_times() -> None:
    judge = Recorder(Abstention.UNSURE)
    FINDER.find("صباح الخير يا جماعة. اليوم حر", "ar", judge)
    assert judge.asked == []
    FINDER.find("صباح الخير. السعر جديد.", "ar", judge)
    assert [asked.strip(" .") for asked in judge.asked] == ["السعر جديد"]
    judge.asked.clear()
    FINDER.find("السعر جديد. " * 30, "ar", judge)
    assert len(judge.asked) == 8


def test_a_sure_judge_decides_where_no_word_does_and_an_unsure_one_leaves_the_label_open() -> None:
    text = "التطبيق تبعكم"
    sure = Recorder(Opinion(NEGATIVE, -0.9, 0.93))
    assert [each.label for each in FINDER.find(text, "ar", sure)] == [NEGATIVE]
    assert [each.label for each in FINDER.find(text, "ar", Recorder(Abstention.UNSURE))] == [None]


def test_span_chances_are_asked_for_once_with_the_aspects_places_and_weigh_in() -> None:
    text = "التطبيق تبعكم. والسعر."
    asked: list[Sequence[tuple[int, int]]] = []

    def spans(places: Sequence[tuple[int, int]]) -> Sequence[tuple[float, float, float]]:
        asked.append(places)
        return [(0.05, 0.05, 0.9), (0.9, 0.05, 0.05)]

    labels = [each.label for each in FINDER.find(text, "ar", None, spans)]
    assert labels == [POSITIVE, NEGATIVE]
    assert [[text[start:end] for start, end in places] for places in asked] == [["التطبيق", "والسعر"]]


@given(
    label=st.sampled_from(list(SentimentLabel)),
    score=st.floats(-1, 1),
    confidence=st.floats(0, 1),
    words=st.floats(-2, 2),
)
def test_chances_are_chances_whatever_the_opinion(
    label: SentimentLabel, score: float, confidence: float, words: float
) -> None:
    opinion = Opinion(label, score, confidence)
    for chances in (chances_of(opinion), weigh(words, opinion, None)):
        assert chances is not None
        assert all(0 <= chance <= 1 for chance in chances)
        assert sum(chances) == pytest.approx(1)


_PIECES = st.sampled_from(
    [
        "السعر",
        "غالي",
        "بس",
        "و",
        "لا",
        "مش",
        "التطبيق",
        "price",
        "not",
        "but",
        "bad",
        "،",
        ".",
        "😡",
        "\n",
        "#",
        "ـ",
        "ّ",
        "𝐩",
        "\u200f",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES | st.text(max_size=6), max_size=30).map(" ".join) | st.text(max_size=80))
def test_offsets_hold_for_any_text(text: str) -> None:
    for each in FINDER.find(text, "ar", None):
        assert 0 <= each.start < each.end <= len(text)
        assert not text[each.start].isspace() and not text[each.end - 1].isspace()
        assert -1 <= each.score <= 1


@given(st.lists(_PIECES, max_size=30).map(" ".join))
def test_clauses_divide_the_tokens_without_a_gap(text: str) -> None:
    tokens = tokens_of(text)
    clauses = clauses_of(tokens, range(2, len(tokens), 5), range(1, len(tokens), 3))
    assert [place for each in clauses for place in range(each.first, each.last)] == list(range(len(tokens)))
    assert all(each.first < joint < each.last for each in clauses for joint in each.joints)


@pytest.mark.parametrize(
    "text",
    [
        "لا " * 3_400, "والسعر غالي و" * 800, "not " * 2_500 + "bad", "س" * 10_000, "مبيردوش " * 1_250,
        "price," * 1_700,
        "not worth the " * 700, "😡" * 10_000, "السعر؟" * 1_700, "'" * 10_000, "a'" * 5_000,
        "1.,2" * 2_500, "ـ" * 10_000,
    ],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    FINDER.find(text[:10_000], "ar", None)
    assert time.process_time() - began < 1
