"""Boolean queries: what they find, where, and how a mistake in one is told."""

from __future__ import annotations

import time
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Brand
from nlp.boundaries import fits
from nlp.brands import BrandMatcher
from nlp.errors import BrandConfigError
from nlp.patterns import BrandRule
from nlp.queries import DEEPEST, MOST_TERMS, parse
from nlp.query_nodes import Place


def finds(query: str, text: str, title: str | None = None) -> list[str | None]:
    """Return what a brand with this query finds in `text`, as written there; None for the title."""
    matcher = BrandMatcher([BrandRule.from_settings(Brand(name="B", query=query))])
    return [None if m.start is None else text[m.start : m.end] for m in matcher.find(text, title)]


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("acme phone", "my phone is an ACME", ["ACME"]),
        ("acme AND phone", "acme chairs", []),
        ("acme OR أكمي", "acme و أكمي", ["acme", "أكمي"]),
        ("acme OR phone case", "phone only", []),
        ("acme OR phone case", "case of a phone", ["phone"]),
        ("(acme OR phone) case", "acme", []),
        ("acme NOT looney", "acme looney", []),
        ("acme NOT looney", "acme", ["acme"]),
        ("NOT looney acme", "the acme", ["acme"]),
        ("acme NOT (looney OR tunes)", "acme tunes", []),
        ("acme NOT NOT phone", "acme phone", ["acme"]),
        ('"customer service" slow', "slow customer  service", ["customer  service"]),
        ('"customer service" slow', "slow service for a customer", []),
        ("«خدمة العملاء»", "وخدمة العملاء زفت", ["خدمة العملاء"]),
        ("price NEAR/2 high", "the price is high", ["price"]),
        ("price NEAR/2 high", "high, that price", ["price"]),
        ("price NEAR/2 high", "price is much too high", []),
        ("price NEAR/1 price", "price", []),
        ("(price OR cost) NEAR/2 high NEAR/4 acme", "cost so high at acme", ["cost"]),
        ("سعر NEAR/2 غالي", "السعر مرة غالي", ["سعر"]),
        ("deliver*", "delivered late, deliveries, redeliver", ["delivered", "deliveries"]),
        ("deli*ies", "deliveries", ["deliveries"]),
        ("colo?r", "color colour", ["colour"]),
        ("خصم*", "والخصومات بالخصم خصمي", ["خصم", "خصمي"]),
        ("المتج*", "للمتجر", ["للمتجر"]),
        ('"خصم* كبير"', "عندكم خصمين كبير وخصم ليس كبير", ["خصمين"]),
        ("#acme_sale", "go #Acme_Sale!", ["#Acme_Sale"]),
        ("#acme", "#acme_sale acme", []),
        ("@acme", "ask @Acme now, not @acme_help", ["@Acme"]),
        ('"and" acme', "acme and co", ["and"]),
        ("acme* NEAR/3 phone", "acme acmes phone", ["acme", "acmes"]),
        ("أكمي", "أكميييي", ["أكميييي"]),
        ("ANDROID NOTE", "note on android", ["android"]),
    ],
)
def test_what_a_query_finds_and_where(query: str, text: str, found: list[str]) -> None:
    assert finds(query, text) == found


def test_a_query_reads_title_and_text_together_but_nearness_does_not_cross() -> None:
    assert finds("acme AND phone", "phone", "acme") == [None]
    assert finds("phone AND acme", "phone", "acme") == ["phone"]
    assert finds("acme NEAR/3 phone", "phone", "acme") == []
    assert finds("acme NOT phone", "acme", "phone") == []


def test_a_query_keeps_letter_case_exclusions_and_required_words() -> None:
    def brand(**more: object) -> BrandMatcher:
        return BrandMatcher(
            [BrandRule.from_settings(Brand.model_validate({"name": "B", "query": "LI", **more}))]
        )

    assert [len(brand(case_sensitive=True).find(text)) for text in ("LI", "li")] == [1, 0]
    assert [len(brand(exclude=["li po"]).find(text)) for text in ("li", "li po")] == [1, 0]
    assert [len(brand(require_any=["shop"]).find(text)) for text in ("li", "li shop")] == [0, 1]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("acme AND", "column 9: the query ends where a word"),
        ("acme OR OR x", "column 9: found 'OR' where a word"),
        ("(acme", r"column 6: the query ends where .*\)"),
        ("acme)", r"column 5: found '\)' where"),
        ("acme ()", r"column 7: found '\)'"),
        ('acme "phone', 'column 6: the quote " is not closed'),
        ("acme and phone", "column 6: an operator is written AND"),
        ("acme NEAR phone", "column 6: an operator is written NEAR/5"),
        ("acme NEAR/0 phone", "column 6: NEAR takes 1 to 100"),
        ("acme NEAR/5 (a1 AND b1)", "column 14: NEAR stands between words"),
        ("NOT acme", "column 1: NOT alone"),
        ("acme OR NOT phone", "column 9: NOT alone"),
        ("acme -phone", "column 6: write NOT"),
        ("acme\nAND !!", "line 2, column 5: '!!' has no letter"),
        ("acme a*", "column 6: .*two letters"),
        ("acme h&m*", "column 6: .*only letters"),
        ('acme ""', "column 6: '' has no letter"),
        ("NOT " * (DEEPEST + 1) + "acme", "operators inside one another"),
        (" OR ".join(f"word{n}" for n in range(MOST_TERMS + 1)), "more than 200 terms"),
    ],
)
def test_a_mistake_is_told_with_its_place_when_the_configuration_is_read(query: str, message: str) -> None:
    with pytest.raises(BrandConfigError, match=message):
        BrandRule.from_settings(Brand(name="B", query=query))


@settings(deadline=None)
@given(st.text(st.sampled_from('ab* ?()"«»-/5ANDORTE\n#@أ'), max_size=40))
def test_any_string_is_a_query_or_a_mistake_told(text: str) -> None:
    try:
        parsed = parse("B", text)
    except BrandConfigError as error:
        assert "column" in str(error)
    else:
        assert parsed.terms
        assert parsed.evidence({}) == [], "nothing is found in a text that has none of the terms"


TERMS = ("a1", "b1", "c1")
QUERIES = st.recursive(
    st.sampled_from(TERMS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR", "AND NOT"]), inner).map(lambda t: f"({' '.join(t)})"),
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(QUERIES)
def test_operators_mean_what_they_mean_in_logic(query: str) -> None:
    parsed = parse("B", query)
    python = query.replace("AND", "and").replace("OR", "or").replace("NOT", "not")
    for present in product([False, True], repeat=len(TERMS)):
        world = dict(zip(TERMS, present, strict=True))
        places = {
            index: [Place(1, index * 5, index * 5, index)]
            for index, term in enumerate(parsed.terms)
            if world[term]
        }
        assert bool(parsed.evidence(places)) == eval(python, {}, world)


@settings(deadline=None)
@given(st.text(st.sampled_from("ab*?"), max_size=8), st.text(st.sampled_from("ab"), max_size=8))
def test_wildcards_fit_as_shell_patterns_do(glob: str, word: str) -> None:
    from fnmatch import fnmatchcase

    assert fits(glob, word) == fnmatchcase(word, glob)


def test_no_text_makes_a_wildcard_slow() -> None:
    matcher = BrandMatcher([BrandRule.from_settings(Brand(name="B", query="*aa*aa*aa*aa*ab"))])
    began = time.process_time()
    matcher.find("aa" * 5_000)
    matcher.find(("a" * 59 + " ") * 160)
    assert time.process_time() - began < 1
