"""Why: the words, sources and stars that account for the difference from usual, and the posts that show it.

Words are compared by how many mentions hold them, now and before, with smoothed log-odds divided by
their standard error (Monroe, Colaresi and Quinn, "Fightin' Words", 2008), so that neither a rare word
nor one that is always there comes out on top.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from storage.mentions import StoredMention

Driver = Mapping[str, Any]

WORDS = 5
SOURCES = 3
POSTS = 3
_PRIOR = 2.0  # mentions' worth of belief that a word is as frequent now as over all
_LEAST_ODDS = 1.0  # standard errors
_SAME = 0.8  # a longer phrase in nearly as many mentions says the same, and more


def words(now: Sequence[StoredMention], before: Sequence[StoredMention], expected: float) -> list[Driver]:
    """Return the keyphrases that stand out now: each with how many mentions hold it, and how many usually do.

    `expected` is how many mentions are usual in the time that `now` covers; `usual` is the share of
    `before` that holds the phrase, of so many.
    """
    present, past = _holding(now), _holding(before)
    least = 2 if len(now) < 20 else len(now) // 10
    odds = {
        phrase: _log_odds(count, len(now), past[phrase], len(before))
        for phrase, count in present.items()
        if count >= least
    }
    telling = [phrase for phrase, score in odds.items() if score >= _LEAST_ODDS]
    ranked = sorted(telling, key=lambda phrase: (-odds[phrase], -present[phrase], -len(phrase), phrase))
    chosen: list[str] = []
    for phrase in ranked:
        parts = _parts(phrase)
        fuller = any(parts < _parts(other) and present[other] >= _SAME * present[phrase] for other in telling)
        if not fuller and not any(parts <= _parts(other) or _parts(other) <= parts for other in chosen):
            chosen.append(phrase)
    return [
        {
            "type": "word",
            "text": phrase,
            "count": present[phrase],
            "usual": round(past[phrase] / max(1, len(before)) * expected, 1),
        }
        for phrase in chosen[:WORDS]
    ]


def shares(kind: str, now: Mapping[str, int], usual: Mapping[str, float], limit: int) -> list[Driver]:
    """Return the parts (sources, languages, stars) with the largest excess over usual, with counts."""
    ranked = sorted(now, key=lambda name: (usual.get(name, 0.0) - now[name], name))
    return [
        {"type": kind, "text": name, "count": now[name], "usual": round(usual.get(name, 0.0), 1)}
        for name in ranked[:limit]
        if now[name] > usual.get(name, 0.0)
    ]


def posts(mentions: Sequence[StoredMention]) -> tuple[int, ...]:
    """Return the ids of the mentions to show: widest reach first; no writer or text twice."""
    chosen: list[int] = []
    met: set[tuple[str, str]] = set()
    for stored in sorted(mentions, key=_weight):
        marks = _marks(stored)
        if len(chosen) < POSTS and not marks & met:
            chosen.append(stored.id)
            met |= marks
    return tuple(chosen)


def _holding(mentions: Sequence[StoredMention]) -> Counter[str]:
    """Count the mentions that hold each phrase; the brand's own name explains nothing."""
    held: Counter[str] = Counter()
    for stored in mentions:
        if stored.analysis is not None:
            names = {
                text.casefold() for match in stored.analysis.brands for text in (match.alias, match.name)
            }
            held.update({phrase for phrase in stored.analysis.keyphrases if phrase.casefold() not in names})
    return held


def _log_odds(now: int, all_now: int, before: int, all_before: int) -> float:
    belief = _PRIOR * (now + before + 0.5) / (all_now + all_before + 1.0)
    odds = math.log((now + belief) / (all_now - now + _PRIOR - belief))
    past = math.log((before + belief) / (all_before - before + _PRIOR - belief))
    held = 1 / (now + belief) + 1 / (before + belief)
    lacking = 1 / (all_now - now + _PRIOR - belief) + 1 / (all_before - before + _PRIOR - belief)
    return (odds - past) / math.sqrt(held + lacking)


def _parts(phrase: str) -> frozenset[str]:
    return frozenset(phrase.casefold().split())


def _weight(stored: StoredMention) -> tuple[float, ...]:
    mention, analysis = stored.mention, stored.analysis
    followers = (mention.author.followers if mention.author else None) or 0
    liked = mention.engagement
    response = sum(each or 0 for each in (liked.likes, liked.replies, liked.shares))
    feeling = abs(analysis.sentiment_score or 0.0) if analysis is not None else 0.0
    return (
        -max(followers, mention.reach or 0),
        -response,
        -feeling,
        -min(len(mention.text), 280),
        -stored.id,
    )


def _marks(stored: StoredMention) -> set[tuple[str, str]]:
    mention = stored.mention
    marks = {("text", " ".join(mention.text.split())[:120])}
    if mention.author is not None:
        marks.add(("author", f"{mention.author.platform}\x1f{mention.author.handle}"))
    return marks
