"""What the encoder learns from and is measured on: labels where meant, nothing of what is held out."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.encoder_heads import TAGS
from nlp.text import fold
from nlp.training import encoder_data, encoder_weights, opinions
from nlp.training.datasets import ARABIC_SETS, ENGLISH_SETS, Example, read_sets
from nlp.training.encoder_data import (
    Lesson,
    aspect_lessons,
    lessons,
    names_lessons,
    read_conll,
    sample,
    tag_index,
)
from nlp.training.encoder_weights import dequantize, prune, read_weights
from nlp.training.names import held_out, score, wanted
from storage.records import Entity, SentimentLabel

SENTENCE = "Omar\tB-PER\nHaddad\tI-PER\nin\tO\nRiyadh\tB-LOC\n\n"


def tagged(text: str, tags: str) -> Lesson:
    """Return a lesson whose words have these tags."""
    words, at = [], 0
    for word in text.split(" "):
        words.append((at, at + len(word)))
        at += len(word) + 1
    return Lesson("made", text, words=words, tags=[TAGS.index(tag) for tag in tags.split()])


def write_names(folder: Path) -> None:
    """Write the files of tagged words: ten sentences each, all different but one."""
    (folder / "ner").mkdir()
    names = ("anercorp_train", "wojood_sample_train", "wojood_sample_test", "wnut17train", "emerging.dev")
    for name in names:
        rows = "".join(f"Omar B-PER\n{name}{number} O\n\n" for number in range(9))
        (folder / "ner" / f"{name}.conll").write_text(f"Omar B-PER\nagain O\n\n{rows}", encoding="utf-8")


def test_tagged_words_are_read_with_either_separator_and_without_a_last_blank_line(tmp_path: Path) -> None:
    path = tmp_path / "made.conll"
    path.write_text(SENTENCE + "\n" + SENTENCE.replace("\t", " ").rstrip("\n"), encoding="utf-8")
    words = [("Omar", "B-PER"), ("Haddad", "I-PER"), ("in", "O"), ("Riyadh", "B-LOC")]
    assert list(read_conll(path)) == [words, words]
    path.write_text("", encoding="utf-8")
    assert list(read_conll(path)) == []


@pytest.mark.parametrize(
    ("tag", "meant"),
    [
        ("B-PER", "B-PERSON"), ("I-person", "I-PERSON"), ("B-corporation", "B-ORG"), ("I-LOC", "I-LOC"),
        ("B-product", "B-PRODUCT"), ("B-creative-work", "O"), ("O", "O"), ("", "O"), ("L-PER", "O"),
    ],
)  # fmt: skip
def test_tags_of_every_set_become_ours_and_other_kinds_no_name(tag: str, meant: str) -> None:
    assert TAGS[tag_index(tag)] == meant


def test_words_stand_where_their_tags_say_and_the_last_fifth_of_the_news_is_held_out(tmp_path: Path) -> None:
    write_names(tmp_path)
    found = list(names_lessons(tmp_path))
    assert all(lesson.text[start:end] in ("Omar", lesson.text.split()[1])
               for lesson in found for start, end in lesson.words)  # fmt: skip
    assert all(len(lesson.words) == len(lesson.tags) == 2 for lesson in found)
    news = [lesson for lesson in found if lesson.dataset == "anercorp"]
    assert [lesson.held_out for lesson in news] == [False] * 8 + [True] * 2
    parts = {lesson.dataset: lesson.held_out for lesson in found if lesson.dataset != "anercorp"}
    assert parts == {"wojood_sample_train": False, "wojood_sample_test": True,
                     "wnut17train": False, "emerging.dev": True}  # fmt: skip
    assert {name: len(part) for name, part in held_out(tmp_path).items()} == {
        "anercorp": 2, "wojood_sample_test": 9, "emerging.dev": 9,
    }  # fmt: skip


def test_opinions_of_parts_stand_where_the_words_are_and_follow_their_sentence(tmp_path: Path) -> None:
    rows = [
        {"text": "الأكل لذيذ والخدمة سيئة", "aspect": "الأكل", "label": "positive"},
        {"text": "الأكل لذيذ والخدمة سيئة", "aspect": "الخدمة", "label": "negative"},
        {"text": "المسبح نظيف", "aspect": "المسبح", "label": "positive"},
        {"text": "كل شي تمام", "aspect": "ليس هنا", "label": "positive"},
    ]
    (tmp_path / "aspects").mkdir()
    written = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "aspects" / "hotels_ar.jsonl").write_text(written, encoding="utf-8")
    known = [
        Example("absa16_ar_hotels", text, SentimentLabel.POSITIVE, held)
        for text, held in (("الاكل لذيذ والخدمه سيئه", True), ("المسبح نظيف", False))
    ]
    first, second = aspect_lessons(tmp_path, known)
    assert [first.text[start:end] for start, end, _ in first.polarities] == ["الأكل", "الخدمة"]
    assert [label for _, _, label in first.polarities] == [2, 0]
    assert (first.held_out, second.held_out) == (True, False)


@given(st.dictionaries(st.sampled_from("abc"), st.floats(0, 4)), st.integers(0, 9))
def test_a_lesson_is_met_as_often_as_its_set_says(repeats: dict[str, float], seed: int) -> None:
    every = [Lesson(name, name) for name in "abc"]
    met = [lesson.dataset for lesson in sample(every, repeats, random.Random(seed))]
    for name in "abc":
        assert int(repeats.get(name, 1.0)) <= met.count(name) <= int(repeats.get(name, 1.0)) + 1
    again = sample(every, repeats, random.Random(seed))
    assert [lesson.dataset for lesson in again] == met


def test_names_that_were_written_are_tagged_with_their_particles() -> None:
    found = list(encoder_data._written_names())
    assert len(found) >= 100
    for lesson in found:
        assert len(lesson.words) == len(lesson.tags)
        before = "O"
        for index in lesson.tags:
            tag = TAGS[index]
            assert not tag.startswith("I-") or before[2:] == tag[2:]
            before = tag
    made = Lesson("made", "رحت للرياض مع عمر حداد", words=[(0, 3), (4, 10), (11, 13), (14, 17), (18, 22)])
    made.tags = [0] * 5
    encoder_data._tag(made, made.text, "رياض", "LOC")
    encoder_data._tag(made, made.text, "عمر حداد", "PERSON")
    assert [TAGS[index] for index in made.tags] == ["O", "B-LOC", "O", "B-PERSON", "I-PERSON"]


def test_written_opinions_of_parts_stand_inside_their_posts() -> None:
    found = list(encoder_data._written())
    assert sum(bool(lesson.polarities) for lesson in found) >= 100
    for lesson in found:
        assert all(0 <= start < end <= len(lesson.text) for start, end, _ in lesson.polarities)


def test_no_text_that_is_held_out_is_learned_from(shared: Path) -> None:
    folder = shared / "language"
    every = lessons(folder)
    measured = {
        fold(example.text)
        for example in read_sets(folder / "sentiment", (*ARABIC_SETS, *ENGLISH_SETS))
        if example.held_out
    }
    learned = [lesson for lesson in every if not lesson.held_out]
    assert [lesson.dataset for lesson in learned if fold(lesson.text) in measured] == []
    taught = {fold(lesson.text) for lesson in learned}
    named = held_out(folder)
    assert [lesson.text for part in named.values() for lesson in part if fold(lesson.text) in taught] == []
    assert min(map(len, named.values())) >= 100
    assert {lesson.dataset for lesson in learned} >= {*ARABIC_SETS, *ENGLISH_SETS, "anercorp", "written"}


def test_lessons_say_only_what_is_known(shared: Path) -> None:
    every = lessons(shared / "language")
    for lesson in every:
        assert lesson.label is not None or lesson.tags or lesson.polarities or lesson.dialect is not None
        assert lesson.may_be_neutral or (lesson.dataset == "ajgt" and lesson.label != 1)
        assert all(lesson.text[start:end].strip() for start, end, _ in lesson.polarities)
    assert any(lesson.polarities and lesson.label is not None for lesson in every)


@pytest.mark.parametrize(
    ("text", "tags", "names"),
    [
        ("Omar Haddad in Riyadh", "B-PERSON I-PERSON O B-LOC", {"Omar Haddad", "Riyadh"}),
        ("Riyadh Jeddah", "B-LOC B-LOC", {"Riyadh", "Jeddah"}),
        ("Riyadh Acme", "B-LOC I-ORG", {"Riyadh", "Acme"}),
        ("(Riyadh), Omar's phone", "B-LOC B-PERSON O", {"Riyadh", "Omar"}),
        ("new Galaxy phone", "O B-PRODUCT O", set()),
        ("ends with Omar", "O O B-PERSON", {"Omar"}),
    ],
)
def test_the_names_wanted_are_those_that_are_tagged(text: str, tags: str, names: set[str]) -> None:
    assert {text[start:end] for start, end, _ in wanted(tagged(text, tags))} == names


def test_a_name_counts_only_with_its_label_and_both_ends() -> None:
    lesson = tagged("Omar Haddad in Riyadh", "B-PERSON I-PERSON O B-LOC")
    right = (Entity("Omar Haddad", "PERSON", 0, 11), Entity("Riyadh", "LOC", 15, 21))
    half = (Entity("Omar", "PERSON", 0, 4), Entity("Riyadh", "ORG", 15, 21), Entity("in", "EVENT", 12, 14))
    assert score([lesson], [right]).f == pytest.approx(1.0)
    assert score([lesson], [half]).f == pytest.approx(0.0, abs=1e-6)
    assert score([lesson, lesson], [right, ()]).recall == 0.5
    assert score([], []).f == 0.0


def test_blocks_of_four_bits_become_the_numbers_they_stand_for() -> None:
    low_high = np.arange(16) | (15 - np.arange(16)) << 4
    quarters = low_high.astype(np.uint8).reshape(1, 1, 16)
    values = dequantize(np.array([[0.5]], np.float16), quarters)
    low = (np.arange(16) - 8) * 0.5
    assert values.shape == (1, 32)
    assert values[0].tolist() == [*low, *low[::-1]]


def carried(width: int, tensors: dict[str, bytes]) -> bytes:
    """Return a file as the package carries it: header, tokenizer tables, directory, tensors."""
    head = struct.pack("<4sI7ifi", b"e5q4", 1, width, 1, 2, width, 3, 2, 0, 1e-12, 0)
    tables = struct.pack("<i", 1) + bytes(16) + struct.pack("<Q", 3) + bytes(8 + 4) + b"abc"
    tables += struct.pack("<iI", 0, 2) + b"mm" + struct.pack("<i", len(tensors))
    size = sum(2 + len(name) + 21 for name in tensors)
    offset = len(head) + len(tables) + size
    directory = b""
    for name, content in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, 0, offset, len(content))
        offset += len(content)
    return head + tables + directory + b"".join(tensors.values())


def test_weights_are_read_out_of_the_file_that_carries_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    block = np.float16(2).tobytes() + bytes([0x9A] * 16)
    places = np.arange(64, dtype=np.float32)
    path = tmp_path / "e5-small-q4.bin"
    path.write_bytes(
        carried(
            32, {"emb.word": block * 3, "emb.pos": places.tobytes(), "l0.q.w": block, "l0.q.b": b"\0" * 4}
        )
    )
    monkeypatch.setattr(
        encoder_weights, "files", lambda _: [SimpleNamespace(name=path.name, locate=lambda: path)]
    )
    weights = read_weights()
    assert (weights.layers, weights.heads, weights.quarters.shape) == (1, 2, (3, 1, 16))
    assert weights.tensors["emb.pos"].tolist() == places.reshape(2, 32).tolist()
    assert weights.tensors["l0.q.w"].tolist() == [[4.0] * 16 + [2.0] * 16]
    assert dequantize(weights.scales, weights.quarters)[2].tolist() == [4.0] * 16 + [2.0] * 16
    monkeypatch.setattr(encoder_weights, "files", lambda _: None)
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_weights()


def test_pieces_of_other_scripts_are_left_out_and_the_others_keep_their_order() -> None:
    pieces = [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        "▁",
        "▁في",
        "的",
        "▁the",
        "привет",
        "!",
        "😂",
        "12",
        "ة",
        "<mask>",
    ]
    tokenizer: dict[str, Any] = {
        "added_tokens": [{"id": 0}, {"id": 3}, {"id": 13}],
        "model": {"type": "Unigram", "vocab": [[piece, -1.0] for piece in pieces]},
    }
    pruned, kept = prune(tokenizer)
    left = [piece for piece, _ in pruned["model"]["vocab"]]
    assert left == [pieces[index] for index in kept]
    assert left == ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁في", "▁the", "!", "😂", "12", "ة"]
    assert [token["id"] for token in pruned["added_tokens"]] == [0, 3]
    assert len(tokenizer["model"]["vocab"]) == len(pieces)


def test_a_folder_without_the_sets_is_a_wrong_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        opinions.main([str(tmp_path)])
    assert caught.value.code == 2
    assert "is missing; give the folder" in capsys.readouterr().err
