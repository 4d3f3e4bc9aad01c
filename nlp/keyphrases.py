"""What a text is about in a few words of its own: its most frequent runs of content words."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

from nlp.text import fold
from nlp.wordlists import read_lists

VERSION = "keyphrases-1"

_MOST = 5
_CLIP = 5_000
_REPEATED = 2
"""How often a pair of words must come to count as a phrase."""
_NOISE = re.compile(r"https?://\S*|www\.\S*|(?:(?<![\w.+-])[\w.+-]+)?@[\w.]+")
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|['’\u064b-\u0652\u0670ـ](?=[^\W\d_]))*[\u064b-\u0652]*")
_BREAK = re.compile(r"[.,;:!?؟،؛\n\r()\[\]{}\"“”«»…|/\\]+")
_SHORTEST = {True: 2, False: 3}
"""Fewest letters of a content word in ASCII (False) and in other scripts (True)."""


STOP_WORDS = frozenset(fold(word) for words in read_lists("stopwords.txt").values() for word in words)
_ATTACHED = ("و", "ف", "ب", "ل", "ك")


def is_stop_word(folded: str) -> bool:
    """Return whether a folded word carries no subject, also with a particle attached ("وفي")."""
    return folded in STOP_WORDS or (folded[:1] in _ATTACHED and len(folded) > 2 and folded[1:] in STOP_WORDS)


def keyphrases(text: str) -> tuple[str, ...]:
    """Return up to five words or pairs of words that `text` is about, as written in it, best first.

    Pairs count only where they come more than once; among equals the longer word comes first, as
    longer words are rarer.
    """
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    for sentence in _BREAK.split(_NOISE.sub(" ", text[:_CLIP])):
        run: list[tuple[str, str]] = []
        for word in (*_WORD.findall(sentence), ""):
            folded = _subject(word)
            if folded:
                run.append((folded, word))
                continue
            _count_run(run, counts, written)
            run = []
    repeated = {phrase for phrase, count in counts.items() if " " in phrase and count >= _REPEATED}
    for phrase in repeated:
        for part in phrase.split(" "):
            if counts[part] == counts[phrase]:
                del counts[part]
    ranked = sorted(
        (phrase for phrase in counts if " " not in phrase or phrase in repeated),
        key=lambda phrase: (-counts[phrase], -len(phrase), phrase),
    )
    return tuple(written[phrase] for phrase in ranked[:_MOST])


@lru_cache(maxsize=100_000)
def _subject(word: str) -> str:
    """Return the folded word, or nothing where it carries no subject."""
    folded = fold(word)
    if len(folded) < _SHORTEST[not folded.isascii()] or is_stop_word(folded):
        return ""
    return folded


def _count_run(run: list[tuple[str, str]], counts: Counter[str], written: dict[str, str]) -> None:
    for folded, word in run:
        counts[folded] += 1
        written.setdefault(folded, word)
    for (first, one), (second, two) in pairwise(run):
        pair = f"{first} {second}"
        counts[pair] += 1
        if counts[pair] == _REPEATED:
            written[pair] = f"{one} {two}"
