"""Alerts and their history. What may follow what is `alerts.lifecycle`'s to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from storage import storable
from storage.records import Alert, AlertState, Severity
from storage.rows import chunks
from storage.tables import alert_history, alerts

_OPEN_STATES = [str(state) for state in AlertState if state is not AlertState.RESOLVED]


def open_alert(conn: Connection, group_key: str) -> Alert | None:
    """Return the alert that is open for an occasion, None where none is."""
    found = select(alerts).where(alerts.c.group_key == group_key, alerts.c.state.in_(_OPEN_STATES))
    row = conn.execute(found).one_or_none()
    return None if row is None else _from_row(row)


def open_of(conn: Connection, rule: str) -> list[Alert]:
    """Return the open alerts of a rule, oldest first."""
    query = select(alerts).where(alerts.c.rule == rule, alerts.c.state.in_(_OPEN_STATES))
    return [_from_row(row) for row in conn.execute(query.order_by(alerts.c.id))]


def seen(conn: Connection, group_key: str) -> bool:
    """Tell whether there ever was an alert for an occasion."""
    return conn.scalar(select(alerts.c.id).where(alerts.c.group_key == group_key).limit(1)) is not None


def seen_among(conn: Connection, group_keys: Sequence[str]) -> set[str]:
    """Return those of the occasions for which there ever was an alert."""
    found: set[str] = set()
    for part in chunks(group_keys):
        found.update(conn.scalars(select(alerts.c.group_key).where(alerts.c.group_key.in_(part))))
    return found


def latest(conn: Connection, rule: str, brand: str) -> Alert | None:
    """Return the newest alert of a rule for a brand, in whatever state."""
    query = select(alerts).where(alerts.c.rule == rule, alerts.c.brand == brand).order_by(alerts.c.id.desc())
    row = conn.execute(query.limit(1)).one_or_none()
    return None if row is None else _from_row(row)


def insert(conn: Connection, alert: Alert, now: datetime, why: str) -> Alert:
    """Keep a new alert and the first line of its history, and return it with its id.

    Raises:
        sqlalchemy.exc.IntegrityError: another alert is open for the same `group_key`.
    """
    row = {**_to_row(alert), "created_at": now, "updated_at": now}
    key = conn.execute(alerts.insert().values(row)).inserted_primary_key
    kept = replace(alert, id=key[0] if key else None)
    _write_history(conn, kept, now, why, None)
    return kept


def save(conn: Connection, alert: Alert, now: datetime, why: str, who: str | None = None) -> None:
    """Keep a changed alert and a line of its history."""
    row = {**_to_row(alert), "updated_at": now}
    conn.execute(update(alerts).where(alerts.c.id == alert.id).values(row))
    _write_history(conn, alert, now, why, who)


def listing(
    conn: Connection, since: datetime | None = None, brand: str | None = None, limit: int | None = None
) -> list[Alert]:
    """Return alerts, newest first."""
    query = select(alerts).order_by(alerts.c.id.desc()).limit(limit)
    if since is not None:
        query = query.where(alerts.c.updated_at >= since)
    if brand is not None:
        query = query.where(alerts.c.brand == brand)
    return [_from_row(row) for row in conn.execute(query)]


def _write_history(conn: Connection, alert: Alert, now: datetime, why: str, who: str | None) -> None:
    line = {"alert_id": alert.id, "at": now, "state": str(alert.state), "why": storable.text(why), "who": who}
    conn.execute(alert_history.insert().values(line))


def _to_row(alert: Alert) -> dict[str, Any]:
    return {
        "rule": alert.rule,
        "kind": alert.kind,
        "brand": alert.brand,
        "state": str(alert.state),
        "group_key": storable.short(alert.group_key, 300),
        "severity": str(alert.severity),
        "window_start": alert.window_start,
        "window_end": alert.window_end,
        "observed": alert.observed,
        "expected": alert.expected,
        "score": alert.score,
        "drivers": storable.document([dict(driver) for driver in alert.drivers]),
        "evidence": list(alert.evidence),
        "facts": storable.document(dict(alert.facts)),
    }


def _from_row(row: Row[Any]) -> Alert:
    return Alert(
        id=row.id,
        rule=row.rule,
        kind=row.kind,
        brand=row.brand,
        state=AlertState(row.state),
        group_key=row.group_key,
        severity=Severity(row.severity),
        window_start=row.window_start,
        window_end=row.window_end,
        observed=row.observed,
        expected=row.expected,
        score=row.score,
        drivers=tuple(row.drivers),
        evidence=tuple(row.evidence),
        facts=row.facts,
    )
