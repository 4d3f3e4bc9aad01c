"""Finding brands: one automaton over the folded names of all brands, with exact offsets.

A hit counts where it is a word: bounded by anything but letters and digits, by the joints of a hashtag
(`#Acme_fails`, `#AcmeFails`), or by the particles that Arabic writes attached (و ف ب ك ل ال لل).
Offsets are found only for texts that have a hit, which is what keeps the common case fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import ahocorasick

from nlp import ambiguity
from nlp.boundaries import Field, standing
from nlp.patterns import BrandRule, Pattern, Purpose, compile_patterns
from nlp.query_nodes import Place
from nlp.surroundings import Surroundings
from nlp.text import fold, squeeze
from storage.records import BrandMatch, Entity

VERSION = "brands-2"

_WINDOW = 25
"""How many words away a `require_any` word may stand."""
_SQUEEZES = (1, 2)
_MOST_HITS = 400
"""Hits looked at in one text; more than that is a list of names, not an opinion about them."""
_ELONGATED_DISCOUNT = 0.9
_PRODUCT_DISCOUNT = 0.95
_PARTICLE_LETTERS = "وفبكلاعه"
_NAMES = (Purpose.ALIAS, Purpose.PRODUCT, Purpose.TERM)


@dataclass(frozen=True, slots=True)
class _Hit:
    """A place in a field where a pattern stands as a word; offsets are into the original.

    `word` and `last` count the words of the field before the first and the last word of the hit.
    """

    pattern: Pattern
    start: int
    end: int
    confidence: float
    word: int
    last: int


class BrandMatcher:
    """Finds brands in texts. Built once from the brands' rules; all methods are thread-safe."""

    def __init__(self, rules: Sequence[BrandRule]) -> None:
        self._rules = tuple(rules)
        self._queries = [rule.parsed_query() for rule in self._rules]
        self._asks = any(self._queries)
        self._automaton: Any = None
        patterns = compile_patterns(self._rules)
        self._ambiguous = {
            (self._rules[pattern.rule].name, pattern.alias)
            for entries in patterns.values()
            for pattern in entries
            if pattern.ambiguous
        }
        self._products = {(rule.name, product) for rule in self._rules for product in rule.products}
        if patterns:
            self._automaton = ahocorasick.Automaton()
            for key, entries in (_runs_of_letters(patterns) | patterns).items():
                self._automaton.add_word(key, (key, tuple(entries)))
            self._automaton.make_automaton()

    def find(self, text: str, title: str | None = None) -> list[BrandMatch]:
        """Return the places where brands are named, in order, those of the title first without offsets.

        Where matches overlap the longest stands. A match that an `exclude` phrase covers is dropped, and
        one of a brand with `require_any` unless one of those words is within 25 words of it or in the
        title. A brand with a query matches where the query holds, at the first of its terms that must
        stand. An everyday word is a match where its surroundings make the brand at least as likely.
        """
        return self.settle(self.candidates(text, title))

    def candidates(self, text: str, title: str | None = None) -> list[BrandMatch]:
        """Return what `find` returns and, with a confidence below 0.5, what entities may still decide."""
        if self._automaton is None:
            return []
        in_title = self._hits(title) if title else []
        hits = self._hits(text)
        if not hits and not in_title:
            return []
        in_title, hits = _without_excluded(in_title), _without_excluded(hits)
        if self._asks:
            in_title, hits = self._asked(in_title, hits)
        context = {hit.pattern.rule for hit in in_title if hit.pattern.purpose is Purpose.REQUIRE}
        near_start = [hit for hit in hits if hit.pattern.purpose is Purpose.REQUIRE and hit.word < _WINDOW]
        opening = context | {hit.pattern.rule for hit in near_start}
        support = _Support((*in_title, *hits))
        found = [
            self._match(hit, titled=True)
            for hit in self._decide(support.look_twice(in_title, title or ""), opening)
        ]
        found += [
            self._match(hit, titled=False) for hit in self._decide(support.look_twice(hits, text), context)
        ]
        return found

    def settle(
        self, candidates: Iterable[BrandMatch], entities: Sequence[Entity] = (), about: str | None = None
    ) -> list[BrandMatch]:
        """Return the candidates that are matches, once entities of the text and its source are known.

        `about` is the brand that the source is about. Only everyday words are judged again: a person of
        that name speaks against the brand, an organisation or a product for it, its own source settles it.
        """
        settled = []
        for match in candidates:
            confidence = match.confidence
            if self.is_ambiguous(match):
                label = next((entity.label for entity in entities if _covers(entity, match)), None)
                confidence = ambiguity.second_look(confidence, label, same_source=match.name == about)
            if confidence >= ambiguity.THRESHOLD:
                settled.append(replace(match, confidence=confidence))
        return settled

    def from_source(self, brand: str) -> BrandMatch | None:
        """Return the match of a source that is about `brand`, or None where no brand has that name."""
        for rule in self._rules:
            if rule.name == brand:
                return BrandMatch(rule.name, rule.role, rule.name, None, None, 1.0)
        return None

    def is_ambiguous(self, match: BrandMatch) -> bool:
        """Return whether a match was by an alias that is an everyday word too."""
        return (match.name, match.alias) in self._ambiguous

    def entity_label(self, match: BrandMatch) -> str:
        """Return PRODUCT for a match by one of the brand's products, ORG for any other."""
        return "PRODUCT" if (match.name, match.alias) in self._products else "ORG"

    def _match(self, hit: _Hit, *, titled: bool) -> BrandMatch:
        rule = self._rules[hit.pattern.rule]
        start, end = (None, None) if titled else (hit.start, hit.end)
        return BrandMatch(rule.name, rule.role, hit.pattern.alias, start, end, hit.confidence)

    def _hits(self, text: str) -> list[_Hit]:
        folded = fold(text)
        raw = list(self._automaton.iter(folded))
        if not raw:
            return []
        hits = list(islice(self._standing(Field(text, folded), raw, 1.0), _MOST_HITS))
        if not any(_is_run(key) for _, (key, _) in raw):
            return hits
        for keep in _SQUEEZES:
            squeezed = squeeze(folded, keep)
            field = Field(text, squeezed, keep)
            taken = {(hit.start, hit.end, hit.pattern.rule, hit.pattern.term) for hit in hits}
            again = self._standing(field, self._automaton.iter(squeezed), _ELONGATED_DISCOUNT)
            for hit in islice(again, _MOST_HITS):
                if (hit.start, hit.end, hit.pattern.rule, hit.pattern.term) not in taken:
                    hits.append(hit)
        return hits

    def _standing(self, field: Field, raw: Iterable[_Raw], discount: float) -> Iterator[_Hit]:
        for last, (key, entries) in raw:
            start, end = last + 1 - len(key), last + 1
            for pattern in entries:
                place = standing(field, start, end, pattern.key)
                if place is None:
                    continue
                span = field.mapped.span(place.start, place.end)
                if pattern.exact is not None and not _is_exact(field.original, span, pattern.exact):
                    continue
                sure = place.confidence * discount
                if pattern.purpose is Purpose.PRODUCT:
                    sure *= _PRODUCT_DISCOUNT
                words = field.word_at(place.start), field.word_at(place.end - 1)
                yield _Hit(pattern, *span, sure, *words)

    def _asked(self, in_title: list[_Hit], in_body: list[_Hit]) -> tuple[list[_Hit], list[_Hit]]:
        """Return the hits without those of queries that do not hold, or that are not their evidence."""
        places: dict[int, dict[int, list[Place]]] = {}
        for field, hits in enumerate((in_title, in_body)):
            for index, hit in enumerate(hits):
                if hit.pattern.purpose is Purpose.TERM:
                    of_rule = places.setdefault(hit.pattern.rule, {})
                    of_rule.setdefault(hit.pattern.term, []).append(Place(field, hit.word, hit.last, index))
        kept = {
            (place.field, place.hit)
            for rule, of_rule in places.items()
            if (query := self._queries[rule]) is not None
            for place in query.evidence(of_rule)
        }
        title, body = (
            [
                hit
                for index, hit in enumerate(hits)
                if hit.pattern.purpose is not Purpose.TERM or (field, index) in kept
            ]
            for field, hits in enumerate((in_title, in_body))
        )
        return title, body

    def _decide(self, hits: Sequence[_Hit], context: set[int]) -> list[_Hit]:
        """Return the hits that are brands: unsupported ones gone, overlaps settled."""
        required: dict[int, list[int]] = {}
        for hit in hits:
            if hit.pattern.purpose is Purpose.REQUIRE:
                required.setdefault(hit.pattern.rule, []).append(hit.word)
        candidates = sorted(
            (hit for hit in hits if hit.pattern.purpose in _NAMES),
            key=lambda hit: (hit.start, -hit.end, -hit.confidence, hit.pattern.rule),
        )
        kept: list[_Hit] = []
        for hit in candidates:
            rule = hit.pattern.rule
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


class _Support:
    """What a text names without doubt, which helps to tell what its everyday words mean."""

    def __init__(self, hits: Sequence[_Hit]) -> None:
        certain = [hit.pattern for hit in hits if not hit.pattern.ambiguous]
        self._named = {pattern.rule for pattern in certain if pattern.purpose in _NAMES}
        self._perhaps = {hit.pattern.rule for hit in hits if hit.pattern.ambiguous}
        self._required = {pattern.rule for pattern in certain if pattern.purpose is Purpose.REQUIRE}

    def look_twice(self, hits: Sequence[_Hit], text: str) -> list[_Hit]:
        """Return the hits in `text`, everyday words with what their surroundings make of them."""
        looked = []
        for hit in hits:
            if not hit.pattern.ambiguous:
                looked.append(hit)
                continue
            rule = hit.pattern.rule
            likely = ambiguity.likelihood(
                Surroundings.of(text, hit.start, hit.end),
                supported=rule in self._named or rule in self._required,
                rivals=bool(self._named - {rule}),
                doubtful_rivals=bool(self._perhaps - {rule}),
            )
            if hit.confidence * likely >= ambiguity.FLOOR:
                looked.append(replace(hit, confidence=hit.confidence * likely))
        return looked


_Raw = tuple[int, tuple[str, tuple[Pattern, ...]]]
"""What the automaton yields: the offset of a key's last character, the key, and its patterns."""


def _runs_of_letters(patterns: Iterable[str]) -> dict[str, list[Pattern]]:
    """Return, as keys without patterns, three of each letter that a name is written with.

    The automaton so tells, in the one pass that is made anyway, which texts may be worth squeezing.
    """
    letters = {letter for key in patterns for letter in key if letter.isalpha()} | set(_PARTICLE_LETTERS)
    return {letter * 3: [] for letter in letters}


def _is_run(key: str) -> bool:
    return len(key) == 3 and key[0] == key[1] == key[2]


def _is_exact(original: str, span: tuple[int, int], exact: str) -> bool:
    return fold(original[span[0] : span[1]], keep_case=True) == exact


def _without_excluded(hits: list[_Hit]) -> list[_Hit]:
    """Return the hits without the names that an `exclude` phrase of the same brand overlaps."""
    excluded = [hit for hit in hits if hit.pattern.purpose is Purpose.EXCLUDE]
    if not excluded:
        return hits
    return [
        hit
        for hit in hits
        if hit.pattern.purpose not in _NAMES
        or not any(
            other.pattern.rule == hit.pattern.rule and other.start < hit.end and hit.start < other.end
            for other in excluded
        )
    ]


def _covers(entity: Entity, match: BrandMatch) -> bool:
    return (
        match.start is not None
        and match.end is not None
        and entity.start < match.end
        and match.start < entity.end
    )


def _same_place(one: _Hit, other: _Hit) -> bool:
    return (one.start, one.end) == (other.start, other.end)
