"""What can go wrong in deciding and telling, one type for each thing a caller can do about it."""

from __future__ import annotations


class UnknownPeriod(ValueError):
    """No week has this name. The message says how weeks are named."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is no week; write a year and a week from W01 to W52 or W53, such as 2026-W47"
        )


class IllegalTransition(ValueError):
    """An alert cannot go from its state by this event; `alerts.lifecycle.TRANSITIONS` lists what can."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"an alert that is {state} cannot {event}")


class UnknownRule(ValueError):
    """The configuration names a kind of rule that does not exist. The message lists those that do."""

    def __init__(self, name: str, kind: str, known: list[str]) -> None:
        super().__init__(f"rule {name!r}: there is no kind {kind!r}; the kinds are {', '.join(known)}")


class ChannelError(Exception):
    """A channel cannot work as configured. The message says why and what to do, and holds no secret."""


class UnknownPayload(ValueError):
    """The outbox holds a message of a type that this version cannot put into words."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"this version of Marsad cannot write a message of type {kind!r}")


class AlreadyTold(Exception):
    """Another evaluator has told this meanwhile; what this one would have written is rolled back."""
