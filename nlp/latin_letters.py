"""What is written in Arabic for the letters of a Latin name, where they stand, and how unusual each is."""

from __future__ import annotations

from collections.abc import Iterator

from nlp.letter_costs import Spelling, read_tables

NAMES = {
    "a": "ايه", "b": "بي", "c": "سي", "d": "دي", "e": "اي", "f": "اف", "g": "جي", "h": "اتش", "i": "اي",
    "j": "جي", "k": "كي", "l": "ال", "m": "ام", "n": "ان", "o": "او", "p": "بي", "q": "كيو", "r": "ار",
    "s": "اس", "t": "تي", "u": "يو", "v": "في", "w": "دبليو", "x": "اكس", "y": "واي", "z": "زد", "&": "اند",
}  # fmt: skip
"""How the names of the letters are written."""

_VOWELS = frozenset("aeiou")
_FRONT = frozenset("eiy")

_TABLES = read_tables("letters-latin.txt")
_ANYWHERE, _INITIAL, _MEDIAL, _FINAL = (_TABLES[name] for name in ("anywhere", "initial", "medial", "final"))
_BEFORE_FRONT_VOWEL = _TABLES["before e i y"]
_LONGEST = 4
_ONE_SOUND = frozenset(["sh", "ch", "kh", "ph", "ck", "qu"])
_MOSTLY_ONE_SOUND = frozenset(
    ["th", "gh", "dh", "ou", "ai", "ay", "ei", "ey", "au", "aw", "ow", "ea", "ie", "eu"]
)


def edges(word: str, at: int) -> Iterator[tuple[int, str, float]]:
    """Yield what may be written for the letters of `word` (lower case) at a place: (length, text, cost)."""
    if word[at].isdigit():
        yield 1, word[at], 0.0
        return
    pair = word[at : at + 2]
    # Two letters that stand for one sound are hardly ever read one by one.
    apart = 2.5 if pair in _ONE_SOUND or pair[:1] == pair[1:] else 0.6 if pair in _MOSTLY_ONE_SOUND else 0.0
    for length in range(1, min(_LONGEST, len(word) - at) + 1):
        piece, end = word[at : at + length], at + length
        for spelling, cost in _spellings(word, piece, at, end):
            yield length, spelling, cost + (apart if length == 1 else 0.0)


def _spellings(word: str, piece: str, at: int, end: int) -> Iterator[Spelling]:
    last = end == len(word)
    following = "" if last else word[end]
    if piece in _BEFORE_FRONT_VOWEL and following in _FRONT and following:
        yield from _BEFORE_FRONT_VOWEL[piece]
        return
    if at == 0 and piece in _INITIAL:
        yield from _initial(piece, following)
        if piece not in _ANYWHERE:
            return
    if last and at > 0 and piece in _FINAL:
        yield from _FINAL[piece]
        if piece in _MEDIAL:
            return
    if piece == "s" and at > 0 and following and following in _VOWELS and word[at - 1] in _VOWELS:
        yield "ز", 1.1
    if piece == "mc" and at == 0:
        yield "ماك", 0.1
    if piece in _ANYWHERE:
        yield from _ANYWHERE[piece]
    elif at > 0 and piece in _MEDIAL:
        yield from _medial(word, piece, at, following)


def _initial(piece: str, following: str) -> Iterator[Spelling]:
    # Before a vowel "al" is two sounds of a name (Ali), before a consonant mostly the article.
    article = piece in ("al", "el")
    if article and (not following or following in _VOWELS):
        return
    yield from _INITIAL[piece]


def _medial(word: str, piece: str, at: int, following: str) -> Iterator[Spelling]:
    after_vowel = word[at - 1] in _VOWELS
    for spelling, cost in _MEDIAL[piece]:
        # A vowel beside another is a syllable, so it is hardly ever left out.
        unwritten = spelling == "" and (after_vowel or following in _VOWELS)
        yield spelling, cost + (1.0 if unwritten else 0.0)
