"""Telling languages: script first, Arabic apart from its neighbours, Arabizi as a class of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.language import LanguageIdentifier

IDENTIFIER = LanguageIdentifier(["ar", "en", "fr"])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("الخدمة سيئة چدا", "ar"),
        ("فی المطعم علی الطریق", "ar"),
        ("iPhone 15 Pro Max الجديد", "ar"),
        ("شغل جامد #MannequinChallenge https://example.com/some/long/path", "ar"),
        ("این رستوران خیلی خوب است", "fa"),
        ("یہ ریسٹورنٹ بہت اچھا ہے", "ur"),
        ("ya3ni el akl kan 7elw awy", "ar-Latn"),
        ("walla kteer 7ilo", "ar-Latn"),
        ("The b2b service on the 2nd floor, 24h, mp3", "en"),
        ("covid19 g7 summit f16", "en"),
        ("Bonjour, le service est très bon", "fr"),
        ("Привет мир", "ru"),
        ("こんにちは世界", "ja"),
        ("🎉🎉 123 !!", "und"),
        ("", "und"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert IDENTIFIER.identify(text).language == language


def test_a_hint_decides_only_where_the_text_leaves_doubt() -> None:
    assert IDENTIFIER.identify("ok", hint="fr").language == "fr"
    assert IDENTIFIER.identify("This is clearly an English sentence.", hint="fr").language == "en"


def test_without_arabic_configured_there_is_no_arabizi() -> None:
    assert LanguageIdentifier(["en"]).identify("walla kteer 7ilo").language == "en"


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    guess = IDENTIFIER.identify(text)
    assert guess.language
    assert 0.0 <= guess.confidence <= 1.0
