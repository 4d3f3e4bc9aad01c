"""The Android Publisher API, and the endpoint that trades a service account's key for a token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

_PATH = "/androidpublisher/v3/applications/com.acme.app/reviews"
_TOKEN = "token-of-the-publisher-world"
_PER_PAGE = 10


@cache
def _service_account() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps({"type": "service_account", "client_email": "a@acme.test", "private_key": pem})


def _options(base: str) -> dict[str, Any]:
    return {
        "base_url": base,
        "token_url": f"{base}/token",
        "apps": ["com.acme.app"],
        "service_account": {"env": "PLAY_ACCOUNT"},
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path == "/token":
        sound = asked.method == "POST" and parse_qs(asked.body.decode()).get("assertion")
        given = {"access_token": _TOKEN, "expires_in": 3599, "token_type": "Bearer"}
        return Answer(json.dumps(given).encode()) if sound else Answer(b'{"error":"invalid_grant"}', 400)
    if asked.path != _PATH:
        return None
    if asked.headers.get("authorization") != f"Bearer {_TOKEN}":
        return Answer(b'{"error": {"code": 401}}', 401)
    # The token names the last item given, so that pages stay whole when new items come.
    before = int(asked.query.get("token", "1000000"))
    left = [number for number in items if number < before]
    page = left[:_PER_PAGE]
    told: dict[str, Any] = {"reviews": [_review(number) for number in page]} if page else {}
    if len(left) > _PER_PAGE:
        told["tokenPagination"] = {"nextPageToken": str(page[-1])}
    return Answer(json.dumps(told).encode())


def _review(number: int) -> dict[str, Any]:
    seconds = int((BASE + timedelta(minutes=number)).timestamp())
    said = {"text": f"خدمة\tThis is item {number}.", "starRating": number % 5 + 1, "reviewerLanguage": "en"}
    said |= {"lastModified": {"seconds": str(seconds), "nanos": 0}, "appVersionName": "5.0"}
    return {"reviewId": f"gp:{number}", "authorName": f"User {number}", "comments": [{"userComment": said}]}


WORLD = World(
    kind="google_play",
    options=_options,
    answer=_answer,
    per_page=_PER_PAGE,
    secrets={"PLAY_ACCOUNT": _service_account()},
    status_routes=("/token",),
)
