"""Whether a text in Latin letters is Arabic (Arabizi): logistic regression over hashed parts of words.

The share of a word depends on the word alone and is remembered. Made by `nlp.training.arabizi`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from math import sqrt
from pathlib import Path
from zipfile import BadZipFile
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelUnavailable
from nlp.wordlists import read_lists

MODEL_PATH = Path(__file__).parent / "models" / "arabizi-latn.npz"
VERSION = "arabizi-1"
BUCKETS = 1 << 16

_MASK = BUCKETS - 1
_MOST_WORDS = 100
_LONGEST_WORD = 24
_CACHED_WORDS = 100_000
_SHORTEST_PART, _LONGEST_PART = 1, 4
_LISTED_WEIGHT = 3
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)*'?")
_ELONGATION = re.compile(r"([^\W\d_])\1{2,}")


def latin_words(text: str) -> list[str]:
    """Return the words of `text` in lower case, with their numerals and apostrophes, at most 100.

    Letters written three times or more in a row are written once.
    """
    lowered = text.lower().replace("’", "'")
    return [word[:_LONGEST_WORD] for word in _WORDS.findall(_ELONGATION.sub(r"\1", lowered))[:_MOST_WORDS]]


def word_buckets(word: str) -> list[int]:
    """Return the buckets of a word and of its parts of 1 to 4 characters, and of the list that holds it."""
    if word.isdecimal():
        return [_bucket("0")]
    padded = f"<{word}>"
    length = len(padded)
    buckets = [_bucket("w" + word)] * 2
    for size in range(_SHORTEST_PART, _LONGEST_PART + 1):
        buckets.extend(_bucket(padded[at : at + size]) for at in range(length - size + 1))
    shape = re.sub(r"[^\W\d_]+", "a", word)
    if shape != "a":
        buckets.extend([_bucket("s" + shape[:8])] * 2)
    listed, certain = _lists()
    if word in listed:
        buckets.extend([_bucket("=listed")] * _LISTED_WEIGHT)
    if word in certain:
        buckets.extend([_bucket("=certain")] * _LISTED_WEIGHT)
    return buckets


@cache
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    lists = read_lists("language-words.txt")
    return lists["arabizi"], lists["arabizi-certain"]


def _bucket(feature: str) -> int:
    return crc32(feature.encode("utf-8", "surrogatepass")) & _MASK


class ArabiziModel:
    """A trained model. Made by `load`; scoring needs no lock within one thread."""

    def __init__(self, weights: NDArray[np.int8], scale: float, intercept: float, version: str) -> None:
        self.version = version
        self._weights = weights
        self._scale = scale
        self._intercept = intercept
        self._words: dict[str, tuple[float, int]] = {}

    @classmethod
    def load(cls, path: Path = MODEL_PATH) -> ArabiziModel:
        """Read a model that `save` wrote. Raises ModelUnavailable where the file is missing or damaged."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                weights = stored["weights"]
                model = cls(
                    weights, float(stored["scale"]), float(stored["intercept"]), str(stored["version"])
                )
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ModelUnavailable(f"{path.name} cannot be read ({error}); install Marsad again") from error
        if weights.shape != (BUCKETS,):
            raise ModelUnavailable(f"{path.name} was made by another version; install Marsad again")
        return model

    def save(self, path: Path) -> None:
        """Write the model as one compressed file."""
        np.savez_compressed(
            path,
            weights=self._weights,
            scale=np.float64(self._scale),
            intercept=np.float64(self._intercept),
            version=np.str_(self.version),
        )

    def log_odds(self, words: Sequence[str]) -> float:
        """Return the log-odds that a text, given as its `latin_words`, is Arabizi."""
        total = 0.0
        features = 0
        for word in words:
            share, count = self._words.get(word) or self._remember(word)
            total += share
            features += count
        return total / sqrt(max(1, features)) + self._intercept

    def _remember(self, word: str) -> tuple[float, int]:
        buckets = word_buckets(word)
        entry = (float(self._weights[buckets].sum(dtype=np.int64)) * self._scale, len(buckets))
        if len(self._words) >= _CACHED_WORDS:
            self._words.clear()
        self._words[word] = entry
        return entry
