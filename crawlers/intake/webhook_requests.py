"""One request to a webhook: read within limits, verified, and answered in plain JSON.

The rules here take a request apart and decide; storing is left to the caller (`webhook_listener`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from io import BufferedIOBase

from crawlers.errors import UnreadableError
from crawlers.intake.deliveries import FORM, document_of
from crawlers.intake.webhook_signature import SignatureError, verified_id

BODY_LIMIT_BYTES = 1_048_576
_LONGEST_CHUNK_LINE = 1_024
_JSON = re.compile(r"application/(?:[\w.!#$&^-]+\+)?json")
_LENGTH = re.compile(r"[0-9]{1,12}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, what it says, and further headers."""

    status: HTTPStatus
    says: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Return the answer's body: a JSON object."""
        return json.dumps({"ok": self.status < 400, "message": self.says}).encode() + b"\n"


class Refused(Exception):
    """A request is not taken; `reply` is the answer to it."""

    def __init__(self, status: HTTPStatus, says: str, **headers: str) -> None:
        super().__init__(says)
        self.reply = Reply(status, says, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True, slots=True)
class Message:
    """A message whose signature held."""

    id: str
    content_type: str
    body: bytes


def content_type_of(headers: Mapping[str, str]) -> str:
    """Return `application/json` or the type of forms.

    Raises:
        Refused: the body is of another type, or packed.
    """
    essence = headers.get("content-type", "").split(";")[0].strip().lower()
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the body without Content-Encoding")
    if _JSON.fullmatch(essence):
        return "application/json"
    if essence == FORM:
        return FORM
    raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send application/json or {FORM}")


def length_of(headers: Mapping[str, str]) -> int | None:
    """Return how long the body is, None where it comes in chunks.

    Raises:
        Refused: it is too long, or the headers contradict themselves.
    """
    written, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None:
        if written is not None or coding.strip().lower() != "chunked":
            raise Refused(HTTPStatus.BAD_REQUEST, "the length of the body is not clear")
        return None
    if written is None or not _LENGTH.fullmatch(written.strip()):
        raise Refused(HTTPStatus.BAD_REQUEST, "Content-Length is needed")
    if int(written) > BODY_LIMIT_BYTES:
        raise _too_large()
    return int(written)


def read_body(stream: BufferedIOBase, length: int | None) -> bytes:
    """Return the body of a request.

    Raises:
        Refused: it ends early, is too long, or its chunks are malformed.
        OSError: the connection broke, or was closed because it took too long.
    """
    if length is not None:
        body = stream.read(length)
        if len(body) < length:
            raise Refused(HTTPStatus.BAD_REQUEST, "the body ended early")
        return body
    parts: list[bytes] = []
    total = 0
    while True:
        head = _CHUNK.fullmatch(stream.readline(_LONGEST_CHUNK_LINE))
        if head is None:
            raise Refused(HTTPStatus.BAD_REQUEST, "the chunks of the body are malformed")
        size = int(head[1], 16)
        total += size
        if total > BODY_LIMIT_BYTES:
            raise _too_large()
        if size == 0:
            return b"".join(parts)
        parts.append(stream.read(size))
        if len(parts[-1]) < size or stream.read(2) != b"\r\n":
            raise Refused(HTTPStatus.BAD_REQUEST, "the body ended early")


def message_of(
    key: Callable[[], bytes], headers: Mapping[str, str], content_type: str, body: bytes, now: datetime
) -> Message:
    """Return the message that a request brings.

    Raises:
        Refused: it is not signed as it should be, or its body is not what its type says.
    """
    try:
        message_id = verified_id(key(), headers, body, now)
    except SignatureError as error:
        raise Refused(HTTPStatus.UNAUTHORIZED, str(error)) from None
    try:
        document_of(content_type, body)
    except UnreadableError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None
    return Message(message_id, content_type, body)


def _too_large() -> Refused:
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is larger than 1 MiB")
