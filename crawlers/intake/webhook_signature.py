"""Signatures of Standard Webhooks (specification 1.0.0, standardwebhooks.com), verified. Pure.

The sender signs `id.timestamp.body` with HMAC-SHA256 and a key that only the two sides know. The id is one
for each message, however often it is sent; the timestamp is that of the attempt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
_PREFIX = "whsec_"
_SHORTEST_KEY, _MOST_SIGNATURES = 16, 10
_ID = re.compile(r"[!-~]{1,256}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
# Senders of before the standard name the same headers otherwise.
_FAMILIES = ("webhook", "svix")


class SignatureError(Exception):
    """A message is not to be believed; the message says why, and may be told to its sender."""


def key_of_secret(secret: str) -> bytes:
    """Return the key in a secret such as `whsec_MfKQ…`, which is Base64 of 16 bytes or more.

    Raises:
        ValueError: it is not. The message does not quote it.
    """
    written = secret.strip().removeprefix(_PREFIX)
    try:
        key = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"the secret is not {_PREFIX} and Base64 of {_SHORTEST_KEY} bytes or more")
    return key


def verified_id(key: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the id of a message whose signature holds. Header names are in lower case.

    Raises:
        SignatureError: a header is absent or malformed, no signature is right, or the timestamp is more than
            `TOLERANCE` away.
    """
    family = next((name for name in _FAMILIES if f"{name}-signature" in headers), _FAMILIES[0])
    message_id, written, signatures = (
        headers.get(f"{family}-{part}", "").strip() for part in ("id", "timestamp", "signature")
    )
    if not _ID.fullmatch(message_id) or not _TIMESTAMP.fullmatch(written) or not signatures:
        raise SignatureError("webhook-id, webhook-timestamp and webhook-signature are needed")
    expected = sign(key, message_id, int(written), body).removeprefix("v1,").encode()
    # Every signature is compared, so that the time taken tells nothing.
    right = [
        hmac.compare_digest(one.removeprefix("v1,").encode(), expected)
        for one in signatures.split()[:_MOST_SIGNATURES]
        if one.startswith("v1,")
    ]
    if not any(right):
        raise SignatureError("no signature is right")
    if abs(now - datetime.fromtimestamp(int(written), UTC)) > TOLERANCE:
        raise SignatureError("the timestamp is too far from now")
    return message_id


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message, `v1,…`; `timestamp` is in seconds since 1970."""
    content = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
