"""Connections to mail servers: to addresses that the guard permits, over TLS, and with limits.

The standard library's client believes what a server says of lengths, and repeats its words in errors; here
it does neither.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal

from crawlers.errors import AddressRefusedError, CrawlError
from crawlers.guard import Network, refusal

_ANSWER_SECONDS = 30.0
# A batch of mails, and some room for what a server says beside.
_COMMAND_BYTES = 64 * 1024 * 1024
Security = Literal["tls", "starttls"]


class MailboxError(CrawlError):
    """The mail server cannot be reached or used."""


class LoginError(MailboxError):
    """The mail server does not accept the login."""


class FolderError(MailboxError):
    """The mail server does not give the folder."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mailbox is. `certificate_file` holds the certificates to trust beside the system's own."""

    host: str
    port: int
    security: Security = "tls"
    certificate_file: Path | None = None
    allowed: Sequence[Network] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """Who reads it: with a password, or with a token of OAuth 2 (SASL XOAUTH2)."""

    user: str
    secret: str
    is_token: bool = False

    def __repr__(self) -> str:
        """Show nobody's name or secret."""
        return "Login(***)"


class Client(imaplib.IMAP4):
    """The standard library's client with guarded connections and limits to what it takes in."""

    def __init__(self, server: Server, deadline: float) -> None:
        self._server, self._deadline, self._taken = server, deadline, 0
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = connected(self._server)
        if self._server.security == "starttls":
            return plain
        return _secured(plain, self._server)

    def begin_command(self) -> None:
        """Let the next answer be as long as any."""
        self._taken = 0

    def read(self, size: int) -> bytes:
        """Read a literal, of a length that the server names."""
        self._count(size)
        parts = bytearray()
        while len(parts) < size:
            self._hurry()
            got = super().read(min(size - len(parts), 65_536))
            if not got:
                raise self.abort("the connection ended within an answer")
            parts += got
        return bytes(parts)

    def readline(self) -> bytes:
        """Read a line."""
        self._hurry()
        line = super().readline()
        self._count(len(line))
        return line

    def _count(self, size: int) -> None:
        self._taken += size
        if self._taken > _COMMAND_BYTES:
            raise self.abort("an answer is larger than 64 MiB")

    def _hurry(self) -> None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise self.abort("it took too long")
        self.sock.settimeout(min(_ANSWER_SECONDS, left))


def connected(server: Server) -> socket.socket:
    """Return a connection to the first address of a server that may be reached and answers.

    Raises:
        AddressRefusedError: it has addresses, and none may be reached.
        MailboxError: it has none, or none answers.
    """
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise MailboxError("the name of the mail server is not known; check host and the network") from None
    refused, failed = None, None
    for family, kind, protocol, _, address in found:
        numeric = str(address[0])
        if (reason := refusal(numeric, server.allowed)) is not None:
            refused = refused or reason
            continue
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failed = failed or error
            continue
        return connection
    if failed is None:
        raise AddressRefusedError(f"{refused}; allow_private_networks does not name it")
    raise MailboxError(f"the mail server does not answer: {failed.strerror or 'no answer in time'}")


def _secured(connection: socket.socket, server: Server) -> socket.socket:
    try:
        return context_of(server).wrap_socket(connection, server_hostname=server.host)
    except OSError:
        connection.close()
        raise


def context_of(server: Server) -> ssl.SSLContext:
    """Return how TLS is spoken with a server: its certificate must be trusted and name it."""
    context = ssl.create_default_context()
    if server.certificate_file is not None:
        try:
            context.load_verify_locations(server.certificate_file)
        except OSError:
            raise MailboxError(f"the certificates in {server.certificate_file} cannot be read") from None
    return context


@contextmanager
def worded() -> Iterator[None]:
    """Turn what a client raises into a `MailboxError` in our own words: the server's may hold secrets."""
    try:
        yield
    except CrawlError:
        raise
    except ssl.SSLCertVerificationError:
        raise MailboxError("the certificate of the mail server cannot be trusted") from None
    except ssl.SSLError:
        raise MailboxError("no secure connection to the mail server could be made") from None
    except TimeoutError:
        raise MailboxError("the mail server gives no answer in time") from None
    except (imaplib.IMAP4.error, OSError, ValueError, AttributeError):
        # AttributeError: the connection was cut by another thread.
        raise MailboxError("the mail server broke off, or does not speak IMAP") from None
