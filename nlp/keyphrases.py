"""What a text is about in a few words of its own: its most frequent runs of content words."""

from __future__ import annotations

import re
from collections import Counter

from nlp.text import fold
from nlp.wordlists import read_lists

VERSION = "keyphrases-1"

_MOST = 5
_CLIP = 5_000
_LONGEST_PHRASE = 2
_NOISE = re.compile(r"https?://\S*|www\.\S*|[\w.+-]*@[\w.]+")
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
            folded = fold(word)
            if folded and len(folded) >= _SHORTEST[not folded.isascii()] and not is_stop_word(folded):
                run.append((folded, word))
                continue
            _count_run(run, counts, written)
            run = []
    repeated = {phrase for phrase, count in counts.items() if " " in phrase and count > 1}
    for phrase in repeated:
        for part in phrase.split(" "):
            if counts[part] == counts[phrase]:
                del counts[part]
    ranked = sorted(
        (phrase for phrase in counts if " " not in phrase or phrase in repeated),
        key=lambda phrase: (-counts[phrase], -len(phrase), phrase),
    )
    return tuple(written[phrase] for phrase in ranked[:_MOST])


def _count_run(run: list[tuple[str, str]], counts: Counter[str], written: dict[str, str]) -> None:
    for size in range(1, _LONGEST_PHRASE + 1):
        for at in range(len(run) - size + 1):
            part = run[at : at + size]
            phrase = " ".join(folded for folded, _ in part)
            counts[phrase] += 1
            written.setdefault(phrase, " ".join(word for _, word in part))
