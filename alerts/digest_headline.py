"""The one sentence of a digest: what mattered most this week, decided by stated tests. Pure.

The first finding that holds, in the order of `_FINDINGS`, is the headline. A change counts where chance
alone would show one as large less than about once in a hundred weeks, and where it is large enough to
matter to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alerts.digest_figures import Weeks
from alerts.digest_statistics import CLEAR, count_change, mean_change, share_change

Part = dict[str, Any]

_LEAST_MENTIONS = 5
_LEAST_CHANGE = 0.2  # of last week's count
_LEAST_STARS = 0.3
_LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the findings look at: the brand's part of the digest, and the mentions behind it."""

    part: Part
    weeks: Weeks

    def tones(self, name: str) -> tuple[int, int]:
        """Return how many mentions of a tone there are, this week and last."""
        found = self.part["sentiment"][name]
        return found["value"], (found["before"] or {"value": 0})["value"]

    def stars(self) -> tuple[list[float], list[float]]:
        """Return the ratings of this week and of last."""
        now, before = self.weeks.now, self.weeks.earlier[0] if self.weeks.earlier else []
        return [m.stars for m in now if m.stars is not None], [m.stars for m in before if m.stars is not None]

    @property
    def volume(self) -> tuple[int, int]:
        """How many mentions there are, this week and last."""
        found = self.part["volume"]
        return found["value"], (found["before"] or {"value": 0})["value"]


def _moved(now: int, before: int) -> float:
    """Return the direction and clearness of a change in a count, 0 where it is none to speak of."""
    enough = max(now, before) >= _LEAST_MENTIONS and abs(now - before) >= _LEAST_CHANGE * before
    change = count_change(now, before)
    return change if enough and abs(change) >= CLEAR else 0.0


def _share_moved(evidence: Evidence, name: str) -> float:
    (now, before), (total, total_before) = evidence.tones(name), evidence.volume
    change = share_change(now, total, before, total_before)
    if not total or not total_before or max(now, before) < _LEAST_MENTIONS:
        return 0.0
    return (
        change if abs(change) >= CLEAR and abs(now / total - before / total_before) >= _LEAST_SHARE else 0.0
    )


def _stars_moved(evidence: Evidence) -> float:
    change = mean_change(*evidence.stars())
    moved = evidence.part["reviews"]["average"]["change"]
    return change if abs(change) >= CLEAR and moved is not None and abs(moved) >= _LEAST_STARS else 0.0


_FINDINGS: Final[Sequence[tuple[str, Callable[[Evidence], bool]]]] = (
    ("nothing_found", lambda e: not e.volume[0] and not e.weeks.earlier),
    ("first_week", lambda e: not e.weeks.earlier),
    ("fell_silent", lambda e: not e.volume[0] and _moved(*e.volume) < 0),
    ("no_mentions", lambda e: not e.volume[0]),
    ("negative_up", lambda e: _moved(*e.tones("negative")) > 0),
    ("negative_share_up", lambda e: _share_moved(e, "negative") > 0),
    ("rating_down", lambda e: _stars_moved(e) < 0),
    ("positive_up", lambda e: _share_moved(e, "positive") > 0),
    ("rating_up", lambda e: _stars_moved(e) > 0),
    ("negative_down", lambda e: _share_moved(e, "negative") < 0),
    ("volume_up", lambda e: _moved(*e.volume) > 0),
    ("volume_down", lambda e: _moved(*e.volume) < 0),
    ("quiet", lambda e: True),
)


def headline(part: Part, weeks: Weeks) -> dict[str, Any]:
    """Return the kind of the week's headline; its numbers stand in the part itself."""
    evidence = Evidence(part, weeks)
    kind = next(name for name, holds in _FINDINGS if holds(evidence))
    return {"kind": kind, "quiet": kind in ("quiet", "no_mentions", "nothing_found")}
