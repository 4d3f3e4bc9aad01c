"""How far a stream of pages, newest first, has been read; and what is left to read of it. Pure.

A visit reads the newest page first. What lies between its end and what was known before is a gap, and
gaps are read on through, the newest first, page by page. The place after every page says exactly what is
left, so a visit may end, or a process die, after any page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crawlers.items import Page

# More gaps than these are joined: what lies between is read again, which its identity makes harmless.
_GAPS = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch not read yet: it begins at the page of `token` (None: the newest) and ends at `goal`.

    Where `goal` is None nothing is known to reach: how far it is read is left to the visit's page limit.
    One is `soft` where all of it was read before and only late arrivals and edits are looked for: it comes
    after all others, and is not carried over to the next visit.
    """

    token: str | None
    goal: datetime | None
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What is read of a stream: everything up to `top`, but for the gaps, newest first."""

    top: datetime | None = None
    gaps: tuple[Gap, ...] = ()

    @classmethod
    def from_json(cls, raw: Any) -> Place:
        """Return the place that `to_json` wrote; a new one for anything else."""
        if not isinstance(raw, Mapping):
            return cls()
        gaps = tuple(Gap(token, _moment(goal)) for token, goal in raw.get("gaps", ()))
        return cls(_moment(raw.get("top")), gaps)

    def to_json(self) -> dict[str, Any]:
        """Return the place as JSON values, without soft gaps."""
        gaps = [[gap.token, _text(gap.goal)] for gap in self.gaps if not gap.soft]
        return {"top": _text(self.top), "gaps": gaps}

    def opened(self, page: Page, goal: datetime | None, now: datetime) -> Place:
        """Return the place after the newest page, read down to `goal` (None: as far as the limit goes).

        A moment after `now` is not believed: it would hide everything until then.
        """
        told = [page.newest] if page.newest else [item.published_at for item in page.items]
        dated = [moment for moment in told if moment is not None and moment <= now]
        top = max([*dated, *([self.top] if self.top else [])], default=None)
        if _ends(page, None, goal):
            return Place(top, self.gaps)
        reached = page.reached()
        if self.top is not None and reached is not None and reached <= self.top:
            return Place(top, (*self.gaps, Gap(page.next, goal, soft=True)))
        return Place(top, _joined((Gap(page.next, goal), *self.gaps)))

    def advanced(self, page: Page) -> Place:
        """Return the place after a page of the first gap."""
        first, *others = self.gaps
        if _ends(page, first.token, first.goal):
            return replace(self, gaps=tuple(others))
        return replace(self, gaps=(replace(first, token=page.next), *others))

    def restarted(self) -> Place:
        """Return the place after the token of the first gap was refused: it begins at the newest page."""
        first, *others = self.gaps
        return replace(self, gaps=(replace(first, token=None), *others))

    def closed(self) -> Place:
        """Return the place without the first gap."""
        return replace(self, gaps=self.gaps[1:])

    def rested(self) -> Place:
        """Return the place at the end of a visit: soft gaps and those without a goal do not outlive it."""
        return replace(self, gaps=tuple(gap for gap in self.gaps if gap.goal is not None and not gap.soft))


def _ends(page: Page, token: str | None, goal: datetime | None) -> bool:
    """Tell whether a page, asked for by `token`, is the last of its stretch."""
    if page.next is None or page.next == token:
        return True
    reached = page.reached()
    return goal is not None and reached is not None and reached <= goal


def _joined(gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
    if len(gaps) <= _GAPS:
        return gaps
    kept, late = gaps[: _GAPS - 1], gaps[_GAPS - 1 :]
    goals = [gap.goal for gap in late if gap.goal is not None]
    return (*kept, Gap(late[0].token, min(goals, default=None)))


def _moment(raw: Any) -> datetime | None:
    return datetime.fromisoformat(raw) if isinstance(raw, str) else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
