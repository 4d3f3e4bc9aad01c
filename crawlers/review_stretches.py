"""Stretches of a list of reviews that a visit's page limit cut off, to be read on through later. Pure.

A list has no dates to go by: a stretch ends where pages bring nothing new. New reviews push older ones to
later pages, so that a stretch may begin with pages that are known; so many of them are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

_MOST = 5
_PASSED_OVER = 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is left of a list from the page at `url` on; `item` is what the reviews there are about.

    `slack` is how many pages without anything new do not end it.
    """

    url: str
    item: str | None = None
    slack: int = _PASSED_OVER


def stretches_of(raw: Any) -> tuple[Stretch, ...]:
    """Return the stretches that `to_json` wrote, none for anything else."""
    listed = raw if isinstance(raw, list) else []
    return tuple(Stretch(**one) for one in listed if isinstance(one, Mapping))


def to_json(stretches: Sequence[Stretch]) -> list[dict[str, Any]]:
    """Return stretches as JSON values."""
    return [asdict(one) for one in stretches]


def cut_off(stretches: tuple[Stretch, ...], url: str, item: str | None, pages: int) -> tuple[Stretch, ...]:
    """Return the stretches with one more, newer than all, that begins at `url` after `pages` pages.

    Where there are too many, it takes the place of the newest, and passes over what lies between.
    """
    if len(stretches) < _MOST:
        return (Stretch(url, item), *stretches)
    first, *others = stretches
    return (Stretch(url, item, first.slack + pages), *others)


def pushed(stretches: tuple[Stretch, ...], after: int) -> tuple[Stretch, ...]:
    """Return the stretches when a page of new reviews was read before those from number `after` on."""
    later = (replace(one, slack=one.slack + 1) for one in stretches[after:])
    return (*stretches[:after], *later)


def advanced(stretches: tuple[Stretch, ...], following: str | None, *, news: bool) -> tuple[Stretch, ...]:
    """Return the stretches after a page of the first one, which leads to `following`."""
    first, *others = stretches
    if following is None or not (news or first.slack):
        return tuple(others)
    slack = first.slack if news else first.slack - 1
    left = (replace(first, url=following, slack=slack), *others)
    return pushed(left, 1) if news else left
