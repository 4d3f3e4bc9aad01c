"""Tokens that a key signs (JSON Web Tokens, RFC 7519), and access tokens that are given for them. Pure.

Only what services ask of a client is here: ES256 for Apple, RS256 for Google. Nothing is verified.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crawlers.errors import CrawlError, UnreadableError
from crawlers.json_values import integer, json_document, mapping, string

_P256_BYTES = 32
_USUAL_LIFETIME_SECONDS = 3600
# A token is renewed this long before it ends, since clocks differ and pages take their time.
_SPARE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token to be shown with requests until `ends`. Its `repr` does not show it."""

    value: str
    ends: datetime

    def __repr__(self) -> str:
        """Show only when it ends."""
        return f"AccessToken(ends={self.ends.isoformat()})"

    def serves(self, now: datetime) -> bool:
        """Tell whether it may still be used, with some time to spare."""
        return now < self.ends - _SPARE


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The key of a Google service account. Its `repr` shows none of it."""

    email: str
    key_id: str
    private_key: str
    audience: str

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "ServiceAccount()"


def signed_token(claims: Mapping[str, Any], private_key: str, key_id: str) -> str:
    """Return `claims` as a token signed with a private key in PEM: an elliptic key P-256, or RSA.

    Raises:
        CrawlError: the key is none of these.
    """
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause would quote what it could not read.
        raise CrawlError("the private key cannot be read: it must be PEM text without a password") from None
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        message = _message("ES256", key_id, claims)
        first, second = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
        signature = b"".join(number.to_bytes(_P256_BYTES, "big") for number in (first, second))
    elif isinstance(key, rsa.RSAPrivateKey):
        message = _message("RS256", key_id, claims)
        signature = key.sign(message, padding.PKCS1v15(), SHA256())
    else:
        raise CrawlError("the private key is of the wrong kind: it must be an elliptic key P-256, or RSA")
    return f"{message.decode()}.{_encoded(signature)}"


def service_account(written: str) -> ServiceAccount:
    """Return the account whose key file, in JSON as Google's console gives it, is `written`.

    Raises:
        CrawlError: it is no such file.
    """
    try:
        told = mapping(json.loads(written))
    except (ValueError, RecursionError):
        told = {}
    email, private_key = string(told.get("client_email")), string(told.get("private_key"))
    if not email or not private_key:
        raise CrawlError(
            "the key of the service account cannot be read: give the whole JSON file that Google's console "
            "gave, with client_email and private_key"
        )
    audience = string(told.get("token_uri")) or "https://oauth2.googleapis.com/token"
    return ServiceAccount(email, string(told.get("private_key_id")), private_key, audience)


def assertion(account: ServiceAccount, scope: str, now: datetime) -> str:
    """Return the signed token for which Google gives a service account an access token (RFC 7523).

    Raises:
        CrawlError: the account's key cannot be read.
    """
    issued = int(now.timestamp())
    claims = {"iss": account.email, "scope": scope, "aud": account.audience, "iat": issued}
    return signed_token({**claims, "exp": issued + 3600}, account.private_key, account.key_id)


def read_access_token(body: bytes, now: datetime) -> AccessToken:
    """Return the access token in an answer of a token endpoint (RFC 6749, 5.1).

    Raises:
        UnreadableError: there is none in it.
    """
    told = mapping(json_document(body, "an access token"))
    value = string(told.get("access_token")).strip()
    if not value or not (value.isascii() and value.isprintable()):
        raise UnreadableError("not an access token: the answer has none")
    seconds = integer(told.get("expires_in"))
    lifetime = seconds if seconds is not None and 0 < seconds <= 86_400 else _USUAL_LIFETIME_SECONDS
    return AccessToken(value, now + timedelta(seconds=lifetime))


def refusal_of(body: bytes) -> str | None:
    """Return the error code of a token endpoint (RFC 6749, 5.2), such as `invalid_grant`, if it is one."""
    try:
        code = string(mapping(json.loads(body)).get("error"))
    except (ValueError, RecursionError):
        return None
    return code if 0 < len(code) <= 40 and code.isascii() and code.replace("_", "").isalpha() else None


def _message(algorithm: str, key_id: str, claims: Mapping[str, Any]) -> bytes:
    header = {"alg": algorithm, "typ": "JWT", **({"kid": key_id} if key_id else {})}
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    return ".".join(_encoded(part) for part in parts).encode()


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()
