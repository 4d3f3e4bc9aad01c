"""Small statistics of the digest: what is a change, how sure a share is, which words stand out. Pure."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

# Two-sided 1 % and 5 % points of the normal distribution.
CLEAR = 2.58
LIKELY = 1.96
_EXCHANGED = str.maketrans("ىةٱ", "يها", "ـ")


def wilson(count: int, total: int, z: float = LIKELY) -> tuple[float, float]:
    """Return the Wilson score interval of a share, 0…1 both; (0, 1) where nothing was counted.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if total == 0:
        return 0.0, 1.0
    share, spread = count / total, z * z / total
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, centre - half), min(1.0, centre + half)


def count_change(now: int, before: int) -> float:
    """Return how many standard deviations two Poisson counts of equal spans lie apart, signed.

    By Anscombe's square root (1948), which keeps the variance the same from the smallest counts on.
    """
    return math.sqrt(2) * (math.sqrt(now + 0.375) - math.sqrt(before + 0.375))


def share_change(now: int, total_now: int, before: int, total_before: int) -> float:
    """Return the z of the difference of two shares (pooled), 0 where either total is 0."""
    if not total_now or not total_before:
        return 0.0
    pooled = (now + before) / (total_now + total_before)
    error = math.sqrt(pooled * (1 - pooled) * (1 / total_now + 1 / total_before))
    return (now / total_now - before / total_before) / error if error else 0.0


def mean_change(now: Sequence[float], before: Sequence[float]) -> float:
    """Return Welch's t of the difference of two means; 0 where either has fewer than 5 values."""
    if len(now) < 5 or len(before) < 5:
        return 0.0
    # Five equal ratings are not certainty: no error is taken as smaller than a tenth of a star allows.
    error = math.sqrt(max(variance(now), 0.1) / len(now) + max(variance(before), 0.1) / len(before))
    return (fmean(now) - fmean(before)) / error


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

    Arabic letters that people exchange when they type (ى and ي, ة and ه, the alefs) count as one, and vowel
    marks and tatweel as nothing. A phrase without a letter or digit, such as an emoji, has no form: ''.
    """
    plain = unicodedata.normalize("NFKD", phrase).casefold().translate(_EXCHANGED)
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(kept.split()) if any(char.isalnum() for char in kept) else ""


def _gather(texts: Iterable[tuple[int, Iterable[str]]]) -> tuple[dict[str, dict[int, None]], dict[str, str]]:
    holders: dict[str, dict[int, None]] = defaultdict(dict)
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for identity, phrases in texts:
        for phrase in phrases:
            folded = fold(phrase)
            if folded:
                holders[folded][identity] = None
                spellings[folded][" ".join(phrase.split())] += 1
    return holders, {folded: found.most_common(1)[0][0] for folded, found in spellings.items()}


def standing_out(
    now: Iterable[tuple[int, Iterable[str]]],
    before: Iterable[tuple[int, Iterable[str]]],
    ignore: frozenset[str],
    limit: int,
    least: int = 3,
) -> list[Phrase]:
    """Return the phrases that at least `least` mentions of now hold and that are commoner than before.

    The measure is the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn,
    "Fightin' Words", 2008) over mentions that hold the phrase; only what reaches 1.96 is returned,
    strongest first. Where there is no before, the commonest are. A phrase whose mentions are nearly those
    of a stronger one is left out. `ignore` holds folded phrases, such as the brand's own names.
    """
    holders, spelling = _gather(now)
    earlier = {folded: len(ids) for folded, ids in _gather(before)[0].items()}
    totals = sum(map(len, holders.values())), sum(earlier.values())
    found = [
        Phrase(
            spelling[folded], tuple(ids), earlier.get(folded, 0), _log_odds(folded, holders, earlier, totals)
        )
        for folded, ids in holders.items()
        if len(ids) >= least and folded not in ignore
    ]
    kept = [phrase for phrase in found if phrase.z is None or phrase.z >= LIKELY]
    kept.sort(key=lambda phrase: (-(phrase.z or 0.0), -len(phrase.ids), -len(phrase.text), phrase.text))
    return _distinct(kept, limit)


def _log_odds(
    folded: str,
    holders: Mapping[str, Mapping[int, None]],
    earlier: Mapping[str, int],
    totals: tuple[int, int],
) -> float | None:
    total, total_before = totals
    if not total_before:
        return None
    here, there = len(holders[folded]), earlier.get(folded, 0)
    # A prior as heavy as a tenth of the words: enough that one word new this week does not beat all.
    weight = max(1.0, (total + total_before) / 10)
    prior = (here + there) / (total + total_before) * weight
    odds = math.log((here + prior) / (total + weight - here - prior + 1))
    odds_before = math.log((there + prior) / (total_before + weight - there - prior + 1))
    return (odds - odds_before) / math.sqrt(1 / (here + prior) + 1 / (there + prior))


def _distinct(phrases: Sequence[Phrase], limit: int) -> list[Phrase]:
    chosen: list[Phrase] = []
    for phrase in phrases:
        ids = set(phrase.ids)
        if len(chosen) < limit and all(
            len(ids & set(other.ids)) < 0.8 * max(len(ids), len(other.ids)) for other in chosen
        ):
            chosen.append(phrase)
    return chosen


def commonest(texts: Iterable[tuple[int, Iterable[str]]], ignore: frozenset[str], limit: int) -> list[Phrase]:
    """Return the phrases held by the most mentions, at least two each."""
    holders, spelling = _gather(texts)
    found = [
        Phrase(spelling[folded], tuple(ids), 0, None)
        for folded, ids in holders.items()
        if len(ids) >= 2 and folded not in ignore
    ]
    return sorted(found, key=lambda phrase: (-len(phrase.ids), phrase.text))[:limit]
