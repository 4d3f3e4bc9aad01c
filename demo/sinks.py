"""Where the demo's messages arrive: a Slack-like webhook and an SMTP server, both real servers.

Each saves what it is sent, in order, and can be told to misbehave as the real services sometimes do.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from demo.block_kit import fault_in
from demo.loopback import LoopbackServer, Request, Response

_HOOK = "/services/T0MARSAD/B0MARSAD/demo"


def _next_number(folder: Path, suffix: str) -> int:
    """Return the number after the highest in use, so that a sink that is opened again goes on counting."""
    folder.mkdir(parents=True, exist_ok=True)
    return 1 + max((int(path.stem) for path in folder.glob(f"*{suffix}") if path.stem.isdecimal()), default=0)


class SlackSink(LoopbackServer):
    """An incoming webhook like Slack's, saving each payload it takes as `out/alerts/NNN.json`.

    `webhook_url` is what a channel is configured with. `payloads` holds what was taken, in order;
    `misbehave` queues faults (see `demo.loopback`); `stop` and `start` refuse connections for a while.
    """

    def __init__(self, out: Path, port: int = 0) -> None:
        super().__init__(self._take, port)
        self._folder = out / "alerts"
        self._first = _next_number(self._folder, ".json")
        self.payloads: list[dict[str, Any]] = []

    @property
    def webhook_url(self) -> str:
        """The address to post to."""
        return self.url + _HOOK

    def _take(self, request: Request) -> Response:
        if request.path != _HOOK:
            return Response(b"no_service", status=404)
        if request.method != "POST":
            return Response(b"invalid_payload", status=400)
        try:
            payload = json.loads(_payload_text(request))
        except ValueError:
            return Response(b"invalid_payload", status=400)
        fault = fault_in(payload)
        if fault is not None:
            return Response(fault.encode(), status=400)
        self.payloads.append(payload)
        number = self._first + len(self.payloads) - 1
        text = json.dumps(payload, ensure_ascii=False, indent=2)
        (self._folder / f"{number:03}.json").write_text(text + "\n", encoding="utf-8")
        return Response(b"ok")


def _payload_text(request: Request) -> str:
    """Return the JSON text of a webhook call: the body, or the field `payload` of a form."""
    body = request.body.decode("utf-8")
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(body).get("payload", [""])[-1]
    return body


class Stage(StrEnum):
    """The SMTP commands at which the mail sink can misbehave; BODY is the answer to the message itself."""

    EHLO = "EHLO"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "BODY"


@dataclass(frozen=True, slots=True)
class MailFault:
    """What to answer once at `stage`: `reply` such as "451 4.3.0 Later"; None hangs for `seconds` and drops.

    `keep` saves the message all the same (at BODY): the sender cannot know that it has arrived.
    """

    stage: Stage
    reply: str | None
    seconds: float = 0.0
    keep: bool = False


class MailSink:
    """An SMTP server on 127.0.0.1 that saves each message it takes as `out/mail/NNN.eml`.

    `messages` holds them parsed, in order; `by_message_id` counts arrivals through their lists.
    With `login` (user, password) it asks for AUTH; with `tls` it offers STARTTLS.
    """

    def __init__(
        self,
        out: Path,
        port: int = 0,
        *,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._folder = out / "mail"
        self._first = _next_number(self._folder, ".eml")
        self.port = port
        self._login, self._tls = login, tls
        self._faults: deque[MailFault] = deque()
        self._controller: _Controller | None = None
        self.messages: list[EmailMessage] = []

    @property
    def needs_login(self) -> bool:
        """Whether senders must log in."""
        return self._login is not None

    @property
    def by_message_id(self) -> dict[str, list[EmailMessage]]:
        """The messages that arrived, by Message-ID; more than one under an id is a duplicate."""
        found: dict[str, list[EmailMessage]] = {}
        for message in self.messages:
            found.setdefault(str(message["Message-ID"]), []).append(message)
        return found

    def misbehave(self, *faults: MailFault) -> None:
        """Queue faults: the first one waits for its stage, then the next one has its turn."""
        self._faults.extend(faults)

    def start(self) -> None:
        """Begin to listen; after `stop`, again on the same port. Raises OSError where it is taken."""
        self._controller = _Controller(self._server, self.port)
        self._controller.start()
        self.port = self._controller.port

    def stop(self) -> None:
        """Refuse connections; returns when the server's thread has ended."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def take_fault(self, stage: Stage) -> MailFault | None:
        """Return the fault to show at this stage, spending it, or None."""
        return self._faults.popleft() if self._faults and self._faults[0].stage is stage else None

    def keep(self, content: bytes) -> None:
        """Save one message and parse it."""
        self.messages.append(BytesParser(policy=policy.default).parsebytes(content))
        number = self._first + len(self.messages) - 1
        (self._folder / f"{number:03}.eml").write_bytes(content)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer for a whole message, as aiosmtpd asks."""
        content = envelope.content
        fault = self.take_fault(Stage.BODY)
        if isinstance(content, bytes) and (fault is None or fault.keep):
            self.keep(content)
        if fault is None:
            return "250 2.0.0 Taken"
        return await _suffer(server, fault)

    def _server(self) -> SMTP:
        return _FaultySMTP(
            self,
            self,
            hostname="mail.lawzy.example",
            ident="Marsad demo",
            enable_SMTPUTF8=True,
            tls_context=self._tls,
            auth_require_tls=False,
            authenticator=self._authenticate if self._login else None,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, how: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self._login, handled=False)


async def _suffer(server: SMTP, fault: MailFault) -> str:
    """Return the reply of a fault, or hang and drop the connection."""
    await asyncio.sleep(fault.seconds)
    if fault.reply is None and server.transport is not None:
        server.transport.close()
    return fault.reply or "421 4.3.2 Gone"


class _FaultySMTP(SMTP):
    """An SMTP session that asks its sink, before each command, whether to misbehave."""

    def __init__(self, sink: MailSink, handler: object, **options: Any) -> None:
        self._sink = sink
        super().__init__(handler, **options)

    async def _unless(self, stage: Stage, usual: Callable[[str], Any], argument: str) -> None:
        fault = self._sink.take_fault(stage)
        if fault is None:
            await usual(argument)
        else:
            await self.push(await _suffer(self, fault))

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: N802
        await self._unless(Stage.EHLO, super().smtp_EHLO, arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        await self._unless(Stage.AUTH, super().smtp_AUTH, arg)

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
        # aiosmtpd's own demand for AUTH warns where there is no TLS; on loopback there need be none.
        if self._sink.needs_login and not (self.session and self.session.authenticated):
            await self.push("530 5.7.0 Authentication required")
            return
        await self._unless(Stage.MAIL, super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
        await self._unless(Stage.RCPT, super().smtp_RCPT, arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        await self._unless(Stage.DATA, super().smtp_DATA, arg)


class _Controller(Controller):
    """aiosmtpd's controller, able to use a port that the system chooses."""

    def __init__(self, factory: Callable[[], SMTP], port: int) -> None:
        self._make = factory
        super().__init__(handler=None, hostname="127.0.0.1", port=port)

    def factory(self) -> SMTP:
        return self._make()

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
