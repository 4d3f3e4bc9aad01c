"""Which language a text is written in: the script decides first, statistics only where it cannot.

Arabic letters do not make a text Arabic: Persian, Urdu, Pashto and Kurdish are told from it by letters
that Arabic never uses and by their commonest words. Arabic in Latin letters (Arabizi) is `ar-Latn`. A
text in two languages has the dominant one, and the other beside it (`LanguageGuess.mixed`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import exp

from nlp.arabizi import ArabiziModel, latin_words
from nlp.latin import LatinLanguages
from nlp.wordlists import read_lists

VERSION = "language-2"
UNKNOWN = "und"
ARABIZI = "ar-Latn"

_CLIP = 600
_NOISE = re.compile(r"https?://\S*|www\.\S*|(?:(?<![\w.+-])[\w.+-]+)?@[\w.]+|&[a-z]+;|\bRT\b")
_NOISE_SIGNS = re.compile(r"[@/.&]|\bRT\b")
_ARABIC_LETTERS = re.compile(
    r"[\u0620-\u064a\u066e-\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]"
)
_ARABIC_WORDS = re.compile(
    r"[\u0620-\u0652\u0670-\u06d5\u06fa-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]+"
)
_LATIN_LETTERS = re.compile(
    r"[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff5a]"
)
_OTHER_LETTERS = re.compile(r"[\u0370-\u05ff\u0700-\u074f\u0780-\u1dff\u2c00-\ud7ff\uf900-\ufaff]")
_LETTER = re.compile(r"[^\W\d_]")
_HASHTAGS = re.compile(r"#\w+")
_NAMES = re.compile(r"\b[A-Z\u00c0-\u00de][\w'’]*")
_FEWEST_LETTERS = 4
"""With fewer letters beside its hashtags, a text is read with them."""
_ARABIC_SHARE = 0.3
"""From this share of Arabic letters on a mixed text is Arabic: its Latin words are mostly brand names."""

_LETTERS_OF = {
    "ur": "ٹڈڑںےۓھہ",
    "ps": "ټډړښږځڅڼۍ",
    "ckb": "ێۆڕڵە",
    "fa": "پچژگ",
}
_NEIGHBOUR_LETTERS = re.compile(f"[{''.join(_LETTERS_OF.values())}کی]")
_LISTS = read_lists("language-words.txt")
_ARABIC_LIST = _LISTS["ar"]
_WORDS_OF = {language: _LISTS[language] for language in _LETTERS_OF}
_NEIGHBOUR_WORDS = frozenset[str]().union(*_WORDS_OF.values()) - _ARABIC_LIST
_ARABIC_ONLY = re.compile(r"[ةىأإؤ]|\bال\w{2,}|\b[وفبك]ال\w{2,}|\bلل\w{2,}")
_ARABIC_KEYBOARD = re.compile(r"[يك]")
_SCRIPT_LANGUAGE = {
    "CYRILLIC": "ru", "GREEK": "el", "HEBREW": "he", "DEVANAGARI": "hi", "BENGALI": "bn", "TAMIL": "ta",
    "THAI": "th", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "ARMENIAN": "hy",
    "GEORGIAN": "ka", "ETHIOPIC": "am",
}  # fmt: skip

_NAMES_PENALTY = 2.0
_HINT_BONUS = 1.0
_LISTED_PENALTY = 2.0
_SHORT_POST = 2
_SHORT_POST_ODDS = 1.0
_PLAINLY_NOT_ARABIZI = -4.0
_MIXED_SHARE = 0.2
_MIXED_WORDS = 2
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A BCP 47 tag (`und` when unknown) and how sure it is, 0…1.

    `mixed` is the second language of a text in two and its share of the words, 0…1; None where one
    language, or names in another script, are all there is.
    """

    language: str
    confidence: float
    mixed: tuple[str, float] | None = None


class LanguageIdentifier:
    """Tells languages, among those configured wherever the script leaves a choice.

    Raises ModelUnavailable, when the first text in Latin letters comes, where a model file is damaged.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        configured = tuple(dict.fromkeys(tag.split("-")[0].lower() for tag in languages))
        self._knows_arabic = "ar" in configured
        by_script = {"ar", *_LETTERS_OF, *_SCRIPT_LANGUAGE.values()}
        self._latin = LatinLanguages([tag for tag in configured if tag not in by_script])

    def identify(self, text: str, hint: str | None = None) -> LanguageGuess:
        """Return the language of the first 600 code points of `text`.

        `hint` is what the source declares; it decides only where the text itself leaves doubt, and the
        first of the configured languages where it declares none.
        """
        whole = text[:_CLIP].replace("ـ", "")
        if _NOISE_SIGNS.search(whole):
            whole = _NOISE.sub(" ", whole)
        sample = whole
        if "#" in whole:
            sample = _HASHTAGS.sub(" ", whole)
            if len(_LETTER.findall(sample)) < _FEWEST_LETTERS:
                sample = whole
        if sample.isascii():
            if not _LETTER.search(sample):
                return LanguageGuess(UNKNOWN, 0.0)
            return self._among_latin(sample, hint)
        arabic = len(_ARABIC_LETTERS.findall(sample))
        latin = len(_LATIN_LETTERS.findall(sample))
        other = len(_OTHER_LETTERS.findall(sample))
        letters = arabic + latin + other
        if letters == 0:
            return LanguageGuess(UNKNOWN, 0.0)
        if other > arabic and other > latin:
            return _by_script(sample)
        if self._is_arabic_script(sample, arabic, letters):
            guess = _among_arabic_script(sample, arabic / letters)
            return self._beside_arabic(guess, sample, hint) if latin else guess
        guess = self._among_latin(sample, hint)
        return _beside_latin(guess, sample) if arabic else guess

    @cached_property
    def _arabizi(self) -> ArabiziModel:
        return ArabiziModel.load()

    def _is_arabic_script(self, sample: str, arabic: int, letters: int) -> bool:
        """Return whether Arabic letters bear the text: names beside them are in any language's letters."""
        if arabic == 0:
            return False
        if arabic < _ARABIC_SHARE * letters:
            return not _LATIN_LETTERS.search(_NAMES.sub(" ", sample))
        if 2 * arabic >= letters:
            return True
        spoken = sum(self._latin.lists(word) for word in latin_words(sample))
        return spoken <= len(_ARABIC_WORDS.findall(sample))

    def _among_latin(self, sample: str, hint: str | None) -> LanguageGuess:
        words = latin_words(sample)
        odds = (
            self._arabizi_odds(sample, words, hint) if self._knows_arabic and words else _PLAINLY_NOT_ARABIZI
        )
        if odds > 0.0:
            odds -= _LISTED_PENALTY * sum(map(self._latin.lists, words)) / len(words)
        if odds > (_SHORT_POST_ODDS if len(words) <= _SHORT_POST else 0.0):
            return LanguageGuess(ARABIZI, 1 / (1 + exp(-odds)), self._beside_arabizi(words))
        guess = self._latin.identify(sample, words, hint)
        if guess is None:
            return LanguageGuess(UNKNOWN, 0.0)
        language, confidence, second = guess
        if second is None and odds > _PLAINLY_NOT_ARABIZI:
            second = _enough(ARABIZI, sum(self._is_arabizi(word) for word in words), len(words))
            if second is not None and second[1] >= _HALF:
                rest = 1 - second[1]
                return LanguageGuess(ARABIZI, second[1], (language, rest) if rest >= _MIXED_SHARE else None)
        return LanguageGuess(language, confidence, second)

    def _arabizi_odds(self, sample: str, words: list[str], hint: str | None) -> float:
        """Return the log-odds of Arabizi. Names are Arabic in any language, so they count for little."""
        bonus = _HINT_BONUS if hint and hint.lower().startswith("ar") else 0.0
        if sample.islower():
            return self._arabizi.log_odds(words) + bonus
        names = {name.lower() for name in _NAMES.findall(sample)}
        others = [word for word in words if word not in names]
        if not others:
            penalty = 0.0 if sample.isupper() or len(words) == 1 else _NAMES_PENALTY
            return self._arabizi.log_odds(words) + bonus - penalty
        if len(others) == 1 and words[0] in names:
            others.insert(0, words[0])
        return self._arabizi.log_odds(others) + bonus

    def _is_arabizi(self, word: str) -> bool:
        return not self._latin.lists(word) and self._arabizi.log_odds([word]) > _SHORT_POST_ODDS

    def _beside_arabizi(self, words: list[str]) -> tuple[str, float] | None:
        """Return the configured language of the words that are not Arabic, where there are enough of them."""
        foreign = [word for word in words if self._latin.lists(word) and self._arabizi.log_odds([word]) < 0]
        if len(foreign) < _MIXED_WORDS:
            return None
        guess = self._latin.identify(" ".join(foreign), foreign, None)
        return None if guess is None else _enough(guess[0], len(foreign), len(words))

    def _beside_arabic(self, guess: LanguageGuess, sample: str, hint: str | None) -> LanguageGuess:
        """Return `guess` with the language of the Latin words, unless they are names or too few."""
        rest = _ARABIC_WORDS.sub(" ", sample)
        words = [word for word in latin_words(rest) if len(word) > 1 and word.isalpha()]
        if len(words) < _MIXED_WORDS:
            return guess
        spoken = sum(self._latin.lists(word) for word in words)
        second = self._among_latin(rest, hint).language
        if second == UNKNOWN or (second != ARABIZI and spoken < _MIXED_WORDS):
            return guess
        total = len(words) + len(_ARABIC_WORDS.findall(sample))
        return LanguageGuess(guess.language, guess.confidence, _enough(second, len(words), total))


def _beside_latin(guess: LanguageGuess, sample: str) -> LanguageGuess:
    """Return `guess` with Arabic or its neighbour beside it, where enough words are in Arabic letters."""
    arabic = _ARABIC_WORDS.findall(sample)
    total = len(arabic) + len(latin_words(_ARABIC_WORDS.sub(" ", sample)))
    language = _among_arabic_script(" ".join(arabic), 1.0).language
    return LanguageGuess(guess.language, guess.confidence, _enough(language, len(arabic), total))


def _enough(language: str, words: int, total: int) -> tuple[str, float] | None:
    share = words / max(1, total)
    return (language, share) if words >= _MIXED_WORDS and share >= _MIXED_SHARE else None


def _among_arabic_script(sample: str, share: float) -> LanguageGuess:
    words = sample.split()
    if not _NEIGHBOUR_LETTERS.search(sample) and _NEIGHBOUR_WORDS.isdisjoint(words):
        return LanguageGuess("ar", max(0.5, min(0.99, share)))
    letters = max(1, len(_ARABIC_LETTERS.findall(sample)))
    scores = {
        language: sum(sample.count(letter) for letter in own) / letters * 10
        + sum(word in _WORDS_OF[language] for word in words) / len(words) * 4
        for language, own in _LETTERS_OF.items()
    }
    scores["fa"] += (sample.count("ک") + sample.count("ی")) / letters * 3
    arabic = (
        sum(word in _ARABIC_LIST for word in words) / len(words) * 4
        + len(_ARABIC_ONLY.findall(sample)) / len(words) * 2
        + min(1.0, len(_ARABIC_KEYBOARD.findall(sample)) / letters * 5)
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
