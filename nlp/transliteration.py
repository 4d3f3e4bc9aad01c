"""Names from Latin into Arabic letters and back: the several spellings that people would write.

A name is cut in every way into pieces (letters, groups of letters, loan words), each of which has
spellings with a cost, roughly a negative log-probability; a beam search keeps the cheapest wholes. Costs
depend on what stands around a piece, never on what was written for it before, so the search is a plain
dynamic programme over positions and takes time linear in the length of the name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from heapq import nsmallest
from importlib.resources import files
from itertools import product

from nlp import arabic_letters, latin_letters, vocabulary
from nlp.text import fold

Edge = tuple[int, str, float]
"""How many letters are read, what is written for them, and its cost."""

_BEAM, _KEPT = 400, 40
"""Spellings kept at each letter, and those of the whole word once its look is weighed."""
_LATIN_LOOK, _ARABIC_LOOK = (0.35, 0.0, 3.0), (0.1, 2.3, 1.5)
"""What a nat of surprise at the look of a word counts beside the costs of its letters, how many nats a
letter has that surprises nobody, and what being a known word is worth."""
_CLIP = 60
"""Letters of a name that are read: longer ones are sentences."""
_MOST_WORDS = 4
_LOANWORD_COST, _LOANWORD_STEP = 0.25, 0.15
_SHORTEST_PART = (3, 2)
"""Letters, Latin and Arabic, that a loan word has at least where it is only a part of a word."""
_SPELLED_OUT_LIMIT = 4
_SHORTEST_WITH_ARTICLE = 5
_ARTICLES = (("al", 0.1), ("", 0.7), ("el", 1.3))
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ARABIC = re.compile(r"[\u0620-\u064a\u0671-\u06d3]")
_VOWELS = frozenset("aeiouy")


def is_arabic(name: str) -> bool:
    """Return whether a name is written in Arabic letters."""
    return _ARABIC.search(name) is not None


def is_loanword(word: str) -> bool:
    """Return whether a lower-case Latin word is one that many names are made of (star, book)."""
    return word in _loanwords(0)


def to_arabic(name: str, count: int = 5) -> list[str]:
    """Return up to `count` Arabic spellings of a Latin name, likeliest first.

    A name of a few capitals or without vowels is also read letter by letter (STC: إس تي سي). Spellings
    that brand matching folds together (hamza, ta marbuta) are given once.
    """
    words = _latin_words(name)
    if not words:
        return []
    ways = [_word_to_arabic(word) for word in words]
    whole = _combined(ways, " ", count * 2)
    if len(words) == 1:
        whole += _split_camel(name, count)
    return _distinct(whole, count)


def to_latin(name: str, count: int = 5) -> list[str]:
    """Return up to `count` Latin spellings of an Arabic name, likeliest first, in lower case."""
    words = [word for word in re.split(r"[\s_\-ـ]+", _arabic_letters(name)[:_CLIP]) if word][:_MOST_WORDS]
    if not words:
        return []
    whole = [(-5.0 + rank, letters) for rank, letters in enumerate(_spelled_by_names(words))]
    return _distinct([*whole, *_combined([_word_to_latin(word) for word in words], " ", count * 2)], count)


def to_arabizi(name: str, count: int = 3) -> list[str]:
    """Return up to `count` spellings of an Arabic name with numerals for letters that Latin lacks (7, 3).

    Empty where the name has none of those letters.
    """
    plain = _arabic_letters(name)[:_CLIP]
    if not set(plain) & arabic_letters.NUMERALS.keys():
        return []
    words = plain.split()[:_MOST_WORDS]
    ways = [_search(word, partial(arabic_letters.edges, word, numerals=True)) for word in words]
    found = [s for s in _distinct(_combined(ways, " ", 60), 60) if any(c.isdigit() for c in s)]
    return found[:count]


def _search(word: str, edges: Callable[[int], Iterable[Edge]]) -> list[tuple[float, str]]:
    """Return the cheapest ways to write a word, with their costs, cheapest first."""
    reached: list[dict[str, float]] = [{} for _ in range(len(word) + 1)]
    reached[0][""] = 0.0
    for at in range(len(word)):
        if not reached[at]:
            continue
        steps = list(edges(at))
        for written, cost in nsmallest(_BEAM, reached[at].items(), key=lambda item: item[1]):
            for length, more, price in steps:
                place, spelling, total = reached[at + length], written + more, cost + price
                if total < place.get(spelling, float("inf")):
                    place[spelling] = total
        reached[at] = {}
    return sorted((cost, written) for written, cost in reached[-1].items())[:_BEAM]


def _weighed(
    found: list[tuple[float, str]], known: vocabulary.Vocabulary, look: float, usual: float, bonus: float
) -> list[tuple[float, str]]:
    """Return the spellings in a new order: what looks like a word of its script is likelier to be one."""
    weighed = []
    for cost, spelling in found:
        plain = fold(spelling)
        strange = known.surprise(plain) - usual * len(plain)
        weighed.append((cost + look * strange - bonus * (plain in known), spelling))
    return sorted(weighed)[:_KEPT]


def _word_to_arabic(word: str) -> list[tuple[float, str]]:
    lowered = word.lower()
    found = _search(lowered, lambda at: (*latin_letters.edges(lowered, at), *_loan(lowered, at, 0)))
    whole = _weighed(found, vocabulary.arabic(), *_ARABIC_LOOK)
    letters = [c for c in lowered if c.isalpha()]
    few = len(letters) <= _SPELLED_OUT_LIMIT
    unread = lowered not in _loanwords(0) and not _VOWELS & set(letters)
    if few and (word.isupper() or unread):
        spelled = " ".join(latin_letters.NAMES.get(c, c) for c in lowered)
        if not _VOWELS & set(letters):
            return [(0.0, spelled)]
        # Capitals with a vowel among them may be read as a word too (IKEA).
        whole = sorted([(0.5, spelled), *whole])
    return whole


def _word_to_latin(word: str) -> list[tuple[float, str]]:
    if not word.startswith("ال") or len(word) < _SHORTEST_WITH_ARTICLE:
        return _bare_to_latin(word)
    bare = _bare_to_latin(word[2:])
    return sorted((cost + price, f"{article}{rest}") for cost, rest in bare for article, price in _ARTICLES)


def _bare_to_latin(word: str) -> list[tuple[float, str]]:
    found = _search(word, lambda at: (*arabic_letters.edges(word, at), *_loan(word, at, 1)))
    return _weighed(found, vocabulary.latin(), *_LATIN_LOOK)


@lru_cache(maxsize=2)
def _loanwords(side: int) -> dict[str, tuple[str, ...]]:
    """Return the loan words by their Latin spelling (side 0), or by their Arabic ones (side 1)."""
    text = files("nlp").joinpath("models", "loanwords.txt").read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            latin, *arabic = line.split()
            for spelling in arabic:
                key, value = (latin, spelling) if side == 0 else (fold(spelling), latin)
                found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}


def _loan(word: str, at: int, side: int) -> Iterator[Edge]:
    """Yield the loan words that stand at a place, if they begin or end the word: others are chance."""
    known = _loanwords(side)
    for end in range(at + 2, min(len(word), at + 9) + 1):
        whole = at == 0 and end == len(word)
        if whole or ((at == 0 or end == len(word)) and end - at >= _SHORTEST_PART[side]):
            for rank, spelling in enumerate(known.get(word[at:end], ())):
                yield end - at, spelling, _LOANWORD_COST + _LOANWORD_STEP * rank


def _split_camel(name: str, count: int) -> list[tuple[float, str]]:
    parts = _CAMEL.split(name[:_CLIP])
    if not 1 < len(parts) <= _MOST_WORDS:
        return []
    ways = [_word_to_arabic(word) for part in parts for word in _latin_words(part)]
    return [(cost + 0.3, spelling) for cost, spelling in _combined(ways, " ", count)]


def _combined(ways: Sequence[Sequence[tuple[float, str]]], joint: str, count: int) -> list[tuple[float, str]]:
    narrow = max(3, int(200 ** (1 / max(1, len(ways)))))
    sums = (
        (sum(cost for cost, _ in parts), joint.join(spelling for _, spelling in parts))
        for parts in product(*(way[:narrow] for way in ways))
    )
    return nsmallest(count * 4, sums)


def _distinct(ranked: Iterable[tuple[float, str]], count: int) -> list[str]:
    """Return the cheapest spellings that brand matching tells apart, however they are spaced."""
    found: dict[str, str] = {}
    for _, spelling in sorted(ranked):
        found.setdefault(fold(spelling).replace(" ", ""), " ".join(spelling.split()))
    return [spelling for spelling in found.values() if spelling][:count]


def _latin_words(name: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name[:_CLIP]) if not unicodedata.combining(c))
    plain = re.sub(r"['’‘ʼ`´]", "", plain).replace("&", " & ").replace("+", " plus ")
    plain = re.sub(r"(?i)\b(al|el)[\s-]+(?=[a-z])", r"\1", plain)
    return re.findall(r"[A-Za-z]+|[0-9]+|&", plain)[: _MOST_WORDS + 1]


def _arabic_letters(name: str) -> str:
    """Return a name with its marks and Persian letters folded, but alef maqsura and ta marbuta kept."""
    return arabic_letters.plain(name)


def _spelled_by_names(words: Sequence[str]) -> list[str]:
    """Return the letters whose names a name consists of (إس تي سي: stc), none where it does not."""
    known: dict[str, list[str]] = {}
    for letter, name in latin_letters.NAMES.items():
        known.setdefault(fold(name), []).append(letter)
    letters = [known.get(fold(word), []) for word in words]
    return ["".join(chosen) for chosen in product(*letters)] if len(words) > 1 and all(letters) else []
