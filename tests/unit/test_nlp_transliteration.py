"""Transliteration: how often the way that a name is really written is among the first five proposed."""

from __future__ import annotations

import re
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.text import fold
from nlp.transliteration import is_arabic, to_arabic, to_arabizi, to_latin

PAIRS = [
    tuple(column.split("|") for column in line.split("\t"))
    for line in Path(__file__).with_name("brand_names.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def key(name: str) -> str:
    """Return a spelling as matching sees it, however it is spaced."""
    return re.sub(r"[\s'&\u200c]", "", fold(name))


def recall(pairs: list[tuple[str, list[str]]], ways: dict[str, list[str]], most: int) -> float:
    found = [any(key(way) in map(key, right) for way in ways[name][:most]) for name, right in pairs]
    return sum(found) / len(found)


def test_the_spelling_in_use_is_mostly_among_the_first_five() -> None:
    latin = [(names[0], right) for names, right in PAIRS]
    arabic = [(right[0], names) for names, right in PAIRS]
    assert len(latin) >= 240
    into_arabic = {name: to_arabic(name) for name, _ in latin}
    into_latin = {name: to_latin(name) for name, _ in arabic}
    first, five = recall(latin, into_arabic, 1), recall(latin, into_arabic, 5)
    back_first, back_five = recall(arabic, into_latin, 1), recall(arabic, into_latin, 5)
    print(f"into Arabic: first {first:.3f}, among five {five:.3f}")
    print(f"into Latin: first {back_first:.3f}, among five {back_five:.3f}")
    assert five >= 0.87
    assert first >= 0.64
    assert back_five >= 0.59
    assert back_first >= 0.33


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Chapati", "شاباتي"),
        ("Vodka", "فودكا"),
        ("Khalifa", "خليفة"),
        ("Foodics", "فوديكس"),
        ("Phoenix", "فينيكس"),
        ("SmartShop", "سمارت شوب"),
        ("TNT", "تي ان تي"),
    ],
)
def test_digraphs_loan_words_joints_and_capitals_are_read(name: str, spelling: str) -> None:
    assert key(spelling) in [key(way) for way in to_arabic(name)]


@pytest.mark.parametrize(
    ("name", "spelling"),
    [("خليفة", "khalifa"), ("شباب", "shabab"), ("الدليل", "aldalil"), ("سمارت شوب", "smart shop")],
)
def test_short_vowels_and_the_article_are_put_in(name: str, spelling: str) -> None:
    assert key(spelling) in [key(way) for way in to_latin(name, 10)]


def test_letters_that_latin_lacks_become_numerals() -> None:
    assert "7" in to_arabizi("محل")[0]
    assert "3" in to_arabizi("العربية")[0]
    assert to_arabizi("بنك")[:1] == []
    assert all(any(c.isdigit() for c in way) for way in to_arabizi("قرطاسية"))


@given(st.text(max_size=80))
def test_any_text_gives_few_distinct_spellings_in_the_other_script(name: str) -> None:
    for way in to_arabic(name):
        assert is_arabic(way) or not re.search("[A-Za-z]", way)
    for ways in (to_arabic(name), to_latin(name), to_arabizi(name)):
        assert len(ways) <= 5
        assert all(way.strip() for way in ways)
        folded = [fold(way).replace(" ", "") for way in ways]
        assert len(set(folded)) == len(folded)


@pytest.mark.parametrize("name", ["aeiou" * 4000, "ستار" * 5000, "x " * 9000, "McA" * 3000])
def test_no_name_takes_long(name: str) -> None:
    to_latin("كلمة"), to_arabic("word")
    began = process_time()
    to_arabic(name), to_latin(name), to_arabizi(name)
    assert process_time() - began < 1
