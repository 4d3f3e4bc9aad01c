"""The fingerprint of a text, by which copies of it are known: retweets, syndicated news, copied reviews.

A text is reduced to what copying keeps (folded words; no links, handles, tags, emoji or punctuation), cut
into overlapping pairs of words, and sketched by MinHash (A. Broder, "On the resemblance and containment of
documents", 1997): the share of equal values in two sketches estimates the Jaccard similarity of the sets of
pairs. `storage.stories` compares fingerprints; it knows nothing of words.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from itertools import pairwise
from zlib import crc32

from datasketch import MinHash

from nlp.text import fold

VERSION = "stories-1"

PERMUTATIONS = 64
LEAST_WORDS = 7
"""Texts of fewer words are only compared as a whole."""
_LEAST_WORDS_WHOLE, _LEAST_LETTERS_WHOLE = 4, 16
"""Still shorter ones are what many people say by themselves ("thank you very much")."""
_CLIP = 10_000
_SEED = 1
_SCHEME = "affine32"
_FIXED = MinHash(PERMUTATIONS, seed=_SEED, scheme=_SCHEME).permutations
_PASSED_ON = re.compile(r"\s*(?:rt|رت)\s+(?=@)")
_NOISE = re.compile(r"https?://\S*|www\.\S*|[@#][\w.]*\w")
_SIGNS = ("http", "www.", "@", "#")
"""One of these stands in any noise; looking for them costs less than the pattern."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def fingerprint(text: str, title: str | None = None) -> bytes:
    """Return the fingerprint of a text with its title, b"" where it is too short to be told from others.

    From `LEAST_WORDS` words on it is the MinHash of 64 permutations, as 64 little-endian 32-bit numbers (256
    bytes); for a shorter text of at least 4 words and 16 letters it is a hash of the whole, 8 bytes, which
    only an identical text shares. Only the first 10,000 code points of each are read.
    """
    parts = [_words(title[:_CLIP])] if title else []
    parts.append(_words(text[:_CLIP]))
    count = sum(map(len, parts))
    if count < LEAST_WORDS:
        return _of_the_whole([word for words in parts for word in words])
    pairs = {f"{one} {two}".encode() for words in parts for one, two in pairwise(words)}
    sketch = MinHash(PERMUTATIONS, hashfunc=crc32, permutations=_FIXED, scheme=_SCHEME)
    sketch.update_batch(pairs)
    return bytes(sketch.hashvalues.astype("<u4").tobytes())


def _words(text: str) -> list[str]:
    folded = fold(text)
    passed_on = _PASSED_ON.match(folded)
    if passed_on is not None:
        folded = folded[passed_on.end() :]
    if any(sign in folded for sign in _SIGNS):
        folded = _NOISE.sub(" ", folded)
    return _WORD.findall(folded)


def _of_the_whole(words: list[str]) -> bytes:
    whole = " ".join(words)
    if len(words) < _LEAST_WORDS_WHOLE or len(whole) - len(words) + 1 < _LEAST_LETTERS_WHOLE:
        return b""
    return blake2b(whole.encode(), digest_size=8).digest()
