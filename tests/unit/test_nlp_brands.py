"""Brand matching: names found as a reader would find them, and traps left alone."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Brand
from nlp.brands import BrandMatcher
from nlp.errors import BrandConfigError
from nlp.patterns import BrandRule, compile_patterns
from nlp.text import fold, squeeze
from storage.records import BrandRole, Entity

RULES = [
    BrandRule("Acme", BrandRole.OWN, ("Acme", "أكمي", "@acme"), exclude=("acme looney tunes",)),
    BrandRule("Acme Kitchens", BrandRole.COMPETITOR, ("Acme Kitchens",)),
    BrandRule("Almarai", BrandRole.OWN, ("المراعي",)),
    BrandRule("Burger King", BrandRole.COMPETITOR, ("Burger King", "برجر كنج")),
    BrandRule("LI", BrandRole.OWN, ("LI",), case_sensitive=True),
    BrandRule("Zain", BrandRole.OWN, ("زين",), require_any=("شبكة", "إنترنت")),
    BrandRule("Mixed", BrandRole.OWN, ("McDonald's", "Yahoo!", "H&M", "7up", "Nestlé", "Google")),
]
MATCHER = BrandMatcher(RULES)


@pytest.mark.parametrize(
    ("text", "brand", "found"),
    [
        ("وأكمي سيئة", "Acme", "أكمي"),
        ("الأكمي", "Acme", "أكمي"),
        ("رحت لأكمي", "Acme", "أكمي"),
        ("acme's app", "Acme", "acme"),
        ("@acme help", "Acme", "@acme"),
        ("#AcmeFails", "Acme", "Acme"),
        ("#acme_fails", "Acme", "acme"),
        ("بـAcme", "Acme", "Acme"),
        ("Acme Kitchens opened", "Acme Kitchens", "Acme Kitchens"),
        ("والمراعييي", "Almarai", "المراعييي"),
        ("للمراعي", "Almarai", "للمراعي"),
        ("وبالمراعي", "Almarai", "المراعي"),
        ("عالمراعي", "Almarai", "المراعي"),
        ("ٱلْمَرَاعِي", "Almarai", "ٱلْمَرَاعِي"),
        ("#BurgerKing", "Burger King", "BurgerKing"),
        ("#حملة_برجر_كنج", "Burger King", "برجر_كنج"),
        ("burger  king", "Burger King", "burger  king"),
        ("LI is", "LI", "LI"),
        ("شبكة زين ممتازة", "Zain", "زين"),
        ("McDonald’s", "Mixed", "McDonald’s"),
        ("mcdonalds", "Mixed", "mcdonalds"),
        ("h&m", "Mixed", "h&m"),
        ("Yahoo!", "Mixed", "Yahoo!"),
        ("NESTLE", "Mixed", "NESTLE"),
        ("Goooogle", "Mixed", "Goooogle"),
        ("تأكميد", None, ""),
        ("macme acmes", None, ""),
        ("@acme_support", None, ""),
        ("https://acme.example/x", None, ""),
        ("acme looney tunes", None, ""),
        ("مراعي", None, ""),
        ("burgerking", None, ""),
        ("li is", None, ""),
        ("الحمد لله زين", None, ""),
        ("17up 7ups yahoo", None, ""),
    ],
)
def test_names_and_traps(text: str, brand: str | None, found: str) -> None:
    matches = [(match.name, text[match.start : match.end]) for match in MATCHER.find(text)]
    assert matches == ([] if brand is None else [(brand, found)])


def test_a_required_word_far_away_does_not_count_but_one_in_the_title_does() -> None:
    far = "شبكة " + "كلمة " * 40 + "زين"
    assert MATCHER.find(far) == []
    assert [match.name for match in MATCHER.find("زين", "أخبار شبكة")] == ["Zain"]


def test_a_match_in_the_title_has_no_offsets() -> None:
    title, body = MATCHER.find("Acme here", "About Acme")
    assert (title.start, title.end) == (None, None)
    assert (body.start, body.end) == (0, 4)


@settings(deadline=None)
@given(st.text(), st.sampled_from(["Acme", "أكمي", "المراعي", "Burger King"]), st.text())
def test_a_name_between_spaces_is_found_at_its_place_in_any_text(before: str, name: str, after: str) -> None:
    text = f"{before} \n{name}\n {after}"
    start = len(before) + 2
    found = MATCHER.find(text)
    assert all(0 <= match.start < match.end <= len(text) for match in found)  # type: ignore[operator]
    covered = any(match.start <= start and match.end >= start + len(name) for match in found)  # type: ignore[operator]
    assert covered


@settings(deadline=None)
@given(st.text(st.sampled_from("@#_ acmeAC أكميولبالزينشبكة!.\u200cـ’&"), max_size=60))
def test_any_mixture_gives_ordered_matches_that_do_not_overlap(text: str) -> None:
    spans = [(match.start or 0, match.end or 0) for match in MATCHER.find(text)]
    assert spans == sorted(spans)
    assert all(one[1] <= other[0] or one == other for one, other in pairwise(spans))


ANY_TEXT = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs"]),
        st.sampled_from("\u064e\u0651\u0300\u200c\u200f\u202e\ufe0fـ@#_!'’& \n"),
    ),
    max_size=30,
)
NAMED = st.lists(
    st.one_of(
        ANY_TEXT,
        st.sampled_from(
            ["أَكْمِي", "ﺃﻛﻤﻲ", "المـراعي", "للمراعي", "#Burger_King", "Burger-King", "Nestle\u0301"]
        ),
        st.sampled_from(
            ["زين", "كريم", "Zoom", "ZOOM", "h & m", "@acme", "Goooogle", "Acme Kitchens", "خصومات"]
        ),
    ),
    max_size=8,
).map(" ".join)
EVERYTHING = (
    *RULES,
    BrandRule("Everyday", BrandRole.OWN, ("كريم", "Zoom", "زين"), products=("Zoom Phone",)),
    BrandRule("Asked", BrandRole.OWN, (), query='(خصم* OR Zoom NEAR/9 @acme) NOT "burger king"'),
)
EVERY_MATCHER = BrandMatcher(EVERYTHING)
KEYS = {key for key, patterns in compile_patterns(EVERYTHING).items() for p in patterns if not p.key.glob}


@settings(deadline=None)
@given(NAMED)
def test_in_any_text_what_stands_at_a_match_folds_to_the_name(text: str) -> None:
    for match in EVERY_MATCHER.find(text):
        assert match.start is not None
        assert match.end is not None
        found = fold(text[match.start : match.end])
        assert 0.5 <= match.confidence <= 1
        if match.alias != "خصم*":
            assert any(squeeze(found, 1) == squeeze(key, 1) or squeeze(found, 2) == key for key in KEYS)


@settings(deadline=None)
@given(NAMED, ANY_TEXT)
def test_every_candidate_lies_in_the_text_and_in_order(text: str, title: str) -> None:
    body = [m for m in EVERY_MATCHER.candidates(text, title) if m.start is not None]
    spans = [(m.start or 0, m.end or 0) for m in body]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(0 < match.confidence <= 1 for match in body)


def test_a_product_speaks_of_its_brand_and_is_told_from_it() -> None:
    matcher = BrandMatcher([BrandRule("Acme", BrandRole.OWN, ("Acme",), products=("Acme Cola", "كولا أكمي"))])
    found = matcher.find("Acme sells Acme Cola. كولا أكمي")
    assert [(m.name, m.alias, matcher.entity_label(m)) for m in found] == [
        ("Acme", "Acme", "ORG"),
        ("Acme", "Acme Cola", "PRODUCT"),
        ("Acme", "كولا أكمي", "PRODUCT"),
    ]
    assert found[0].confidence == 1 > found[1].confidence > 0.9


AMBIGUOUS = BrandMatcher([BrandRule("Careem", BrandRole.OWN, ("كريم", "Careem"), products=("كريم باي",))])


def test_other_names_of_the_brand_in_the_text_settle_an_everyday_word() -> None:
    assert AMBIGUOUS.find("كريم قال لي") == []
    assert [m.alias for m in AMBIGUOUS.find("كريم قال لي. Careem")] == ["كريم", "Careem"]
    assert [m.alias for m in AMBIGUOUS.find("كريم قال لي", "Careem")] == ["Careem", "كريم"]


@pytest.mark.parametrize(
    ("label", "about", "found"),
    [(None, None, 0), ("ORG", None, 1), ("PERSON", None, 0), (None, "Careem", 1), ("PERSON", "Careem", 1)],
)
def test_an_entity_label_or_the_source_settles_a_doubtful_word(
    label: str | None, about: str | None, found: int
) -> None:
    text = "قعدت مع كريم"
    candidates = AMBIGUOUS.candidates(text)
    assert [(m.start, m.confidence < 0.5) for m in candidates] == [(8, True)]
    entities = [Entity("كريم", label, 8, 12)] if label else []
    assert len(AMBIGUOUS.settle(candidates, entities, about)) == found


def test_a_person_by_that_name_takes_a_likely_word_away_but_never_a_name_of_its_own() -> None:
    text = "تطبيق كريم و Careem"
    people = [Entity("كريم", "PERSON", 6, 10), Entity("Careem", "PERSON", 13, 19)]
    sure, unsure = (
        AMBIGUOUS.settle(AMBIGUOUS.candidates(text)),
        AMBIGUOUS.settle(AMBIGUOUS.candidates(text), people),
    )
    assert [m.alias for m in sure] == ["كريم", "Careem"]
    assert unsure[-1].confidence == 1
    assert unsure[0].confidence < sure[0].confidence


def test_the_configuration_says_what_is_ambiguous_where_the_lists_do_not() -> None:
    def count(text: str, *, ambiguous: bool | None, alias: str) -> int:
        rule = BrandRule.from_settings(Brand(name="B", aliases=[alias], ambiguous=ambiguous))
        return len(BrandMatcher([rule]).find(text))

    assert count("zoom in", ambiguous=None, alias="Zoom") == 0
    assert count("zoom in", ambiguous=False, alias="Zoom") == 1
    assert count("a quux of tea", ambiguous=None, alias="Quux") == 1
    assert count("a quux of tea", ambiguous=True, alias="Quux") == 0
    assert count("the Quux app crashed", ambiguous=True, alias="Quux") == 1


def test_a_text_full_of_everyday_words_takes_no_second() -> None:
    began = time.process_time()
    EVERY_MATCHER.find("زين كريم Zoom " * 700, "كريم " * 2_000)
    assert time.process_time() - began < 1


def test_options_that_cannot_be_used_are_named() -> None:
    with pytest.raises(BrandConfigError, match=r"brand 'Acme': query: column 9"):
        BrandRule.from_settings(Brand(name="Acme", query="acme AND"))
    with pytest.raises(BrandConfigError, match="products"):
        BrandRule.from_settings(Brand(name="Acme", products=["--"]))
    with pytest.raises(BrandConfigError, match="aliases"):
        BrandRule.from_settings(Brand(name="Acme", aliases=["!!"]))


def test_the_name_is_the_alias_where_none_is_given() -> None:
    rule = BrandRule.from_settings(Brand(name="Acme", competitor=True))
    assert (rule.aliases, rule.role) == (("Acme",), BrandRole.COMPETITOR)


def test_a_source_about_a_brand_names_it_for_certain() -> None:
    match = MATCHER.from_source("Acme Kitchens")
    assert match is not None
    assert (match.confidence, match.start, match.role) == (1.0, None, BrandRole.COMPETITOR)
    assert MATCHER.from_source("nobody") is None
