"""What the linear sentiment models see in a text: hashed words, pairs, parts of words, and marks.

The features of a word depend on the word alone, so that its share of the score can be remembered and
a text costs about one look-up a word (`nlp.sentiment.linear`). A mark is a fact about the text that no
single word shows: a word under negation, a formula, the mood of its emoji. It stands behind the words
as one more word, has no parts and makes no pairs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from zlib import crc32

from nlp.sentiment.formulas import formulas
from nlp.text import fold, squeeze

BUCKETS = 1 << 20
_MASK = BUCKETS - 1
_NOISE = re.compile(r"https?://\S*|www\.\S*|(?:(?<![\w.+-])[\w.+-]+)?@[\w.]+|\bRT\b", re.IGNORECASE)
_SIGNS = ("@", "http", "www.", "rt")
"""One of these stands in any noise; looking for them costs less than the pattern."""
_TOKENS = re.compile(r"\d+|[^\W\d_]+|[^\w\s]")
_LONGEST_WORD = 24
_MOST_TOKENS = 400
_SHORTEST_PART, _LONGEST_PART = 2, 5
WHOLE_WEIGHT = 2
"""How many times whole words and pairs count, against once for each part of a word."""

MARK = "\x1f"
"""What a mark begins with; folding leaves no control character, so no text can write one."""
_NO_WEIGHT = ord("0")
_STEM = 4
_REACHES = {"ar": 2, "en": 3}
"""How many words after a negator stand under it."""
_ARABIC_NEGATORS = """
ما مو مش موش مب مهو مهب ماهو ماهي ماني مانو مانك ماشي مشي ماكو ماكان ماكانش مافي مافيش مفيش ماعاد مكانش
مكاينش ماكاينش لا لم لن ليس ليست ليسوا لست ولا وما ومو ومش ولم ولن غير بدون دون بلا عدم عمري عمرهم محد محدش
ماحد ماحدش مانيش منيش هيش موب
"""
_ENGLISH_NEGATORS = """
not no never without hardly barely cannot cant dont doesnt didnt wasnt isnt arent werent wont nothing neither
nor nobody none t aint wouldnt couldnt shouldnt havent hasnt hadnt
"""
_NEGATORS = {"ar": frozenset(_ARABIC_NEGATORS.split()), "en": frozenset(_ENGLISH_NEGATORS.split())}
_APOSTROPHE = "'"
_CIRCUMFIX = re.compile(r"(?:ما|م)(?=\w{3,}ش$)(\w+)ش$")
"""The verb in "ما…ش", written as one word."""
_MOODS = {
    "glad": "😀😃😄😁😊🙂😍🥰😘💕💖💗💓❤💙💚💛🧡💜🖤♥🌹🌸💐👍👏🙏💪"
    "✨🌟⭐🎉🎊🥳😎🤩😋👌💯🔥🤗😇☺💞💝✌🏆🌷🙌🫶",
    "upset": "😠😡🤬😤😭😢😞😔😟😕☹🙁😣😖😫😩😒🙄😑💔👎🤮🤢😱😰😥😓🤦😾🖕😪💩🤡",
    "amused": "😂🤣😅🙃😏🤔😐🤷😹",
}
_MOOD = {emoji: mood for mood, emojis in _MOODS.items() for emoji in emojis}
_MOST_MOODS = 3


def tokens(text: str) -> list[str]:
    """Return the folded words, emoji and punctuation marks of `text` in order, at most 400.

    Links and handles are left out, numbers are all `0`, letters repeated for emphasis are kept twice.
    """
    lowered = text.lower()
    if any(sign in lowered for sign in _SIGNS):
        text = _NOISE.sub(" ", text)
    found = _TOKENS.findall(squeeze(fold(text), keep=2))
    return ["0" if token[0].isdecimal() else token[:_LONGEST_WORD] for token in found[:_MOST_TOKENS]]


def arabic_words(text: str) -> list[str]:
    """Return the `tokens` of an Arabic text, its marks behind them; nothing where it has no tokens."""
    words = tokens(text)
    marks = [mark(group, WHOLE_WEIGHT) for group in formulas(words)]
    return [*words, *negation_marks(words, "ar"), *marks, *mood_marks(words)]


def mark(name: str, weight: int) -> str:
    """Return the mark `name`, which counts `weight` times, 1…60."""
    return f"{MARK}{chr(_NO_WEIGHT + weight)}{name}"


def negation_marks(words: Sequence[str], language: str) -> list[str]:
    """Return marks for the words that stand under a negator of `language` ("ar" or "en"), whole and cut.

    It reaches two words far in Arabic, three in English, and never over a punctuation mark (after Das
    and Chen, "Yahoo! for Amazon", 2007).
    """
    negators, reach = _NEGATORS[language], _REACHES[language]
    marks: list[str] = []
    left = 0
    for word in words:
        if word == _APOSTROPHE:
            continue
        if not word[0].isalnum():
            left = 0
            continue
        if left:
            marks += _negated(word)
            left -= 1
        if word in negators:
            left = reach
        elif language == "ar" and (verb := _CIRCUMFIX.match(word)):
            marks += _negated(verb[1])
    return marks


def mood_marks(words: Sequence[str]) -> list[str]:
    """Return a mark for the mood of each of the first emoji, at most three of a mood."""
    moods = [_MOOD[word] for word in words if word in _MOOD]
    return [mark(mood, WHOLE_WEIGHT) for mood in _MOODS for _ in range(min(_MOST_MOODS, moods.count(mood)))]


def word_buckets(word: str) -> list[int]:
    """Return the buckets of the word itself, twice for its weight, and of its parts of 2 to 5 characters.

    A mark has one bucket, as many times as it counts.
    """
    if word[0] == MARK:
        return [_bucket(word)] * (ord(word[1]) - _NO_WEIGHT)
    hashes = [_bucket("w" + word)] * WHOLE_WEIGHT
    if len(word) > 1:
        padded = f"<{word}>"
        length = len(padded)
        for size in range(_SHORTEST_PART, _LONGEST_PART + 1):
            hashes.extend(_bucket(padded[at : at + size]) for at in range(length - size + 1))
    return hashes


def pair_bucket(first: str, second: str) -> int:
    """Return the bucket of two words that follow one another; it counts `WHOLE_WEIGHT` times."""
    return _bucket(f"{first} {second}")


def _negated(word: str) -> list[str]:
    marks = [mark(f"not {word}", WHOLE_WEIGHT)]
    if len(word) > _STEM:
        marks.append(mark(f"not {word[:_STEM]}", WHOLE_WEIGHT))
    return marks


def _bucket(feature: str) -> int:
    return crc32(feature.encode("utf-8", "surrogatepass")) & _MASK
