"""Undoing compression of strangers' bytes, with a limit. Pure."""

from __future__ import annotations

import zlib

from crawlers.errors import BodyBrokenError, BodyTooBigError

BODY_LIMIT_BYTES = 10 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS


def inflate(body: bytes, limit: int = BODY_LIMIT_BYTES, *, whole: bool = True) -> bytes:
    """Return what was compressed with gzip (several members too) or deflate (with or without header).

    With `whole` false, of what ends early as much is returned as there is: a file that was cut when it was
    written is as short at the next visit. What was cut on its way is asked for again instead.

    Raises:
        BodyTooBigError: the result is longer than `limit` bytes.
        BodyBrokenError: it ends early or is not compressed in these ways.
    """
    try:
        return _inflate(body, _GZIP_OR_ZLIB, limit, whole)
    except zlib.error:
        pass
    try:
        return _inflate(body, _RAW_DEFLATE, limit, whole)
    except zlib.error:
        raise BodyBrokenError("the compressed answer is broken") from None


def _inflate(body: bytes, window: int, limit: int, whole: bool) -> bytes:
    parts: list[bytes] = []
    room = limit
    rest = body
    while rest:
        member = zlib.decompressobj(window)
        part = member.decompress(rest, room + 1)
        if len(part) > room:
            raise BodyTooBigError(f"the answer, decompressed, is larger than {limit // 1024 // 1024} MiB")
        if not member.eof and (whole or not part):
            raise BodyBrokenError("the compressed answer ends early")
        parts.append(part)
        room -= len(part)
        # Some servers pad the end; what follows counts only if it is a further member.
        rest = member.unused_data if member.unused_data.startswith(GZIP_MAGIC) else b""
    return b"".join(parts)
