"""Slack, by an incoming webhook."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import re
import ssl
import time
from datetime import timedelta
from functools import cache
from http.client import HTTPException
from typing import Any, ClassVar, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from pydantic import Field
from slack_sdk.webhook import WebhookClient, WebhookResponse

from alerts.channels.base import Channel, Delivered, Outcome, Rejected, Retry
from alerts.channels.causes import cause_of, retry_after
from alerts.errors import ChannelError, UnknownPayload
from alerts.render.messages import slack_message
from alerts.render.slack import MAX_BLOCK_ID
from config.errors import SecretUnavailable
from config.secret import Secret
from config.settings import Strict
from storage.records import Notification

_TIMEOUT = 10  # seconds for each wait on the network, and for the whole of the answer's body
_MAX_ANSWER = 65_536  # bytes; Slack answers with a word
_TEMPORARY: Final = frozenset({408, 425, 429})
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
_ADVICE: Final = {
    400: "Slack did not accept the message",
    401: "Slack does not accept this webhook: make a new one",
    403: "Slack does not let this webhook post there: ask who runs the workspace, or make a new one",
    404: "this webhook or its channel no longer exists: make a new one",
    410: "the channel is archived: make a webhook for another one",
    413: "Slack found the message too long",
}
_WORD = re.compile(r"[a-z_]{2,60}")


class SlackOptions(Strict):
    """Options of a Slack channel."""

    webhook_url: Secret = Field(description="The address of an incoming webhook; it is a secret.")


class Slack(Channel):
    """A Slack channel, reached by an incoming webhook."""

    kind: ClassVar[str] = "slack"
    summary: ClassVar[str] = "A Slack channel, by an incoming webhook."
    secrets_help: ClassVar[str] = (
        "webhook_url: in Slack, Apps → Incoming Webhooks → Add to a channel; it looks like "
        "https://hooks.slack.com/services/… and lets anyone who has it post there."
    )
    Options: ClassVar[type[Strict]] = SlackOptions
    LONGEST: ClassVar[timedelta] = timedelta(seconds=60)

    async def send(self, notification: Notification) -> Outcome:
        """Send one message. Temporary are 408, 425, 429, 5xx and every failure of the network."""
        try:
            body = await asyncio.to_thread(slack_message, notification.payload, self.language)
        except UnknownPayload as error:
            return Rejected(str(error))
        body["blocks"][0]["block_id"] = block_id(notification.idempotency_key)
        return await asyncio.to_thread(self._post, body)

    async def check(self) -> str:
        """Look at the webhook's address; only a message could try it out."""
        try:
            problem = problem_of(self.options.webhook_url.reveal())
        except SecretUnavailable as error:
            raise ChannelError(str(error)) from None
        if problem:
            raise ChannelError(f"webhook_url ({self.options.webhook_url.where}) {problem}")
        return "the webhook's address has the right form; it was not called"

    def _post(self, body: dict[str, Any]) -> Outcome:
        try:
            url = self.options.webhook_url.reveal()
        except SecretUnavailable as error:
            return Retry(None, str(error))
        problem = problem_of(url)
        if problem:
            return Rejected(f"webhook_url ({self.options.webhook_url.where}) {problem}")
        try:
            answer = _Webhook(url).send_dict(body)
        except (OSError, HTTPException, UnicodeError) as error:
            return Retry(None, f"Slack could not be reached: {cause_of(error)}")
        return self._judge(answer)

    def _judge(self, answer: WebhookResponse) -> Outcome:
        status, text = answer.status_code, (answer.body or "").strip()
        if 200 <= status < 300:
            if text.startswith("<"):
                return Retry(None, f"a web page came back ({status}), not Slack's answer")
            return Delivered()
        word = f" ({text})" if _WORD.fullmatch(text) else ""
        if status in _TEMPORARY or status >= 500 or status < 200:
            after = retry_after(answer.headers.get("retry-after"), self.clock())
            return Retry(after, f"Slack answered {status}{word}")
        if 300 <= status < 400:
            return Rejected(f"Slack answered {status}: webhook_url leads elsewhere, which is not followed")
        return Rejected(f"{_ADVICE.get(status, 'Slack refused the message')}; it answered {status}{word}")


def block_id(key: str) -> str:
    """Return the id of a message's first block: the same at every attempt, so that repeats can be seen."""
    whole = f"marsad:{key}"
    return whole if len(whole) <= MAX_BLOCK_ID else f"marsad:{hashlib.sha256(key.encode()).hexdigest()}"


def problem_of(url: str) -> str | None:
    """Say what is wrong with a webhook's address, without showing it; None where nothing is.

    https everywhere, since who sees the address can post; http only to this machine or a private network.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no web address"
    if re.search(r"[\s\x00-\x20\x7f]", url) or parts.scheme not in ("http", "https") or not host or port == 0:
        return "is no web address: it should begin with https://hooks.slack.com/services/"
    if not url.isascii() or "@" in parts.netloc:
        return "is no webhook's address"
    if parts.scheme == "http" and not _is_near(host):
        return "must begin with https://"
    if host == "hooks.slack.com" and not re.fullmatch(r"/(services|workflows|triggers)/.{3,}", parts.path):
        return "is incomplete: a webhook has the form https://hooks.slack.com/services/T…/B…/…"
    return None


def _is_near(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


class _NoRedirects(HTTPRedirectHandler):
    """Leaves redirects as they are: a message is for the address that was configured."""

    def redirect_request(self, *_: Any) -> None:
        return None


@cache
def _trust() -> ssl.SSLContext:
    # Reading the system's certificates takes longer than sending.
    return ssl.create_default_context()


def _silent_logger() -> logging.Logger:
    # The client writes the address into its debug and error lines; a logger apart from the tree that
    # takes nothing keeps it from them whatever the level is elsewhere.
    silent = logging.Logger("slack", level=logging.CRITICAL + 1)
    silent.addHandler(logging.NullHandler())
    return silent


class _Webhook(WebhookClient):
    """Slack's client, but one that follows no redirect, reads a bounded answer and names no address."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            timeout=_TIMEOUT,
            ssl=_trust(),
            logger=_silent_logger(),
            retry_handlers=[],
        )
        self._opener: OpenerDirector = build_opener(_NoRedirects, HTTPSHandler(context=self.ssl))

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        try:
            answer = self._opener.open(req, timeout=self.timeout)
        except HTTPError as error:
            answer = error
        with answer:
            body = _read(answer)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return WebhookResponse(url="", status_code=answer.status, body=body, headers=headers)


def _read(answer: Any) -> str:
    deadline = time.monotonic() + _TIMEOUT
    received = b""
    while len(received) < _MAX_ANSWER:
        piece = answer.read1(_MAX_ANSWER - len(received))
        if not piece:
            break
        received += piece
        if time.monotonic() > deadline:
            raise TimeoutError
    # Slack always says a word: an answer that ends before it does, or says nothing, broke off on the way.
    if answer.length or (answer.length is None and not received and not answer.chunked):
        raise HTTPException
    return received.decode("utf-8", "replace")
