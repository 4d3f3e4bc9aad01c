"""Headers of mails, decoded however they are written: encoded words, bare UTF-8, windows-1256. Pure.

The standard library's own decoder raises for some of what strangers send and gives up on bytes beyond ASCII.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

from crawlers.dates import parse_moment
from crawlers.text_of_html import one_line

_LONGEST = 8_000
_WORD = re.compile(r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z-]{0,20})?\?([bBqQ])\?([^?\s]{0,2000})\?=")
_BETWEEN = re.compile(r"(\?=)\s+(=\?)")
_ADDRESS = re.compile(r"[^\s<>\",;:()]{1,200}@[^\s<>\",;:()]{1,200}")
_ID = re.compile(r"<([^<>\s]{1,900})>")
_ALIASES = {"x-unknown": "utf-8", "unknown-8bit": "utf-8", "utf8mb4": "utf-8", "iso-8859-6-i": "iso-8859-6"}
_ARABIC = re.compile("[\u0621-\u064a]")


def header(message: Message, name: str) -> str:
    """Return a header of a mail, decoded and on one line; empty where it is absent. The first one counts."""
    raw = _raw(message, name)
    return "" if raw is None else decoded(raw)


def headers(message: Message, name: str) -> list[str]:
    """Return all headers of a name, decoded."""
    return [decoded(str(value)) for key, value in message.raw_items() if key.lower() == name.lower()]


def _raw(message: Message, name: str) -> str | None:
    found = (str(value) for key, value in message.raw_items() if key.lower() == name.lower())
    return next(found, None)


def decoded(raw: str) -> str:
    """Return a header's text: encoded words (RFC 2047) decoded, bytes beyond ASCII read as what they are."""
    text = text_of(raw[:_LONGEST].encode("utf-8", "surrogateescape"), None)
    joined = _BETWEEN.sub(r"\1\2", text)
    parts, at = [], 0
    pending, charset = b"", ""
    for found in _WORD.finditer(joined):
        own = found[1].lower()
        # A letter may be cut in two between words, so that words of one charset are decoded together.
        if pending and (found.start() != at or own != charset):
            parts.append(text_of(pending, charset))
            pending = b""
        parts.append(joined[at : found.start()])
        pending, charset, at = pending + _unpacked(found[2], found[3]), own, found.end()
    parts.append(text_of(pending, charset) if pending else "")
    return one_line("".join(parts) + joined[at:])


def _unpacked(how: str, text: str) -> bytes:
    if how in "qQ":
        return binascii.a2b_qp(text.replace("_", " ").encode("utf-8", "replace"), header=False)
    try:
        clean = re.sub(r"[^A-Za-z0-9+/]", "", text)
        return base64.b64decode(clean + "=" * (-len(clean) % 4))
    except (binascii.Error, ValueError):
        return b""


def text_of(raw: bytes, charset: str | None) -> str:
    """Return bytes as text: in the charset that they claim, if they can be, else UTF-8, else windows-1256.

    An old mail that claims ISO-8859-1 or ASCII and holds Arabic is windows-1256.
    """
    name = _ALIASES.get((charset or "").strip("'\" ").lower(), (charset or "").strip("'\" ").lower())
    for candidate in ("utf-8", name) if name in ("", "us-ascii", "ascii") else (name, "utf-8"):
        try:
            if not candidate or not _is_text(candidate):
                continue
            found = raw.decode(candidate)
        except (UnicodeError, LookupError, ValueError):
            continue
        if name.startswith(("iso-8859-1", "latin")) and _claims_too_little(raw):
            break
        return _storable(found)
    return _storable(raw.decode("windows-1256", "replace"))


def _is_text(name: str) -> bool:
    # Python also knows codecs that are none of text, and some that take for ever.
    return codecs.lookup(name)._is_text_encoding and name not in ("idna", "punycode", "undefined")


def _claims_too_little(raw: bytes) -> bool:
    high = sum(byte >= 0xC0 for byte in raw)
    return high * 3 > len(raw) and len(_ARABIC.findall(raw.decode("windows-1256", "replace"))) * 3 > len(raw)


def _storable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def addresses(message: Message, *names: str) -> list[str]:
    """Return the addresses in these headers, in lower case and in their order."""
    found = (address for name in names for value in headers(message, name) for address in _in(value))
    return list(dict.fromkeys(found))


def _in(value: str) -> list[str]:
    return [found.lower().strip("'") for found in _ADDRESS.findall(value)]


def display_name(value: str) -> str:
    """Return the name beside the address in a header such as `"Sara" <sara@example.com>`."""
    return one_line(_ADDRESS.sub("", value)).strip("<>\"'(), ")[:200]


def message_ids(value: str) -> list[str]:
    """Return the ids in a `Message-ID`, `In-Reply-To` or `References`, without brackets."""
    found = _ID.findall(value)
    bare = value.strip()
    return found or ([bare] if "@" in bare and " " not in bare and len(bare) < 900 else [])


def moment_of(message: Message) -> datetime | None:
    """Return the time that a mail says it was written, None where it does not say, or says nonsense."""
    written = header(message, "Date")[:200]
    try:
        found = parsedate_to_datetime(written)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return parse_moment(written)
