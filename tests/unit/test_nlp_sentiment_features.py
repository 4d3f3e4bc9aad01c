"""What the linear models read of a text beside its words: negation, formulas, moods and VADER's score."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.sentiment.english import EnglishReader
from nlp.sentiment.features import (
    BUCKETS,
    MARK,
    arabic_words,
    mark,
    mood_marks,
    negation_marks,
    tokens,
    word_buckets,
)
from nlp.sentiment.fitting import count_matrix
from nlp.sentiment.formulas import formulas

ENGLISH = EnglishReader()


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("حسبي الله ونعم الوكيل عليكم", ["anger"]),
        ("وحسبُنا اللّه ونِعم الوكيل", ["anger"]),
        ("الله يعطيكم العافية", ["thanks"]),
        ("الله لا يعطيكم العافية", ["anger"]),
        ("الله يوفقكم", ["thanks"]),
        ("الله لا يوفقكم", ["anger"]),
        ("السلام عليكم، منكم لله على هالتأخير", ["courtesy", "anger"]),
        ("ما شاء الله تبارك الله", ["thanks", "thanks"]),
        ("ربي يبارك فيك", ["thanks"]),
        ("كلام عن الله والوطن", []),
        ("", []),
    ],
)
def test_formulas_are_found_as_a_whole(text: str, groups: list[str]) -> None:
    assert formulas(tokens(text)) == groups


@pytest.mark.parametrize(
    ("text", "language", "negated"),
    [
        ("المكان مو حلو", "ar", {"حلو"}),
        ("الأكل مش وحش خالص بصراحة", "ar", {"وحش", "خالص"}),
        ("ما عجبنيش", "ar", {"عجبنيش"}),
        ("مبيشتغلش", "ar", {"بيشتغل"}),
        ("مابيردوش", "ar", {"بيردو"}),
        ("ماشي مزيان", "ar", {"مزيان"}),
        ("لا، شكرا", "ar", set()),
        ("it isn't good", "en", {"good"}),
        ("not as bad as they say", "en", {"as", "bad"}),
        ("no. good", "en", set()),
    ],
)
def test_words_after_a_negator_are_marked(text: str, language: str, negated: set[str]) -> None:
    marks = negation_marks(tokens(text), language)
    assert {mark(f"not {word}", 2) for word in negated} <= set(marks)
    if not negated:
        assert marks == []


def test_moods_of_emoji_are_marked_but_not_without_end() -> None:
    assert mood_marks(tokens("😍 ❤️ 😡")) == [mark("glad", 2)] * 2 + [mark("upset", 2)]
    assert mood_marks(tokens("😡" * 50)) == [mark("upset", 2)] * 3


def test_vader_is_read_as_marks_that_weigh_more_than_a_word() -> None:
    glad, sad = (
        {word for word in ENGLISH(text) if word.startswith(f"{MARK}8vader")}
        for text in ("This is great, I love it!", "This is awful, I hate it!")
    )
    assert (len(glad), len(sad)) == (1, 1)
    assert glad != sad
    assert len(word_buckets(glad.pop())) == 8


def test_marks_make_no_pairs() -> None:
    plain, marked = count_matrix([["good"], ["good", mark("glad", 2), mark("upset", 2)]])
    assert marked.nnz == plain.nnz + 2


@pytest.mark.parametrize("read", [arabic_words, ENGLISH], ids=["arabic", "english"])
def test_nothing_to_read_has_no_marks(read: EnglishReader) -> None:
    assert read("https://example.com @someone") == []


@settings(deadline=None)
@given(st.text())
def test_no_text_can_write_a_mark_and_every_word_has_buckets(text: str) -> None:
    words = tokens(text)
    assert not any(word.startswith(MARK) for word in words)
    for read in (arabic_words, ENGLISH):
        found = read(text)
        assert found[: len(words)] == words
        assert all(word.startswith(MARK) for word in found[len(words) :])
        assert all(0 <= bucket < BUCKETS for word in found for bucket in word_buckets(word))


@pytest.mark.parametrize(
    "unit", ["الله ", "ما ", "منكم ", "م" * 5000 + "ش ", "😡", "ولا الله لا ", "not n't "]
)
def test_no_text_takes_long_to_read(unit: str) -> None:
    text = (unit * 20_000)[:10_000]
    for read in (arabic_words, ENGLISH):
        began = time.process_time()
        read(text)
        assert time.process_time() - began < 1.0
