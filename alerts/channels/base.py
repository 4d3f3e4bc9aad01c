"""What a channel is, what can become of a message, and the register of channels.

A channel is one file in this folder: a `kind`, an `Options` model, and `send`. Being in the folder
registers it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from config import settings as configured
from config.kinds import registered
from config.settings import Settings, Strict
from storage.records import Notification

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The other side has taken the message."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The message may go through later: no sooner than `after`, where the other side said so."""

    after: timedelta | None
    why: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message will never go through as things are; `why` tells a person what to do."""

    why: str


Outcome = Delivered | Retry | Rejected


def utc_now() -> datetime:
    """Return this moment, aware and in UTC."""
    return datetime.now(UTC)


class Channel(ABC):
    """A place to send messages to, as configured. `language` (`ar` or `en`) is that of its messages.

    `LONGEST` bounds how long one `send` takes, time-outs included. No outcome, error or log line of a
    channel may hold a secret.
    """

    kind: ClassVar[str]
    summary: ClassVar[str]
    secrets_help: ClassVar[str]
    Options: ClassVar[type[Strict]]
    LONGEST: ClassVar[timedelta]

    def __init__(self, settings: configured.Channel, language: str, clock: Clock = utc_now) -> None:
        self.name = settings.name
        self.options: Any = settings.options
        self.language = language
        self.clock = clock

    @abstractmethod
    async def send(self, notification: Notification) -> Outcome:
        """Render and send one message, and say what became of it. Never blocks the loop."""

    @abstractmethod
    async def check(self) -> str:
        """Try the credentials without sending anything, and return what was found, in words.

        Raises:
            ChannelError: it would not work; the message says why and what to do.
        """


def kinds() -> Mapping[str, type[Channel]]:
    """Return the channels there are, by kind: whatever this folder holds."""
    return registered("alerts.channels", Channel)


def options_models() -> dict[str, type[Strict]]:
    """Return the options model of each kind, for the loader of the configuration."""
    return {kind: channel.Options for kind, channel in kinds().items()}


def open_channels(settings: Settings, clock: Clock = utc_now) -> dict[str, Channel]:
    """Return the configured channels by name. Nothing is connected, and no secret is read yet."""
    known = kinds()
    return {
        each.name: known[each.kind](each, each.language or settings.language, clock)
        for each in settings.channels
    }
