"""Cleaning and folding of text, with the way back to where every character stood.

Folding makes spellings that a reader takes for the same word the same string: alef and hamza forms,
ya and alef maqsura, ta marbuta, Persian letters, presentation forms, diacritics, tatweel, digits of
every script, letter case and accents. It is defined one code point at a time, which is what lets the
fast path (`fold`, for searching) and the mapped path (`fold_mapped`, for reporting) agree on any input.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

RULES_VERSION = "text-2"

_LETTERS = {
    "ى": "ي", "ی": "ي", "ې": "ي", "ے": "ي", "ۍ": "ي",
    "ک": "ك", "ڪ": "ك", "گ": "ك", "ڭ": "ك",
    "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۃ": "ه",
    "پ": "ب", "چ": "ج", "ڤ": "ف", "ڥ": "ف", "ژ": "ز", "ٱ": "ا",
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "′": "'", "＇": "'", "ʻ": "'",
    "‐": "-", "‑": "-",
    "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "æ": "ae", "Æ": "AE",
    "œ": "oe", "Œ": "OE",
}  # fmt: skip
_DROPPED = frozenset("ـ\u034f\u061c\u115f\u1160\u180e\u3164\ufe0e\ufe0f\u20e3")
_TAG_CHARACTERS = range(0xE0000, 0xE0100)
_ELONGATION = re.compile(r"([^\W\d_])\1{2,}")
_SPACES = re.compile(r" {2,}")
_SURROGATES = range(0xD800, 0xE000)
_TABLE_LIMIT = 40_000
"""Code points remembered: more than any honest text uses, few enough to bound memory."""


class _FoldTable(dict[int, str]):
    """Code point → what it folds to ("" to drop it); filled in as code points are met."""

    def __init__(self, keep_case: bool) -> None:
        super().__init__()
        self._keep_case = keep_case

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if not self._keep_case:
            folded = "".join(_fold_character(c) for c in folded.casefold())
        if len(self) < _TABLE_LIMIT:
            self[code] = folded
        return folded


def _fold_character(character: str) -> str:
    if character in _DROPPED or ord(character) in _TAG_CHARACTERS:
        return ""
    if character in _LETTERS:
        return _LETTERS[character]
    if ord(character) in _SURROGATES:
        return "\ufffd"
    out = []
    for part in unicodedata.normalize("NFKD", character):
        if part in _DROPPED or unicodedata.combining(part):
            continue
        category = unicodedata.category(part)
        if category == "Cf":
            continue
        if category in ("Zs", "Zl", "Zp", "Cc"):
            out.append(" ")
        elif category == "Nd":
            out.append(str(unicodedata.decimal(part)))
        else:
            out.append(_LETTERS.get(part, part))
    return "".join(out)


_FOLD = _FoldTable(keep_case=False)
_FOLD_KEEPING_CASE = _FoldTable(keep_case=True)


class _CodePage:
    """The commonest characters in one byte each: a text of nothing else folds in three passes in C.

    `str.translate` looks every character up as an object, which on Arabic text is five times slower. The
    codec is the quick one only for a table that begins with NUL and stays below U+10000: no emoji.
    """

    _COMMON = (
        "\0\t\n\r" + "".join(map(chr, range(0x20, 0x7F))) + "".join(map(chr, range(0x0621, 0x0653)))
        + "ٰٱپچژڤکگیہھے٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹،؛؟٪«»“”‘’…–—•·°\u00a0\u200c\u200d\u200f\ufe0f"
        "àâäáãçéèêëîïíôöóûùüúñÉÀ€£©®❤♥☺✨★☆⭐"
    )  # fmt: skip

    def __init__(self) -> None:
        common = dict.fromkeys(c for c in self._COMMON if len(_FOLD[ord(c)]) <= 1)
        table = "".join(common)[:256].ljust(256, "\ufffe")
        self._to_bytes = codecs.charmap_build(table)
        self._dropped = bytes(code for code, c in enumerate(table) if not _FOLD[ord(c)])
        self._folded = "".join(_FOLD[ord(c)] or " " for c in table)

    def fold(self, text: str) -> str | None:
        """Return what the table folds `text` to, or None where it has a character of its own."""
        try:
            encoded = codecs.charmap_encode(text, "strict", self._to_bytes)[0]
        except UnicodeEncodeError:
            return None
        return codecs.charmap_decode(encoded.translate(None, self._dropped), "strict", self._folded)[0]


_CODE_PAGE = _CodePage()


def fold(text: str, *, keep_case: bool = False) -> str:
    """Return `text` folded, every run of white space as one space; any string is accepted."""
    folded = None if keep_case else _CODE_PAGE.fold(text)
    if folded is None:
        folded = text.translate(_FOLD_KEEPING_CASE if keep_case else _FOLD)
    return _SPACES.sub(" ", folded) if "  " in folded else folded


def squeeze(folded: str, keep: int) -> str:
    """Return the text with a letter written three times or more in a row kept `keep` times."""
    return _ELONGATION.sub(lambda run: run[1] * keep, folded)


def is_elongated(folded: str) -> bool:
    """Return whether some letter stands three times or more in a row."""
    return _ELONGATION.search(folded) is not None


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text and, for each of its characters, the code points of the original it came from.

    Character i of `text` stands for `original[starts[i]:ends[i]]`; marks and tatweel that were dropped
    belong to the letter before them, invisible controls to nothing.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the original offsets of `text[start:end]`, which must not be empty."""
        return self.starts[start], self.ends[end - 1]

    def squeezed(self, keep: int) -> Folded:
        """Return what `squeeze` makes of the text, mapped; dropped repeats belong to the letter kept."""
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        position = 0
        for run in _ELONGATION.finditer(self.text):
            stop = run.start() + keep
            text.append(self.text[position:stop])
            starts.extend(self.starts[position:stop])
            ends.extend(self.ends[position:stop])
            ends[-1] = self.ends[run.end() - 1]
            position = run.end()
        text.append(self.text[position:])
        starts.extend(self.starts[position:])
        ends.extend(self.ends[position:])
        return Folded("".join(text), tuple(starts), tuple(ends))


def fold_mapped(text: str) -> Folded:
    """Return what `fold` returns, with the map back to offsets (code points) of `text`."""
    if all(len(_FOLD[ord(character)]) == 1 for character in set(text)):
        folded = text.translate(_FOLD)
        if "  " not in folded:  # then nothing was dropped or spelt out: each character stands for its own
            return Folded(folded, tuple(range(len(text))), tuple(range(1, len(text) + 1)))
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for index, character in enumerate(text):
        piece = _FOLD[ord(character)]
        if not piece:
            if ends and ends[-1] == index and _belongs_to_letter(character):
                ends[-1] = index + 1
            continue
        for part in piece:
            if part == " " and out and out[-1] == " ":
                continue
            out.append(part)
            starts.append(index)
            ends.append(index + 1)
    return Folded("".join(out), tuple(starts), tuple(ends))


def _belongs_to_letter(dropped: str) -> bool:
    return dropped == "ـ" or unicodedata.combining(dropped) != 0


class _CleanTable(dict[int, str]):
    """Code point → itself, or one harmless character where models choke on it."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Cc":
            cleaned = character if character in "\t\n" else " "
        elif category == "Cs":
            cleaned = "\ufffd"
        else:
            cleaned = " " if category in ("Zl", "Zp") or character in _BIDI_CONTROLS else character
        if len(self) < _TABLE_LIMIT:
            self[code] = cleaned
        return cleaned


_BIDI_CONTROLS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_CLEAN = _CleanTable()


def clean(text: str) -> str:
    """Return `text` fit for a language model, of the same length, so that its offsets are the same.

    Control characters, lone surrogates and direction marks are replaced, each by one character.
    """
    return text.translate(_CLEAN)
