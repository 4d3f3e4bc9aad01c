"""What went wrong, in words for a person: HTTP statuses and failed requests. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from crawlers.errors import CrawlError

_STATUS_WORDS = {
    400: "the server does not accept the request",
    401: "the server wants a login, or the token is wrong",
    402: "the server wants payment",
    403: "the server forbids it to us",
    404: "there is nothing at this address",
    406: "the server has it in no form that we read",
    408: "the server lost patience",
    410: "it is gone for good; take the source out of the configuration",
    421: "the server does not serve this name",
    429: "too many requests",
    451: "withheld for legal reasons",
}
_FAMILY_WORDS = {3: "an unexpected redirect", 4: "the server refuses the request", 5: "the server failed"}
_FAILURE_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (DownloadTimeoutError, "no answer in time"),
    (CannotResolveHostError, "the name of the server is not known; check the address and the network"),
    (DownloadConnectionRefusedError, "the server refuses connections"),
    (ResponseDataLossError, "the connection broke before the answer was complete"),
    (DownloadCancelledError, "the answer is larger than 10 MiB"),
    (UnsupportedURLSchemeError, "only http and https addresses are fetched"),
    (NotSupported, "only http and https addresses are fetched"),
)
_LONGEST_WAIT = timedelta(days=1)


def of_status(status: int) -> str:
    """Return the cause for an HTTP status that brings no content, such as 404 or 503."""
    words = _STATUS_WORDS.get(status) or _FAMILY_WORDS.get(status // 100, "an unexpected answer")
    return f"{words} (HTTP {status})"


def of_failure(error: BaseException) -> str:
    """Return the cause for a request that got no usable answer. Addresses and secrets are left out."""
    if isinstance(error, CrawlError):
        return str(error)
    for kind, words in _FAILURE_WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, IgnoreRequest):
        return _of_ignored(str(error))
    if isinstance(error, DownloadFailedError):
        return _of_broken(repr(error))
    return f"the request failed ({type(error).__name__})"


def _of_ignored(message: str) -> str:
    if "robots" in message:
        return "robots.txt forbids this page"
    if "redirect" in message:
        return "redirected too often"
    return "the request was dropped"


def _of_broken(message: str) -> str:
    if "certificate" in message.lower():
        return "the certificate of the server cannot be trusted"
    if "SSL" in message or "OpenSSL" in message:
        return "no secure connection could be made"
    return "the connection broke before the answer was complete"


def retry_after(value: str | None, now: datetime) -> datetime | None:
    """Return the moment that a `Retry-After` header names (RFC 9110, 10.2.3): seconds or an HTTP date.

    A moment in the past, a form not understood or an absent header gives None; a wait of more than a
    day is cut to a day, since a source must not be lost to one absurd header.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return now + min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(moment.astimezone(UTC), now + _LONGEST_WAIT) if moment > now else None
