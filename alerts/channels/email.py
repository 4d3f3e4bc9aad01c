"""E-mail, by any SMTP server."""

from __future__ import annotations

import asyncio
import ipaddress
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from alerts.channels import smtp
from alerts.channels.base import Channel, Outcome, Rejected
from alerts.channels.envelope import MailAddress, build, parse_address
from alerts.channels.smtp import Security, Server
from alerts.errors import ChannelError, UnknownPayload
from alerts.render.messages import mail_message
from config.secret import Secret
from config.settings import Strict
from storage.records import Notification

_IMPLICIT_TLS = 465


class EmailOptions(Strict):
    """Options of an e-mail channel."""

    host: str = Field(min_length=1, pattern=r"^[^\s\x00-\x1f\x7f/@]+$", description="The SMTP server.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port: 587 (STARTTLS) or 465 (TLS).")
    security: Security | None = Field(
        default=None,
        description="starttls, tls or none. Not given: tls on port 465, none on this machine, else starttls.",
    )
    username: str | None = Field(default=None, min_length=1, description="The login, where one is needed.")
    password: Secret | None = Field(default=None, description="Its password; it is a secret.")
    tls_ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) to trust instead of the system's, for a server of one's own.",
    )
    from_: MailAddress = Field(alias="from", description="The sender, such as Marsad <marsad@example.com>.")
    to: list[MailAddress] = Field(min_length=1, max_length=100, description="Who gets the messages.")

    @property
    def secured_by(self) -> Security:
        """How the connection is encrypted, decided by the port where the configuration does not say."""
        if self.security is not None:
            return self.security
        if self.port == _IMPLICIT_TLS:
            return Security.TLS
        return Security.NONE if _is_this_machine(self.host) else Security.STARTTLS

    @model_validator(mode="after")
    def _whole(self) -> EmailOptions:
        if (self.username is None) != (self.password is None):
            raise ValueError("write both username and password, or neither")
        if self.password is not None and self.secured_by is Security.NONE and not _is_this_machine(self.host):
            raise ValueError("a password is sent over an encrypted connection only: use starttls or tls")
        return self


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Email(Channel):
    """A list of people, reached by e-mail."""

    kind: ClassVar[str] = "email"
    summary: ClassVar[str] = "E-mail, by any SMTP server."
    secrets_help: ClassVar[str] = (
        "password: that of the mail account; Google and Microsoft want an app password instead. "
        "Not needed where the server takes mail without a login."
    )
    Options: ClassVar[type[Strict]] = EmailOptions
    LONGEST: ClassVar[timedelta] = timedelta(seconds=150)

    async def send(self, notification: Notification) -> Outcome:
        """Send one message to all recipients in one conversation."""
        return await asyncio.to_thread(self._send, notification)

    async def check(self) -> str:
        """Connect, encrypt and log in, as for a message, and send none."""
        try:
            return await asyncio.to_thread(smtp.probe, self._server())
        except smtp.Refusal as refusal:
            raise ChannelError(refusal.outcome.why) from None

    def _send(self, notification: Notification) -> Outcome:
        try:
            mail = mail_message(notification.payload, self.language)
        except UnknownPayload as error:
            return Rejected(str(error))
        options: Any = self.options
        sender, to = parse_address(options.from_), [parse_address(each) for each in options.to]
        message = build(mail, sender, to, notification.idempotency_key, self.clock())
        recipients = [each.addr_spec for each in to]
        return smtp.deliver(self._server(), sender.addr_spec, recipients, message.as_bytes())

    def _server(self) -> Server:
        options: Any = self.options
        return Server(
            host=options.host,
            port=options.port,
            security=options.secured_by,
            username=options.username,
            password=options.password,
            ca_file=options.tls_ca_file,
        )
