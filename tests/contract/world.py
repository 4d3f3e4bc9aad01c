"""A service, simulated well enough for the suite that every kind of source has to pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks.payloads.case import Answer, Asked

# Item n was published n minutes after this.
BASE = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class World:
    """How a kind's service behaves.

    `options` makes the source's options, as in marsad.yaml, from the address of the simulated service.
    `answer` is given each request and the numbers of the items that exist now, newest first; the text of
    item n holds "item n."; it answers in the service's own shape, auxiliary requests such as those for
    tokens too, and None is 404. `per_page` is how many items a page holds. `secrets` are environment
    variables whose values must not be found anywhere. `paged` is False where there is but one page.
    `status_routes` are prefixes of auxiliary paths that are not to be broken by the suite. `limit` is the
    most items the service ever gives. `keeps_pages` is False where what a page gives is kept only at the
    end of a visit.
    """

    kind: str
    options: Callable[[str], dict[str, Any]]
    answer: Callable[[Asked, Sequence[int]], Answer | None]
    per_page: int
    secrets: Mapping[str, str] = field(default_factory=dict)
    paged: bool = True
    status_routes: tuple[str, ...] = ()
    limit: int | None = None
    keeps_pages: bool = True
