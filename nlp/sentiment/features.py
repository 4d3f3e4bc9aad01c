"""What the linear sentiment model sees in a text: hashed words, pairs of words and parts of words.

The features of a word depend on the word alone, so that its share of the score can be remembered and
a text costs about one look-up a word (`nlp.sentiment.linear`).
"""

from __future__ import annotations

import re
from zlib import crc32

from nlp.text import fold, squeeze

BUCKETS = 1 << 20
_MASK = BUCKETS - 1
_NOISE = re.compile(r"https?://\S*|www\.\S*|(?:(?<![\w.+-])[\w.+-]+)?@[\w.]+|\bRT\b", re.IGNORECASE)
_TOKENS = re.compile(r"\d+|[^\W\d_]+|[^\w\s]")
_LONGEST_WORD = 24
_MOST_TOKENS = 400
_SHORTEST_PART, _LONGEST_PART = 2, 5
WHOLE_WEIGHT = 2
"""How many times whole words and pairs count, against once for each part of a word."""


def tokens(text: str) -> list[str]:
    """Return the folded words, emoji and punctuation marks of `text` in order, at most 400.

    Links and handles are left out, numbers are all `0`, letters repeated for emphasis are kept twice.
    """
    found = _TOKENS.findall(squeeze(fold(_NOISE.sub(" ", text)), keep=2))
    return ["0" if token[0].isdecimal() else token[:_LONGEST_WORD] for token in found[:_MOST_TOKENS]]


def word_buckets(word: str) -> list[int]:
    """Return the buckets of the word itself, twice for its weight, and of its parts of 2 to 5 characters."""
    hashes = [_bucket("w" + word)] * WHOLE_WEIGHT
    if len(word) > 1:
        padded = f"<{word}>"
        length = len(padded)
        for size in range(_SHORTEST_PART, _LONGEST_PART + 1):
            hashes.extend(_bucket(padded[at : at + size]) for at in range(length - size + 1))
    return hashes


def pair_bucket(first: str, second: str) -> int:
    """Return the bucket of two words that follow one another; it counts `WHOLE_WEIGHT` times."""
    return _bucket(f"{first} {second}")


def _bucket(feature: str) -> int:
    return crc32(feature.encode("utf-8", "surrogatepass")) & _MASK
