"""A mailbox, read over IMAP (RFC 3501) without changing anything in it.

The connection is made to an address that the guard permits and to no other, over TLS that names the server.
All calls block and belong in a thread; a server that hangs, floods or lies ends in a `MailboxError`.
"""

from __future__ import annotations

import base64
import imaplib
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import monotonic
from typing import Any

from crawlers.intake.mail_connection import (
    Client,
    FolderError,
    Login,
    LoginError,
    MailboxError,
    Server,
    context_of,
    worded,
)
from crawlers.intake.mail_message import RawMail

MAIL_BYTES = 262_144
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_UID_NEXT = re.compile(rb"\d{1,10}")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it is now: numbers of mails count as long as `validity` stays; the next is `uid_next`."""

    validity: int
    uid_next: int | None


class Mailbox:
    """A mailbox that is open, for at most `seconds`. Use it in one thread; `cut` may come from another."""

    def __init__(self, server: Server, login: Login, seconds: float) -> None:
        self._client: Client | None = None
        try:
            with worded():
                self._client = Client(server, monotonic() + seconds)
                if server.security == "starttls":
                    self._client.starttls(context_of(server))
            self._log_in(login)
        except BaseException:
            self.cut()
            raise

    def _log_in(self, login: Login) -> None:
        client = self._open()
        with worded():
            client.begin_command()
            try:
                if login.is_token:
                    said = f"user={login.user}\x01auth=Bearer {login.secret}\x01\x01".encode()
                    client.authenticate("XOAUTH2", _once(said))
                elif "AUTH=PLAIN" in client.capabilities:
                    client.authenticate("PLAIN", _once(f"\0{login.user}\0{login.secret}".encode()))
                else:
                    client.login(_quoted(login.user), login.secret)
            except imaplib.IMAP4.abort:
                raise
            except (imaplib.IMAP4.error, UnicodeError):
                # The server's own words may repeat what it was sent.
                raise LoginError("the mail server does not accept the login") from None

    def select(self, folder: str) -> Folder:
        """Open a folder for reading alone.

        Raises:
            FolderError: there is none of this name. MailboxError: as always.
        """
        client = self._open()
        with worded():
            client.begin_command()
            kind, _ = client.select(_quoted(utf7(folder)), readonly=True)
            if kind != "OK":
                raise FolderError(f"there is no folder {folder!r}")
            validity, following = (client.response(name)[1] for name in ("UIDVALIDITY", "UIDNEXT"))
        return Folder(_number(validity) or 0, _number(following))

    def uids(self, *, after: int = 0, since: date | None = None) -> list[int]:
        """Return the numbers of the mails above `after` that arrived on `since` or later, in order."""
        terms = [f"UID {after + 1}:*"] if after else []
        terms += [f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}"] if since else []
        client = self._open()
        with worded():
            client.begin_command()
            kind, lines = client.uid("SEARCH", *(terms or ["ALL"]))
        if kind != "OK":
            raise MailboxError("the mail server cannot search the folder")
        words = b" ".join(line for line in lines if isinstance(line, bytes)).split()
        # `n:*` also names the last mail where it is older than n.
        return sorted({int(word) for word in words if _UID_NEXT.fullmatch(word) and int(word) > after})

    def fetch(self, uids: Sequence[int]) -> list[RawMail]:
        """Return these mails but those that are gone, each as far as `MAIL_BYTES`. None is marked as seen."""
        client = self._open()
        wanted = ",".join(map(str, uids))
        with worded():
            client.begin_command()
            kind, parts = client.uid("FETCH", wanted, f"(UID INTERNALDATE BODY.PEEK[]<0.{MAIL_BYTES}>)")
        if kind != "OK":
            raise MailboxError("the mail server does not give the mails")
        asked = set(uids)
        return [mail for mail in _mails(parts) if mail.uid in asked]

    def close(self) -> None:
        """Say good-bye, and close the connection."""
        if self._client is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                self._client.begin_command()
                self._client.logout()
            self.cut()

    def cut(self) -> None:
        """Close the connection at once; whoever waits on it gets a `MailboxError`."""
        if self._client is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                self._client.sock.shutdown(socket.SHUT_RDWR)
            with suppress(OSError, imaplib.IMAP4.error):
                self._client.shutdown()

    def _open(self) -> Client:
        if self._client is None:
            raise MailboxError("the mailbox is closed")
        return self._client


def _once(answer: bytes) -> Any:
    """Return an authenticator that answers once; whatever else the server asks gets an empty answer."""
    answers = [answer]
    return lambda _: answers.pop() if answers else b""


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def utf7(name: str) -> str:
    """Return a folder's name in the modified UTF-7 of IMAP (RFC 3501, 5.1.3)."""
    parts, pending = [], ""
    for letter in [*name, ""]:
        if letter and not " " <= letter <= "~":
            pending += letter
            continue
        if pending:
            packed = base64.b64encode(pending.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
            parts.append(f"&{packed}-")
            pending = ""
        parts.append("&-" if letter == "&" else letter)
    return "".join(parts)


def _number(answer: Sequence[Any] | None) -> int | None:
    found = _UID_NEXT.fullmatch(answer[0]) if answer and isinstance(answer[0], bytes) else None
    return int(found[0]) if found else None


def _mails(parts: Sequence[Any]) -> list[RawMail]:
    """Return the mails in the parts of a FETCH answer: pairs of a head and a body, and what follows each."""
    found = []
    for at, part in enumerate(parts):
        if not isinstance(part, tuple) or len(part) < 2:
            continue
        after = parts[at + 1] if at + 1 < len(parts) and isinstance(parts[at + 1], bytes) else b""
        told = part[0] + b" " + after
        uid = _UID.search(told)
        if uid is not None and isinstance(part[1], bytes):
            found.append(RawMail(int(uid[1]), _arrived(told), part[1][:MAIL_BYTES]))
    return found


def _arrived(told: bytes) -> datetime | None:
    found = re.search(
        rb'INTERNALDATE "\s?(\d{1,2})-([A-Z][a-z]{2})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d{4})"', told
    )
    if found is None:
        return None
    day, month, year, clock, zone = (part.decode() for part in found.groups())
    try:
        number = _MONTHS.index(month) + 1
        iso = f"{year}-{number:02}-{int(day):02}T{clock}{zone[:3]}:{zone[3:]}"
        return datetime.fromisoformat(iso).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
