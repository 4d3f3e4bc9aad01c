"""Text in UTF-8 that somebody read as Windows-1252 and saved again: `Ù‚Ù‡Ùˆة` for `قهوة`. Pure."""

from __future__ import annotations

import codecs
import re

_KEEP_CONTROLS = "marsad.controls"
# How the first two bytes of a letter of several bytes look when they are read so.
_SIGN = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192-\u2122]")


def undone(text: str) -> str:
    """Return `text` as it was meant where all of it was read in the wrong encoding, else as it is.

    All of it, since letters outside of ASCII that happen to be valid UTF-8 throughout are hardly chance.
    """
    if not _SIGN.search(text):
        return text
    try:
        return text.encode("cp1252", _KEEP_CONTROLS).decode("utf-8")
    except UnicodeError:
        return text


def _control(error: UnicodeError) -> tuple[bytes, int]:
    # Five bytes have no letter in Windows-1252; browsers and databases keep them as they are.
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return error.object[error.start : error.end].encode("latin-1"), error.end


codecs.register_error(_KEEP_CONTROLS, _control)
