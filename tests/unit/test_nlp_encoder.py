"""The encoder: whatever it is given it answers alike each time, with offsets that are those of the text."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlp.encoder import MODELS, MOST_WINDOWS, WINDOW, Encoder, Piece, Reading, chances
from nlp.encoder_heads import TAGS
from nlp.errors import ModelUnavailable
from nlp.sentiment.opinion import LABELS
from storage.records import SentimentLabel

NEGATIVE, NEUTRAL, POSITIVE = LABELS
ENCODER = Encoder()
MOST_PIECES = (WINDOW - 2) * MOST_WINDOWS
ANY_TEXT = st.text(
    st.one_of(st.characters(), st.sampled_from(" ابتءأىة\u064b\u0651ـ\u200f\u202e\ud83d😀ﷺ@#_é'’/.\n\u0301")),
    max_size=60,
)
MIXED = [
    "الخدمة سيئة والتطبيق ما يشتغل",
    "I love the new phone, thanks Sara!",
    "وصلت الطلبية امبارح من القاهرة",
    "7aja zwina bezaf",
    "le service est très bon",
    "😡😡😡",
]


def answers(reading: Reading | None) -> tuple[object, ...]:
    """Return all that was answered in a form that can be compared."""
    assert reading is not None
    heads = (reading.sentiment, reading.tags, reading.polarity)
    return (*(head.tobytes() for head in heads), reading.pieces)


def check(text: str, reading: Reading) -> None:
    """Assert what holds for the reading of any text."""
    count = len(reading.pieces)
    assert 1 <= count <= MOST_PIECES
    assert reading.sentiment.shape == (len(LABELS),)
    assert reading.tags.shape == (count, len(TAGS))
    assert reading.polarity.shape == (count, len(LABELS))
    for head in (reading.sentiment, reading.tags, reading.polarity):
        assert np.isfinite(head).all()
    assert all(0 <= piece.start <= piece.end <= len(text) for piece in reading.pieces)
    for before, after in pairwise(reading.pieces):
        assert before.start <= after.start
        assert before.end <= after.end


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT)
@example("\ud83d\ude00 \udfff")
@example("ﷺﷻ﷽")
@example("e\u0301\u0489" * 30)
@example("\u2067أكمي\u2069 \u202eAcme")
@example("\x00")
@example("²½①")
def test_any_text_is_read_with_offsets_in_order_and_inside_it(text: str) -> None:
    reading = ENCODER.read(text)
    if reading is None:
        assert not any(character.isalpha() and character.isascii() for character in text.replace("@", " @"))
        return
    check(text, reading)


@pytest.mark.parametrize("text", ["", "   \n\t", "\u200f\u202e", "\ud800", "https://acme.example/x", "ـــ"])
def test_where_nothing_can_be_read_there_is_no_reading(text: str) -> None:
    assert ENCODER.read(text) is None


@pytest.mark.parametrize(
    "text",
    ["ه" * 10_000, "abcde" * 2_000, "😂🔥" * 5_000, "ﷺ" * 10_000, "\u0651" * 9_999 + "أ", "123" * 3_333],
    ids=["one letter", "no space", "emoji", "ligatures", "marks", "digits"],
)  # fmt: skip
def test_a_text_of_ten_thousand_characters_is_read_in_time(text: str) -> None:
    began = time.process_time()
    reading = ENCODER.read(text)
    assert time.process_time() - began < 1.0
    if reading is not None:
        check(text, reading)


def test_the_answer_for_a_text_depends_on_that_text_alone() -> None:
    alone = {text: answers(Encoder().read(text)) for text in MIXED[:2]}
    forwards = [answers(ENCODER.read(text)) for text in MIXED]
    backwards = [answers(ENCODER.read(text)) for text in reversed(MIXED)]
    assert forwards == backwards[::-1]
    assert [alone[text] for text in MIXED[:2]] == forwards[:2]


def test_what_is_not_read_changes_no_answer() -> None:
    plain = "الخدمة سيئة والتطبيق ما يشتغل"
    decorated = "الخدمة سيّئة والتطبيــق ما يشتغل\u200f https://acme.example/a"
    one, other = ENCODER.read(plain), ENCODER.read(decorated)
    assert one is not None
    assert other is not None
    assert chances(one.sentiment) == pytest.approx(chances(other.sentiment), abs=0.02)


def test_a_long_text_is_read_in_windows_up_to_the_last() -> None:
    short = ENCODER.read("كلمة " * 50)
    full = ENCODER.read("كلمة " * 900)
    assert short is not None
    assert full is not None
    assert len(short.pieces) <= WINDOW - 2
    assert len(full.pieces) == MOST_PIECES
    assert full.pieces[-1].end < len("كلمة " * 900)


def test_the_first_windows_of_a_text_are_read_whatever_follows() -> None:
    text = "كلمة وراء كلمة " * 300
    inner = WINDOW - 2
    long = ENCODER.read(text)
    longer = ENCODER.read(text + "شكرا جزيلا " * 20)
    assert long is not None
    assert longer is not None
    assert long.tags[:inner].tobytes() == longer.tags[:inner].tobytes()
    assert long.pieces[:inner] == longer.pieces[:inner]


def test_the_answer_for_a_long_text_is_the_mean_of_its_windows_by_their_length() -> None:
    first = "سيئ جدا " * 200
    reading = ENCODER.read(first)
    assert reading is not None
    pieces = len(reading.pieces)
    assert pieces > WINDOW
    inner = WINDOW - 2
    windows = [first[reading.pieces[at].start : reading.pieces[min(at + inner, pieces) - 1].end]
               for at in range(0, pieces, inner)]  # fmt: skip
    parts = [ENCODER.read(window) for window in windows]
    shares = [min(inner, pieces - at) / pieces for at in range(0, pieces, inner)]
    mean = sum(part.sentiment * share for part, share in zip(parts, shares, strict=True) if part is not None)
    assert reading.sentiment == pytest.approx(mean, abs=0.35)


def test_words_begin_where_they_begin() -> None:
    text = "زرت مطعم «البيك» في جدة مع Sara's friends"
    reading = ENCODER.read(text)
    assert reading is not None
    begun = {text[piece.start : piece.end][:1] for piece in reading.pieces if piece.begins_word}
    assert {"ز", "م", "«", "ف", "ج", "S", "f"} <= begun
    assert sum(piece.begins_word for piece in reading.pieces) == len(text.split())
    assert all(
        piece.start == 0 or text[piece.start - 1] == " " for piece in reading.pieces if piece.begins_word
    )


def reading(polarity: Sequence[Sequence[float]], spans: Sequence[tuple[int, int]]) -> Reading:
    """Return a made reading whose pieces stand at `spans`."""
    pieces = tuple(Piece(start, end, True) for start, end in spans)
    tags = np.zeros((len(pieces), len(TAGS)), np.float32)
    return Reading(np.zeros(3, np.float32), tags, np.array(polarity, np.float32), pieces)


def test_the_opinion_of_a_part_is_the_mean_of_the_pieces_that_touch_it() -> None:
    made = reading([[4, 0, 0], [0, 0, 4], [0, 4, 0]], [(0, 3), (4, 7), (8, 12)])
    first, second = made.opinion_of(0, 3), made.opinion_of(5, 6)
    assert first is not None
    assert second is not None
    assert first.index(max(first)) == 0
    assert second.index(max(second)) == 2
    both = made.opinion_of(2, 5)
    assert both is not None
    assert both[0] == pytest.approx(both[2])
    assert made.opinion_of(7, 8) is None
    assert made.opinion_of(40, 50) is None
    assert made.opinions_of([(0, 3), (40, 50)]) == [first, (1 / 3, 1 / 3, 1 / 3)]


@settings(deadline=None)
@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=9))
def test_chances_of_any_logits_add_up_to_one(logits: list[float]) -> None:
    found = chances(np.array(logits, np.float32))
    assert sum(found) == pytest.approx(1.0, abs=1e-5)
    assert all(0.0 <= chance <= 1.0 for chance in found)
    assert found[int(np.argmax(np.array(logits, np.float32)))] == max(found)


@pytest.mark.parametrize("name", ["encoder.onnx", "encoder-tokenizer.json"])
@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "noise", "folder"])
def test_a_missing_or_damaged_file_is_one_error_that_says_what_to_do(
    tmp_path: Path, name: str, harm: str
) -> None:
    for whole in ("encoder.onnx", "encoder-tokenizer.json"):
        if whole != name:
            shutil.copy(MODELS / whole, tmp_path / whole)
    damaged = tmp_path / name
    if harm == "folder":
        damaged.mkdir()
    elif harm != "missing":
        whole_bytes = (MODELS / name).read_bytes()
        damaged.write_bytes(
            {"empty": b"", "cut": whole_bytes[: len(whole_bytes) // 2], "noise": b"no model"}[harm]
        )
    with pytest.raises(ModelUnavailable, match="install Marsad again"):
        Encoder(tmp_path)


def test_the_models_are_as_small_as_promised() -> None:
    assert (MODELS / "encoder.onnx").stat().st_size <= 45e6
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) <= 60e6


def test_the_encoder_loads_in_under_two_seconds() -> None:
    code = (
        "import time; from nlp.encoder import Encoder; began = time.process_time(); Encoder();"
        " print(time.process_time() - began)"
    )
    root = Path(__file__).parents[2]
    shown = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, cwd=root, check=True, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert float(shown.stdout) < 2.0


PLAIN_FEELINGS = [
    ("أسوأ تجربة في حياتي، الموظف كان وقح والطلب وصل ناقص وبارد", NEGATIVE),
    ("خدمة ممتازة والموظفون متعاونون جدا، شكرا لكم من القلب", POSITIVE),
    ("والله خايس وما يسوى ريال واحد، خدمتهم زفت ومحد يرد عليك", NEGATIVE),
    ("ما شاء الله عليهم، شغلهم نظيف ويستاهلون كل خير، الله يعطيهم العافية", POSITIVE),
    ("انتوا نصابين وخدمتكم زي الزفت، مش هشتري منكم تاني أبدا", NEGATIVE),
    ("بجد خدمة جميلة جدا والناس محترمين أوي، شكرا ليكم وهاجي تاني أكيد", POSITIVE),
    ("شي بيقرف، صرلي أسبوعين ناطر الطلب وما حدا بيرد عالتلفون", NEGATIVE),
    ("كتير حلو المكان والأكل طيب والخدمة بتجنن، يسلمو ايديكن", POSITIVE),
    ("خدمة خايبة بزاف، ضيعو ليا وقتي وفلوسي وما بغاوش يرجعوها", NEGATIVE),
    ("تبارك الله عليهم، خدمة زوينة بزاف وناس مزيانين، نرجع ليهم ديما", POSITIVE),
    ("Worst company ever, they stole my money and nobody answers the phone", NEGATIVE),
    ("Absolutely wonderful, the staff were so kind and the food was delicious", POSITIVE),
]


@pytest.mark.parametrize(("text", "label"), PLAIN_FEELINGS)
def test_plain_feelings_are_read_in_every_dialect(text: str, label: SentimentLabel) -> None:
    found = ENCODER.read(text)
    assert found is not None
    assert LABELS[int(found.sentiment.argmax())] is label


def test_one_text_speaks_well_of_one_thing_and_ill_of_another() -> None:
    text = "الأكل لذيذ جدا لكن الخدمة سيئة للغاية"
    found = ENCODER.read(text)
    assert found is not None
    food = found.opinion_of(0, len("الأكل"))
    service = found.opinion_of(text.index("الخدمة"), text.index("الخدمة") + len("الخدمة"))
    assert food is not None
    assert service is not None
    assert food[2] > food[0]
    assert service[0] > service[2]
