"""What a rule is, and the register of them.

A rule is one file in this folder. It reads storage in one thin function and decides in a pure one. There
are two sorts: a `Lasting` rule watches a condition that comes, grows and goes; an `Occasional` rule
reports things that happen once, such as a post, and never reports the same one again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, ClassVar

from sqlalchemy import Connection

from alerts.lifecycle import Policy, Sight
from config.kinds import registered
from config.settings import AlertRule, Settings, Strict
from storage.records import Alert, BrandRole, Severity

EVIDENCE_LIMIT = 200
SERIES_LIMIT = 96

Point = tuple[datetime, int, float]
"""An hour of a chart: its beginning, mentions, mentions expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something worth an alert.

    The fields that `storage.records.Alert` has as well mean the same here. `occasions` names what it is
    about, one for each mention, or is one empty string for a lasting rule. `posts` are the ids of the
    mentions to show, best first. `evidence_count` counts all of the evidence, also what `evidence`
    (at most `EVIDENCE_LIMIT` ids) leaves out.
    """

    severity: Severity
    window_start: datetime
    window_end: datetime
    observed: float
    expected: float | None
    score: float
    facts: Mapping[str, Any]
    occasions: tuple[str, ...] = ("",)
    drivers: tuple[Mapping[str, Any], ...] = ()
    series: tuple[Point, ...] = ()
    evidence: tuple[int, ...] = ()
    evidence_count: int = 0
    posts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a lasting rule sees a brand now.

    `finding` is there when `sight.abnormal`; `facts` and `series` describe the present for the message
    that all is normal again, and `calm_since` is when the ordinary span that shows it began.
    """

    sight: Sight
    finding: Finding | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    series: tuple[Point, ...] = ()
    calm_since: datetime | None = None


UNKNOWN = Reading(sight=Sight(abnormal=False, calm=False))
"""Not enough is known to say anything."""


class Rule(ABC):
    """A rule as configured: its name, its options, and the zone that its readers live in."""

    kind: ClassVar[str]
    summary: ClassVar[str]
    side: ClassVar[BrandRole]
    Options: ClassVar[type[Strict]]

    def __init__(self, name: str, options: Any, zone: tzinfo) -> None:
        self.name = name
        self.options = options
        self.zone = zone

    def subjects(
        self, conn: Connection, configured: AlertRule, settings: Settings, now: datetime
    ) -> list[str]:
        """Return what it looks at, by name: the brands it names, else all of its side. Asked once a round."""
        competitors = self.side is BrandRole.COMPETITOR
        own = (brand.name for brand in settings.brands if brand.competitor is competitors)
        return configured.brands or list(own)


class Lasting(Rule):
    """A rule about a condition that lasts: one alert an episode."""

    policy: ClassVar[Policy] = Policy()

    @abstractmethod
    def read(
        self, conn: Connection, brand: str, now: datetime, standing: Alert | None, previous: Alert | None
    ) -> Reading:
        """Say how things look. `standing` is the open alert; where none is, `previous` is the last one."""

    @abstractmethod
    def explain(self, conn: Connection, brand: str, finding: Finding) -> Finding:
        """Return the finding with drivers, evidence and posts. Called only for what will be told."""


class Occasional(Rule):
    """A rule about things that happen once: each is told once, ever."""

    @abstractmethod
    def find(self, conn: Connection, brand: str, now: datetime) -> list[Finding]:
        """Return what is worth telling and never was an alert of this rule and brand."""


def kinds() -> Mapping[str, type[Rule]]:
    """Return the rules there are, by kind: whatever this folder holds."""
    return registered("alerts.rules", Rule)


def options_models() -> dict[str, type[Strict]]:
    """Return the options model of each kind, for the loader of the configuration."""
    return {kind: rule.Options for kind, rule in kinds().items()}


def severity_by(value: float, table: Sequence[tuple[float, Severity]]) -> Severity:
    """Return the severity of the first row whose least value is reached; low where none is."""
    return next((severity for least, severity in table if value >= least), Severity.LOW)


LOWER: Mapping[Severity, Severity] = {
    Severity.HIGH: Severity.MEDIUM,
    Severity.MEDIUM: Severity.LOW,
    Severity.LOW: Severity.LOW,
}
"""One step down."""
