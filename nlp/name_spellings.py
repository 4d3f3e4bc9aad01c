"""Whether two spellings, in Arabic or in Latin letters, are of one name."""

from __future__ import annotations

import re
from functools import lru_cache

from nlp import gazetteer
from nlp.arabic_letters import edges, plain
from nlp.text import fold

_LETTER_COST = 1.05
"""What a letter of a Latin spelling may cost (nlp/arabic_letters.py): costs of one name stay below 1."""
_CLIP = 24
_MOST_WORDS = 8
_SHORTEST_STEM = 3
_SHORTEST_VARIANT = 4
_ARABIC = re.compile(r"[\u0620-\u064a\u0671-\u06d3]")
_ARTICLES = frozenset({"al", "el", "the", "ad", "ar", "as", "ash", "an", "az"})
_GENERIC = frozenset(
    fold(word)
    for word in (
        *("شركة", "مجموعة", "مؤسسة", "تطبيق", "منصة", "موقع", "متجر", "نادي", "مدينة", "محدودة"),
        *("inc", "corp", "corporation", "ltd", "llc", "plc", "co", "company", "group", "app", "city"),
    )
)
"""Words that say what kind of thing is named and are as often left out."""
_DOUBLED = re.compile(r"([a-z])\1+")
_ALIKE_LATIN = str.maketrans({"e": "a", "i": "y", "u": "o", "q": "k", "c": "k", "w": "o"})
_ALIKE_ARABIC = str.maketrans({"ج": "غ", "ق": "غ"})
"""Three ways to write a foreign g: جوجل, غوغل, قوقل."""


def is_arabic(name: str) -> bool:
    """Return whether a name has Arabic letters."""
    return _ARABIC.search(name) is not None


def same_name(one: str, other: str) -> bool:
    """Return whether two spellings are of one name, as "أرامكو" and "Aramco", "Mohamed" and "محمد".

    What the gazetteer knows decides; else the words are compared one by one, across scripts by whether
    the one can be spelled as the other. Words for the kind of thing and articles do not count.
    """
    known = gazetteer.load()
    names, others = known.names_of(one), known.names_of(other)
    if names and others:
        return not names.isdisjoint(others)
    words, other_words = words_of(one), words_of(other)
    if not words or not other_words:
        return gazetteer.key(one) == gazetteer.key(other) != ""
    if len(words) == len(other_words):
        return all(same_word(a, b) for a, b in zip(words, other_words, strict=True))
    return same_word("".join(words), "".join(other_words))


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name that tell it from others, at most eight, at most 24 letters of each."""
    words = gazetteer.key(name).split()
    telling = [word for word in words if word not in _GENERIC and word not in _ARTICLES]
    return tuple(word[:_CLIP] for word in (telling or words)[:_MOST_WORDS])


@lru_cache(maxsize=20_000)
def same_word(one: str, other: str) -> bool:
    """Return whether two folded words may be one word of a name."""
    if one == other:
        return True
    given = gazetteer.load().given
    if one in given and other in given:
        return not given[one].isdisjoint(given[other])
    if is_arabic(one) != is_arabic(other):
        arabic, latin = (one, other) if is_arabic(one) else (other, one)
        return any(_spells(form, latin) for form in {arabic, _without_article(arabic)})
    if is_arabic(one):
        return _alike_arabic(_without_article(one)) == _alike_arabic(_without_article(other))
    return min(len(one), len(other)) >= _SHORTEST_VARIANT and _alike_latin(one) == _alike_latin(other)


def _without_article(word: str) -> str:
    return word[2:] if word.startswith("ال") and len(word) - 2 >= _SHORTEST_STEM else word


def _alike_arabic(word: str) -> str:
    return word.translate(_ALIKE_ARABIC) if len(word) >= _SHORTEST_VARIANT else word


def _alike_latin(word: str) -> str:
    """Return a Latin word so that the ways to write an Arabic one coincide: Mohamed, Muhammad."""
    return _DOUBLED.sub(r"\1", word.replace("ou", "u").translate(_ALIKE_LATIN))


def _spells(arabic: str, latin: str) -> bool:
    """Return whether an Arabic word may be written as a Latin one.

    The cheapest way through both words at once, by dynamic programming over their positions.
    """
    letters = plain(arabic)
    costs: list[dict[int, float]] = [{} for _ in range(len(letters) + 1)]
    costs[0][0] = 0.0
    for at in range(len(letters)):
        if not costs[at]:
            continue
        for length, written, price in edges(letters, at):
            reached = costs[at + length]
            for place, cost in costs[at].items():
                if latin.startswith(written, place):
                    end = place + len(written)
                    reached[end] = min(reached.get(end, float("inf")), cost + price)
    return costs[-1].get(len(latin), float("inf")) <= _LETTER_COST * len(latin)
