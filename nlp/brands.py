"""Finding brands: one automaton over the folded aliases of all brands, with exact offsets.

A hit counts where it is a word: bounded by anything but letters and digits, by the joints of a hashtag
(`#Acme_fails`, `#AcmeFails`), or by the particles that Arabic writes attached (و ف ب ك ل ال لل).
Offsets are found only for texts that have a hit, which is what keeps the common case fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import ahocorasick

from nlp.boundaries import Field, stands_alone
from nlp.patterns import BrandRule, Pattern, Purpose, compile_patterns
from nlp.text import fold, fold_mapped, is_elongated, squeeze
from storage.records import BrandMatch

VERSION = "brands-1"

_WINDOW = 25
"""How many words away a `require_any` word may stand."""
_SQUEEZES = (1, 2)
_MOST_HITS = 400
"""Hits looked at in one text; more than that is a list of names, not an opinion about them."""
_ELONGATED_DISCOUNT = 0.9


@dataclass(frozen=True, slots=True)
class _Hit:
    """A place in a folded field where a pattern stands as a word; offsets are into the original."""

    pattern: Pattern
    start: int
    end: int
    confidence: float
    word: int


class BrandMatcher:
    """Finds brands in texts. Built once from the brands' rules; `find` is thread-safe."""

    def __init__(self, rules: Sequence[BrandRule]) -> None:
        self._rules = tuple(rules)
        self._automaton: Any = None
        patterns = compile_patterns(self._rules)
        if patterns:
            self._automaton = ahocorasick.Automaton()
            for key, entries in patterns.items():
                self._automaton.add_word(key, tuple(entries))
            self._automaton.make_automaton()

    def find(self, text: str, title: str | None = None) -> list[BrandMatch]:
        """Return the places where brands are named, in order, those of the title first without offsets.

        Where matches overlap the longest stands. A match that an `exclude` phrase covers is dropped, and
        one of a brand with `require_any` unless one of those words is within 25 words of it or in the
        title.
        """
        if self._automaton is None:
            return []
        in_title = self._hits(title) if title else []
        hits = self._hits(text)
        if not hits and not in_title:
            return []
        context = {hit.pattern.rule for hit in in_title if hit.pattern.purpose is Purpose.REQUIRE}
        near_start = [hit for hit in hits if hit.pattern.purpose is Purpose.REQUIRE and hit.word < _WINDOW]
        opening = context | {hit.pattern.rule for hit in near_start}
        titled = [self._match(hit, None) for hit in self._decide(in_title, opening)]
        return titled + [self._match(hit, hit) for hit in self._decide(hits, context)]

    def from_source(self, brand: str) -> BrandMatch | None:
        """Return the match of a source that is about `brand`, or None where no brand has that name."""
        for rule in self._rules:
            if rule.name == brand:
                return BrandMatch(rule.name, rule.role, rule.name, None, None, 1.0)
        return None

    def _match(self, hit: _Hit, place: _Hit | None) -> BrandMatch:
        rule = self._rules[hit.pattern.rule]
        start, end = (place.start, place.end) if place else (None, None)
        return BrandMatch(rule.name, rule.role, hit.pattern.alias, start, end, hit.confidence)

    def _hits(self, text: str) -> list[_Hit]:
        folded = fold(text)
        hits: list[_Hit] = []
        if any(self._automaton.iter(folded)):
            hits.extend(islice(self._hits_in(text, folded, None), _MOST_HITS))
        if not is_elongated(folded):
            return hits
        for keep in _SQUEEZES:
            squeezed = squeeze(folded, keep)
            if any(self._automaton.iter(squeezed)):
                taken = {(hit.start, hit.end, hit.pattern.rule) for hit in hits}
                for hit in islice(self._hits_in(text, squeezed, keep), _MOST_HITS):
                    if (hit.start, hit.end, hit.pattern.rule) not in taken:
                        hits.append(hit)
        return hits

    def _hits_in(self, text: str, folded: str, keep: int | None) -> Iterator[_Hit]:
        mapped = fold_mapped(text) if keep is None else fold_mapped(text).squeezed(keep)
        field = Field(text, mapped)
        entries: tuple[Pattern, ...]
        for last, entries in self._automaton.iter(folded):
            for pattern in entries:
                first = last + 1 - len(pattern.key.text)
                confidence = stands_alone(field, first, last + 1, pattern.key)
                if confidence is None:
                    continue
                start, end = mapped.span(first, last + 1)
                if pattern.exact is not None and fold(text[start:end], keep_case=True) != pattern.exact:
                    continue
                discount = 1.0 if keep is None else _ELONGATED_DISCOUNT
                yield _Hit(pattern, start, end, confidence * discount, field.word_at(first))

    def _decide(self, hits: Sequence[_Hit], context: set[int]) -> list[_Hit]:
        """Return the hits that are brands: excluded and unsupported ones gone, overlaps settled."""
        excluded = [hit for hit in hits if hit.pattern.purpose is Purpose.EXCLUDE]
        required: dict[int, list[int]] = {}
        for hit in hits:
            if hit.pattern.purpose is Purpose.REQUIRE:
                required.setdefault(hit.pattern.rule, []).append(hit.word)
        candidates = sorted(
            (hit for hit in hits if hit.pattern.purpose is Purpose.ALIAS),
            key=lambda hit: (hit.start, -hit.end, -hit.confidence, hit.pattern.rule),
        )
        kept: list[_Hit] = []
        for hit in candidates:
            rule = hit.pattern.rule
            if any(e.pattern.rule == rule and e.start < hit.end and hit.start < e.end for e in excluded):
                continue
            near = any(abs(word - hit.word) <= _WINDOW for word in required.get(rule, ()))
            if self._rules[rule].needs_context and not near and rule not in context:
                continue
            if kept and hit.start < kept[-1].end and not _same_place(kept[-1], hit):
                if hit.end - hit.start > kept[-1].end - kept[-1].start:
                    kept[-1] = hit
                continue
            if not any(_same_place(other, hit) and other.pattern.rule == rule for other in kept[-4:]):
                kept.append(hit)
        return kept


def _same_place(one: _Hit, other: _Hit) -> bool:
    return (one.start, one.end) == (other.start, other.end)
