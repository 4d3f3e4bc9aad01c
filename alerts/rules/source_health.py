"""A source, a host or every source is ill: visits fail, or bring less than they used to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field
from sqlalchemy import Connection

from alerts.lifecycle import Policy, Sight
from alerts.rules.base import UNKNOWN, Finding, Lasting, Reading, severity_by
from config.settings import AlertRule, Settings, Source, Strict
from storage import alerts as kept
from storage.history import failing_since, mentions_by_source
from storage.records import Alert, BrandRole, FetchEvent, FetchStatus, Severity, Symptom
from storage.sources import latest, recent
from storage.watches import last_seen

ALL = "all sources"
"""The subject of the alert that nothing at all can be reached."""
_HOST = "host "
_BEFORE = timedelta(days=28)
_SEVERITIES = ((0.3, Severity.HIGH), (0.05, Severity.MEDIUM))
_NAMED = 20
_ADDRESSES = ("url", "base_url", "sitemap", "feed")

# The cause by what the failed visit was answered with, else by the words of its error.
_BY_STATUS = {401: "login", 403: "forbidden", 404: "missing", 410: "gone", 429: "limit"}
# Names, addresses and titles stand in errors too: only whole phrases tell.
_BY_WORDS = (
    (re.compile(r"\ba (?:login page|captcha page|consent page|bot check) came instead of "), "wall"),
    (
        re.compile(
            r"is not set or is empty|^(?:file|the configuration file) .*(?:cannot be read|is not utf-8)"
        ),
        "secret",
    ),
    (re.compile(r"does not accept the login"), "login"),
    (re.compile(r"robots\.txt forbids"), "forbidden"),
    (re.compile(r"stumbled|could not be stored"), "ours"),
    (re.compile(r"only http and https|allow_private_networks"), "refused"),
    (re.compile(r"redirected too often|larger than \d+ mib"), "changed"),
    (
        re.compile(
            r"no answer (?:in time|was received)|name of the server|(?:refuses|secure|the) connection"
            r"|certificate|longer than \d+ minutes|the request (?:failed|was dropped)"
        ),
        "unreachable",
    ),
)
_STATUS_IN_WORDS = re.compile(r"\(http (\d{3})\)")


class Options(Strict):
    """What can be set for the health of sources."""

    sources: list[str] = Field(default=[], description="The sources to watch over, by name; else all.")
    after: int = Field(default=2, ge=1, le=20, description="After how many ill visits in a row to tell.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Illness:
    """What is wrong with one source: `cause` is a key of the wording, `error` the words of the last visit.

    `since` is the first ill visit in a row; `ripe` tells that there were enough of them.
    """

    source: str
    cause: str
    error: str
    since: datetime
    ripe: bool
    answered: bool


def diagnose(
    visits: Sequence[FetchEvent], last_read: FetchEvent | None, failing: datetime | None, after: int
) -> Illness | None:
    """Return what is wrong with a source by its last visits, newest first; None where it is well.

    `last_read` is the last visit that read its content: what was ill then and has not changed is ill still.
    """
    newest = visits[0]
    if newest.status is FetchStatus.FAILED:
        failed = [visit for visit in visits[:after] if visit.status is FetchStatus.FAILED]
        return Illness(
            source=newest.source,
            cause=cause_of(newest),
            error=(newest.error or "").removeprefix(f"{newest.source}: "),
            since=failing or failed[-1].at,
            ripe=len(failed) >= after or newest.http_status == 410,
            answered=newest.http_status is not None,
        )
    if last_read is None or not last_read.signs:
        return None
    # Where a visit found the same thing unchanged, it found the same symptoms.
    seen = [
        last_read.signs if visit.status is FetchStatus.UNCHANGED else visit.signs for visit in visits[:after]
    ]
    shared = sorted(frozenset.intersection(*seen))
    return Illness(
        source=newest.source,
        cause=Symptom(shared[0]).name.lower() if shared else min(last_read.signs).name.lower(),
        error="; ".join(last_read.symptoms),
        since=min(last_read.at, visits[len(seen) - 1].at),
        ripe=bool(shared) and len(seen) >= after,
        answered=True,
    )


def cause_of(visit: FetchEvent) -> str:
    """Return the key of what a failed visit failed for."""
    status = visit.http_status or 0
    words = (visit.error or "").removeprefix(f"{visit.source}: ").lower()
    if status < 400 and (told := _STATUS_IN_WORDS.search(words)):
        # Of several requests the first was answered well, and a later one told the trouble.
        status = int(told[1])
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return "server"
    if status >= 400:
        return "refused"
    named = next((cause for pattern, cause in _BY_WORDS if pattern.search(words)), None)
    return named or ("changed" if status else "unreachable")


def grouped(
    ill: Mapping[str, Illness], hosts: Mapping[str, str], last_answer: datetime | None
) -> dict[str, list[str]]:
    """Return the subjects of alerts, each with its ill sources; only ripe ones begin anything.

    Where nothing on two hosts or more was answered since before the trouble began, it is one subject; so is
    a host of which half of the sources, and two at least, fail.
    """
    dark = [
        name
        for name, one in ill.items()
        if name in hosts and not one.answered and (last_answer is None or one.since > last_answer)
    ]
    if len({hosts[name] for name in dark}) >= 2 and any(ill[name].ripe for name in dark):
        rest = {name: one for name, one in ill.items() if name not in dark}
        return {ALL: dark, **{name: [name] for name, one in rest.items() if one.ripe}}
    found: dict[str, list[str]] = {}
    for name, one in ill.items():
        if not one.ripe:
            continue
        host = hosts.get(name)
        mates = [each for each, its in hosts.items() if its == host]
        sick = [each for each in mates if each in ill and ill[each].ripe]
        together = len(sick) >= 2 and 2 * len(sick) >= len(mates)
        found.setdefault(f"{_HOST}{host}" if together else name, []).append(name)
    return found


def host_of(source: Source) -> str | None:
    """Return the host that a source is read from, None where it is read from none."""
    addresses = (getattr(source.options, key, None) for key in _ADDRESSES)
    found = next((str(one) for one in addresses if one), None)
    return urlsplit(found).hostname if found else getattr(source.options, "host", None)


class SourceHealth(Lasting):
    """A source whose visits fail, or bring nothing or less than they used to."""

    kind: ClassVar[str] = "source_health"
    summary: ClassVar[str] = "A source fails, or gives less than it used to: mentions may be missing."
    side: ClassVar[BrandRole] = BrandRole.OWN
    Options: ClassVar[type[Strict]] = Options
    policy: ClassVar[Policy] = Policy(cool_down=timedelta(0))

    def subjects(
        self, conn: Connection, configured: AlertRule, settings: Settings, now: datetime
    ) -> list[str]:
        """Return what is ill now, and what an open alert of this rule is about."""
        wanted = [one for one in settings.sources if one.enabled]
        if self.options.sources:
            wanted = [one for one in wanted if one.name in self.options.sources]
        self._names = [one.name for one in wanted]
        self._hosts = {one.name: host for one in wanted if (host := host_of(one))}
        self._brands = configured.brands or [brand.name for brand in settings.brands if not brand.competitor]
        self._ill, last_answer = self._look(conn)
        self._groups = grouped(self._ill, self._hosts, last_answer)
        self._open = {alert.brand for alert in kept.open_of(conn, self.name)}
        return list(dict.fromkeys((*self._open, *self._groups)))

    def _look(self, conn: Connection) -> tuple[dict[str, Illness], datetime | None]:
        visits = latest(conn, self._names, self.options.after)
        failing = failing_since(conn)
        ill, answers = {}, [at for name, at in last_seen(conn, self._names).items() if name in self._hosts]
        for name, seen in visits.items():
            answers += [one.at for one in seen if name in self._hosts and one.http_status is not None]
            last_read = None
            if seen[0].status is not FetchStatus.FAILED:
                last_read = next((one for one in seen if one.status is FetchStatus.OK), None)
                last_read = last_read or next(iter(recent(conn, name, 1)), None)
            found = diagnose(seen, last_read, failing.get(name), self.options.after)
            if found is not None:
                ill[name] = found
        return ill, max(answers, default=None)

    def read(
        self, conn: Connection, brand: str, now: datetime, standing: Alert | None, previous: Alert | None
    ) -> Reading:
        """Say whether the source, host or whole that `brand` names is ill."""
        names = self._groups.get(brand, [])
        within = self._within(brand)
        still = [name for name in within if name in self._ill]
        if standing is not None and not names and not still:
            facts = {"removed": not within}
            return Reading(sight=Sight(abnormal=False, calm=True), facts=facts, calm_since=now)
        covered = ALL in self._groups or any(one in self._open for one in self._covers(brand))
        if not names or (standing is None and covered and brand != ALL):
            return UNKNOWN
        return Reading(
            sight=Sight(abnormal=True, calm=False, size=len(names)),
            finding=self._finding(brand, names, now),
        )

    def _within(self, subject: str) -> list[str]:
        if subject == ALL:
            return (
                [name for name, one in self._ill.items() if not one.answered] if ALL in self._groups else []
            )
        if subject.startswith(_HOST):
            host = subject.removeprefix(_HOST)
            return [name for name, its in self._hosts.items() if its == host]
        return [name for name in self._names if name == subject]

    def _covers(self, subject: str) -> list[str]:
        return [ALL, f"{_HOST}{self._hosts.get(subject)}"] if subject in self._names else []

    def _finding(self, subject: str, names: list[str], now: datetime) -> Finding:
        first = min((self._ill[name] for name in names), key=lambda one: (one.since, one.source))
        scope = "all" if subject == ALL else "host" if subject.startswith(_HOST) else "source"
        return Finding(
            severity=Severity.MEDIUM,
            window_start=first.since,
            window_end=now,
            observed=len(names),
            expected=None,
            score=0.0,
            facts={
                "scope": scope,
                "host": subject.removeprefix(_HOST) if scope == "host" else None,
                "sources": names[:_NAMED],
                "cause": "network" if scope == "all" else first.cause,
                "error": first.error,
            },
        )

    def explain(self, conn: Connection, brand: str, finding: Finding) -> Finding:
        """Add when it was well for the last time, and how many of the mentions come from it."""
        names = self._groups[brand]
        well = last_seen(conn, names)
        start = finding.window_start
        counts = mentions_by_source(conn, self._brands, start - _BEFORE, start)
        share = sum(counts.get(name, 0) for name in names) / total if (total := sum(counts.values())) else 0.0
        facts: dict[str, Any] = {
            **finding.facts,
            "last_good": max(well.values()).isoformat() if well else None,
            "share": round(share, 3),
        }
        severity = Severity.HIGH if brand == ALL else severity_by(share, _SEVERITIES)
        return replace(finding, severity=severity, facts=facts)
