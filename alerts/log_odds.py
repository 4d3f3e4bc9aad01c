"""Which words tell one group of mentions from another. Pure.

A phrase is counted by the mentions that hold it. Two groups are compared by the log-odds ratio with an
informative Dirichlet prior, in standard deviations (Monroe, Colaresi and Quinn, "Fightin' Words: Lexical
Feature Selection and Evaluation for Identifying the Content of Political Conflict", 2008): the prior is how
common the phrase is in both groups together, so that neither a rare word nor one that is always there comes
out on top.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

LIKELY: Final = 1.96
"""Standard deviations from which on a difference is more than chance, of one word looked at alone."""
_PRIOR = 2.0
"""Mentions' worth of belief that a phrase is as common in one group as in both."""
_SAME = 0.8
"""A longer phrase in nearly as many mentions says the same, and more."""
_EXCHANGED = str.maketrans("ىةٱ", "يها", "ـ")
_ARTICLE = "ال"

Held = Iterable[tuple[int, Iterable[str]]]
"""Mentions by id, each with its phrases."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase with the ids of the mentions it is in, how many held it before, and how it stands out.

    `z` is the log-odds of now against before in standard deviations, None where there is no before.
    """

    text: str
    ids: tuple[int, ...]
    before: int
    z: float | None


def fold(phrase: str) -> str:
    """Return the form under which spellings of one phrase are counted together.

    Arabic letters that people exchange when they type (ى and ي, ة and ه, the alefs) count as one, vowel
    marks, tatweel and the article of each word as nothing, and so does the s of an English plural. A
    phrase without a letter or digit, such as an emoji, has no form: ''.
    """
    plain = unicodedata.normalize("NFKD", phrase).casefold().translate(_EXCHANGED)
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(map(_word, kept.split())) if any(char.isalnum() for char in kept) else ""


def _word(folded: str) -> str:
    if folded.isascii():
        plural = folded.endswith("s") and not folded.endswith(("ss", "us", "is")) and len(folded) > 3
        return folded[:-1] if plural else folded
    without = folded.removeprefix(_ARTICLE)
    return without if len(without) >= 3 else folded


class _Group:
    """A group of mentions: which of them hold each phrase, and how it is mostly spelt."""

    def __init__(self, mentions: Held, *, words: bool) -> None:
        self.size = 0
        self.holders: dict[str, dict[int, None]] = defaultdict(dict)
        self._spellings: dict[str, Counter[str]] = defaultdict(Counter)
        for identity, phrases in mentions:
            self.size += 1
            for phrase in phrases:
                self._add(identity, " ".join(phrase.split()))
                if words and len(parts := phrase.split()) > 1:
                    for part in parts:
                        self._add(identity, part)

    def _add(self, identity: int, phrase: str) -> None:
        folded = fold(phrase)
        if folded:
            self.holders[folded][identity] = None
            self._spellings[folded][phrase] += 1

    def spelling(self, folded: str) -> str:
        """Return the commonest spelling, the first in the alphabet of equals."""
        return min(self._spellings[folded].items(), key=lambda found: (-found[1], found[0]))[0]


def standing_out(
    now: Held,
    before: Held,
    ignore: frozenset[str],
    limit: int,
    least: int = 3,
    overlap: float = 0.8,
) -> list[Phrase]:
    """Return the phrases and words that at least `least` mentions hold now and that are commoner than before.

    Only what reaches `LIKELY` is returned, strongest first; where there is no before, the commonest are. No
    word is shown twice, and of phrases whose mentions are the same by more than the share `overlap`, 0…1,
    only the strongest is. `ignore` holds folded phrases, such as the brand's own names.
    """
    present, past = _Group(now, words=True), _Group(before, words=True)
    found = []
    for folded, ids in present.holders.items():
        if len(ids) < least or folded in ignore:
            continue
        earlier = len(past.holders.get(folded, ()))
        z = log_odds(len(ids), present.size, earlier, past.size) if past.size else None
        if z is None or z >= LIKELY:
            found.append(Phrase(present.spelling(folded), tuple(ids), earlier, z))
    found.sort(key=lambda phrase: (-(phrase.z or 0.0), -len(phrase.ids), -len(phrase.text), phrase.text))
    return _distinct(found, limit, overlap)


def log_odds(now: int, all_now: int, before: int, all_before: int) -> float:
    """Return how much commoner a phrase is in one group than in another, in standard deviations, signed.

    `now` of `all_now` mentions hold it in the one, `before` of `all_before` in the other.
    """
    belief = _PRIOR * (now + before + 0.5) / (all_now + all_before + 1.0)
    odds = math.log((now + belief) / (all_now - now + _PRIOR - belief))
    past = math.log((before + belief) / (all_before - before + _PRIOR - belief))
    held = 1 / (now + belief) + 1 / (before + belief)
    lacking = 1 / (all_now - now + _PRIOR - belief) + 1 / (all_before - before + _PRIOR - belief)
    return (odds - past) / math.sqrt(held + lacking)


def _distinct(phrases: Sequence[Phrase], limit: int, overlap: float) -> list[Phrase]:
    parts = {phrase.text: frozenset(fold(phrase.text).split()) for phrase in phrases}
    sets = {phrase.text: frozenset(phrase.ids) for phrase in phrases}
    longer = [phrase for phrase in phrases if len(parts[phrase.text]) > 1]
    chosen: list[Phrase] = []
    for phrase in phrases:
        words, ids = parts[phrase.text], sets[phrase.text]
        fuller = any(
            words < parts[other.text] and len(other.ids) >= _SAME * len(phrase.ids) for other in longer
        )
        told = any(
            words & parts[other.text]
            or len(ids & sets[other.text]) > overlap * max(len(ids), len(sets[other.text]))
            for other in chosen
        )
        if not fuller and not told:
            chosen.append(phrase)
        if len(chosen) == limit:
            break
    return chosen


def commonest(texts: Held, ignore: frozenset[str], limit: int) -> list[Phrase]:
    """Return the phrases held by the most mentions, at least two each."""
    group = _Group(texts, words=False)
    found = [
        Phrase(group.spelling(folded), tuple(ids), 0, None)
        for folded, ids in group.holders.items()
        if len(ids) >= 2 and folded not in ignore
    ]
    return sorted(found, key=lambda phrase: (-len(phrase.ids), phrase.text))[:limit]
