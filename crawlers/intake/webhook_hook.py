"""What is behind one path of the listener: a message is verified, and stored durably."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from http import HTTPStatus
from time import monotonic

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.errors import SecretUnavailable
from config.settings import Source
from crawlers.base import Clock
from crawlers.intake.webhook_requests import Message, Refused, Reply, message_of
from crawlers.intake.webhook_signature import key_of_secret
from storage import intake

# More messages than these waiting means that nobody reads them.
MOST_WAITING = 50_000
_COUNT_EVERY = 100
_logger = logging.getLogger(__name__)


class Hook:
    """One path: verifies what is sent to it, and stores it."""

    def __init__(self, source: Source, engine: Engine, clock: Clock) -> None:
        self._source, self._engine, self._clock = source, engine, clock
        self._lock = threading.Lock()
        self._lately: deque[float] = deque(maxlen=source.options.messages_a_minute)
        self._kept, self._full = 0, False

    def receive(self, headers: Mapping[str, str], content_type: str, body: bytes) -> Reply:
        """Store a message and return the answer to its sender. Raises `Refused`."""
        message = message_of(self._key, headers, content_type, body, self._clock())
        self._admit()
        try:
            new = self._keep(message)
        except SQLAlchemyError:
            _logger.exception("a message could not be stored", extra={"source": self._source.name})
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE, "it cannot be stored now; send it again", Retry_After="60"
            ) from None
        return Reply(HTTPStatus.ACCEPTED, "stored" if new else "stored before")

    def _key(self) -> bytes:
        try:
            return key_of_secret(self._source.options.secret.reveal())
        except (SecretUnavailable, ValueError) as error:
            _logger.warning("%s: %s", self._source.name, error)
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE, "it cannot be verified now", Retry_After="300"
            ) from None

    def _admit(self) -> None:
        """Refuse a message where there were too many lately."""
        with self._lock:
            now = monotonic()
            if len(self._lately) == self._lately.maxlen and now - self._lately[0] < 60:
                wait = str(int(61 - (now - self._lately[0])))
                raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "too many messages", Retry_After=wait)
            self._lately.append(now)

    def _keep(self, message: Message) -> bool:
        now, name = self._clock(), self._source.name
        with self._engine.begin() as connection:
            if self._full or self._kept % _COUNT_EVERY == 0:
                intake.forget(connection, now)
                self._full = intake.count_waiting(connection, name) >= MOST_WAITING
            if self._full:
                raise Refused(
                    HTTPStatus.TOO_MANY_REQUESTS, "too many messages wait to be read", Retry_After="600"
                )
            self._kept += 1
            return intake.keep(connection, name, message.id, now, message.content_type, message.body)
