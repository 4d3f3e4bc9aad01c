"""What words look like in Latin and in Arabic letters: character trigram models of word lists at hand.

Latin ones are learned, in a fraction of a second, from the word list that the English pipeline carries,
in which names of firms and places are many; Arabic ones from our own lists. Trigrams are smoothed by
interpolation with bigrams and single letters (Jelinek and Mercer, 1980).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from math import log
from typing import Any

from nlp.entities import english_model
from nlp.text import fold

_LATIN = re.compile(r"[A-Za-z]{2,}")
_ARABIC = re.compile(r"[\u0620-\u064a]{2,}")
_NO_WORDS = "letters-"
"""How the files in nlp/models begin that hold pieces of words."""
_WEIGHTS = (0.65, 0.25, 0.099)
_FLOOR = 0.001 / 30


class Vocabulary:
    """A set of words and the letters they are made of. Without words all spellings are alike.

    `dictionary` holds those of the words that are words of the language, and not names.
    """

    def __init__(self, words: Iterable[str], dictionary: Iterable[str] = ()) -> None:
        self._words = frozenset(words)
        self._dictionary = frozenset(dictionary)
        marked = "".join(f"^^{word}$" for word in self._words)
        self._counts = tuple(Counter(_grams(marked, order)) for order in range(4))

    def __contains__(self, word: str) -> bool:
        """Return whether the vocabulary has the word, in small letters and folded."""
        return word in self._words

    def is_ordinary(self, word: str) -> bool:
        """Return whether a word is in the dictionary, in whatever form, and not only as a name."""
        return word in self._dictionary

    def surprise(self, word: str) -> float:
        """Return the negative log-probability (nats) of a word, in small letters and folded.

        It is 0 for every word where there is no vocabulary.
        """
        if not self._words:
            return 0.0
        marked = f"^^{word}$"
        return -sum(log(self._chance(marked[at - 2 : at + 1])) for at in range(2, len(marked)))

    def _chance(self, gram: str) -> float:
        chance = _FLOOR
        for skipped, weight in enumerate(_WEIGHTS):
            shorter = gram[skipped:]
            if before := self._counts[len(shorter) - 1][shorter[:-1]]:
                chance += weight * self._counts[len(shorter)][shorter] / before
        return chance


def _grams(text: str, order: int) -> Iterator[str]:
    return map("".join, zip(*(text[start:] for start in range(order)), strict=False)) if order else iter(())


@lru_cache(maxsize=1)
def latin() -> Vocabulary:
    """Return the vocabulary of the English pipeline, empty where it is not installed."""
    from srsly import json_loads, msgpack_loads

    package = english_model()
    if package is None:
        return Vocabulary(())
    words: set[str] = set()
    ordinary: set[str] = set()
    for path in _paths(package, "vocab/strings.json"):
        listed: Any = json_loads(path.read_bytes())
        words.update(w.lower() for w in listed if _LATIN.fullmatch(w) and not (w.isupper() and len(w) < 4))
    for path in _paths(package, "lemmatizer/lookups/lookups.bin"):
        tables: Any = msgpack_loads(path.read_bytes())
        # Their keys are hashes of the parts of speech, of which each holds words of the language.
        for table in ("lemma_index", "lemma_exc"):
            for listed in tables.get(table, {}).values():
                ordinary.update(listed)
    return Vocabulary(words, ordinary)


def _paths(package: str, inside: str) -> Iterator[Any]:
    from pathlib import Path

    for folder in files(package).iterdir():
        path = Path(str(folder)) / inside
        if path.is_file():
            yield path


@lru_cache(maxsize=1)
def arabic() -> Vocabulary:
    """Return the vocabulary of all our own word lists, folded."""
    words: set[str] = set()
    for path in files("nlp").joinpath("models").iterdir():
        if path.name.endswith(".txt") and not path.name.startswith(_NO_WORDS):
            words.update(fold(word) for word in _ARABIC.findall(path.read_text(encoding="utf-8")))
    return Vocabulary(words, words)
