"""From tags to names: runs of words, offsets that are exact, and people and places that are found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.encoder import Encoder, Piece, Reading
from nlp.encoder_heads import TAGS
from nlp.encoder_names import likeliest, names, trimmed

ENCODER = Encoder()


def tagged(text: str, tags: Sequence[str], pieces_a_word: int = 1) -> Reading:
    """Return a reading of `text` in which word after word has the tag that is given for it.

    Later pieces of a word are tagged as something else: a word is judged by its first.
    """
    pieces: list[Piece] = []
    rows: list[int] = []
    at = 0
    for word, tag in zip(text.split(" "), tags, strict=True):
        cuts = [at + len(word) * part // pieces_a_word for part in range(pieces_a_word + 1)]
        for first, (start, end) in enumerate(pairwise(cuts)):
            pieces.append(Piece(start, end, first == 0))
            rows.append(TAGS.index(tag) if first == 0 else (TAGS.index(tag) + 1) % len(TAGS))
        at += len(word) + 1
    logits = np.full((len(rows), len(TAGS)), -5, np.float32)
    logits[np.arange(len(rows)), rows] = 5
    empty = np.zeros(3, np.float32)
    return Reading(empty, logits, np.zeros((len(rows), 3), np.float32), tuple(pieces))


@pytest.mark.parametrize("pieces_a_word", [1, 2])
@pytest.mark.parametrize(
    ("text", "tags", "found"),
    [
        ("Omar Haddad left", "B-PERSON I-PERSON O", [("Omar Haddad", "PERSON")]),
        ("Omar Haddad left", "I-PERSON I-PERSON O", [("Omar Haddad", "PERSON")]),
        ("from Riyadh Jeddah", "O B-LOC B-LOC", [("Riyadh", "LOC"), ("Jeddah", "LOC")]),
        ("Acme Riyadh opens", "B-ORG I-LOC O", [("Acme", "ORG")]),
        ("in (Riyadh).", "O B-LOC", [("Riyadh", "LOC")]),
        ("Sara's phone", "B-PERSON O", [("Sara", "PERSON")]),
        ("في الرياض،", "O B-LOC", [("الرياض", "LOC")]),
        ("last Omar", "O B-PERSON", [("Omar", "PERSON")]),
        ("plan BB !!", "O O B-ORG", []),
        ("no name here", "O O O", []),
        ("one two three four five six seven eight nine", " ".join(["B-ORG"] + ["I-ORG"] * 8), []),
        (
            "one two three four five six seven eight nine",
            " ".join(["B-ORG"] + ["I-ORG"] * 7 + ["O"]),
            [("one two three four five six seven eight", "ORG")],
        ),
    ],
)
def test_runs_of_tags_are_names(
    text: str, tags: str, found: list[tuple[str, str]], pieces_a_word: int
) -> None:
    entities = names(text, tagged(text, tags.split(), pieces_a_word))
    assert [(entity.text, entity.label) for entity in entities] == found
    assert all(text[entity.start : entity.end] == entity.text for entity in entities)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text("ابtV.'’(s", min_size=1, max_size=6), st.sampled_from(TAGS)), max_size=20),
    st.integers(1, 3),
)
def test_names_of_any_tags_are_in_order_inside_the_text_and_apart(
    words: list[tuple[str, str]], pieces_a_word: int
) -> None:
    text = " ".join(word for word, _ in words)
    if not words:
        return
    entities = names(text, tagged(text, [tag for _, tag in words], pieces_a_word))
    assert all(text[entity.start : entity.end] == entity.text for entity in entities)
    assert all(entity.text[0].isalnum() for entity in entities)
    for before, after in pairwise(entities):
        assert before.end <= after.start


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(-20, 20), min_size=len(TAGS), max_size=len(TAGS)), min_size=1, max_size=3))
def test_the_likeliest_row_of_tags_is_the_best_of_all_that_are_allowed(rows: list[list[float]]) -> None:
    logits = np.array(rows, np.float32)
    allowed = [
        row
        for row in product(range(len(TAGS)), repeat=len(rows))
        if all(
            not TAGS[tag].startswith("I-") or (at > 0 and TAGS[row[at - 1]][2:] == TAGS[tag][2:])
            for at, tag in enumerate(row)
        )
    ]
    found = likeliest(logits)
    assert tuple(found) in allowed
    best = max(sum(rows[at][tag] for at, tag in enumerate(row)) for row in allowed)
    assert sum(rows[at][tag] for at, tag in enumerate(found)) == pytest.approx(best, abs=1e-3)


@settings(deadline=None)
@given(st.text(), st.data())
def test_trimming_never_leaves_the_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = trimmed(text, start, end)
    assert start <= first <= last <= end


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from("محمد في الرياض Omar\u064b\u202e\ud83d#@_ﷺ")), max_size=80
    )
)
def test_names_of_any_text_are_exact(text: str) -> None:
    reading = ENCODER.read(text)
    entities = names(text, reading) if reading else ()
    assert all(text[entity.start : entity.end] == entity.text for entity in entities)
    assert all(0 <= entity.start < entity.end <= len(text) for entity in entities)
    assert [entity.start for entity in entities] == sorted(entity.start for entity in entities)


@pytest.mark.parametrize(
    ("text", "name", "label"),
    [
        ("افتتحت الشركة فرعا جديدا في الرياض أمس", "الرياض", "LOC"),
        ("سافرنا من بيروت إلى عمّان ليلا", "بيروت", "LOC"),
        ("قال محمد بن سلمان إن المشروع سيكتمل قريبا", "محمد بن سلمان", "PERSON"),
        ("طلبت امبارح من القاهرة ولسه ما وصلش", "القاهرة", "LOC"),
        ("We flew from London to Dubai with Emirates", "London", "LOC"),
        ("Tim Cook said the company will open a new office in Paris", "Tim Cook", "PERSON"),
        ("Tim Cook said the company will open a new office in Paris", "Paris", "LOC"),
    ],
)
def test_plain_names_are_found(text: str, name: str, label: str) -> None:
    reading = ENCODER.read(text)
    assert reading is not None
    assert (name, label) in [(entity.text, entity.label) for entity in names(text, reading)]


@pytest.mark.parametrize(
    "text",
    [
        "الخدمة سيئة جدا ولا أنصح بها",
        "طلبت من التطبيق وما وصل شي",
        "the delivery was late and the food was cold",
    ],
)
def test_where_nobody_is_named_no_name_is_found(text: str) -> None:
    reading = ENCODER.read(text)
    assert reading is not None
    assert names(text, reading) == ()
