"""Fitting the model that tells Arabic in Latin letters (Arabizi) from other languages in them.

No labelled Arabizi is used. Arabic texts are spelled in Latin letters at random, the way four regions do
it: numerals for letters that Latin lacks, vowels put in, French spelling in the Maghreb; common words
by a list of the spellings that people use. Against them stand English texts, lines written in other
languages, and lines drawn from each language's commonest words.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from nlp.arabizi import BUCKETS, ArabiziModel, latin_words, word_buckets
from nlp.training.hashed_words import bucket_matrix
from nlp.wordlists import read_lists

Say = Callable[[str], None]
WRITTEN = Path(__file__).parent / "written"
REGIONS = ("gulf", "egyptian", "levantine", "maghrebi")

_DRAWN_REGIONS = (*REGIONS, "maghrebi")
"""The Maghreb is drawn twice as often: its Arabizi, spelled as French is, is the hardest to tell."""
_SEED = 7
_STRENGTH = 5.0
_WRITTEN_WEIGHT = 4.0
_DRAWN_LINES = 500
_NEIGHBOURS = ("en", "fr", "es", "de", "tr", "it", "pt", "nl", "id")
_SHORT_VOWELS = {"gulf": "aaei", "egyptian": "aaeei", "levantine": "aeei", "maghrebi": "eea"}
_VOWEL_SHARE = {"gulf": 0.5, "egyptian": 0.6, "levantine": 0.6, "maghrebi": 0.4}
_ARTICLES = {
    "gulf": ("al", "el", "al ", "l"),
    "egyptian": ("el ", "el", "el ", "al"),
    "levantine": ("el ", "l ", "il", "al "),
    "maghrebi": ("l", "el ", "l", "el"),
}
_CONSONANTS = {
    "ب": "b", "ت": "t", "د": "d", "ر": "r", "ز": "z", "س": "s", "ف": "f", "ل": "l", "م": "m", "ن": "n",
    "ك": "k", "ه": "h", "پ": "p", "ڤ": "v", "گ": "g", "چ": "ch", "ک": "k", "ی": "y",
}  # fmt: skip
_SPELLINGS = {
    "gulf": {"ث": "th", "ج": "j j y", "ح": "7 7 h", "خ": "5 5 kh", "ذ": "th dh", "ش": "sh", "ص": "9 s s",
             "ض": "9' dh d", "ط": "6 6 t", "ظ": "6' th dh", "ع": "3 3 a", "غ": "gh 8", "ق": "g q g"},
    "egyptian": {"ث": "s th", "ج": "g", "ح": "7 7 h", "خ": "5 kh kh", "ذ": "z", "ش": "sh", "ص": "s",
                 "ض": "d", "ط": "t 6", "ظ": "z", "ع": "3 3 a", "غ": "gh", "ق": "2 2 q"},
    "levantine": {"ث": "t th", "ج": "j", "ح": "7 h", "خ": "5 kh", "ذ": "z d", "ش": "sh sh ch", "ص": "s",
                  "ض": "d", "ط": "t", "ظ": "z", "ع": "3 3 a", "غ": "gh", "ق": "2 q 2"},
    "maghrebi": {"ث": "th t", "ج": "j dj", "ح": "7 h", "خ": "kh 5", "ذ": "dh d", "ش": "ch", "ص": "s",
                 "ض": "d dh", "ط": "t", "ظ": "dh d", "ع": "3 3 a", "غ": "gh 8", "ق": "9 q k"},
}  # fmt: skip
_LONG_VOWELS = {
    "gulf": {"ا": "a a aa", "و": "o oo u", "ي": "i ee y", "ى": "a", "ة": "a ah"},
    "egyptian": {"ا": "a", "و": "o ou oo", "ي": "i y ee", "ى": "a", "ة": "a ah"},
    "levantine": {"ا": "a e", "و": "o ou u", "ي": "i ee", "ى": "a", "ة": "e a eh"},
    "maghrebi": {"ا": "a a e", "و": "ou o", "ي": "i", "ى": "a", "ة": "a"},
}
_HAMZAS = {"أ": "a", "إ": "i", "آ": "a", "ؤ": "2", "ئ": "2", "ء": "2"}


@dataclass(frozen=True, slots=True)
class Line:
    """One text to learn from; `weight` is how many times it counts."""

    text: str
    is_arabizi: bool
    weight: float = 1.0


def spell(text: str, region: str, draw: random.Random) -> str:
    """Return Arabic `text` in Latin letters as somebody in `region` might spell it; the rest is kept."""
    return " ".join(_spell_word(word, region, draw) for word in text.split())


@cache
def _common_spellings() -> dict[str, dict[str, list[str]]]:
    with (WRITTEN / "arabizi.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["arabic"]: {region: row[region].split() for region in REGIONS} for row in rows}


def _spell_word(word: str, region: str, draw: random.Random) -> str:
    plain = word.replace("أ", "ا").replace("إ", "ا").replace("آ", "ا")
    common = _common_spellings().get(plain)
    if common is not None:
        return draw.choice(common[region])
    if len(word) > 4 and word[0] in "وف" and word[1:3] == "ال":
        return draw.choice(("w", "w ", "wa ") if word[0] == "و" else ("f", "fa")) + _spell_word(
            word[1:], region, draw
        )
    if len(word) > 4 and word.startswith("ال"):
        return draw.choice(_ARTICLES[region]) + _spell_letters(word[2:], region, draw)
    return _spell_letters(word, region, draw)


def _spell_letters(word: str, region: str, draw: random.Random) -> str:
    out: list[str] = []
    after_consonant = False
    last = len(word) - 1
    for at, letter in enumerate(word):
        spelled, is_consonant = _spell_letter(letter, at, region, draw)
        may_take_vowel = after_consonant and is_consonant and (at < last or at == 1 or draw.random() < 0.8)
        if may_take_vowel and draw.random() < _VOWEL_SHARE[region]:
            out.append(draw.choice(_SHORT_VOWELS[region]))
            after_consonant = False
        out.append(spelled)
        after_consonant = is_consonant
    return "".join(out)


def _spell_letter(letter: str, at: int, region: str, draw: random.Random) -> tuple[str, bool]:
    """Return how `letter` at offset `at` is spelled, and whether that is a consonant."""
    if letter in _CONSONANTS:
        return _CONSONANTS[letter], True
    if letter in _SPELLINGS[region]:
        return draw.choice(_SPELLINGS[region][letter].split()), True
    if letter in _HAMZAS:
        return _HAMZAS[letter], False
    if at == 0 and letter in "وي":
        return ("w" if letter == "و" else "y"), True
    if letter in _LONG_VOWELS[region]:
        return draw.choice(_LONG_VOWELS[region][letter].split()), False
    return (letter if letter.isascii() else ""), False


def lines(arabic: Sequence[str], english: Sequence[str], written: Sequence[Line]) -> Iterator[Line]:
    """Yield what is learned from: the texts, and a short piece of each, since posts are short."""
    draw = random.Random(_SEED)  # noqa: S311 - reproducible spellings, no secret
    for text in arabic:
        for piece in (text, _piece(text, draw)):
            yield Line(spell(piece, draw.choice(_DRAWN_REGIONS), draw), True)
    for text in english:
        yield Line(text, False)
        yield Line(_piece(text, draw), False)
    for language in _NEIGHBOURS:
        words = sorted(read_lists("language-words.txt")[language])
        for _ in range(_DRAWN_LINES):
            yield Line(" ".join(draw.sample(words, draw.randint(1, 5))), False)
    yield from written


def _piece(text: str, draw: random.Random) -> str:
    words = text.split()
    size = draw.randint(1, 5)
    start = draw.randrange(max(1, len(words) - size + 1))
    return " ".join(words[start : start + size])


def read_written(posts: Sequence[tuple[str, str]]) -> list[Line]:
    """Return the lines of latin.tsv and of `posts`, pairs of a language and a text."""
    with (WRITTEN / "latin.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    pairs = [(row["language"], row["text"]) for row in rows] + list(posts)
    return [Line(text, language == "ar-Latn", _WRITTEN_WEIGHT) for language, text in pairs]


def fit(examples: Sequence[Line], version: str, say: Say) -> ArabiziModel:
    """Return a model fitted on `examples`; the same examples give the same model."""
    say(f"telling Arabizi: {len(examples):,} lines")
    matrix = bucket_matrix([latin_words(line.text) for line in examples], word_buckets, BUCKETS)
    machine = LogisticRegression(C=_STRENGTH, solver="liblinear", random_state=_SEED)
    machine.fit(
        matrix, [line.is_arabizi for line in examples], sample_weight=[line.weight for line in examples]
    )
    dense = machine.coef_[0]
    scale = float(np.percentile(np.abs(dense[dense != 0]), 99.9)) / 127
    weights = np.clip(np.rint(dense / scale), -127, 127).astype(np.int8)
    return ArabiziModel(weights, scale, float(machine.intercept_[0]), version)
