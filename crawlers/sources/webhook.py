"""Messages that help desks, forms and customer systems send to us, signed as Standard Webhooks has it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from typing import Annotated, ClassVar
from urllib.parse import unquote

from pydantic import AfterValidator, Field

from config.secret import Secret
from crawlers.base import SourceOptions
from crawlers.errors import CrawlError, ParsingError
from crawlers.intake.deliveries import Opened, open_all
from crawlers.intake.row_items import RowRules
from crawlers.intake.row_options import RowOptions
from crawlers.intake.webhook_signature import key_of_secret
from crawlers.items import Found, Taken
from crawlers.reader import SourceReader
from storage import intake
from storage.engine import reading
from storage.intake import Delivery
from storage.records import MentionKind

_AT_ONCE, _SHOWN = 20, 3
# A look into a table of our own costs nothing, and a ticket should not wait.
_EVERY = timedelta(minutes=1)
_logger = logging.getLogger(__name__)


def _path(raw: str) -> str:
    path = unquote(raw.strip())
    if not path.startswith("/") or path.endswith("/") or any(sign in path for sign in "?#\x00\r\n"):
        raise ValueError("write a path such as /hooks/tickets")
    return path


class WebhookOptions(RowOptions):
    """Options of a webhook."""

    path: Annotated[str, Field(max_length=300), AfterValidator(_path)] | None = Field(
        default=None, description="Where it listens, such as /hooks/tickets; else /hooks/ and its name."
    )
    secret: Secret = Field(description="The key that signs: whsec_ and Base64, as the sender shows it.")
    messages_a_minute: int = Field(
        default=600, ge=1, le=100_000, description="The most messages in a minute; more are put off (429)."
    )
    pages: int = Field(
        default=500, ge=1, le=100_000, description="How many times 20 messages to read at a visit."
    )


class WebhookReader(SourceReader):
    """Reads what the listener (`crawlers.intake.webhook_listener`) has stored since the last visit.

    Messages and the mentions made of them change in one transaction, so that a crash neither loses nor
    repeats any. One in which nothing of ours is found is put aside, told of, and tried again when the
    options change.
    """

    kind: ClassVar[str] = "webhook"
    Options: ClassVar[type[SourceOptions]] = WebhookOptions
    summary: ClassVar[str] = "Tickets, forms and surveys that other systems send, signed (Standard Webhooks)."
    secrets_help: ClassVar[str] = (
        "secret: where the sender lets you add a webhook it shows one, whsec_…; or make one yourself:"
        " `openssl rand -base64 32`, with whsec_ before it, and give it to the sender."
    )
    terms: ClassVar[str] = (
        "What is sent is yours to answer for: keep no more of your customers than they agreed to."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.TICKET

    async def read(self) -> AsyncIterator[Found]:
        """Yield what the messages that wait hold, and word that they were read."""
        try:
            key_of_secret(self.options.secret.reveal())
        except ValueError as error:
            raise CrawlError(str(error)) from None
        rules = await asyncio.to_thread(self.options.rules)
        self.visit.unchanged, self.visit.every = True, _EVERY
        if self._is_read_otherwise(rules):
            yield Taken(again=True)
            yield self.checkpoint(rules=self._as_read(rules))
        last = 0
        bad: list[tuple[int, str]] = []
        for _ in range(self.options.pages):
            waiting = await asyncio.to_thread(self._waiting, last)
            if not waiting:
                break
            last = waiting[-1].id
            self.visit.unchanged = False
            self.visit.bytes += sum(len(delivery.body) for delivery in waiting)
            opened = [one for part in await self._opened(waiting, rules) for one in part]
            for item in (item for one in opened for item in one.items):
                yield self.keep(item)
            aside = tuple((one.delivery, one.problem) for one in opened if one.problem is not None)
            yield Taken(tuple(one.delivery for one in opened if one.problem is None), aside)
            bad += aside
            yield self.checkpoint()
        if bad:
            self._tell(bad)

    def _as_read(self, rules: RowRules) -> str:
        told = replace(rules, key=b"x" if rules.key else b"")
        return blake2b(repr(told).encode(), digest_size=8).hexdigest()

    def _is_read_otherwise(self, rules: RowRules) -> bool:
        return self.state.cursor.get("rules") != self._as_read(rules)

    def _waiting(self, after: int) -> list[Delivery]:
        if self.engine is None:
            return []
        with reading(self.engine) as connection:
            return intake.waiting(connection, self.source.name, _AT_ONCE, after)

    async def _opened(self, waiting: list[Delivery], rules: RowRules) -> list[list[Opened]]:
        """Open messages together; where one of them breaks its reader, each by itself."""
        try:
            return [await self.parse_apart(open_all, waiting, rules)]
        except ParsingError as error:
            if len(waiting) == 1:
                return [[Opened(waiting[0].id, (), str(error))]]
            return [one for each in waiting for one in await self._opened([each], rules)]

    def _tell(self, bad: list[tuple[int, str]]) -> None:
        shown = "; ".join(dict.fromkeys(why for _, why in bad[:_SHOWN]))
        _logger.warning("%s: nothing was found in %d messages: %s", self.source.name, len(bad), shown)
        self.fail(f"nothing was found in {len(bad)} messages ({shown}); name their fields in `columns`")
