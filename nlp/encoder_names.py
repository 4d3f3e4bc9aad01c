"""From the encoder's tags to named entities with their offsets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nlp.encoder import Reading
from nlp.encoder_heads import TAGS
from storage.records import Entity

OUTSIDE_DISCOUNT = 0.0
"""What is taken off the logit of "no name": names are rarer in the training texts than among posts."""
_LONGEST = 8
"""Words of a name; what is longer is a sentence taken for one."""


@dataclass(slots=True)
class _Word:
    start: int
    end: int
    tag: str


def names(text: str, reading: Reading) -> tuple[Entity, ...]:
    """Return the people, places, organisations and products named in `text`, in order.

    A word is judged by its first piece. Offsets are code points of `text`; marks around a name are not of it.
    """
    found: list[Entity] = []
    for label, first, last in _runs(list(_words(text, reading))):
        start, end = trimmed(text, first.start, last.end)
        if end - start > 1:
            found.append(Entity(text[start:end], label, start, end))
    return tuple(found)


def _words(text: str, reading: Reading) -> Iterator[_Word]:
    logits = reading.tags.copy()
    logits[:, 0] -= OUTSIDE_DISCOUNT
    best = logits.argmax(axis=1)
    word: _Word | None = None
    for piece, tag in zip(reading.pieces, best, strict=True):
        if piece.start == piece.end:
            continue
        if piece.begins_word or word is None:
            if word is not None:
                yield word
            word = _Word(piece.start, piece.end, TAGS[tag])
        else:
            word.end = piece.end
    if word is not None:
        yield word


def _runs(words: list[_Word]) -> Iterator[tuple[str, _Word, _Word]]:
    """Yield label, first and last word of each run of tags; an I without its B begins a run."""
    label = ""
    run: list[_Word] = []
    for word in [*words, _Word(0, 0, "O")]:
        part, _, kind = word.tag.partition("-")
        if run and (part != "I" or kind != label):
            if len(run) <= _LONGEST:
                yield label, run[0], run[-1]
            run = []
        if part != "O":
            label = kind
            run.append(word)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the offsets without the marks around a name and without a possessive ending."""
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    for ending in ("'s", "’s"):
        if text[start:end].endswith(ending):
            end -= 2
    return start, end
