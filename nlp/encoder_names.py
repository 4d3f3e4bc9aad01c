"""From the encoder's tags to named entities with their offsets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.encoder import Floats, Reading
from nlp.encoder_heads import TAGS
from storage.records import Entity

OUTSIDE_BONUS = 0.5
"""Added to the logit of "no name", which the training, rich in names, holds too low."""
_LONGEST = 8
"""Words of a name; what is longer is a sentence taken for one."""
_FORBIDDEN = -1e4


@dataclass(slots=True)
class _Word:
    start: int
    end: int
    tag: str = TAGS[0]


def names(text: str, reading: Reading) -> tuple[Entity, ...]:
    """Return the people, places, organisations and products named in `text`, in order.

    A word is judged by its first piece, and the words together by the likeliest row of tags in which every
    name has a beginning. Offsets are code points of `text`; marks around a name are not of it.
    """
    found: list[Entity] = []
    for label, first, last in _runs(_words(reading)):
        start, end = trimmed(text, first.start, last.end)
        if end - start > 1:
            found.append(Entity(text[start:end], label, start, end))
    return tuple(found)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the offsets without the marks around a name and without a possessive ending."""
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    return start, end


def likeliest(logits: Floats) -> list[int]:
    """Return the likeliest row of tags for words with these logits [words, tags] (Viterbi 1967).

    A tag that goes on with a name may only follow one of the same name's kind.
    """
    chances = logits - logits.max(axis=1, keepdims=True)
    chances = chances - np.log(np.exp(chances).sum(axis=1, keepdims=True))
    best = chances[0] + _STARTS
    before: list[NDArray[np.int64]] = []
    for row in chances[1:]:
        ways = best[:, None] + _STEPS
        before.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + row
    path = [int(best.argmax())]
    for origins in reversed(before):
        path.append(int(origins[path[-1]]))
    return path[::-1]


def _may_follow(one: str, other: str) -> bool:
    return not other.startswith("I-") or one[2:] == other[2:]


_STARTS = np.array([_FORBIDDEN if tag.startswith("I-") else 0.0 for tag in TAGS])
_STEPS = np.array([[0.0 if _may_follow(one, other) else _FORBIDDEN for other in TAGS] for one in TAGS])


def _words(reading: Reading) -> list[_Word]:
    words: list[_Word] = []
    rows: list[int] = []
    for row, piece in enumerate(reading.pieces):
        if piece.start == piece.end:
            continue
        if piece.begins_word or not words:
            words.append(_Word(piece.start, piece.end))
            rows.append(row)
        else:
            words[-1].end = piece.end
    if words:
        logits = reading.tags[rows]
        logits[:, 0] += OUTSIDE_BONUS
        for word, tag in zip(words, likeliest(logits), strict=True):
            word.tag = TAGS[tag]
    return words


def _runs(words: list[_Word]) -> Iterator[tuple[str, _Word, _Word]]:
    """Yield label, first and last word of each name."""
    run: list[_Word] = []
    for word in [*words, _Word(0, 0)]:
        if run and not word.tag.startswith("I-"):
            if len(run) <= _LONGEST:
                yield run[0].tag[2:], run[0], run[-1]
            run = []
        if word.tag != TAGS[0]:
            run.append(word)
