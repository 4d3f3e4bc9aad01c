"""The life of an alert: which state may follow which, and what is worth telling.

`TRANSITIONS` is the one table of legal moves and `transition` the one function that makes them.
`step` decides, from the life so far and how things look now, what becomes of a lasting alert (a spike, a
drop) and whether somebody is told. It keeps no clock and no memory of its own: asked again with the same
life it says the same, so a restart or a second evaluation never repeats a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from alerts.errors import IllegalTransition
from storage.records import AlertState


class Event(StrEnum):
    """What happens to an alert."""

    FIRE = "fire"
    ACKNOWLEDGE = "be acknowledged"
    RESOLVE = "be resolved"


class Change(StrEnum):
    """What a message about an alert says."""

    FIRING = "firing"
    UPDATE = "update"
    RESOLVED = "resolved"


TRANSITIONS: Mapping[tuple[AlertState, Event], AlertState] = {
    (AlertState.PENDING, Event.FIRE): AlertState.FIRING,
    (AlertState.PENDING, Event.RESOLVE): AlertState.RESOLVED,
    (AlertState.FIRING, Event.ACKNOWLEDGE): AlertState.ACKNOWLEDGED,
    (AlertState.FIRING, Event.RESOLVE): AlertState.RESOLVED,
    (AlertState.ACKNOWLEDGED, Event.RESOLVE): AlertState.RESOLVED,
}

REPEAT_INTERVAL = timedelta(hours=6)
COOL_DOWN = timedelta(hours=6)
GROWTH = 2.0


def transition(state: AlertState, event: Event) -> AlertState:
    """Return the state that follows.

    Raises:
        IllegalTransition: the event cannot happen in this state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(state, event) from None


@dataclass(frozen=True, slots=True)
class Life:
    """What is remembered of an alert between evaluations.

    `since` is when it fired. `told` counts the messages so far; `told_at` and `told_size` belong to the
    last one. `size` is the rule's measure of how bad it is (mentions, stars lost).
    """

    state: AlertState
    since: datetime
    told: int = 0
    told_at: datetime | None = None
    told_size: float = 0.0


@dataclass(frozen=True, slots=True)
class Sight:
    """How things look now: out of the ordinary or not, back to normal or not, how bad.

    Neither may hold (not so bad as to begin an alert, not so good as to end one), or both (a long span is
    out of the ordinary, and the newest part of it is not).
    """

    abnormal: bool
    calm: bool
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How often an alert that grows is told again, and how long it stays open at least."""

    repeat_interval: timedelta = REPEAT_INTERVAL
    cool_down: timedelta = COOL_DOWN
    growth: float = GROWTH


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of an alert (None: there is none) and what to tell (None: nothing), with the reason."""

    life: Life | None
    change: Change | None = None
    why: str = ""


def step(life: Life | None, sight: Sight, now: datetime, policy: Policy, muted: bool) -> Step:
    """Decide what follows for a lasting alert.

    `life` is that of the open alert, None where none is open. `muted` records without telling. Nobody
    hears that something never told is over; what is acknowledged is not told again until it is over.
    """
    if life is None:
        return _begin(sight, now, muted)
    if sight.abnormal and life.state is AlertState.FIRING and not muted:
        if life.told == 0 and not sight.calm:
            return _tell(life, Change.FIRING, sight, now, "told after a silence")
        grown = life.told > 0 and sight.size >= policy.growth * life.told_size
        if grown and now - _last_word(life) >= policy.repeat_interval:
            return _tell(life, Change.UPDATE, sight, now, f"grown from {life.told_size:g} to {sight.size:g}")
    if sight.calm and now - _last_word(life) >= policy.cool_down:
        return _end(life, now, muted)
    return Step(life)


def _begin(sight: Sight, now: datetime, muted: bool) -> Step:
    if not sight.abnormal:
        return Step(None)
    born = Life(transition(AlertState.PENDING, Event.FIRE), since=now)
    if muted:
        return Step(born, None, "began in a silence")
    return _tell(born, Change.FIRING, sight, now, "began")


def _end(life: Life, now: datetime, muted: bool) -> Step:
    ended = replace(life, state=transition(life.state, Event.RESOLVE))
    if muted or life.told == 0:
        return Step(ended, None, "back to normal, untold")
    return Step(replace(ended, told=life.told + 1, told_at=now), Change.RESOLVED, "back to normal")


def _tell(life: Life, change: Change, sight: Sight, now: datetime, why: str) -> Step:
    told = replace(life, told=life.told + 1, told_at=now, told_size=sight.size)
    return Step(told, change, why)


def _last_word(life: Life) -> datetime:
    return life.since if life.told_at is None else max(life.since, life.told_at)


def remember(life: Life) -> dict[str, Any]:
    """Return a life as JSON values, to be kept in the facts of its alert. The state is kept beside it."""
    return {
        "since": life.since.isoformat(),
        "told": life.told,
        "told_at": None if life.told_at is None else life.told_at.isoformat(),
        "told_size": life.told_size,
    }


def recall(state: AlertState, memory: Mapping[str, Any]) -> Life:
    """Return the life that `remember` made these values of, with the state its alert has now."""
    told_at = memory["told_at"]
    return Life(
        state=state,
        since=datetime.fromisoformat(memory["since"]),
        told=int(memory["told"]),
        told_at=None if told_at is None else datetime.fromisoformat(told_at),
        told_size=float(memory["told_size"]),
    )


def group_key(rule: str, brand: str, occasion: str = "") -> str:
    """Return what names an occasion: for a lasting alert rule and brand, else the mention's id as well."""
    return "\x1f".join((occasion, rule, brand))


def idempotency_key(occasion: str, change: Change, generation: int, channel: str) -> str:
    """Return the key of one message to one channel: 32 hex digits, the same whenever it is asked for.

    `occasion` is the alert's id or group key; `generation` counts the messages about it, from 1.
    """
    material = "\x1f".join((occasion, str(change), str(generation), channel))
    return blake2b(material.encode(), digest_size=16).hexdigest()
