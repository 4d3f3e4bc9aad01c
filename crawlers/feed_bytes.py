"""The bytes of a feed made readable: decompressed, decoded, cleaned of what XML forbids. Pure."""

from __future__ import annotations

import codecs
import re
import sys

from w3lib.encoding import resolve_encoding

from crawlers.compression import GZIP_MAGIC, inflate
from crawlers.pages import MEANT_ENCODINGS, guessed_encoding

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BARE_UTF16 = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_DECLARATION = re.compile(r"^<\?xml[^>]{0,400}\?>")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_FORBIDDEN_REFERENCE = re.compile(
    r"&#(?:[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|[fF]{3}[eEfF])|0*(?:[0-8]|1[124-9]|2\d|3[01]|6553[45]));"
)
_LARGE_REFERENCE = re.compile(r"&#(?:\d{7,400}|[xX][0-9a-fA-F]{6,400});")
# Beyond the first 65,536 characters JavaScript counts a letter as two, and so do those who escape by it.
_SURROGATE_REFERENCES = re.compile(r"(?:&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*5[5-7]\d{3});)+")
# What a server says when nobody told it otherwise; what the document says of itself is better.
_SERVER_DEFAULTS = frozenset({"cp1252", "ascii", "iso8859-1"})
_FALLBACK = "cp1252"
# Markup and English say nothing about a legacy code page, and drown what does.
_PLAIN = re.compile(rb"<[^<>]{0,2000}>|[\x00-\x7f]{40,}")
_SPOILT_SHARE = 0.4


def readable(body: bytes, http_charset: str | None) -> str:
    """Return the text of a feed, without its XML declaration and without characters that XML forbids.

    Raises:
        BodyBrokenError, BodyTooBigError: the body itself is gzip and cannot be undone within the limit.
    """
    if body.startswith(GZIP_MAGIC):
        body = inflate(body, whole=False)
    text = decoded(body, http_charset).lstrip("\ufeff \t\r\n\x00")
    text = _DECLARATION.sub("", text, count=1).lstrip()
    text = _LARGE_REFERENCE.sub(_within_unicode, text)
    text = _SURROGATE_REFERENCES.sub(_whole_letters, text)
    return _FORBIDDEN_REFERENCE.sub("", _FORBIDDEN.sub("", text))


def _within_unicode(found: re.Match[str]) -> str:
    digits = found[0].strip("&#;")
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    return found[0] if number <= sys.maxunicode else ""


def _whole_letters(found: re.Match[str]) -> str:
    numbers = (int(one[1:], 16) if one[0] in "xX" else int(one) for one in found[0].strip("&#;").split(";&#"))
    return "".join(map(chr, numbers)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def decoded(body: bytes, http_charset: str | None) -> str:
    """Return the text of a document whose encoding may be undeclared or wrongly declared.

    A byte order mark is believed first; then UTF-8 if the bytes are that, which hardly ever happens by
    chance; then what the document declares, what the server says, a guess, and last Windows-1252.
    """
    for mark, encoding in (*_BOMS, *_BARE_UTF16):
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = _DECLARED.search(body[:1000])
    named = (declared[1].decode("ascii") if declared else None, http_charset)
    candidates = [found for name in named if name and (found := resolve_encoding(name))]
    if len(candidates) == 2 and candidates[0] in _SERVER_DEFAULTS:
        candidates.reverse()
    if _mostly_utf8(body) and (not candidates or "utf-8" in candidates):
        return body.decode("utf-8", "replace")
    candidates = [one for name in candidates for one in (name, MEANT_ENCODINGS.get(name)) if one]
    for encoding in candidates:
        if encoding == "utf-8":
            continue
        try:
            return body.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    spare = next((encoding for encoding in candidates if encoding != "utf-8"), None)
    return body.decode(spare or guessed_encoding(_PLAIN.sub(b" ", body)) or _FALLBACK, "replace")


def _mostly_utf8(body: bytes) -> bool:
    text = body.decode("utf-8", "replace")
    spoilt = text.count("\ufffd")
    sound = sum(character > "\x7f" for character in text) - spoilt
    return spoilt <= sound * _SPOILT_SHARE
