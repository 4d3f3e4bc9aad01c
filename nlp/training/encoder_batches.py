"""Lessons in pieces, and in batches of like length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from nlp.encoder_text import lighten
from nlp.text import Folded
from nlp.training.encoder_data import Lesson

LONGEST = 96
"""Pieces of a text that are read in training."""
IGNORED = -100
"""What stands for "nothing is asked here", as in torch."""
_BATCH_PIECES = 1_536


@dataclass(slots=True)
class Encoded:
    """A lesson in pieces: ids, and for each piece the answer of the tag and polarity heads or −100."""

    lesson: Lesson
    ids: list[int]
    tags: list[int]
    polarity: list[int]


def encode(lesson: Lesson, tokenizer: Tokenizer) -> Encoded:
    """Return the lesson in at most `LONGEST` pieces."""
    light = lighten(lesson.text)
    encoding = tokenizer.encode(light.text)
    ids = encoding.ids[:LONGEST]
    spans = [_original(light, offsets) for offsets in encoding.offsets[:LONGEST]]
    tags, polarity = [IGNORED] * len(ids), [IGNORED] * len(ids)
    word = 0
    for piece, span in enumerate(spans):
        if span is None:
            continue
        while word < len(lesson.words) and lesson.words[word][1] <= span[0]:
            word += 1
        # Only a word's first piece is asked for its tag, as is usual since BERT.
        if word < len(lesson.words) and span[1] > lesson.words[word][0]:
            tags[piece] = lesson.tags[word]
            word += 1
        for start, end, label in lesson.polarities:
            if span[0] < end and start < span[1]:
                polarity[piece] = label
    return Encoded(lesson, ids, tags, polarity)


def _original(light: Folded, offsets: tuple[int, int]) -> tuple[int, int] | None:
    start, end = offsets
    while start < end and light.text[start] == " ":
        start += 1
    return light.span(start, end) if end > start else None


def batches(encoded: Sequence[Encoded], random_: random.Random | None) -> Iterator[list[Encoded]]:
    """Yield batches of like lengths, of at most `_BATCH_PIECES` pieces with padding, in random order."""
    order = list(encoded)
    if random_ is not None:
        random_.shuffle(order)
    order.sort(key=lambda one: len(one.ids) // 4)
    found: list[list[Encoded]] = []
    batch: list[Encoded] = []
    for one in order:
        longest = max(len(one.ids), len(batch[-1].ids) if batch else 0)
        if batch and longest * (len(batch) + 1) > _BATCH_PIECES:
            found.append(batch)
            batch = []
        batch.append(one)
    found.append(batch)
    if random_ is not None:
        random_.shuffle(found)
    yield from (batch for batch in found if batch)


def tensors(batch: Sequence[Encoded]) -> tuple[Tensor, Tensor]:
    """Return the ids and the mask [texts, pieces] of a batch."""
    longest = max(len(one.ids) for one in batch)
    ids = torch.ones((len(batch), longest), dtype=torch.long)
    mask = torch.zeros((len(batch), longest))
    for row, one in enumerate(batch):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
        mask[row, : len(one.ids)] = 1.0
    return ids, mask
