"""Which writer puts which payload into words: one table for each medium."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from alerts.errors import UnknownPayload
from alerts.render.digest import mail_digest, slack_digest
from alerts.render.mail import Mail, mail_alert
from alerts.render.slack import slack_alert

Payload = Mapping[str, Any]
Written = TypeVar("Written")

_FOR_SLACK: Final[Mapping[str, Callable[[Payload, str], dict[str, Any]]]] = {
    "alert": slack_alert,
    "digest": slack_digest,
}
_FOR_MAIL: Final[Mapping[str, Callable[[Payload, str], Mail]]] = {"alert": mail_alert, "digest": mail_digest}


def slack_message(payload: Payload, language: str) -> dict[str, Any]:
    """Return the body of a Slack webhook call for any payload. Raises UnknownPayload."""
    return _writer(_FOR_SLACK, payload)(payload, _language(payload, language))


def mail_message(payload: Payload, language: str) -> Mail:
    """Return the mail for any payload. Raises UnknownPayload."""
    return _writer(_FOR_MAIL, payload)(payload, _language(payload, language))


def _writer(
    table: Mapping[str, Callable[[Payload, str], Written]], payload: Payload
) -> Callable[[Payload, str], Written]:
    kind = str(payload.get("type"))
    if kind not in table:
        raise UnknownPayload(kind)
    return table[kind]


def _language(payload: Payload, of_channel: str) -> str:
    """A digest is written in its own language, whatever the channel's is."""
    own = payload.get("language")
    return own if own in ("ar", "en") else of_channel
