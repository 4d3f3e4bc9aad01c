"""Which language a text is written in: the script decides first, a statistical model only where it cannot.

Arabic letters do not make a text Arabic: Persian, Urdu, Pashto and Kurdish are told from it by letters
that Arabic never uses and by their commonest words. Arabic in Latin letters (Arabizi) is `ar-Latn`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nlp.wordlists import read_lists

VERSION = "language-1"
UNKNOWN = "und"
ARABIZI = "ar-Latn"

_CLIP = 600
_NOISE = re.compile(r"https?://\S*|www\.\S*|(?:(?<![\w.+-])[\w.+-]+)?@[\w.]+|&[a-z]+;")
_ARABIC_LETTERS = re.compile(
    r"[\u0620-\u064a\u066e-\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]"
)
_LATIN_LETTERS = re.compile(
    r"[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff5a]"
)
_OTHER_LETTERS = re.compile(r"[\u0370-\u05ff\u0700-\u074f\u0780-\u1dff\u2c00-\ud7ff\uf900-\ufaff]")
_WORDS = re.compile(r"[^\W_]+")
_LETTER = re.compile(r"[^\W\d_]")
_HASHTAGS = re.compile(r"#\w+")
_ARABIC_SHARE = 0.3
"""From this share of Arabic letters on a mixed text is Arabic: its Latin words are mostly brand names."""

_LETTERS_OF = {
    "ur": "ٹڈڑںےۓھہ",
    "ps": "ټډړښږځڅڼۍ",
    "ckb": "ێۆڕڵە",
    "fa": "پچژگ",
}
_LISTS = read_lists("language-words.txt")
_WORDS_OF = {language: _LISTS[language] for language in ("ar", "fa", "ur")}
_ARABIC_ONLY = re.compile(r"[ةىأإؤ]|\bال\w{2,}|\b[وفبك]ال\w{2,}")
_SCRIPT_LANGUAGE = {
    "CYRILLIC": "ru", "GREEK": "el", "HEBREW": "he", "DEVANAGARI": "hi", "BENGALI": "bn", "TAMIL": "ta",
    "THAI": "th", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "ARMENIAN": "hy",
    "GEORGIAN": "ka", "ETHIOPIC": "am",
}  # fmt: skip

_ARABIZI_NUMERALS = re.compile(
    r"\b(?:[2356789][a-z]{2,}|[a-z]+[2356789](?:[a-z]+[2356789]?)+|[a-z]{2,}[37])\b"
)
_NOT_ARABIZI = re.compile(
    r"\b(?:\d(?:nd|rd|th|am|pm|gb|tb|mb|kg|km|cm|mm|ml|mg|min|hrs?|pcs|dr?s?|g|x\w*|k)|[a-z]2[a-z]|mp3|ps[2-5]|h2o|co2|web3)\b"
)
_ARABIZI_WORDS = _LISTS["arabizi"]
_ARABIZI_CERTAIN = _LISTS["arabizi-certain"]
_ARABIZI_SHARE = 0.34
_SURE_ENOUGH = 0.6


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A BCP 47 tag (`und` when unknown) and how sure it is, 0…1."""

    language: str
    confidence: float


class LanguageIdentifier:
    """Tells languages, among those configured wherever the script leaves a choice."""

    def __init__(self, languages: Sequence[str]) -> None:
        self._configured = tuple(dict.fromkeys(tag.split("-")[0].lower() for tag in languages))
        self._latin: Any = None
        self._latin_choices: tuple[str, ...] | None = None

    def identify(self, text: str, hint: str | None = None) -> LanguageGuess:
        """Return the language of the first 600 code points of `text`.

        `hint` is what the source declares; it decides only where the text itself leaves doubt, and the
        first of the configured languages where it declares none.
        """
        whole = _NOISE.sub(" ", text[:_CLIP].replace("ـ", ""))
        sample = _HASHTAGS.sub(" ", whole)
        if not _LETTER.search(sample):
            sample = whole
        arabic = len(_ARABIC_LETTERS.findall(sample))
        latin = len(_LATIN_LETTERS.findall(sample)) if not sample.isascii() else sum(map(str.isalpha, sample))
        other = 0 if sample.isascii() else len(_OTHER_LETTERS.findall(sample))
        letters = arabic + latin + other
        if letters == 0:
            return LanguageGuess(UNKNOWN, 0.0)
        if other > arabic and other > latin:
            return _by_script(sample)
        if arabic >= _ARABIC_SHARE * letters:
            return _among_arabic_script(sample, arabic / letters)
        return self._among_latin(sample, hint)

    def _among_latin(self, sample: str, hint: str | None) -> LanguageGuess:
        words = _WORDS.findall(sample.lower())
        arabizi = _arabizi_share(sample.lower(), words)
        if "ar" in self._configured and arabizi >= _ARABIZI_SHARE:
            return LanguageGuess(ARABIZI, min(0.95, 0.5 + arabizi))
        self._load_latin()
        if not self._latin_choices:
            return LanguageGuess(UNKNOWN, 0.0)
        if len(self._latin_choices) == 1:
            return LanguageGuess(self._latin_choices[0], _SURE_ENOUGH)
        language, chance = self._latin.classify(sample)
        declared = hint.split("-")[0].lower() if hint else None
        if chance < _SURE_ENOUGH:
            language = declared if declared in self._latin_choices else self._latin_choices[0]
        return LanguageGuess(str(language), float(chance))

    def _load_latin(self) -> None:
        """Load py3langid once, restricted to the configured languages that are not told by script."""
        if self._latin_choices is not None:
            return
        from py3langid.langid import MODEL_FILE
        from py3langid.langid import LanguageIdentifier as Langid

        self._latin = Langid.from_model_file(MODEL_FILE, norm_probs=True)
        by_script = {"ar", *_LETTERS_OF, *_SCRIPT_LANGUAGE.values()}
        known = set(self._latin.nb_classes)
        self._latin_choices = tuple(tag for tag in self._configured if tag in known - by_script)
        if self._latin_choices:
            self._latin.set_languages(list(self._latin_choices))


def _arabizi_share(lowered: str, words: Sequence[str]) -> float:
    """Return the share of words, 0…1, that are Arabic spelled in Latin letters and numerals."""
    if not words:
        return 0.0
    numerals = [word for word in _ARABIZI_NUMERALS.findall(lowered) if not _NOT_ARABIZI.fullmatch(word)]
    listed = [word for word in words if word in _ARABIZI_WORDS]
    if not numerals and not any(word in _ARABIZI_CERTAIN for word in listed) and len(listed) < 2:
        return 0.0
    weight = 2 * len(numerals) + len(listed) + sum(word in _ARABIZI_CERTAIN for word in listed)
    return min(1.0, weight / len(words))


def _among_arabic_script(sample: str, share: float) -> LanguageGuess:
    words = sample.split()
    letters = max(1, len(_ARABIC_LETTERS.findall(sample)))
    scores = {
        language: sum(sample.count(letter) for letter in own) / letters * 10
        + sum(word in _WORDS_OF.get(language, ()) for word in words) / max(1, len(words)) * 4
        for language, own in _LETTERS_OF.items()
    }
    arabic = (
        sum(word in _WORDS_OF["ar"] for word in words) / max(1, len(words)) * 4
        + len(_ARABIC_ONLY.findall(sample)) / max(1, len(words)) * 2
        + 0.5
    )
    rival = max(scores, key=scores.__getitem__)
    if scores[rival] > arabic:
        return LanguageGuess(rival, min(0.99, 0.5 + (scores[rival] - arabic) / 4))
    return LanguageGuess("ar", max(0.5, min(0.99, share * (1 - scores[rival] / (2 * arabic)))))


def _by_script(sample: str) -> LanguageGuess:
    counts: dict[str, int] = {}
    for character in sample:
        if character >= "\u0370" and character.isalpha():
            language = _language_of_letter(character)
            if language is not None:
                counts[language] = counts.get(language, 0) + 1
    if not counts:
        return LanguageGuess(UNKNOWN, 0.0)
    if counts.get("ja"):
        return LanguageGuess("ja", 0.9)
    best = max(counts, key=counts.__getitem__)
    return LanguageGuess(best, 0.7)


@lru_cache(maxsize=4096)
def _language_of_letter(character: str) -> str | None:
    return _SCRIPT_LANGUAGE.get(unicodedata.name(character, "").split(" ")[0])
