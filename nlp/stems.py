"""Light stemming of Arabic: the word under its particles, and the form that its variants have in common.

After Larkey, Ballesteros and Connell, "Light stemming for Arabic information retrieval" (2007), but led by a
list of nouns: an ending or a particle without the article (و ب ل in وخدمة, بسعر) is taken off only where a
noun of the list is left, since as many words begin or end with that very letter (بطاقة, لون, بنات). All
functions take folded words (`nlp.text.fold`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from nlp.text import fold
from nlp.wordlists import read_lists

_LISTS = read_lists("keyphrases-ar.txt")
_ARTICLE = "ال"
_WITH_ARTICLE = re.compile(r"(?:[وف]?[بك]?|[وف]?(?P<colloquial>[هع]))ال(?=\w{3})|[وف]?لل(?=\w{3})")
_PARTICLES = ("و", "ف", "ب", "ل", "ك", "وب", "ول", "فب", "فل")
_POSSESSIVES = ("هما", "هم", "هن", "كم", "كن", "كو", "نا", "ها", "ي", "ك", "ه", "و")
_SHORTEST = 3
"""Fewest letters of what is left of a word."""

_WHOLE = frozenset(map(fold, _LISTS["whole"]))
"""Words that begin like a particle with the article and are none (والد, بالغ, عالم)."""


def _pairs(lines: Iterable[str]) -> dict[str, str]:
    """Return the pairs `left=right` of a list; on the left of a single word stands the word itself, bare."""
    split = ((left, right) for left, _, right in (line.rpartition("=") for line in lines))
    return {fold(left) if left else fold(right).removeprefix(_ARTICLE): right for left, right in split}


_COMMONEST = _pairs(_LISTS["forms"])
_NOUNS = _COMMONEST.keys()
_SINGULAR = {plural: fold(single) for plural, single in _pairs(_LISTS["plurals"]).items()}


def bare(word: str) -> tuple[str, bool]:
    """Return a folded word without attached particles and article, and whether it had the article."""
    found = None if word in _WHOLE else _WITH_ARTICLE.match(word)
    if found is None:
        return _without_particle(word), False
    rest = word[found.end() :]
    # هالة and عالية are words; هالمطعم is هذا المطعم.
    if found["colloquial"] and (word in _NOUNS or not _is_known(rest)):
        return word, False
    return rest, True


def _is_known(word: str) -> bool:
    return word in _NOUNS or singular(word) in _NOUNS


def _without_particle(word: str) -> str:
    if _is_known(word) or word in _WHOLE:
        return word
    for particle in _PARTICLES:
        rest = word.removeprefix(particle)
        if rest != word and len(rest) >= _SHORTEST and _is_known(rest):
            return rest
    return word


@lru_cache(maxsize=100_000)
def singular(word: str) -> str:
    """Return the known noun of which a folded word, without particles, is a plural or somebody's own.

    خدمات and خدمتكم are خدمه; a word that is no form of a known noun is returned as it is.
    """
    return _singular(word, (word, *_owned(word)))


def _singular(word: str, forms: Iterable[str]) -> str:
    for form in forms:
        one = _SINGULAR.get(form) or next((single for single in _singles(form) if single in _NOUNS), form)
        if one in _NOUNS and (form is not word or one != word):
            return one
    return word


def _owned(word: str) -> Iterator[str]:
    """Yield what a word may be without a possessive ending."""
    if word in _NOUNS:
        return
    for ending in _POSSESSIVES:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _SHORTEST:
            if rest.endswith("ت"):
                yield rest[:-1] + "ه"
            yield rest


def _singles(word: str) -> Iterator[str]:
    """Yield what a word may be the regular plural of."""
    for ending, instead in (("ات", "ه"), ("ات", ""), ("ين", ""), ("ون", ""), ("تين", "ه")):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _SHORTEST:
            yield rest + instead


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return what the forms of a folded word have in common: in English, its singular."""
    if word.isascii():
        return _english(word)
    plain, has_article = bare(word)
    # What has the article is nobody's own: العراقة is no form of عراق.
    return _singular(plain, (plain,)) if has_article else singular(plain)


def _english(word: str) -> str:
    word = word.removesuffix("'s").removesuffix("'")
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    plural = word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > _SHORTEST
    return word[:-1] if plural else word


def is_noun(stem: str) -> bool:
    """Return whether a stem is a noun or an adjective of the list, which holds those that are often met."""
    return stem in _NOUNS


def commonest_form(stem: str) -> str | None:
    """Return the form in which a stem is mostly written ("التوصيل"), None for one that the list has not."""
    return _COMMONEST.get(stem)
