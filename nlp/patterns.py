"""From what a person configured about a brand to the strings that the automaton looks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from config.settings import Brand
from nlp.errors import BrandConfigError
from nlp.everyday_words import is_everyday_word
from nlp.queries import Query, is_wildcard, parse
from nlp.text import fold
from storage.records import BrandRole

_ARTICLE = "ال"
_AFTER_LAM = "لل"
"""What the article becomes after ل."""
_WILDCARDS = re.compile(r"[*?_]+")
_AMPERSAND = re.compile(r"(?<=\w)&(?=\w)")


class Purpose(Enum):
    """What a hit of a pattern does: name the brand, be a term of its query, forbid it, or support it."""

    ALIAS = auto()
    PRODUCT = auto()
    TERM = auto()
    EXCLUDE = auto()
    REQUIRE = auto()


class Form(Enum):
    """Where a key may stand."""

    WORD = auto()
    HANDLE = auto()
    TAG = auto()
    WHOLE_TAG = auto()
    AFTER_LAM = auto()
    GLOB = auto()


@dataclass(frozen=True, slots=True)
class Key:
    """A folded string and where it may stand; of a word with wildcards, its longest run of letters."""

    text: str
    form: Form
    glob: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One key of one rule (by index). `exact` is the accent-folded alias where letter case counts.

    `term` is the index in the rule's query, for a term of it; `ambiguous` tells an everyday word.
    """

    rule: int
    purpose: Purpose
    alias: str
    key: Key
    exact: str | None = None
    term: int = -1
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class BrandRule:
    """How a brand is found; plain values only, so that it can travel to worker processes."""

    name: str
    role: BrandRole
    aliases: tuple[str, ...]
    require_any: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    case_sensitive: bool = False
    products: tuple[str, ...] = ()
    query: str | None = None
    ambiguous: bool | None = None

    @property
    def needs_context(self) -> bool:
        """Whether an alias counts only with one of `require_any` nearby."""
        return bool(self.require_any)

    def parsed_query(self) -> Query | None:
        """Return its query, parsed, if it has one. Raises BrandConfigError for one that cannot be read."""
        return None if self.query is None else parse(self.name, self.query)

    @classmethod
    def from_settings(cls, brand: Brand) -> BrandRule:
        """Return the rule of a configured brand; its name is the alias where it has none.

        Raises BrandConfigError for a query that cannot be read, and for an alias or other phrase without a
        letter or digit.
        """
        aliases = tuple(brand.aliases) or (brand.name,)
        for key, phrases in (
            ("aliases", aliases if brand.query is None else ()),
            ("require_any", brand.require_any),
            ("exclude", brand.exclude),
            ("products", brand.products),
        ):
            for phrase in phrases:
                if not any(character.isalnum() for character in fold(phrase)):
                    raise BrandConfigError(brand.name, key, f"{phrase!r} has no letter or digit; remove it")
        rule = cls(
            brand.name,
            BrandRole.COMPETITOR if brand.competitor else BrandRole.OWN,
            aliases,
            tuple(brand.require_any),
            tuple(brand.exclude),
            brand.case_sensitive,
            tuple(brand.products),
            brand.query,
            brand.ambiguous,
        )
        rule.parsed_query()
        return rule


def compile_patterns(rules: Sequence[BrandRule]) -> dict[str, list[Pattern]]:
    """Return every pattern of `rules` by the string to look for."""
    patterns: dict[str, list[Pattern]] = {}
    for index, rule in enumerate(rules):
        for pattern in _patterns_of(index, rule):
            patterns.setdefault(pattern.key.text, []).append(pattern)
    return patterns


def _patterns_of(index: int, rule: BrandRule) -> Iterator[Pattern]:
    query = rule.parsed_query()
    for purpose, phrases in (
        (Purpose.ALIAS, rule.aliases if query is None else ()),
        (Purpose.PRODUCT, rule.products),
        (Purpose.TERM, () if query is None else query.terms),
        (Purpose.EXCLUDE, rule.exclude),
        (Purpose.REQUIRE, rule.require_any),
    ):
        names = purpose in (Purpose.ALIAS, Purpose.PRODUCT)
        case_counts = rule.case_sensitive and (names or purpose is Purpose.TERM)
        for term, phrase in enumerate(phrases):
            exact = fold(phrase, keep_case=True).strip() if case_counts else None
            doubtful = names and (is_everyday_word(phrase) if rule.ambiguous is None else rule.ambiguous)
            for key in dict.fromkeys(_term_keys(phrase) if purpose is Purpose.TERM else _keys(phrase)):
                inexact = key.form in (Form.TAG, Form.GLOB)
                yield Pattern(
                    index,
                    purpose,
                    phrase,
                    key,
                    None if inexact else exact,
                    term if purpose is Purpose.TERM else -1,
                    doubtful,
                )


def _term_keys(term: str) -> Iterator[Key]:
    """Yield the keys of a query's term: a tag is the whole tag there, and a word may have wildcards."""
    folded = fold(term).strip()
    if folded.startswith("#"):
        yield Key(folded, Form.WHOLE_TAG)
    elif is_wildcard(term):
        globs = [folded, _AFTER_LAM + folded[2:]] if folded.startswith(_ARTICLE) else [folded]
        for glob in globs:
            yield Key(max(_WILDCARDS.split(glob), key=len), Form.GLOB, glob)
    else:
        yield from _keys(term)


def _keys(phrase: str) -> Iterator[Key]:
    """Yield the folded spellings of a phrase: itself, in a hashtag, without apostrophe, after ل.

    "Coca-Cola" is also written "Coca Cola", and "H&M" "H & M"; the other way round as well.
    """
    folded = fold(phrase).strip()
    if folded.startswith("@"):
        yield Key(folded, Form.HANDLE)
        return
    if folded.startswith("#"):
        folded = folded[1:].replace("_", " ")
    spellings = {folded, folded.replace("'", ""), folded.replace("-", " "), folded.replace(" & ", "&")}
    spellings.add(_AMPERSAND.sub(" & ", folded))
    if " " in folded and folded.replace(" ", "").isalpha():
        spellings.add(folded.replace(" ", "-"))
    for spelling in sorted(spellings, reverse=True):
        yield Key(spelling, Form.WORD)
        if " " in spelling:
            yield Key(spelling.replace(" ", "_"), Form.TAG)
            yield Key(spelling.replace(" ", ""), Form.TAG)
        if spelling.startswith(_ARTICLE) and len(spelling) > 4:
            yield Key(_AFTER_LAM + spelling[2:], Form.AFTER_LAM)
