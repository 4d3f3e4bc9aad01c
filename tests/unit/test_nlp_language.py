"""Telling languages: script first, Arabic apart from its neighbours, Arabizi as a class of its own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.language import LanguageIdentifier
from nlp.training.datasets import ARABIC_SETS, ENGLISH_SETS, read_sets

IDENTIFIER = LanguageIdentifier(["ar", "en", "fr"])
MANY = LanguageIdentifier(["ar", "en", "fr", "es", "de", "tr", "fa", "ur"])
POSTS = Path(__file__).with_name("language_posts.tsv")
ONLY_WHERE_CONFIGURED = {"es", "de", "tr"}


def short_posts() -> list[tuple[str, str]]:
    with POSTS.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["language"], row["text"]) for row in rows]


def right_share(identifier: LanguageIdentifier, posts: list[tuple[str, str]]) -> float:
    return sum(identifier.identify(text).language == language for language, text in posts) / len(posts)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("الخدمة سيئة چدا", "ar"),
        ("فی المطعم علی الطریق", "ar"),
        ("iPhone 15 Pro Max الجديد", "ar"),
        ("Samsung Galaxy Ultra رائع", "ar"),
        ("شغل جامد #MannequinChallenge https://example.com/some/long/path", "ar"),
        ("حلو ده#جوجل", "ar"),
        ("#شكرا_لكم،t6c", "ar"),
        ("این رستوران خیلی خوب است", "fa"),
        ("یہ ریسٹورنٹ بہت اچھا ہے", "ur"),
        ("دا ډېر ښه دی", "ps"),
        ("ئەم خواردنە زۆر باشە", "ckb"),
        ("ya3ni el akl kan 7elw awy", "ar-Latn"),
        ("walla kteer 7ilo", "ar-Latn"),
        ("The b2b service on the 2nd floor, 24h, mp3", "en"),
        ("covid19 g7 summit f16", "en"),
        ("Mohamed Salah and Khalid Al Faisal met Abdullah", "en"),
        ("Wallah kteer 7elo", "ar-Latn"),
        ("WALLAH KTEER HELW", "ar-Latn"),
        ("Careem et Talabat sont en retard", "fr"),
        ("lol", "en"),
        ("mdr", "fr"),
        ("Bonjour, le service est très bon", "fr"),
        ("Привет мир", "ru"),
        ("こんにちは世界", "ja"),
        ("🎉🎉 123 !!", "und"),
        ("@someone https://example.com/a", "und"),
        ("", "und"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert IDENTIFIER.identify(text).language == language


def test_short_posts_are_told_among_three_languages() -> None:
    posts = [(language, text) for language, text in short_posts() if language not in ONLY_WHERE_CONFIGURED]
    assert len(posts) >= 280
    assert all(len(text.split()) <= 5 for _, text in posts)
    assert right_share(IDENTIFIER, posts) >= 0.97


def test_short_posts_are_told_among_eight_languages() -> None:
    assert right_share(MANY, short_posts()) >= 0.97


@pytest.mark.parametrize("language", ["ar", "ar-Latn", "en", "fr", "fa", "ur"])
def test_no_language_is_told_at_the_cost_of_another(language: str) -> None:
    posts = [post for post in short_posts() if post[0] == language]
    assert right_share(IDENTIFIER, posts) >= 0.9


def test_english_is_not_taken_for_another_language(shared: Path) -> None:
    examples = read_sets(shared / "language" / "sentiment", ENGLISH_SETS)
    posts = [("en", example.text) for example in examples if any(map(str.isalpha, example.text))]
    assert right_share(IDENTIFIER, posts) >= 0.995


def test_arabic_of_every_set_is_arabic(shared: Path) -> None:
    examples = read_sets(shared / "language" / "sentiment", ARABIC_SETS)
    assert right_share(IDENTIFIER, [("ar", example.text) for example in examples]) >= 0.998


def test_a_hint_decides_only_where_the_text_leaves_doubt() -> None:
    assert IDENTIFIER.identify("ok", hint="fr").language == "fr"
    assert IDENTIFIER.identify("ok").language == "en"
    assert IDENTIFIER.identify("This is clearly an English sentence.", hint="fr").language == "en"


def test_a_name_alone_is_in_the_first_configured_language() -> None:
    assert LanguageIdentifier(["ar", "fr", "en"]).identify("Xqz Prv").language == "fr"
    assert IDENTIFIER.identify("Xqz Prv").language == "en"


def test_without_arabic_configured_there_is_no_arabizi() -> None:
    assert LanguageIdentifier(["en"]).identify("walla kteer 7ilo").language == "en"


def test_a_language_that_is_not_configured_is_named_only_where_it_is_plain() -> None:
    assert IDENTIFIER.identify("ich habe gestern das Paket nicht bekommen").language == "de"
    assert IDENTIFIER.identify("Das Auto").language in ("en", "fr")


@pytest.mark.parametrize(
    ("text", "language", "second"),
    [
        ("الخدمة عندهم very bad والموظف was so rude معي", "ar", "en"),
        ("le service est nul والله ما عجبني", "fr", "ar"),
        ("el akl 7elw awy but the delivery was late", "en", "ar-Latn"),
        ("ya gama3a el akl kan 7elw awy but very late", "ar-Latn", "en"),
        ("جربت Samsung Galaxy Ultra الجديد وعجبني كثير", "ar", None),
        ("the new Noon app works well", "en", None),
        ("el service 7elw awy", "ar-Latn", None),
        ("Ramadan Kareem", "ar-Latn", None),
    ],
)
def test_a_text_in_two_languages_names_both(text: str, language: str, second: str | None) -> None:
    guess = IDENTIFIER.identify(text)
    assert guess.language == language
    assert (guess.mixed[0] if guess.mixed else None) == second


@given(st.text(), st.sampled_from([None, "ar", "fr", "x-klingon", ""]))
def test_any_text_gets_an_answer(text: str, hint: str | None) -> None:
    guess = IDENTIFIER.identify(text, hint)
    assert guess.language
    assert 0.0 <= guess.confidence <= 1.0
    assert guess.mixed is None or (guess.mixed[0] != guess.language and 0.0 < guess.mixed[1] <= 1.0)


@given(st.lists(st.sampled_from(["el", "7elw", "the", "food", "الأكل", "كان", "très", "bon", "Noon", "ok"])))
def test_words_of_several_languages_get_an_answer(words: list[str]) -> None:
    guess = IDENTIFIER.identify(" ".join(words))
    assert guess.mixed is None or (guess.mixed[0] != guess.language and 0.0 < guess.mixed[1] <= 1.0)
