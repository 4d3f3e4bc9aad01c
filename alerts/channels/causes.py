"""Why a connection failed, in words that hold no address and no secret; and how long to wait."""

from __future__ import annotations

import re
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from smtplib import SMTPServerDisconnected
from typing import Final

LONGEST_WAIT: Final = timedelta(days=1)

# The first row that fits counts, so the particular stand before the general.
_WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (ssl.SSLCertVerificationError, "its certificate could not be verified"),
    (ssl.SSLError, "no encrypted connection could be made"),
    (TimeoutError, "no answer in time"),
    (socket.gaierror, "its host name could not be resolved"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionError, "the connection broke off"),
    (SMTPServerDisconnected, "the connection broke off"),
    (HTTPException, "the answer broke off or made no sense"),
    (OSError, "the network failed"),
)


def cause_of(error: BaseException) -> str:
    """Return why a connection failed, in words of ours: an error's own text may hold an address."""
    inner = getattr(error, "reason", None)
    # urllib wraps the real cause; an ssl error's `reason` is a plain string.
    found = inner if isinstance(inner, BaseException) else error
    return next((words for kind, words in _WORDS if isinstance(found, kind)), type(found).__name__)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return how long a `Retry-After` header asks to wait, at most a day: seconds or an HTTP date.

    None where the header is absent or makes no sense; a moment in the past is no wait at all. RFC 9110,
    section 10.2.3.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text, re.ASCII):
        return timedelta(seconds=min(float(text), LONGEST_WAIT.total_seconds()))
    try:
        moment = parsedate_to_datetime(text)
        wait = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)
