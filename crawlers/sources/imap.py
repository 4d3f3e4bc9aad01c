"""A mailbox of support or survey mails, read over IMAP; senders become pseudonyms."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from config.secret import Secret
from crawlers.base import SourceOptions
from crawlers.errors import ParsingError
from crawlers.intake.mail_connection import FolderError, Login, Server
from crawlers.intake.mail_message import MailRules, RawMail, ReadMail, read_mails
from crawlers.intake.mailbox import Mailbox
from crawlers.intake.pseudonym_key import PlacedPath, PseudonymKeyOptions, key_of
from crawlers.items import Found
from crawlers.reader import SourceReader
from storage.records import MentionKind

_BATCH, _LOOK = 50, 10
_VISIT_SECONDS = 300.0
_EVERY = timedelta(minutes=5)
_FIRST_LOOK = timedelta(days=30)
_PORTS = {"tls": 993, "starttls": 143}
_logger = logging.getLogger(__name__)


def _one_line(raw: str) -> str:
    if not raw.strip() or not raw.isprintable():
        raise ValueError("write a text of one line")
    return raw.strip()


def _host(raw: str) -> str:
    if not re.fullmatch(r"[^\s/@\x00-\x1f]{1,253}", raw) or "://" in raw:
        raise ValueError("write the name of a server, such as imap.example.com")
    return raw


Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]


class ImapOptions(SourceOptions, PseudonymKeyOptions):
    """Options of a mailbox."""

    host: Annotated[str, AfterValidator(_host)] = Field(description="The server, such as imap.example.com.")
    port: int | None = Field(default=None, ge=1, le=65535, description="Its port; else 993, or 143.")
    security: Literal["tls", "starttls"] = Field(
        default="tls", description="tls from the first byte (993), or starttls (143)."
    )
    certificate_file: PlacedPath | None = Field(
        default=None, description="Certificates (PEM) to trust beside the system's, for a server of your own."
    )
    username: Line = Field(description="The name to log in with, often the address.")
    password: Secret | None = Field(default=None, description="The password, or an app password.")
    oauth_token: Secret | None = Field(
        default=None, description="Instead of a password: an access token (XOAUTH2), kept fresh by you."
    )
    folders: list[Line] = Field(default=["INBOX"], min_length=1, description="The folders to read.")
    to: list[Line] = Field(
        default=[], description="Keep only mails to an address that has one of these in it."
    )
    from_: list[Line] = Field(
        default=[], alias="from", description="Keep only mails from an address that has one of these in it."
    )
    subject: list[Line] = Field(
        default=[], description="Keep only mails with one of these words in the subject."
    )
    automatic: bool = Field(
        default=False, description="true keeps automatic replies, bounces, lists and newsletters too."
    )
    pages: int = Field(
        default=10, ge=1, le=1000, description="How many times 50 mails of each folder to read at a visit."
    )

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.password is None) == (self.oauth_token is None):
            raise ValueError("give either password or oauth_token")
        return self


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a folder is read: up to the mail `uid`, as long as its numbering is `validity`.

    `since` is the day (ISO) that the first visit began at, `arrived` that of the latest mail read.
    """

    validity: int
    uid: int
    since: str
    arrived: str

    @classmethod
    def from_json(cls, raw: Any) -> _Place | None:
        try:
            return cls(*raw)
        except TypeError:
            return None

    def to_json(self) -> list[Any]:
        return [self.validity, self.uid, self.since, self.arrived]


class ImapReader(SourceReader):
    """Reads each folder from the last mail known to the newest, and changes nothing there.

    How far it came is kept after each 50 mails. Where the server numbers a folder anew, it is read again
    from a day before the latest mail known; mails are known by their Message-ID, in whatever folder.
    """

    kind: ClassVar[str] = "imap"
    Options: ClassVar[type[SourceOptions]] = ImapOptions
    summary: ClassVar[str] = "A mailbox of support or survey mails; senders become pseudonyms."
    secrets_help: ClassVar[str] = (
        "password: an app password of the mailbox (Gmail, Yahoo, iCloud: account, security, app passwords);"
        " or oauth_token: an access token with the scope for IMAP (Microsoft 365: IMAP.AccessAsUser.All),"
        " written fresh to a file: {file: PATH}. pseudonym_key (optional): 16 letters or more of your own."
    )
    terms: ClassVar[str] = (
        "Mails are personal data: read a mailbox that customers write to the company at, no person's own."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.TICKET

    async def read(self) -> AsyncIterator[Found]:
        """Yield the mails of each folder, with a checkpoint after each batch."""
        self.visit.every = _EVERY
        rules = await asyncio.to_thread(self._rules)
        server, login = self._server(), self._login()
        self._read_to = dict(self.state.cursor.get("folders", {}))
        self._left_out: Counter[str] = Counter()
        mailbox = await _open_mailbox(server, login)
        try:
            for folder in dict.fromkeys(self.options.folders):
                try:
                    async for found in self._folder(mailbox, folder, rules):
                        yield found
                except FolderError as error:
                    self.fail(str(error))
            await asyncio.to_thread(mailbox.close)
        finally:
            # Whoever still waits in a thread is let go.
            mailbox.cut()
        self.visit.unchanged = not self.visit.bytes
        if self._left_out:
            told = ", ".join(f"{count} {why}" for why, count in sorted(self._left_out.items()))
            _logger.info("%s: mails left out: %s", self.source.name, told)

    def _rules(self) -> MailRules:
        options = self.options
        return MailRules(
            key=key_of(options),
            to=tuple(options.to),
            from_=tuple(options.from_),
            subject=tuple(options.subject),
            automatic=options.automatic,
        )

    def _server(self) -> Server:
        options = self.options
        port = options.port or _PORTS[options.security]
        return Server(options.host, port, options.security, options.certificate_file, self.allowed_networks)

    def _login(self) -> Login:
        options = self.options
        secret: Secret = options.oauth_token or options.password
        return Login(options.username, secret.reveal(), options.oauth_token is not None)

    async def _folder(self, mailbox: Mailbox, folder: str, rules: MailRules) -> AsyncIterator[Found]:
        place = await self._begun(mailbox, folder)
        uids = await asyncio.to_thread(
            mailbox.uids, after=place.uid, since=date.fromisoformat(place.since) if place.since else None
        )
        wanted = uids[-_LOOK:] if self._newest_only else uids[: _BATCH * self.options.pages]
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            mails = await asyncio.to_thread(mailbox.fetch, batch)
            self.visit.bytes += sum(len(mail.raw) for mail in mails)
            for mail in await self._opened(mails, replace(rules, folder=folder)):
                if mail.item is not None:
                    yield self.keep(mail.item)
                else:
                    self._left_out[mail.left_out or ""] += 1
            place = replace(place, uid=batch[-1], arrived=_latest(place.arrived, mails, self.clock()))
            self._read_to[folder] = place.to_json()
            yield self.checkpoint(folders=dict(self._read_to))

    async def _begun(self, mailbox: Mailbox, name: str) -> _Place:
        """Return where to go on in a folder; where its mails are numbered anew, that is a day of overlap."""
        now = await asyncio.to_thread(mailbox.select, name)
        known = _Place.from_json(self._read_to.get(name))
        if known is not None and known.validity == now.validity:
            return known
        first = self.options.backfill_from(self.clock()) or self.clock() - _FIRST_LOOK
        since = first.date().isoformat()
        if known is not None and known.arrived:
            since = (date.fromisoformat(known.arrived) - timedelta(days=1)).isoformat()
        return _Place(now.validity, 0, since, known.arrived if known else "")

    async def _opened(self, mails: Sequence[RawMail], rules: MailRules) -> list[ReadMail]:
        """Read mails together; where one of them breaks its reader, each by itself."""
        if not mails:
            return []
        try:
            return await self.parse_apart(read_mails, list(mails), rules)
        except ParsingError:
            if len(mails) == 1:
                return [ReadMail(mails[0].uid, None, "broken")]
            half = len(mails) // 2
            return [*await self._opened(mails[:half], rules), *await self._opened(mails[half:], rules)]


async def _open_mailbox(server: Server, login: Login) -> Mailbox:
    """Open a mailbox in a thread; if nobody waits for it any longer, it is closed at once."""
    opening = asyncio.ensure_future(asyncio.to_thread(Mailbox, server, login, _VISIT_SECONDS))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unused)
        raise


def _close_unused(opening: asyncio.Future[Mailbox]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().cut()


def _latest(known: str, mails: Sequence[RawMail], now: datetime) -> str:
    """Return the day (ISO) of the latest arrival; one in the future is not believed."""
    days = [mail.arrived.date().isoformat() for mail in mails if mail.arrived and mail.arrived <= now]
    return max([known, *days])
