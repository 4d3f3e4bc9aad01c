"""What the encoder reads of a text: lightly cleaned, with the way back to the original offsets.

Lighter than `nlp.text.fold`: letter case, hamza and accents stay, since the encoder's pieces know them.
Marks, tatweel and invisible characters go, letters repeated for emphasis are kept twice, links are left
out, of a handle only its `@` stays, and the underscores of a tag become spaces.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from nlp.text import Folded

VERSION = "encoder-text-1"
_LEFT_OUT = re.compile(r"https?://\S*|www\.\S*|(?<=@)[\w.]+")
_LONGEST_WORD = 40
_MEANT_LETTERS = {
    "ی": "ي",
    "ک": "ك",
    "گ": "ك",
    "ھ": "ه",
    "ہ": "ه",
    "ڤ": "ف",
    "پ": "ب",
    "چ": "ج",
    "_": " ",
    "#": " ",
}


def is_of_emoji(text: str) -> bool:
    """Return whether `text` has emoji or other pictures and no letter of any script."""
    return any(unicodedata.category(sign) == "So" for sign in text) and not any(map(str.isalpha, text))


@lru_cache(maxsize=20_000)
def _piece(character: str) -> str:
    """Return what stands for one character: itself, nothing, a space, or its compatibility form."""
    meant = _MEANT_LETTERS.get(character)
    if meant is not None:
        return meant
    if character == "ـ" or unicodedata.category(character) in ("Cf", "Cs", "Co", "Cn", "Me"):
        return ""
    if "\u064b" <= character <= "\u0670" and unicodedata.combining(character):
        return ""
    if unicodedata.category(character) in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    return unicodedata.normalize("NFKC", character)


def lighten(text: str) -> Folded:
    """Return `text` as the encoder reads it, with offsets (code points) of the original."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    skipped = {at for found in _LEFT_OUT.finditer(text) for at in range(*found.span())}
    run = 0
    word = 0
    for index, character in enumerate(text):
        if index in skipped:
            continue
        for part in _piece(character):
            previous = out[-1] if out else " "
            if part == " " and previous == " ":
                continue
            run = run + 1 if part == previous and not part.isdecimal() else 1
            word = 0 if part == " " else word + 1
            if run > 2 or word > _LONGEST_WORD:
                ends[-1] = index + 1
                continue
            out.append(part)
            starts.append(index)
            ends.append(index + 1)
    return Folded("".join(out), tuple(starts), tuple(ends))
