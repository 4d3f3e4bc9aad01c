"""What a visit brought, and what follows from it: the event to keep and when to come again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from config.settings import Source
from crawlers import pacing
from crawlers.base import Clock, Visit
from crawlers.items import Found
from crawlers.symptoms import symptoms
from storage.records import FetchEvent, FetchStatus, Mention
from storage.sources import SourceState

_luck = random.SystemRandom()


@dataclass(slots=True)
class Harvest:
    """What a visit has given so far: the mentions not stored yet, and the counts over all."""

    batch: list[Mention] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    filled: Counter[str] = field(default_factory=Counter)
    new: int = 0
    revised: int = 0

    async def deliver(self, found: Found) -> None:
        """Take a mention, and nothing else; nothing is awaited."""
        if isinstance(found, Mention):
            self.add(found)

    def add(self, mention: Mention) -> None:
        """Take a mention, unless this visit gave it already (one post under two hashtags)."""
        if mention.external_id in self.ids:
            return
        self.ids.add(mention.external_id)
        self.batch.append(mention)
        self.filled.update(
            author=mention.author is not None,
            date=mention.published_at is not None,
            rating=mention.rating is not None,
            text=bool(mention.text.strip()),
        )

    def fill_rates(self) -> dict[str, float]:
        """Return the share of mentions, 0…1, that had each field; nothing where there were none."""
        if not self.ids:
            return {}
        return {name: round(count / len(self.ids), 4) for name, count in sorted(self.filled.items())}


def outcome(
    source: Source, visit: Visit, harvest: Harvest, clock: Clock, past: Sequence[FetchEvent] = ()
) -> tuple[FetchEvent, SourceState]:
    """Return the event of a visit and the state to keep after it; `past` are the visits before it."""
    now = clock()
    state = visit.state
    error = None
    ill: tuple[str, ...] = ()
    if visit.failure is None and visit.postponed is not None and not harvest.ids:
        # It is not the source's fault: neither a failure nor a good visit. One that gave something is good.
        due, status = now + (source.every or state.interval or pacing.FIRST), FetchStatus.POSTPONED
    elif visit.failure is None:
        own = source.every or visit.every
        interval = own or pacing.adapted(state.interval, seen=len(harvest.ids), new=harvest.new)
        status = FetchStatus.UNCHANGED if visit.unchanged and not harvest.ids else FetchStatus.OK
        ill = symptoms(len(harvest.ids), harvest.fill_rates(), past) if status is FetchStatus.OK else ()
        if ill and own is None:
            # Whether it is so is to be known soon.
            interval = min(interval, pacing.FIRST)
        due = now + interval
        state = replace(state, interval=interval, failures=0, last_ok_at=now, last_error=None)
    else:
        failures = state.failures + 1
        due = now + pacing.back_off(failures, _luck.random(), gone=visit.gone)
        status = FetchStatus.FAILED
        error = f"{source.name}: {visit.failure}"
        state = replace(state, failures=failures, last_error=error)
    due = max(due, visit.not_before or due)
    event = FetchEvent(
        source=source.name,
        at=now,
        status=status,
        next_due=due,
        http_status=visit.http_status,
        bytes=visit.bytes,
        items_seen=len(harvest.ids),
        items_new=harvest.new,
        items_revised=harvest.revised,
        fill_rates=harvest.fill_rates(),
        error=error,
        requests=visit.requests,
        symptoms=ill,
    )
    return event, replace(state, next_due=due)
