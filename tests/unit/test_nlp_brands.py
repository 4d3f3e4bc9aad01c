"""Brand matching: names found as a reader would find them, and traps left alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Brand
from nlp.brands import BrandMatcher
from nlp.errors import BrandConfigError
from nlp.patterns import BrandRule
from storage.records import BrandRole

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


@given(st.text(), st.sampled_from(["Acme", "أكمي", "المراعي", "Burger King"]), st.text())
def test_a_name_between_spaces_is_found_at_its_place_in_any_text(before: str, name: str, after: str) -> None:
    text = f"{before} \n{name}\n {after}"
    start = len(before) + 2
    found = MATCHER.find(text)
    assert all(0 <= match.start < match.end <= len(text) for match in found)  # type: ignore[operator]
    covered = any(match.start <= start and match.end >= start + len(name) for match in found)  # type: ignore[operator]
    assert covered


@given(st.text(st.sampled_from("@#_ acmeAC أكميولبالزينشبكة!.\u200cـ’&"), max_size=60))
def test_any_mixture_gives_ordered_matches_that_do_not_overlap(text: str) -> None:
    spans = [(match.start or 0, match.end or 0) for match in MATCHER.find(text)]
    assert spans == sorted(spans)
    assert all(one[1] <= other[0] or one == other for one, other in pairwise(spans))


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
