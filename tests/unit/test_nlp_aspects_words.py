"""The lists of aspect words: well formed, every entry alive, and every form of a word found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.aspect_reading import read
from nlp.aspect_words import FILES, Lexicon, words_of
from nlp.aspects import ASPECTS
from nlp.word_forms import ANY_ENDING, NOT, VERB, denied, matching

LEXICON = Lexicon({})
TOUCHPOINTS = {"discover", "buy", "receive", "use", "get_help", "leave"}
OTHERS = {"none", "blocked", "whole", "+", "-", "negation", "affirmed", "question", "contrast", "and"}


def entries() -> Iterator[tuple[str, str]]:
    """Yield every line of the lists with its heading."""
    for name in FILES:
        heading = ""
        for line in files("nlp").joinpath("models", name).read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                heading = line.strip("[] ")
            elif line and not line.startswith("#"):
                yield heading, line


def test_every_heading_is_known() -> None:
    for heading in {heading for heading, _ in entries()}:
        first, *marks = heading.split()
        assert first in {*ASPECTS, *OTHERS} or first.removeprefix("@") in TOUCHPOINTS, heading
        assert all(mark in ("+", "-") or mark.removeprefix("@") in TOUCHPOINTS for mark in marks), heading


def test_a_condition_is_one_word() -> None:
    for _, line in entries():
        for words in re.split(r" [?!] ", line)[1:]:
            for word in words.split(","):
                assert len(words_of(word)) == 1, (word, line[:60])


def test_every_phrase_without_a_condition_is_found_where_it_stands_alone() -> None:
    lost = []
    for heading, line in entries():
        aspect = heading.split()[0]
        if aspect not in ASPECTS or re.search(r" [?!] ", line):
            continue
        for phrase in line.split(","):
            text = phrase.replace(NOT, "مش" if re.search("[ء-ي]", phrase) else "not").replace(VERB, "")
            reading = read(text.replace(ANY_ENDING, ""), LEXICON)
            if reading is None or aspect not in {hit.sense.name for hit in reading.aspects}:
                lost.append((aspect, phrase.strip()))
    assert lost == []


@pytest.mark.parametrize(
    ("word", "listed"),
    [
        ("والسعر", "سعر"), ("بسعرهم", "سعر"), ("للسعر", "سعر"), ("خدمتكم", "خدمه"), ("عالخدمه", "خدمه"),
        ("يتاخر", "~تاخر"), ("بيتاخروا", "~تاخر"), ("متاخره", "~تاخر"), ("كيجاوب", "~جاوب"),
        ("بيردوا", "~رد"), ("prices", "price"), ("l'application", "application"), ("unopenable", "unopen*"),
    ],
)  # fmt: skip
def test_the_forms_of_a_word_are_found(word: str, listed: str) -> None:
    assert matching(word, {listed}) == {listed}


@pytest.mark.parametrize(
    ("word", "listed"),
    [("فرعون", "فرع"), ("الذي", "الذ"), ("وجوده", "جوده"), ("فكره", "~كره"), ("بارد", "~رد")],
)
def test_a_word_that_only_looks_like_a_form_is_not_one(word: str, listed: str) -> None:
    assert listed not in LEXICON.look_up(word).keys


def test_a_verb_that_carries_its_denial_is_known_as_denied() -> None:
    assert denied("مبيردوش", {"~رد"}) == {"~رد"}
    assert denied("ماعجبنيش", {"~عجب"}) == {"~عجب"}
    assert denied("بيردوا", {"~رد"}) == set()


@given(
    start=st.sampled_from(["", "و", "ف", "ب", "ك", "ال", "وال", "بال", "لل", "عال", "هال"]),
    ending=st.sampled_from(["", "ه", "ها", "هم", "كم", "نا"]),
    word=st.sampled_from(["سعر", "تطبيق", "مندوب", "فرع", "ضمان"]),
)
def test_every_particle_and_possessive_is_taken_off(start: str, ending: str, word: str) -> None:
    assert word in matching(start + word + ending, {word})


@given(st.text(max_size=40))
def test_any_word_is_looked_up_and_only_listed_words_come_out(word: str) -> None:
    LEXICON.look_up(word)
    assert matching(word, frozenset({"سعر", "price"})) <= {"سعر", "price"}
