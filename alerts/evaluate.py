"""Rules × brands → alerts and what to say about them, each rule in one transaction.

An alert and its messages are committed together or not at all, and what has been told is read from the
database each time. So this may be stopped anywhere, and run as often as one likes, and nobody is told
twice. Two evaluators at once cannot open the same alert: the second one's transaction fails, and is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from alerts.brand_names import Names, brand_names
from alerts.errors import AlreadyTold, UnknownRule
from alerts.lifecycle import (
    Change,
    Event,
    Life,
    Step,
    group_key,
    recall,
    remember,
    step,
    transition,
)
from alerts.message import LIFE, TOLD_WITH, notifications, payload
from alerts.rules.base import Finding, Lasting, Occasional, Point, Reading, Rule, kinds
from config.settings import AlertRule, Settings
from storage import alerts as kept
from storage import mentions, outbox, silences
from storage.records import Alert, AlertState
from storage.silences import Silence

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Round:
    """One rule at one moment: what every part of its evaluation needs."""

    conn: Connection
    configured: AlertRule
    timezone: str
    names: Names
    now: datetime
    silenced: Sequence[Silence]

    def muted(self, brand: str) -> bool:
        return any(silence.covers(self.configured.name, brand) for silence in self.silenced)


def evaluate(engine: Engine, settings: Settings, now: datetime) -> list[Alert]:
    """Evaluate every rule for every brand of its own, and return the alerts that began, grew or ended.

    A rule that fails is logged and does not keep the others from running; what it would have written is
    rolled back, and the next evaluation tries again.
    """
    changed: list[Alert] = []
    names = brand_names(settings.brands)
    for configured in settings.alerts:
        try:
            rule = rule_of(configured, settings)
            with engine.begin() as conn:
                silenced = silences.active(conn, now)
                turn = _Round(conn, configured, settings.timezone, names, now, silenced)
                found = [
                    alert
                    for brand in rule.subjects(conn, configured, settings, now)
                    for alert in _run(turn, rule, brand)
                ]
        except Exception as error:  # noqa: BLE001 - one rule must not stop the others, whatever is wrong
            if _lost_a_race(error):
                _log.info("alert_decided_elsewhere", rule=configured.name)
                continue
            _log.exception("rule_failed", rule=configured.name, kind=configured.kind)
        else:
            changed += found
    return changed


def _lost_a_race(error: Exception) -> bool:
    """Tell whether another evaluator was first: the index on open alerts says so, or the outbox does."""
    told = str(error.orig) if isinstance(error, IntegrityError) else ""
    return isinstance(error, AlreadyTold) or "uq_alerts_open" in told or "alerts.group_key" in told


def rule_of(configured: AlertRule, settings: Settings) -> Rule:
    """Return the rule that the configuration describes.

    Raises:
        UnknownRule: there is no such kind.
    """
    known = kinds()
    if configured.kind not in known:
        raise UnknownRule(configured.name, configured.kind, sorted(known))
    return known[configured.kind](configured.name, configured.options, settings.zone)


def _run(turn: _Round, rule: Rule, brand: str) -> Iterator[Alert]:
    if isinstance(rule, Lasting):
        yield from _follow(turn, rule, brand)
    elif isinstance(rule, Occasional):
        for finding in rule.find(turn.conn, brand, turn.now):
            yield _report(turn, rule, brand, finding)


def _follow(turn: _Round, rule: Lasting, brand: str) -> Iterator[Alert]:
    """Carry on the life of a lasting alert, if it has one or begins one."""
    key = group_key(rule.name, brand)
    standing = kept.open_alert(turn.conn, key)
    previous = None if standing is not None else kept.latest(turn.conn, rule.name, brand)
    reading = rule.read(turn.conn, brand, turn.now, standing, previous)
    life = None if standing is None else recall(standing.state, standing.facts[LIFE])
    taken = step(life, reading.sight, turn.now, rule.policy, turn.muted(brand))
    if taken.life is None or (taken.life == life and taken.change is None):
        return
    if taken.life.state is AlertState.RESOLVED and standing is not None:
        yield _close(turn, standing, taken.life, taken, reading)
    elif reading.finding is not None:
        finding = rule.explain(turn.conn, brand, reading.finding)
        alert = _alert(rule, brand, key, finding, taken.life)
        yield _keep(turn, alert, standing, taken.life, taken, finding)


def _keep(
    turn: _Round, alert: Alert, standing: Alert | None, life: Life, taken: Step, finding: Finding
) -> Alert:
    """Keep an alert that began or grew, and what to say about it."""
    if standing is None:
        alert = kept.insert(turn.conn, alert, turn.now, taken.why)
    else:
        alert = replace(alert, id=standing.id)
        # The episode began when it began, however the window that shows it best has moved.
        began = min(standing.window_start, alert.window_start)
        kept.save(turn.conn, replace(alert, window_start=began), turn.now, taken.why)
    if taken.change is not None:
        _tell(turn, alert, _occasion(alert, life), taken.change, life.told, finding.series, finding)
    return alert


def _close(turn: _Round, standing: Alert, life: Life, taken: Step, reading: Reading) -> Alert:
    """Keep that an alert is over, and say so if anybody had heard of it."""
    alert = replace(
        standing,
        state=life.state,
        facts={**standing.facts, **reading.facts, LIFE: remember(life)},
        window_end=max(standing.window_start, reading.calm_since or standing.window_end),
    )
    kept.save(turn.conn, alert, turn.now, taken.why)
    if taken.change is not None:
        # Why it began is no news when it is over.
        over = replace(alert, drivers=())
        _tell(turn, over, _occasion(alert, life), taken.change, life.told, reading.series, None)
    return alert


def _report(turn: _Round, rule: Occasional, brand: str, finding: Finding) -> Alert:
    """Keep something that happened once, and say so. Its alert is over at once."""
    over = transition(transition(AlertState.PENDING, Event.FIRE), Event.RESOLVE)
    life = Life(over, since=turn.now, told=1, told_at=turn.now)
    first, *others = finding.occasions
    key = group_key(rule.name, brand, first)
    alert = kept.insert(turn.conn, _alert(rule, brand, key, finding, life), turn.now, "happened")
    # The others are remembered one by one, so that each is known to have been told.
    for occasion in others:
        part = replace(
            alert,
            id=None,
            group_key=group_key(rule.name, brand, occasion),
            observed=1,
            evidence=(int(occasion),),
            drivers=(),
            facts={TOLD_WITH: alert.id, LIFE: remember(life)},
        )
        kept.insert(turn.conn, part, turn.now, "told with another")
    if not turn.muted(brand):
        _tell(turn, alert, key, Change.FIRING, 1, finding.series, finding)
    return alert


def _tell(
    turn: _Round,
    alert: Alert,
    occasion: str,
    change: Change,
    generation: int,
    series: Sequence[Point],
    finding: Finding | None,
) -> None:
    shown = () if finding is None else mentions.fetch(turn.conn, finding.posts)
    document = payload(
        alert,
        change,
        timezone=turn.timezone,
        names=turn.names,
        posts=shown,
        series=series,
        evidence_count=None if finding is None else finding.evidence_count,
    )
    messages = notifications(document, alert, occasion, change, generation, turn.configured.to)
    if not outbox.enqueue(turn.conn, messages, turn.now):
        raise AlreadyTold(occasion)


def _occasion(alert: Alert, life: Life) -> str:
    return f"{alert.id} {life.since.isoformat()}"


def _alert(rule: Rule, brand: str, key: str, finding: Finding, life: Life) -> Alert:
    return Alert(
        rule=rule.name,
        kind=rule.kind,
        brand=brand,
        state=life.state,
        group_key=key,
        severity=finding.severity,
        window_start=finding.window_start,
        window_end=finding.window_end,
        observed=finding.observed,
        expected=finding.expected,
        score=finding.score,
        drivers=finding.drivers,
        evidence=finding.evidence,
        facts={**finding.facts, LIFE: remember(life)},
    )
