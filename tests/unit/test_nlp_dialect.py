"""Telling dialects of Arabic: chances that add up, no answer without evidence, files that are checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.dialect import BUCKETS, DIALECTS, EVEN, DialectModel, arabic_words, decide
from nlp.errors import ModelUnavailable
from nlp.training.dialect import DialectExample, fit, read_examples
from nlp.training.languages import macro_f1

MODEL = DialectModel.load()
WORDS = {"msa": "لقد", "gulf": "وايد", "egyptian": "دلوقتي", "levantine": "هلأ", "maghrebi": "بزاف"}
EXAMPLES = [
    DialectExample(f"المكان {word} رقم {'ابتثجحخد'[number % 8]}", dialect, held_out=number % 4 == 0)
    for dialect, word in WORDS.items()
    for number in range(24)
]


def silent(_step: str) -> None:
    pass


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("لقد أعلنت الشركة عن نتائجها المالية التي تم تحقيقها خلال العام", "msa"),
        ("وش السالفة ليش للحين ما وصل الطلب، ابغى فلوسي الحين", "gulf"),
        ("انا زهقت منكو بجد، مش عايز حاجة تاني ومحدش بيرد دلوقتي", "egyptian"),
        ("شو هالحكي، صرلي ساعة ناطر وهلأ بدي مصاري", "levantine"),
        ("علاش هاد الشي غالي بزاف، واش كاين شي حل ديالكم", "maghrebi"),
        ("ما نجمش ندخل، برشا مشاكل في التطبيق متاعكم", "maghrebi"),
        ("تدرون شلون سويت؟ دقيت عليهم ومحد رد علي", "gulf"),
    ],
)
def test_plain_dialects_are_told(text: str, dialect: str) -> None:
    guess = MODEL.identify(text)
    assert guess.dialect == dialect
    assert guess.confidence >= 0.4


@pytest.mark.parametrize("text", ["", "Only English here", "123 🎉", "@شركة https://example.com/ايه"])
def test_without_arabic_words_no_dialect_is_told(text: str) -> None:
    assert MODEL.identify(text).dialect is None
    assert MODEL.chances(text) == EVEN


def test_where_no_dialect_is_likely_none_is_told() -> None:
    assert decide((0.3, 0.3, 0.2, 0.1, 0.1)).dialect is None
    assert decide((0.1, 0.1, 0.1, 0.6, 0.1)).dialect == "levantine"


def test_diacritics_tatweel_and_elongation_change_nothing() -> None:
    assert MODEL.chances("دِلوَقتي عـــايز") == MODEL.chances("دلوقتي عايز")
    assert arabic_words("#عايز_ايه @شركة") == ["عايز", "ايه"]


@given(st.text())
def test_any_text_has_chances_that_add_up_to_one(text: str) -> None:
    chances = MODEL.chances(text)
    assert len(chances) == len(DIALECTS)
    assert sum(chances) == pytest.approx(1.0)
    assert all(0.0 <= chance <= 1.0 for chance in chances)


def test_a_very_long_text_is_clipped() -> None:
    assert len(arabic_words("دلوقتي " * 100_000)) <= 200
    assert MODEL.identify("د" * 1_000_000).confidence <= 1.0


def test_the_same_examples_give_the_same_model_and_it_survives_saving(tmp_path: Path) -> None:
    first, second = fit(EXAMPLES, "v", silent), fit(EXAMPLES, "v", silent)
    first.save(tmp_path / "dialect.npz")
    loaded = DialectModel.load(tmp_path / "dialect.npz")
    for example in EXAMPLES[::7]:
        assert first.chances(example.text) == second.chances(example.text) == loaded.chances(example.text)
    assert macro_f1(loaded, [example for example in EXAMPLES if example.held_out]) == 1.0


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dialect.npz"
    with pytest.raises(ModelUnavailable, match="install Marsad again"):
        DialectModel.load(path)
    path.write_bytes(b"no model")
    with pytest.raises(ModelUnavailable, match="install Marsad again"):
        DialectModel.load(path)
    weights = np.zeros((BUCKETS // 2, len(DIALECTS)), dtype=np.int8)
    DialectModel(weights, np.ones(5), np.zeros(5), 1.0, "v").save(path)
    with pytest.raises(ModelUnavailable, match="another version"):
        DialectModel.load(path)


def test_the_shipped_model_on_tweets_that_were_held_out(shared: Path) -> None:
    held_out = [e for e in read_examples(shared / "language" / "sentiment") if e.held_out]
    assert macro_f1(MODEL, held_out) >= 0.44
    confident = [e for e in held_out if max(MODEL.chances(e.text)) >= 0.8]
    right = sum(MODEL.identify(e.text).dialect == e.dialect for e in confident)
    assert len(confident) >= 0.3 * len(held_out)
    assert right >= 0.85 * len(confident)
