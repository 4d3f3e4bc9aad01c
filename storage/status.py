"""How everything is, in one reading: for `marsad status`, `/healthz` and `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, func, select

from storage import learned, mentions, outbox, sources
from storage.learned import LearnedModel
from storage.records import FetchEvent, FetchStatus, Notification, NotificationStatus
from storage.sources import SourceState
from storage.tables import alerts as alert_table
from storage.tables import analyses
from storage.tables import mentions as mention_table

# A source this late means that nobody is collecting.
_LATE = timedelta(minutes=15)


class SourceHealth(StrEnum):
    """How a source is, in one word."""

    OK = "ok"
    NEW = "never visited"
    FAILING = "failing"
    ILL = "ill"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source: how it is, what is remembered of it, its last visit, and today's requests (UTC).

    `symptoms` are those of the last visit that read its content: unchanged, it is as ill as it
    was. `budget` is how many requests a day may have, None for any number.
    """

    name: str
    health: SourceHealth
    state: SourceState
    last: FetchEvent | None
    requests_today: int = 0
    budget: int | None = None
    symptoms: Sequence[str] = ()

    @property
    def unread_back_to(self) -> datetime | None:
        """How far back it is still to be read: where the furthest gap in its lists ends; None without one."""
        walks = self.state.cursor.get("walks")
        places = walks.values() if isinstance(walks, Mapping) else ()
        goals = [goal for place in places for _, goal in place.get("gaps", ()) if goal is not None]
        return min(map(datetime.fromisoformat, goals), default=None)


@dataclass(frozen=True, slots=True)
class Status:
    """Counts over the whole database, each source, and the messages in trouble.

    `spam` counts the mentions that are marked, by mark. `learned` are the customer's own models in use.
    `resting` are the hosts that asked to be left alone, and until when.
    """

    at: datetime
    sources: Sequence[SourceStatus]
    mentions: int
    unanalyzed: int
    alerts: Mapping[str, int]
    outbox: Mapping[NotificationStatus, int]
    troubled: Sequence[Notification]
    spam: Mapping[str, int]
    learned: Sequence[LearnedModel] = ()
    resting: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What is wrong, a line each, naming the source or channel and the cause; empty when all is well."""
        found = [
            f"source {s.name}: {_complaint(s)}"
            for s in self.sources
            if s.health in (SourceHealth.FAILING, SourceHealth.ILL, SourceHealth.LATE)
        ]
        for note in self.troubled:
            given_up = note.status is NotificationStatus.REJECTED
            what = "given up" if given_up else f"failed {note.attempts} times so far"
            found.append(f"channel {note.channel}: message {note.id} {what}: {note.last_error}")
        return found


def cause_of(event: FetchEvent) -> str | None:
    """Return why a visit failed, without the name of the source; None where it did not fail."""
    return None if event.error is None else _without_name(event.source, event.error)


def _complaint(source: SourceStatus) -> str:
    if source.health is SourceHealth.ILL:
        return "; ".join(source.symptoms)
    return _without_name(source.name, source.state.last_error or source.health)


def _without_name(source: str, error: str) -> str:
    # Errors name their source, for logs; where it stands in front already, once is enough.
    return error.removeprefix(f"{source}: ")


def gather(
    conn: Connection,
    names: Sequence[str],
    now: datetime,
    budgets: Mapping[str, int | None] = MappingProxyType({}),
) -> Status:
    """Return how everything is; `names` are the sources configured, `budgets` their requests a day."""
    last = sources.last_events(conn)
    silent = (FetchStatus.UNCHANGED, FetchStatus.POSTPONED)
    unread = [name for name in names if name in last and last[name].status in silent]
    reads = {**last, **sources.last_reads(conn, unread)}
    symptoms = {name: read.symptoms for name, read in reads.items()}
    states = sources.load_states(conn, names)
    spent = sources.requests_today(conn, now)
    by_state = conn.execute(select(alert_table.c.state, func.count()).group_by(alert_table.c.state))
    return Status(
        at=now,
        sources=[
            SourceStatus(
                name,
                _health(states[name], last.get(name), symptoms.get(name, ()), now),
                states[name],
                last.get(name),
                spent.get(name, 0),
                budgets.get(name),
                symptoms.get(name, ()),
            )
            for name in names
        ],
        mentions=conn.scalar(select(func.count()).select_from(mention_table)) or 0,
        unanalyzed=mentions.unanalyzed(conn),
        alerts={row[0]: row[1] for row in by_state},
        outbox=outbox.counts(conn),
        troubled=outbox.troubled(conn),
        spam=_spam(conn),
        learned=list(learned.in_use(conn).values()),
        resting=sources.resting(conn, now),
    )


def _spam(conn: Connection) -> dict[str, int]:
    mark = analyses.c.spam
    query = select(mark, func.count()).where(mark.is_not(None)).group_by(mark).order_by(mark)
    return {row[0]: row[1] for row in conn.execute(query)}


def _health(
    state: SourceState, last: FetchEvent | None, symptoms: Sequence[str], now: datetime
) -> SourceHealth:
    if last is None:
        return SourceHealth.NEW
    if last.status is FetchStatus.FAILED:
        return SourceHealth.FAILING
    if symptoms:
        return SourceHealth.ILL
    if state.next_due is not None and now - state.next_due > _LATE:
        return SourceHealth.LATE
    return SourceHealth.OK


def to_json(found: Status) -> dict[str, Any]:
    """Return the status as a JSON object."""
    return {
        "at": found.at.isoformat(),
        "problems": found.problems,
        "mentions": found.mentions,
        "unanalyzed": found.unanalyzed,
        "spam": dict(found.spam),
        "learned_models": [
            {
                "language": model.language,
                "version": model.version,
                "since": model.created_at.isoformat(),
                **model.figures,
            }
            for model in found.learned
        ],
        "alerts": dict(found.alerts),
        "messages": {str(status): count for status, count in found.outbox.items()},
        "resting_hosts": {host: until.isoformat() for host, until in found.resting.items()},
        "sources": [
            {
                "name": source.name,
                "health": str(source.health),
                "failures": source.state.failures,
                "last_ok_at": source.state.last_ok_at and source.state.last_ok_at.isoformat(),
                "next_due": source.state.next_due and source.state.next_due.isoformat(),
                "error": source.state.last_error,
                "symptoms": list(source.symptoms),
                "requests_today": source.requests_today,
                "requests_a_day": source.budget,
                "unread_back_to": source.unread_back_to and source.unread_back_to.isoformat(),
                "items_seen": source.last.items_seen if source.last else None,
                "fill_rates": dict(source.last.fill_rates) if source.last else {},
            }
            for source in found.sources
        ],
    }


def to_lines(found: Status, zone: tzinfo) -> Iterator[str]:
    """Yield the status as lines for a person, times in their zone."""
    for source in found.sources:
        yield f"source {source.name}: " + ", ".join(_told(source, zone))
    for host, until in sorted(found.resting.items()):
        yield f"host {host}: asked us to wait until {until.astimezone(zone):%Y-%m-%d %H:%M}"
    yield f"mentions: {found.mentions}, of which {found.unanalyzed} wait to be understood"
    if found.spam:
        marks = ", ".join(f"{count} {mark.replace('_', ' ')}" for mark, count in found.spam.items())
        yield f"spam, marked and kept: {marks}"
    for model in found.learned:
        yield f"learned {model.language}: {model.version}, {learned.measured(model.figures)}"
    yield "alerts: " + (", ".join(f"{count} {state}" for state, count in found.alerts.items()) or "none yet")
    yield "messages: " + ", ".join(f"{count} {status}" for status, count in found.outbox.items())
    for problem in found.problems:
        yield f"WRONG {problem}"


def _told(source: SourceStatus, zone: tzinfo) -> Iterator[str]:
    yield str(source.health)
    if source.health is not SourceHealth.NEW:
        good = source.state.last_ok_at
        yield f"last good visit {good.astimezone(zone):%Y-%m-%d %H:%M}" if good else "no good visit yet"
    if due := source.state.next_due:
        yield f"next {due.astimezone(zone):%Y-%m-%d %H:%M}"
    if source.last is not None and source.last.status is FetchStatus.POSTPONED:
        yield "postponed"
    if source.budget is not None:
        yield f"{source.requests_today} of {source.budget} requests today"
    elif source.requests_today:
        yield f"{source.requests_today} request{'' if source.requests_today == 1 else 's'} today"
    if goal := source.unread_back_to:
        yield f"still to be read back to {goal.astimezone(zone):%Y-%m-%d %H:%M}"
