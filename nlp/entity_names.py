"""One name for all spellings of an entity, in Arabic and in Latin letters, within a text and across texts.

A configured brand lends its name, then the gazetteer; what neither knows bears its own spelling without
what Arabic and English attach to it. Mentions in one text that are spelled alike then share a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from nlp import gazetteer
from nlp.name_particles import without_particles
from nlp.name_spellings import is_arabic, same_name, words_of
from storage.records import BrandMatch, Entity

_MOST_COMPARED = 40
"""Distinct names of one text that are compared with one another; lists of names are longer."""
_OTHER_LANGUAGES = frozenset({"fa", "ur", "ps", "ckb", "ug"})
"""Languages in Arabic letters that attach no particles."""
_POSSESSIVE = re.compile(r"(?:['’]s|(?<=s)['’])$", re.IGNORECASE)
_SMALL_WORDS = frozenset(
    {
        *("al", "el", "of", "the", "and", "for", "de", "la", "le", "les", "du", "des", "di", "da", "do"),
        *("dos", "del", "der", "den", "van", "von", "bin", "bint", "ibn", "ben", "y", "et"),
    }
)
_LONGEST_ACRONYM = 5


class _Source(IntEnum):
    """Where a name is from, the surest first."""

    BRAND = 0
    GAZETTEER = 1
    SPELLING = 2


@dataclass(frozen=True, slots=True)
class _Named:
    entity: Entity
    name: str
    source: _Source


def named(entities: Sequence[Entity], language: str, brands: Iterable[BrandMatch]) -> tuple[Entity, ...]:
    """Return the entities of one text, in their order, each with its name.

    `language` is that of the text (BCP 47); `brands` are the matches in it. A match by one of a brand's
    products, whose entity is a PRODUCT, lends the product's name, any other the brand's.
    """
    by_span = {(match.start, match.end): match for match in brands if match.start is not None}
    attached = language.split("-")[0] not in _OTHER_LANGUAGES
    spellings = {gazetteer.key(entity.text) for entity in entities}
    return _shared(
        [_name(entity, by_span.get((entity.start, entity.end)), attached, spellings) for entity in entities]
    )


def _name(entity: Entity, brand: BrandMatch | None, attached: bool, spellings: set[str]) -> _Named:
    known = gazetteer.load()
    if brand is not None:
        if entity.label != "PRODUCT":
            return _Named(entity, brand.name, _Source.BRAND)
        return _Named(entity, known.name(brand.alias, entity.label) or brand.alias, _Source.BRAND)
    spelling = spelled(entity.text)
    if found := known.name(spelling, entity.label):
        return _Named(entity, found, _Source.GAZETTEER)
    if is_arabic(spelling):
        bare = without_particles(spelling, entity.label, spellings) if attached else spelling
        found = known.name(bare, entity.label) or known.name(" ".join(words_of(bare)), entity.label)
        return _Named(entity, found or bare, _Source.GAZETTEER if found else _Source.SPELLING)
    bare = _POSSESSIVE.sub("", spelling)
    found = known.name(bare, entity.label) or known.name(" ".join(words_of(bare)), entity.label)
    return _Named(entity, found or titled(bare), _Source.GAZETTEER if found else _Source.SPELLING)


def spelled(text: str) -> str:
    """Return a name without diacritics, tatweel, controls and the marks of a hashtag, evenly spaced."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKC", text)
        if character != "ـ" and not _is_arabic_mark(character) and unicodedata.category(character) != "Cf"
    )
    return " ".join(plain.replace("_", " ").replace("#", " ").split())


def _is_arabic_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0 and "\u0610" <= character <= "\u06ed"


def titled(name: str) -> str:
    """Return a Latin name written small with capitals; one with capitals of its own stays as it is.

    A longer name all in capitals is shouted rather than an acronym, and gets the capitals of a name.
    """
    words = [word for word in name.split() if word]
    if len(words) > 1 and words[0].lower() == "the":
        words = words[1:]
    shouted = name.isupper() and any(len(word) > _LONGEST_ACRONYM for word in words)
    if not name.islower() and not shouted:
        return " ".join(words)
    return " ".join(
        word.lower() if index and word.lower() in _SMALL_WORDS else word[:1].upper() + word[1:].lower()
        for index, word in enumerate(words)
    )


def _shared(found: list[_Named]) -> tuple[Entity, ...]:
    """Return the entities, those spelled alike under the surest and fullest of their names."""
    distinct = {(_kind(one.entity), one.name): one for one in reversed(found)}
    order = sorted(
        distinct.values(),
        key=lambda one: (one.source, -len(words_of(one.name)), one.entity.start),
    )[:_MOST_COMPARED]
    leaders: list[_Named] = []
    names: dict[tuple[str, str], str] = {}
    for one in order:
        leader = _leader(one, leaders)
        if leader is None:
            leaders.append(one)
        names[_kind(one.entity), one.name] = (leader or one).name
    return tuple(
        replace(one.entity, name=names.get((_kind(one.entity), one.name), one.name)) for one in found
    )


def _leader(one: _Named, leaders: Iterable[_Named]) -> _Named | None:
    """Return the name that `one` is another spelling of, or a part of the only full name that has it."""
    alike = [leader for leader in leaders if _kind(leader.entity) == _kind(one.entity)]
    for leader in alike:
        if leader.source is _Source.GAZETTEER and one.source is _Source.GAZETTEER:
            continue
        if same_name(one.name, leader.name) or same_name(one.name, leader.entity.text):
            return leader
    if one.entity.label != "PERSON" or one.source is not _Source.SPELLING or len(words_of(one.name)) != 1:
        return None
    fuller = [leader for leader in alike if _is_part(one.name, leader)]
    return fuller[0] if len(fuller) == 1 else None


def _is_part(word: str, leader: _Named) -> bool:
    """Return whether a person's one name is the first or the last of a fuller one."""
    words = words_of(leader.name)
    return len(words) > 1 and any(same_name(word, part) for part in (words[0], words[-1]))


def _kind(entity: Entity) -> str:
    """Return what a thing is compared among: models take firms and their products for one another."""
    return "ORG" if entity.label == "PRODUCT" else entity.label
