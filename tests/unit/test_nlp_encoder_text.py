"""What the encoder reads of a text: lightly cleaned, every character with its place in the original."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp.encoder_text import lighten

ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("ـًّ\u200f\u202e\ud83d😀ﷺ@#_ /.اأىw\u0489")))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("خدمة  \n ممتازة", "خدمة ممتازة"),
        ("مُمْتَـــازة", "ممتازة"),
        ("رااااائع جدًّا", "راائع جدا"),
        ("كل شي تمام\u200f\u202c", "كل شي تمام"),
        ("#خدمة_العملاء", "خدمة العملاء"),
        ("شكرا @acme.help على الرد", "شكرا @ على الرد"),
        ("look https://acme.example/a?b=c now", "look now"),
        ("look www.acme.example", "look "),
        ("soooo goooood!!!!", "soo good!!"),
        ("paid 1000000", "paid 1000000"),
        ("کیا گل", "كيا كل"),
        ("ﺷﻜﺮﺍ", "شكرا"),
        ("ＡＣＭＥ", "ACME"),
        ("أحمد إلى آمنة ىة", "أحمد إلى آمنة ىة"),
        ("Café déçu", "Café déçu"),
        ("\ud800a\udfff", "a"),
        ("", ""),
    ],
)
def test_what_is_noise_goes_and_what_the_pieces_know_stays(text: str, read: str) -> None:
    assert lighten(text).text == read


@settings(deadline=None)
@given(ANY_TEXT)
@example("ﷺ" * 3)
@example("a" * 300)
@example("ـ" * 5 + "\u0651")
@example("@" + "a." * 60)
@example("https://")
def test_every_character_has_a_place_in_the_original_in_order(text: str) -> None:
    light = lighten(text)
    assert len(light.text) == len(light.starts) == len(light.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(light.starts, light.ends, strict=True))
    assert list(light.starts) == sorted(light.starts)
    assert list(light.ends) == sorted(light.ends)


@settings(deadline=None)
@given(ANY_TEXT)
def test_what_is_read_can_be_given_to_a_tokenizer(text: str) -> None:
    light = lighten(text).text
    light.encode("utf-8")
    assert "  " not in light
    assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in light)
    assert all(len(word) <= 40 for word in light.split(" "))


@settings(deadline=None)
@given(ANY_TEXT)
def test_reading_what_was_read_changes_nothing_that_is_read(text: str) -> None:
    once = lighten(text.replace("@", "").replace("/", "").replace("w", "")).text
    assert lighten(once).text == once


@settings(deadline=None)
@given(st.lists(st.sampled_from(["خدمة", "ممتازة", "Acme", "شكرا", "2025"]), min_size=1).map(" ".join))
def test_plain_words_are_read_as_they_stand(text: str) -> None:
    light = lighten(text)
    assert light.text == text
    assert light.span(0, len(text)) == (0, len(text))


def test_a_dropped_repeat_belongs_to_the_letter_that_was_kept() -> None:
    light = lighten("رااااائع جدا")
    assert light.span(0, light.text.index(" ")) == (0, 8)
