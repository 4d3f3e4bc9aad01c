"""Silences: spans of time in which a rule, a brand or everything is recorded and not told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from storage.tables import silences


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence; None as `rule` or `brand` means all of them."""

    id: int
    rule: str | None
    brand: str | None
    ends_at: datetime
    author: str
    reason: str

    def covers(self, rule: str, brand: str) -> bool:
        """Tell whether an alert of this rule and brand is silenced."""
        return self.rule in (None, rule) and self.brand in (None, brand)


def active(conn: Connection, now: datetime) -> list[Silence]:
    """Return the silences that hold now."""
    query = select(silences).where(silences.c.starts_at <= now, silences.c.ends_at > now)
    return [Silence(r.id, r.rule, r.brand, r.ends_at, r.author, r.reason) for r in conn.execute(query)]
