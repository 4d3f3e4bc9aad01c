"""Suggestions: nothing that matching sees through already, traps that hold, and what mentions add."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.brands import BrandMatcher
from nlp.patterns import BrandRule
from nlp.seen_spellings import distance, observe
from nlp.spellings import SpellingKind, Suggestion, suggest
from nlp.text import fold
from storage.records import BrandRole

NAMES = ["Talabat", "Red Bull", "SmartShop", "Almarai", "المراعي", "سناب شات", "Al Rajhi", "Starbucks", "STC"]


def spelled(found: Suggestion, kind: SpellingKind | None = None) -> list[str]:
    return [one.text for one in found.spellings if kind is None or one.kind is kind]


@pytest.mark.parametrize("name", NAMES)
def test_no_spelling_is_proposed_that_matching_finds_by_the_name_already(name: str) -> None:
    matcher = BrandMatcher([BrandRule("B", BrandRole.OWN, (name,))])
    proposed = [
        one for one in suggest(name).spellings if one.kind not in (SpellingKind.NAME, SpellingKind.HANDLE)
    ]
    assert proposed
    assert [one.text for one in proposed if matcher.find(f"about {one.text} today")] == []


def test_each_kind_of_spelling_is_thought_of() -> None:
    found = suggest("Starbucks")
    assert {"ستاربكس", "ستار بوكس", "@starbucks"} <= set(spelled(found))
    assert "RedBull" in spelled(suggest("Red Bull"), SpellingKind.SPACING)
    assert "Al Marai" in spelled(suggest("Almarai"), SpellingKind.SPACING)
    assert "You Tube" in spelled(suggest("YouTube"), SpellingKind.SPACING)
    assert "سنابشات" in spelled(suggest("سناب شات"), SpellingKind.SPACING)
    assert any("3" in text for text in spelled(suggest("المراعي"), SpellingKind.ARABIZI))
    assert suggest("STC").case_sensitive
    assert not suggest("Starbucks").case_sensitive


@pytest.mark.parametrize(
    ("name", "known"),
    [("كريم", "Careem"), ("Careem", "كريم"), ("بندة", "Panda"), ("STC", "الاتصالات السعودية")],
)
def test_a_known_name_is_proposed_as_its_firm_writes_it(name: str, known: str) -> None:
    [spelling] = [one for one in suggest(name).spellings if one.text == known]
    assert spelling.doubt is None


def test_words_of_the_dictionary_are_doubtful_spellings() -> None:
    doubts = {one.text: one.doubt for one in suggest("كريم").spellings}
    assert doubts["Crime"] == "an everyday word"


def test_what_is_configured_is_not_proposed_again_but_looked_at_for_traps() -> None:
    found = suggest("Careem", known=["كريم"])
    assert spelled(found, SpellingKind.NAME) == ["Careem", "كريم"]
    assert "كريم" not in spelled(found, SpellingKind.ARABIC)
    assert "رمضان كريم" in [trap.phrase for trap in found.traps]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("كريم", "is a given name too"),
        ("زين", "is a given name too"),
        ("طلبات", "is an everyday word too"),
        ("Target", "is an everyday word too"),
        ("Riyadh", "is a place too"),
        ("LI", "is so short that it stands in abbreviations and other words"),
    ],
)
def test_a_name_that_means_something_else_is_told_of(name: str, why: str) -> None:
    found = suggest(name)
    assert why in [trap.why for trap in found.traps if trap.spelling == name]
    assert found.require_any


def test_an_unambiguous_name_has_no_trap() -> None:
    assert suggest("Lawzy").traps == ()
    assert suggest("Lawzy").require_any == ()


def test_every_excluded_phrase_holds_its_word() -> None:
    text = files("nlp").joinpath("models", "traps.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, phrases = line.partition(":")
            bare = fold(word).removeprefix("ال")
            assert phrases.strip()
            for phrase in phrases.split("|"):
                assert bare in fold(phrase) or word.startswith(("jazira", "فيزا")), (word, phrase)


def test_mentions_tell_how_often_a_spelling_is_met_and_what_was_not_thought_of() -> None:
    texts = [
        *["قهوة ستاربكس لذيذة", "وستاربكس غالي", "Starbucks is fine"] * 3,
        *["رحت ستاربوكسس امس"] * 3,
        *["loved it #starbucksksa @starbucks_ksa https://starbucksksa.example/ستاربوكسز"] * 2,
        *["#notstarbucksthough"] * 5,
        "ستاربكص مرة واحدة",
    ]
    found = observe(suggest("Starbucks"), texts)
    seen = {one.text: one for one in found.spellings}
    assert seen["ستاربكس"].seen == 6
    assert seen["Starbucks"].seen == 3
    near = seen["ستاربوكسس"]
    assert (near.kind, near.seen) == (SpellingKind.SEEN, 3)
    assert near.example is not None
    assert "ستاربوكسس" in near.example
    assert seen["#starbucksksa"].kind is SpellingKind.TAG
    assert seen["@starbucks_ksa"].kind is SpellingKind.HANDLE
    assert "ستاربكص" not in seen, "met only once"
    assert "ستاربوكسز" not in seen, "met only in links"
    assert "#notstarbucksthough" not in seen


def test_neighbours_that_come_again_and_again_are_traps_to_look_at_but_words_of_trade_are_not() -> None:
    texts = ["رمضان كريم عليكم"] * 5 + ["شوفوا كريم الزنبق الفاخر"] * 6 + ["تطبيق كريم تأخر علي"] * 9
    found = observe(suggest("كريم"), texts)
    counts = {trap.phrase: (trap.seen, trap.certain) for trap in found.traps if trap.phrase}
    assert counts["رمضان كريم"] == (5, True)
    assert counts["كريم الزنبق"] == (6, False)
    assert "تطبيق كريم" not in counts


def test_inflected_and_everyday_words_are_not_taken_for_misspellings() -> None:
    texts = ["مرسولك وصل", "مرسولهم تأخر", "والمرسول هنا", "a mission", "a session"] * 4
    found = observe(suggest("مرسول", known=["Mission"]), texts)
    assert spelled(found, SpellingKind.SEEN) == []


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_distance_is_that_of_single_edits(one: str, other: str) -> None:
    found = distance(one, other)
    assert found == distance(other, one)
    assert (found == 0) == (one == other)
    assert abs(len(one) - len(other)) <= found <= max(len(one), len(other))
    if one:
        assert distance(one, one[1:]) == 1
        assert distance(one[:1] + other, other[:1] + one) >= 0
    if len(set(one[:2])) == 2:
        assert distance(one, one[1] + one[0] + one[2:]) == 1


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=8))
def test_any_name_and_any_texts_are_answered(name: str, texts: list[str]) -> None:
    found = observe(suggest(name), texts)
    assert all((one.seen or 0) <= len(texts) for one in found.spellings)
