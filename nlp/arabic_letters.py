"""What is written in Latin for the letters of an Arabic name, where they stand, and how unusual each is."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from nlp.letter_costs import Spelling, read_tables

NUMERALS = {"ح": "7", "ع": "3", "ق": "9", "خ": "5", "ء": "2", "ط": "6", "غ": "8", "ص": "9"}
"""Numerals that stand for letters in Arabizi. ق is 9 in the Gulf, ص in the Levant: both are met."""
_PLAIN = {
    "أ": "ا", "ٱ": "ا", "ی": "ي", "ک": "ك", "گ": "ك", "پ": "ب", "چ": "ج", "ڤ": "ف", "ژ": "ز", "ھ": "ه",
    "ہ": "ه", "ـ": "",
}  # fmt: skip
_TABLES = read_tables("letters-arabic.txt")
_CONSONANTS, _INITIAL = _TABLES["consonants"], _TABLES["initial"]
_MEDIAL, _FINAL = _TABLES["medial"], _TABLES["final"]
_LONGEST = 3
_SHORT_VOWELS: tuple[Spelling, ...] = (("a", 0.8), ("e", 1.0), ("i", 1.7), ("u", 1.9), ("o", 2.2))
_BEGINNINGS, _ENDINGS = _TABLES["pairs at the beginning"], _TABLES["pairs at the end"]
"""Consonants between which no vowel is needed there."""
_LONG = frozenset("اويىةآ")


def plain(name: str) -> str:
    """Return a name with marks, joins and Persian letters folded, what tells sounds apart kept."""
    marks_gone = "".join(c for c in unicodedata.normalize("NFKC", name) if not unicodedata.combining(c))
    return "".join(_PLAIN.get(c, c) for c in marks_gone if unicodedata.category(c) != "Cf")


def edges(word: str, at: int, *, numerals: bool = False) -> Iterator[tuple[int, str, float]]:
    """Yield what may be written for the letters of `word` at a place: (length, text, cost).

    Between two consonants a short vowel may follow, which Arabic does not write. With `numerals`, letters
    that Latin lacks are numerals.
    """
    if word[at] not in _CONSONANTS and word[at] not in _MEDIAL and word[at] not in _INITIAL:
        yield 1, word[at].lower() if word[at].isalnum() else "", 0.0
        return
    if numerals and word[at] in NUMERALS:
        yield from _with_vowels(word, at + 1, 1, NUMERALS[word[at]], 0.05)
        return
    for length in range(1, min(_LONGEST, len(word) - at) + 1):
        piece, end = word[at : at + length], at + length
        for spelling, cost, consonant in _spellings(word, piece, at, end):
            if consonant:
                yield from _with_vowels(word, end, length, spelling, cost)
            else:
                yield length, spelling, cost


def _spellings(word: str, piece: str, at: int, end: int) -> Iterator[tuple[str, float, bool]]:
    last, followed_by_long = end == len(word), end < len(word) and word[end] in _LONG
    if at == 0 and piece in _INITIAL and not (piece in ("او", "اي", "يو") and followed_by_long):
        yield from ((spelling, cost, piece == "ال" and spelling == "") for spelling, cost in _INITIAL[piece])
    elif last and at > 0 and piece in _FINAL:
        yield from ((spelling, cost, piece == "ك") for spelling, cost in _FINAL[piece])
    if at > 0 and piece in _MEDIAL and not (last and piece in _FINAL):
        # Beside a long vowel و and ي are consonants.
        beside = 1.2 if piece in ("و", "ي") and (followed_by_long or word[at - 1] in _LONG) else 0.0
        yield from ((spelling, cost + beside, False) for spelling, cost in _MEDIAL[piece])
    if piece in _CONSONANTS and not (last and piece in _FINAL):
        alone = 0.0
        if piece in ("و", "ي") and not (at == 0 or followed_by_long or word[at - 1] in _LONG):
            alone = 1.6
        yield from ((spelling, cost + alone, True) for spelling, cost in _CONSONANTS[piece])


def _with_vowels(
    word: str, end: int, length: int, spelling: str, cost: float
) -> Iterator[tuple[int, str, float]]:
    """Yield a consonant alone and, before another consonant, with each short vowel after it."""
    if end >= len(word):
        yield length, spelling, cost
        if len(word) > 2:
            yield length, spelling + "e", cost + 1.2
        return
    if word[end] in _LONG:
        yield length, spelling, cost
        return
    pair = word[end - 1 : end + 1]
    if end == length:
        bare = 0.5 if pair in _BEGINNINGS else 2.6
    elif end + 1 == len(word):
        bare = 0.9 if pair in _ENDINGS else 2.2
    else:
        bare = 0.5
    yield length, spelling, cost + bare
    for vowel, price in _SHORT_VOWELS:
        yield length, spelling + vowel, cost + price
