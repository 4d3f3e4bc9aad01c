"""Which Arabic a text is written in: Modern Standard, Gulf, Egyptian, Levantine or Maghrebi.

A linear model over hashed words, parts of words and how words begin and end together (a negation that
embraces its verb: "ما…ش"), and over lists of words that mark a dialect, trained on tweets and on lines
written for it (`nlp.training.dialect`). The share of a word depends on the word alone and is
remembered, so that a text costs about one look-up a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, sqrt
from pathlib import Path
from zipfile import BadZipFile
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelUnavailable
from nlp.text import fold, squeeze
from nlp.wordlists import read_lists

DIALECTS = ("msa", "gulf", "egyptian", "levantine", "maghrebi")
"""The order of all chances."""
MODEL_PATH = Path(__file__).parent / "models" / "dialect-ar.npz"
VERSION = "dialect-ar-1"
BUCKETS = 1 << 18

Chances = tuple[float, float, float, float, float]
EVEN: Chances = (0.2, 0.2, 0.2, 0.2, 0.2)

_MASK = BUCKETS - 1
_CLIP = 2000
_MOST_WORDS = 200
_LONGEST_WORD = 24
_CACHED_WORDS = 200_000
_SURE_ENOUGH = 0.4
"""Below this chance no dialect is named: the text holds too little that tells."""
_NOISE = re.compile(r"https?://\S*|www\.\S*|@\w+")
_MARKS = re.compile("[\u064b-\u0652\u0670ـ]")
_WORDS = re.compile(r"[\u0620-\u064a\u0671-\u06d3]+")
_SHORTEST_PART, _LONGEST_PART = 2, 5
_WHOLE_WEIGHT, _MARKER_WEIGHT = 2, 6


@dataclass(frozen=True, slots=True)
class DialectGuess:
    """One of `DIALECTS`, or None where the text does not tell, and how sure that is, 0…1."""

    dialect: str | None
    confidence: float


def arabic_words(text: str) -> list[str]:
    """Return the Arabic words of the first 2,000 code points of `text`, without diacritics, at most 200."""
    clipped = text[:_CLIP]
    if "@" in clipped or "/" in clipped or "." in clipped:
        clipped = _NOISE.sub(" ", clipped)
    return [word[:_LONGEST_WORD] for word in _WORDS.findall(_MARKS.sub("", clipped))[:_MOST_WORDS]]


def word_buckets(word: str) -> list[int]:
    """Return the buckets of a word as written, repeated by weight: itself, its parts, edges and lists."""
    folded = squeeze(fold(word), keep=2)
    padded = f"<{folded}>"
    length = len(padded)
    buckets = [_bucket("w" + folded)] * _WHOLE_WEIGHT
    for size in range(_SHORTEST_PART, _LONGEST_PART + 1):
        buckets.extend(_bucket(padded[at : at + size]) for at in range(length - size + 1))
    if len(folded) > 3:
        edges = ((2, 2), (3, 2), (2, 3))
        buckets.extend(_bucket(f"{padded[:front]}~{padded[-back:]}") for front, back in edges)
    buckets.append(_bucket("r" + word[-2:]))
    buckets.extend(_marker_buckets(folded))
    return buckets


def _marker_buckets(folded: str) -> list[int]:
    """Return the buckets of the lists that hold the word, or the word after an "and" or "so" before it."""
    markers = _markers()
    listed = markers.get(folded)
    if listed is None and len(folded) > 3 and folded[0] in "وف":
        listed = markers.get(folded[1:])
    if listed is None:
        return []
    together = [_bucket("=" + "+".join(listed))] * _MARKER_WEIGHT
    return together + [_bucket("=any " + dialect) for dialect in listed for _ in range(_WHOLE_WEIGHT)]


@cache
def _markers() -> dict[str, tuple[str, ...]]:
    """Return each listed word, folded, with the dialects that list it."""
    found: dict[str, set[str]] = {}
    for dialect, words in read_lists("language-dialects.txt").items():
        for word in words:
            found.setdefault(fold(word), set()).add(dialect)
    return {word: tuple(sorted(dialects)) for word, dialects in found.items()}


def _bucket(feature: str) -> int:
    return crc32(feature.encode("utf-8", "surrogatepass")) & _MASK


def decide(chances: Sequence[float]) -> DialectGuess:
    """Return the likeliest of `DIALECTS` and its chance; None for the dialect where that is too low."""
    best = max(range(len(DIALECTS)), key=chances.__getitem__)
    return DialectGuess(DIALECTS[best] if chances[best] >= _SURE_ENOUGH else None, chances[best])


class DialectModel:
    """A trained model. Made by `load`; scoring needs no lock within one thread."""

    def __init__(
        self,
        weights: NDArray[np.int8],
        scales: NDArray[np.float64],
        intercepts: NDArray[np.float64],
        temperature: float,
        version: str,
    ) -> None:
        self.version = version
        self._weights = weights
        self._scales = scales
        self._intercepts = intercepts
        self._temperature = temperature
        self._words: dict[str, tuple[float, float, float, float, float, int]] = {}

    @classmethod
    def load(cls, path: Path = MODEL_PATH) -> DialectModel:
        """Read a model that `save` wrote. Raises ModelUnavailable where the file is missing or damaged."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                model = cls(
                    stored["weights"],
                    stored["scales"],
                    stored["intercepts"],
                    float(stored["temperature"]),
                    str(stored["version"]),
                )
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ModelUnavailable(f"{path.name} cannot be read ({error}); install Marsad again") from error
        if model._weights.shape != (BUCKETS, len(DIALECTS)):
            raise ModelUnavailable(f"{path.name} was made by another version; install Marsad again")
        return model

    def save(self, path: Path) -> None:
        """Write the model as one compressed file."""
        np.savez_compressed(
            path,
            weights=self._weights,
            scales=self._scales,
            intercepts=self._intercepts,
            temperature=np.float64(self._temperature),
            version=np.str_(self.version),
        )

    def calibrated(self, temperature: float) -> DialectModel:
        """Return the same model whose raw scores are divided by `temperature` before they become chances."""
        return DialectModel(self._weights, self._scales, self._intercepts, temperature, self.version)

    def margins(self, words: list[str]) -> Chances:
        """Return the raw score of each dialect for a text given as its `arabic_words`."""
        msa = gulf = egyptian = levantine = maghrebi = 0.0
        features = 0
        remembered = self._words
        for word in words:
            one, two, three, four, five, count = remembered.get(word) or self._remember(word)
            msa += one
            gulf += two
            egyptian += three
            levantine += four
            maghrebi += five
            features += count
        norm = 1.0 / sqrt(max(1, features))
        start = self._intercepts
        return (
            msa * norm + float(start[0]),
            gulf * norm + float(start[1]),
            egyptian * norm + float(start[2]),
            levantine * norm + float(start[3]),
            maghrebi * norm + float(start[4]),
        )

    def chances(self, text: str) -> Chances:
        """Return the calibrated chance of each dialect in the order of `DIALECTS`; even without a word."""
        words = arabic_words(text)
        return self._chances(words) if words else EVEN

    def identify(self, text: str) -> DialectGuess:
        """Return the likeliest dialect of an Arabic text, or None where its words do not tell."""
        return decide(self.chances(text))

    def _chances(self, words: list[str]) -> Chances:
        one, two, three, four, five = (score / self._temperature for score in self.margins(words))
        top = max(one, two, three, four, five)
        raised = exp(one - top), exp(two - top), exp(three - top), exp(four - top), exp(five - top)
        total = sum(raised)
        return (
            raised[0] / total,
            raised[1] / total,
            raised[2] / total,
            raised[3] / total,
            raised[4] / total,
        )

    def _remember(self, word: str) -> tuple[float, float, float, float, float, int]:
        buckets = word_buckets(word)
        one, two, three, four, five = (
            float(value) for value in self._weights[buckets].sum(axis=0, dtype=np.int64) * self._scales
        )
        entry = (one, two, three, four, five, len(buckets))
        if len(self._words) >= _CACHED_WORDS:
            self._words.clear()
        self._words[word] = entry
        return entry
