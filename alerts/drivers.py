"""Why: the words, sources and stars that account for the difference from usual, and the posts that show it.

Words are compared by `alerts.log_odds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alerts.log_odds import fold, standing_out
from storage.mentions import StoredMention

Driver = Mapping[str, Any]

WORDS = 5
SOURCES = 3
POSTS = 3


def words(now: Sequence[StoredMention], before: Sequence[StoredMention], expected: float) -> list[Driver]:
    """Return the keyphrases that stand out now: each with how many mentions hold it, and how many usually do.

    `expected` is how many mentions are usual in the time that `now` covers; `usual` is the share of
    `before` that holds the phrase, of so many.
    """
    own = frozenset(
        fold(name)
        for stored in now
        if stored.analysis is not None
        for match in stored.analysis.brands
        for name in (match.alias, match.name)
    )
    least = 2 if len(now) < 20 else len(now) // 10
    found = standing_out(_phrases(now), _phrases(before), own, WORDS, least, overlap=1.0)
    return [
        {
            "type": "word",
            "text": phrase.text,
            "count": len(phrase.ids),
            "usual": round(phrase.before / max(1, len(before)) * expected, 1),
        }
        for phrase in found
    ]


def _phrases(mentions: Sequence[StoredMention]) -> Iterator[tuple[int, tuple[str, ...]]]:
    return ((each.id, () if each.analysis is None else each.analysis.keyphrases) for each in mentions)


def shares(kind: str, now: Mapping[str, int], usual: Mapping[str, float], limit: int) -> list[Driver]:
    """Return the parts (sources, languages, stars) with the largest excess over usual, with counts."""
    ranked = sorted(now, key=lambda name: (usual.get(name, 0.0) - now[name], name))
    return [
        {"type": kind, "text": name, "count": now[name], "usual": round(usual.get(name, 0.0), 1)}
        for name in ranked[:limit]
        if now[name] > usual.get(name, 0.0)
    ]


def posts(mentions: Sequence[StoredMention]) -> tuple[int, ...]:
    """Return the ids of the mentions to show: the biggest voices first; no writer, text or story twice."""
    chosen: list[int] = []
    met: set[tuple[str, str]] = set()
    for stored in sorted(mentions, key=_weight):
        marks = _marks(stored)
        if len(chosen) < POSTS and not marks & met:
            chosen.append(stored.id)
            met |= marks
    return tuple(chosen)


def _weight(stored: StoredMention) -> tuple[float, ...]:
    mention, analysis = stored.mention, stored.analysis
    followers = mention.author.followers if mention.author else None
    # Followers are comparable with one another, an estimated reach only with others of its kind.
    audience = followers if followers is not None else mention.reach or 0
    liked = mention.engagement
    response = sum(each or 0 for each in (liked.likes, liked.replies, liked.shares))
    feeling = abs(analysis.sentiment_score or 0.0) if analysis is not None else 0.0
    return (
        -audience,
        -response,
        -feeling,
        -min(len(mention.text), 280),
        -stored.id,
    )


def _marks(stored: StoredMention) -> set[tuple[str, str]]:
    mention = stored.mention
    marks = {("text", " ".join(mention.text.split())[:120])}
    if stored.analysis is not None and stored.analysis.story_id is not None:
        marks.add(("story", str(stored.analysis.story_id)))
    if mention.author is not None:
        marks.add(("author", f"{mention.author.platform}\x1f{mention.author.handle}"))
    return marks
