"""Mail servers to read from: Twisted's, over TLS, with mailboxes in memory; and one that misbehaves."""

# ruff: noqa: N802  the names are Twisted's

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL
from twisted.cred import checkers, portal
from twisted.internet import protocol
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.mail import imap4
from zope.interface import implementer

USER, PASSWORD = "desk@acme.example", "kalimat al-sirr 9"


def certificate(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@implementer(imap4.IMessage)
class Stored:
    """A mail in a folder."""

    def __init__(self, uid: int, raw: bytes, arrived: datetime) -> None:
        self.uid, self.raw, self.arrived, self.flags = uid, raw, arrived, set()
        head, _, self.text = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        self.pairs = [
            tuple(line.split(b": ", 1)) for line in head.replace(b"\n ", b" ").split(b"\n") if b": " in line
        ]

    def getUID(self) -> int:
        return self.uid

    def getFlags(self) -> set[str]:
        return self.flags

    def getInternalDate(self) -> bytes:
        return self.arrived.strftime("%d-%b-%Y %H:%M:%S +0000").encode()

    def getHeaders(self, negate: bool, *names: bytes) -> dict[str, str]:
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.pairs}

    def getBodyFile(self) -> BytesIO:
        return BytesIO(self.text)

    def getSize(self) -> int:
        return len(self.raw)

    def isMultipart(self) -> bool:
        return False

    def getSubPart(self, part: int) -> Any:
        raise TypeError(part)


@implementer(imap4.IMailbox)
class Box:
    """A folder. `opened` counts how it was opened for reading and writing."""

    def __init__(self, validity: int = 7) -> None:
        self.validity, self.mails, self.following = validity, [], 1

    def add(self, raw: bytes, arrived: datetime) -> None:
        self.mails.append(Stored(self.following, raw, arrived))
        self.following += 1

    def renumber(self) -> None:
        """Number the mails anew, as after a move to another server."""
        self.validity += 1
        for number, mail in enumerate(self.mails, start=100):
            mail.uid = number
        self.following = 100 + len(self.mails)

    def getUIDValidity(self) -> int:
        return self.validity

    def getUIDNext(self) -> int:
        return self.following

    def getUID(self, message: int) -> int:
        return self.mails[message - 1].uid

    def getMessageCount(self) -> int:
        return len(self.mails)

    def getRecentCount(self) -> int:
        return 0

    def getUnseenCount(self) -> int:
        return sum("\\Seen" not in mail.flags for mail in self.mails)

    def isWriteable(self) -> bool:
        return True

    def destroy(self) -> None:
        """Do nothing."""

    def requestStatus(self, names: Any) -> Any:
        return imap4.statusRequestHelper(self, names)

    def addListener(self, listener: Any) -> None:
        """Do nothing."""

    def removeListener(self, listener: Any) -> None:
        """Do nothing."""

    def getFlags(self) -> list[str]:
        return ["\\Seen"]

    def getHierarchicalDelimiter(self) -> str:
        return "/"

    def fetch(self, messages: Any, uid: bool) -> list[tuple[int, Stored]]:
        messages.last = self.mails[-1].uid if uid and self.mails else len(self.mails)
        numbered = list(enumerate(self.mails, start=1))
        return [(at, mail) for at, mail in numbered if (mail.uid if uid else at) in messages]


class Account(imap4.MemoryAccount):
    """An account whose folders are given."""

    def __init__(self, boxes: dict[str, Box]) -> None:
        super().__init__("desk")
        for name, box in boxes.items():
            self.addMailbox(name, box)


@implementer(portal.IRealm)
class Realm:
    def __init__(self, account: Account) -> None:
        self.account = account

    def requestAvatar(self, avatar: Any, mind: Any, *interfaces: Any) -> Any:
        return imap4.IAccount, self.account, lambda: None


class Speaker(imap4.IMAP4Server):
    """One conversation."""

    said: list[bytes]

    def lineReceived(self, line: bytes) -> Any:
        self.said.append(line)
        return super().lineReceived(line)

    def search_SINCE(self, query: list[bytes], id: int, mail: Stored) -> bool:
        """Compare days; Twisted's own takes the date for a text, and stumbles."""
        wanted = datetime.strptime(query.pop(0).decode() + " +0000", "%d-%b-%Y %z").date()
        return mail.arrived.date() >= wanted


class Server(protocol.Factory):
    """Twisted's server; `said` is every line that it was sent."""

    def __init__(self, boxes: dict[str, Box]) -> None:
        checker = checkers.InMemoryUsernamePasswordDatabaseDontUse()
        checker.addUser(USER.encode(), PASSWORD.encode())
        self.portal = portal.Portal(Realm(Account(boxes)), [checker])
        self.said: list[bytes] = []

    def buildProtocol(self, address: Any) -> Any:
        made = Speaker()
        made.portal, made.said = self.portal, self.said
        return made


@implementer(IOpenSSLContextFactory)
class Secured:
    """How the server speaks TLS: Twisted's own factory warns of what it does itself."""

    def __init__(self, pem: Path) -> None:
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.use_certificate_file(str(pem))
        self._context.use_privatekey_file(str(pem))

    def getContext(self) -> SSL.Context:
        return self._context


def listen(boxes: dict[str, Box], pem: Path) -> tuple[Server, Any]:
    """Serve folders over TLS; returns the server and the port, which wants `stopListening`."""
    from twisted.internet import reactor

    server = Server(boxes)
    return server, reactor.listenSSL(0, server, Secured(pem), interface="127.0.0.1")


@dataclass
class Scripted:
    """A server by script: `answer(line)` returns what to send (parts: slowly), None hangs up."""

    pem: Path
    answer: Callable[[bytes], bytes | None]
    greeting: bytes = b"* OK ready\r\n"
    said: list[bytes] = field(default_factory=list)

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[Any] = []
        threading.Thread(target=self._serve, daemon=True).start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *_: Any) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        try:
            while True:
                plain, _ = self._listener.accept()
                connection = context.wrap_socket(plain, server_side=True)
                self._open.append(connection)
                self._talk(connection)
        except OSError:
            return

    def _talk(self, connection: Any) -> None:
        connection.sendall(self.greeting)
        with connection.makefile("rb") as lines:
            for line in lines:
                self.said.append(line)
                reply = self.answer(line)
                if reply is None:
                    connection.close()
                    return
                for part in [reply] if isinstance(reply, bytes) else reply:
                    connection.sendall(part)
                    time.sleep(0 if isinstance(reply, bytes) else 0.1)
