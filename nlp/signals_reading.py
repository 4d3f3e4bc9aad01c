"""A text as signals are sought in it: folded, links blanked, brands marked, cut into sentences."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from nlp.signals_patterns import BRAND_MARK, RIVAL_MARK
from nlp.text import Folded, fold, fold_mapped, is_elongated, squeeze
from storage.records import BrandMatch, BrandRole

_SENTENCE = re.compile(r"[^.!?؟]+[.!?؟]*")
_LINE_BREAKS = str.maketrans("\n\r", "..")
_LINK = re.compile(r"(?:https?://|www\.)\S*")


class Place(NamedTuple):
    """A brand where it stands: offsets into the folded text."""

    start: int
    end: int
    brand: BrandMatch


class Reading:
    """A text folded for searching; every line is a sentence, links are blank.

    `marked` is `folded.text` with every brand replaced by marks; `brands` holds those placed in the text
    with their offsets in it, `unplaced` those of the title or the source.
    """

    def __init__(self, text: str, brands: Sequence[BrandMatch]) -> None:
        self.original = text
        if "http" in text or "www." in text:
            text = _LINK.sub(lambda link: " " * len(link[0]), text)
        self._cleared = text.translate(_LINE_BREAKS)
        self.brands = tuple(self._placed(brands)) if brands else ()
        self.unplaced = tuple(match for match in brands if match.start is None)
        self.marked = self._mark()

    @cached_property
    def folded(self) -> Folded:
        """The folded text with the way back to the original, made only when a place is asked for."""
        mapped = fold_mapped(self._cleared)
        return mapped.squeezed(1) if is_elongated(mapped.text) else mapped

    def _placed(self, brands: Sequence[BrandMatch]) -> list[Place]:
        starts = self.folded.starts
        found: list[Place] = []
        for match in brands:
            if match.start is None or match.end is None:
                continue
            first, last = bisect_left(starts, match.start), bisect_left(starts, match.end)
            if first < last:
                found.append(Place(first, last, match))
        return sorted(found, key=lambda place: (place.start, place.end))

    def _mark(self) -> str:
        folded = fold(self._cleared)
        marked = (squeeze(folded, 1) if is_elongated(folded) else folded).replace("_", " ")
        for start, end, match in self.brands:
            mark = RIVAL_MARK if match.role is BrandRole.COMPETITOR else BRAND_MARK
            marked = marked[:start] + mark * (end - start) + marked[end:]
        return marked

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """The spans of the sentences in the folded text."""
        return [found.span() for found in _SENTENCE.finditer(self.marked)]

    def sentence_at(self, position: int) -> tuple[int, int]:
        """Return the span of the sentence around `position`, the whole text where there is none."""
        index = bisect_right(self.sentences, (position, len(self.marked))) - 1
        if index >= 0 and self.sentences[index][1] > position:
            return self.sentences[index]
        return 0, len(self.marked)
