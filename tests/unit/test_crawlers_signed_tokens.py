"""Tokens that a key signs, and access tokens."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crawlers.errors import CrawlError, UnreadableError
from crawlers.services.signed_tokens import (
    AccessToken,
    assertion,
    read_access_token,
    refusal_of,
    service_account,
    signed_token,
)

_NOW = datetime(2026, 2, 3, tzinfo=UTC)


def _pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _parts(token):
    head, claims, signature = token.split(".")
    padded = [urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (head, claims, signature)]
    return json.loads(padded[0]), json.loads(padded[1]), padded[2], f"{head}.{claims}".encode()


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_apples_tokens_bear_a_signature_of_two_numbers():
    key = ec.generate_private_key(ec.SECP256R1())
    head, claims, signature, message = _parts(signed_token({"iss": "me"}, _pem(key), "K1"))
    assert (head, claims) == ({"alg": "ES256", "typ": "JWT", "kid": "K1"}, {"iss": "me"})
    numbers = [int.from_bytes(part, "big") for part in (signature[:32], signature[32:])]
    assert len(signature) == 64
    key.public_key().verify(encode_dss_signature(*numbers), message, ec.ECDSA(SHA256()))


def test_a_service_account_is_traded_by_a_token_of_an_hour(rsa_key):
    written = {"client_email": "a@b.test", "private_key": _pem(rsa_key), "private_key_id": "K2"}
    account = service_account(json.dumps(written))
    head, claims, signature, message = _parts(assertion(account, "scope-of-it", _NOW))
    assert head == {"alg": "RS256", "typ": "JWT", "kid": "K2"}
    issued = int(_NOW.timestamp())
    assert claims == {
        "iss": "a@b.test",
        "scope": "scope-of-it",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": issued,
        "exp": issued + 3600,
    }
    rsa_key.public_key().verify(signature, message, padding.PKCS1v15(), SHA256())


def test_no_key_shows_itself(rsa_key):
    account = service_account(json.dumps({"client_email": "a@b.test", "private_key": _pem(rsa_key)}))
    assert "PRIVATE" not in repr(account)
    assert "hush" not in repr(AccessToken("hush", _NOW))


@pytest.mark.parametrize(
    "key", ["", "hush", "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----\n", "\x00"]
)
def test_what_is_no_key_is_said_without_showing_it(key):
    with pytest.raises(CrawlError, match="cannot be read") as raised:
        signed_token({}, key, "K")
    assert "hush" not in str(raised.value) and raised.value.__suppress_context__


@pytest.mark.parametrize(
    "key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1())], ids=["ed", "p384"]
)
def test_a_key_of_another_kind_is_refused(key):
    with pytest.raises(CrawlError, match="wrong kind"):
        signed_token({}, _pem(key), "K")


@pytest.mark.parametrize(
    "written", ["", "{", "[]", "{}", '{"client_email": "a@b.test"}', '{"private_key": 4}']
)
def test_what_is_no_file_of_a_service_account_is_said(written):
    with pytest.raises(CrawlError, match="give the whole JSON file"):
        service_account(written)


def test_an_access_token_serves_until_shortly_before_it_ends():
    token = read_access_token(b'{"access_token": "T", "expires_in": 3599}', _NOW)
    assert (token.value, token.ends) == ("T", _NOW + timedelta(seconds=3599))
    assert token.serves(_NOW + timedelta(minutes=57)) and not token.serves(_NOW + timedelta(minutes=58))


@pytest.mark.parametrize("lifetime", ["null", "-1", '"soon"', "1e400", "true", "0"])
def test_a_lifetime_that_makes_no_sense_is_an_hour(lifetime):
    body = f'{{"access_token": "T", "expires_in": {lifetime}}}'.encode()
    assert read_access_token(body, _NOW).ends == _NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"access_token": 4}',
        b'{"access_token": "a\\nb"}',
        '{"access_token": "é"}'.encode(),
    ],
)
def test_an_answer_without_a_token_is_said_to_be_none(body):
    with pytest.raises(UnreadableError, match="not an access token"):
        read_access_token(body, _NOW)


def test_only_a_code_is_taken_from_a_refusal():
    assert refusal_of(b'{"error": "invalid_grant", "error_description": "x"}') == "invalid_grant"
    for body in (b"", b"[]", b'{"error": {"a": 1}}', b'{"error": "<b>hush</b>"}', b'{"error": ""}'):
        assert refusal_of(body) is None
