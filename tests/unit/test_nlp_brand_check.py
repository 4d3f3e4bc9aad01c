"""Precision and recall of matching: counted by text and brand, bad lines told by number."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.brand_check import ExpectedBrands, check, expected
from nlp.brands import BrandMatcher
from nlp.patterns import BrandRule
from storage.records import BrandRole

NAMES = ["Acme", "أكمي ستور"]
MATCHER = BrandMatcher(
    [
        BrandRule("Acme", BrandRole.OWN, ("Acme", "أكمي")),
        BrandRule("أكمي ستور", BrandRole.COMPETITOR, ("Globex",)),
    ]
)


def read(*rows: Any) -> list[Any]:
    return list(expected(enumerate(rows, start=1), NAMES))


def test_hits_misses_and_wrong_findings_are_counted_and_shown() -> None:
    result = check(
        MATCHER,
        NAMES,
        [
            ExpectedBrands(1, "Acme and اكمي and acme", frozenset({"Acme"})),
            ExpectedBrands(2, "akmi", frozenset({"Acme"})),
            ExpectedBrands(3, "globex", frozenset()),
            ExpectedBrands(4, "nothing", frozenset()),
        ],
    )
    tally = result.brands["Acme"]
    assert (tally.hits, tally.missed, tally.wrong) == (1, 1, 0)
    assert (tally.precision, tally.recall, tally.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert (result.brands["أكمي ستور"].precision, result.brands["أكمي ستور"].recall) == (0.0, None)
    assert (result.texts, result.whole.hits, result.whole.wrong, result.whole.missed) == (4, 1, 1, 1)
    assert [(m.line.number, m.brand, m.alias) for m in result.missed] == [(2, "Acme", None)]
    assert [(m.line.number, m.brand, m.alias) for m in result.wrong] == [(3, "أكمي ستور", "Globex")]


def test_brands_are_a_list_or_parted_and_spelled_in_any_way_that_matching_folds() -> None:
    rows = [
        {"text": "a", "brands": ["acme", "اكمي ستور"]},
        {"text": "a", "brands": "Acme; أكمي ستور"},
        {"text": "a", "brand": "ACME|أكمى ستور"},
        {"text": "a", "title": "t"},
    ]
    lines = read(*rows)
    assert [line.brands for line in lines] == [frozenset(NAMES)] * 3 + [frozenset()]
    assert lines[3].title == "t"


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("not JSON", "not JSON"),
        ({"brands": []}, "no text"),
        ({"text": 3, "brands": []}, "no text"),
        ({"text": "a", "brands": [1]}, "not a list of names"),
        ({"text": "a", "brands": {"Acme": 1}}, "not a list of names"),
        ({"text": "a", "brands": ["Zed"]}, "no brand is named 'Zed'; there are: Acme"),
    ],
)
def test_a_bad_line_is_told_with_its_number(row: Any, word: str) -> None:
    [(number, wrong)] = read(row)
    assert number == 1
    assert word in str(wrong)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda s: st.lists(s) | st.dictionaries(st.text(max_size=3), s),
    )
)
def test_whatever_a_line_holds_is_answered(value: Any) -> None:
    assert len(read({"text": "a", "brands": value}, {"text": value, "brand": value})) == 2
