"""One conversation with a mail server: connect, encrypt, log in, hand over, and say what became of it."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from alerts.channels.base import Delivered, Outcome, Rejected, Retry
from alerts.channels.causes import cause_of
from alerts.render.escaping import excerpt
from config.errors import SecretUnavailable
from config.secret import Secret

_log = structlog.get_logger(__name__)
_REPLY_LIMIT = 160


class Security(StrEnum):
    """How the connection is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as configured. Time-outs are in seconds: for one wait, and for the whole conversation."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: Secret | None = None
    ca_file: Path | None = None
    timeout: float = 20
    deadline: float = 90

    def __str__(self) -> str:
        """Return how messages name it."""
        return f"{self.host}:{self.port}"


class Refusal(Exception):
    """The conversation came to an end before the message was taken. `outcome` says how."""

    def __init__(self, outcome: Retry | Rejected) -> None:
        self.outcome = outcome
        super().__init__(outcome.why)


def deliver(server: Server, sender: str, recipients: Sequence[str], message: bytes) -> Outcome:
    """Hand a message over to the server. 4xx, broken connections and time-outs are temporary, 5xx final.

    Where some recipients are refused and others not, the message is delivered and a warning names them.
    A connection that breaks after the message's last line leaves open whether it was taken: it is sent
    again, with the same Message-ID.
    """
    try:
        with _conversation(server) as smtp, _explained(server, "delivery"):
            refused = smtp.sendmail(sender, list(recipients), message)
    except Refusal as refusal:
        return refusal.outcome
    if refused:
        _log.warning("some recipients were refused", server=str(server), refused=_refusals(server, refused))
    return Delivered()


def probe(server: Server) -> str:
    """Connect, encrypt, log in, and send nothing. Returns what was found. Raises Refusal."""
    with _conversation(server) as smtp, _explained(server, "check"):
        code, reply = smtp.noop()
        if code != 250:
            raise smtplib.SMTPResponseException(code, reply)
        encrypted = smtp.sock.version() if isinstance(smtp.sock, ssl.SSLSocket) else None
    login = f"logged in as {server.username}" if server.username else "no login"
    return f"{server} answers, {encrypted or 'not encrypted'}, {login}; nothing was sent"


@contextmanager
def _conversation(server: Server) -> Iterator[smtplib.SMTP]:
    with _explained(server, "connection"):
        smtp = _connect(server)
    watch = threading.Timer(server.deadline, _hang_up, [smtp])
    watch.daemon = True
    watch.start()
    try:
        with _explained(server, "encryption"):
            smtp.ehlo_or_helo_if_needed()
            if server.security is Security.STARTTLS:
                smtp.starttls(context=_context(server))
                smtp.ehlo_or_helo_if_needed()
        with _explained(server, "login"):
            _log_in(server, smtp)
        yield smtp
    finally:
        # The message is taken or not by now; what the server says to QUIT changes nothing.
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
        smtp.close()
        watch.cancel()


def _connect(server: Server) -> smtplib.SMTP:
    if server.security is Security.TLS:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=_context(server))
    return smtplib.SMTP(server.host, server.port, timeout=server.timeout)


def _context(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if server.ca_file is None else str(server.ca_file))
    except OSError:
        raise Refusal(Rejected(f"tls_ca_file {server.ca_file} cannot be read as PEM certificates")) from None


def _hang_up(smtp: smtplib.SMTP) -> None:
    # A server that answers a byte at a time never runs into the time-out of one wait.
    with suppress(OSError, AttributeError):
        smtp.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]


def _log_in(server: Server, smtp: smtplib.SMTP) -> None:
    if server.username is None or server.password is None:
        return
    try:
        smtp.login(server.username, server.password.reveal())
    except UnicodeEncodeError:
        raise Refusal(Rejected(f"{server}: user name and password may hold ASCII characters only")) from None
    except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected):
        raise
    except smtplib.SMTPException:
        raise Refusal(Rejected(f"{server} offers no way to log in that Marsad knows")) from None


@contextmanager
def _explained(server: Server, step: str) -> Iterator[None]:
    """Turn everything that can go wrong in a step into a Refusal that says what, without any secret."""
    try:
        yield
    except Refusal:
        raise
    except SecretUnavailable as error:
        raise Refusal(Retry(None, str(error))) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise Refusal(_of_recipients(server, error.recipients)) from None
    except smtplib.SMTPNotSupportedError:
        raise Refusal(Rejected(f"{server} offers no {_OFFERS.get(step, step)}: see `security`")) from None
    except smtplib.SMTPResponseException as error:
        raise Refusal(_of_code(server, step, error.smtp_code, error.smtp_error)) from None
    except (OSError, ValueError, smtplib.SMTPException) as error:
        raise Refusal(Retry(None, f"{server}, {step}: {cause_of(error)}")) from None


_OFFERS = {"encryption": "STARTTLS", "login": "login on such a connection"}


def _of_code(server: Server, step: str, code: int, reply: bytes | str) -> Retry | Rejected:
    said = f"{server}, {step}: it answered {code}"
    if step == "login" and 500 <= code < 600:
        # The words are left out: they follow a password, and some servers echo what they were sent.
        return Rejected(f"{said}: user name or password is not accepted")
    if step != "login":
        said = f"{said} {_words(server, reply)}".rstrip()
    return Rejected(said) if 500 <= code < 600 else Retry(None, said)


def _of_recipients(server: Server, refused: Mapping[str, tuple[int, bytes]]) -> Retry | Rejected:
    said = f"{server} refused every recipient: " + "; ".join(_refusals(server, refused))
    final = all(500 <= code < 600 for code, _ in refused.values())
    return Rejected(said) if final else Retry(None, said)


def _refusals(server: Server, refused: Mapping[str, tuple[int, bytes]]) -> list[str]:
    return [f"{address} ({code} {_words(server, reply)})" for address, (code, reply) in refused.items()]


def _words(server: Server, reply: bytes | str) -> str:
    """Return a server's reply as one short line, without the password should it stand in there."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    if server.password is not None:
        with suppress(SecretUnavailable):
            for form in _forms(server.username or "", server.password.reveal()):
                text = text.replace(form, "***")
    return excerpt(text, _REPLY_LIMIT)


def _forms(username: str, password: str) -> list[str]:
    raw = (f"\0{username}\0{password}", f"{username}\0{username}\0{password}", password)
    encoded = [base64.b64encode(form.encode()).decode() for form in raw]
    return [*encoded, *(re.sub("=+$", "", form) for form in encoded), password]
