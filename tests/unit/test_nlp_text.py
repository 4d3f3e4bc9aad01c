"""Folding: the same word however it is spelled, and exact offsets whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.text import _CODE_PAGE, clean, fold, fold_mapped, squeeze

ANY_TEXT = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cs"]),
        st.sampled_from("اأإآٱىيیئةهكکگـًٌَّ\u200c\u200f\u202e٣۳ﻻﷺéÉß👩\u200d🚀 \n\u0300'’"),
    )
)


@settings(deadline=None)
@given(ANY_TEXT)
def test_the_mapped_fold_is_the_fast_fold(text: str) -> None:
    assert fold_mapped(text).text == fold(text)


@settings(deadline=None)
@given(
    st.text(
        st.one_of(st.characters(max_codepoint=0x7F), st.characters(min_codepoint=0x60C, max_codepoint=0x6D5))
    )
)
def test_the_mapped_fold_is_the_fast_fold_of_common_characters_too(text: str) -> None:
    assert fold_mapped(text).text == fold(text)


def test_ordinary_text_takes_the_fast_path() -> None:
    assert _CODE_PAGE.fold("الخِدمة، Très ٥★!") == "الخدمه، tres 5★!"
    assert _CODE_PAGE.fold("😂") is None


@settings(deadline=None)
@given(ANY_TEXT)
def test_every_span_lies_in_the_original_and_moves_forward(text: str) -> None:
    folded = fold_mapped(text)
    assert len(folded.starts) == len(folded.ends) == len(folded.text)
    assert list(folded.starts) == sorted(folded.starts)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))


@settings(deadline=None)
@given(ANY_TEXT, st.sampled_from([1, 2]))
def test_squeezing_keeps_the_map(text: str, keep: int) -> None:
    folded = fold_mapped(text)
    squeezed = folded.squeezed(keep)
    assert squeezed.text == squeeze(folded.text, keep)
    assert len(squeezed.starts) == len(squeezed.ends) == len(squeezed.text)
    assert all(start < end for start, end in zip(squeezed.starts, squeezed.ends, strict=True))


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_word_is_found_again_at_its_own_place(text: str) -> None:
    folded = fold_mapped(text + " كلمة " + text)
    at = folded.text.index("كلمه")
    start, end = folded.span(at, at + 4)
    assert fold((text + " كلمة " + text)[start:end]) == "كلمه"


@settings(deadline=None)
@given(ANY_TEXT)
def test_cleaning_keeps_the_length_and_can_be_encoded(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    cleaned.encode("utf-8")


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("أَكْمِي", "اكمي"),
        ("ٱلمـــراعى", "المراعي"),
        ("ﺍﻟﻤﺮﺍﻋﻲ", "المراعي"),
        ("کیک", "كيك"),
        ("مكتبةٌ", "مكتبه"),
        ("١٢۳٣", "1233"),
        ("Nestlé’s  CAFÉ", "nestle's cafe"),
        ("ڤودافون", "فودافون"),
        ("ab\u200b\u202ec", "abc"),
        ("T\u2011Mobile", "t-mobile"),
        ("ÀÉ\x00\x1fñ😂", "ae n😂"),
    ],
)
def test_spellings_that_fold_together(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_dropped_marks_belong_to_the_letter_before_and_controls_to_none() -> None:
    assert fold_mapped("كمًـ").span(0, 2) == (0, 4)
    assert fold_mapped("كم\u200f").span(0, 2) == (0, 2)
