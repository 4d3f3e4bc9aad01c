"""The demo's texts: loading them, and writing one out as a person would have typed it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random
from typing import Any, Literal

import yaml

from storage.records import MentionKind, SentimentLabel

About = Literal["own", "competitor", "both", "none"]
TEXT_FILES = ("gulf", "egyptian", "levantine", "maghrebi", "formal", "english", "articles", "noise")
_SLOT = re.compile(r"\{(\w+)\}")
# Words after which the long form of a brand's name ("the Lawzy app") reads naturally.
_BEFORE_LONG = {"من", "على", "في", "مع", "on", "from", "with"}
_NAMED = re.compile(r"lawz|لوز|tamrag|تمراج|[#@\d]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """One base text with slots in braces; `where` says in which kinds of mention it may stand."""

    id: str
    language: str
    dialect: str | None
    mood: SentimentLabel
    topic: str
    about: About
    where: frozenset[MentionKind]
    text: str
    title: str | None = None

    @property
    def voice(self) -> str:
        """The dialect or, where there is none, the language: how the slots are to be filled."""
        return self.dialect or self.language


@cache
def sheet(name: str) -> Any:
    """Return the parsed YAML of `texts/<name>.yaml`. Callers must not change it."""
    return yaml.safe_load(
        resources.files("demo").joinpath("texts", f"{name}.yaml").read_text(encoding="utf-8")
    )


def text_from(raw: Mapping[str, Any], defaults: Mapping[str, Any]) -> Text:
    """Build a text from its YAML form, completed by the defaults of its file.

    Raises KeyError or ValueError for a field that is missing or outside its values.
    """
    values = {"about": "own", **defaults, **raw}
    return Text(
        id=values["id"],
        language=values["language"],
        dialect=values["dialect"],
        mood=SentimentLabel(values["mood"]),
        topic=values["topic"],
        about=values["about"],
        where=frozenset(MentionKind(kind) for kind in values["where"]),
        text=values["text"],
        title=values.get("title"),
    )


@cache
def base_texts() -> tuple[Text, ...]:
    """Return every base text, in the order of the files."""
    found = []
    for name in TEXT_FILES:
        page = sheet(name)
        defaults = {key: value for key, value in page.items() if key != "texts"}
        found += [text_from(raw, defaults) for raw in page["texts"]]
    return tuple(found)


class Pen:
    """Writes texts out: fills slots, adds openings and closings, and mistypes as people do.

    All chance comes from `rng`, so that the same sequence of calls writes the same texts.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def slot(self, name: str, voice: str) -> str:
        """Return one value of a slot for a dialect or, failing that, its language."""
        values = sheet("slots")[name]
        chosen = values.get(voice) or values["en" if voice == "en" else "ar"]
        return str(self._rng.choice(chosen))

    def article(self, text: Text) -> tuple[str, str]:
        """Return the title and body of an article; the same slot has the same value in both."""
        values: dict[str, str] = {}

        def fill(match: re.Match[str]) -> str:
            name = f"{match[1]}_formal" if match[1] in "bt" else match[1]
            return values.setdefault(name, self.slot(name, text.voice))

        return _SLOT.sub(fill, text.title or ""), _SLOT.sub(fill, text.text)

    def chat(self, text: Text, kind: MentionKind) -> str:
        """Return a post, comment or review as typed. A post carries the hashtags it is found by."""
        body = _SLOT.sub(lambda match: self._filled(match, text.voice, kind), text.text)
        opening, closing = self._frame("opening", text), self._frame("closing", text)
        if opening:
            body = f"{opening} {body if opening.endswith('.') else _lowered(body)}"
        body = self._typed(body, text)
        if closing:
            body = f"{body} {closing}"
        return self._tagged(body.strip(), text) if kind is MentionKind.POST else body.strip()

    def _filled(self, match: re.Match[str], voice: str, kind: MentionKind) -> str:
        name, before = match[1], match.string[: match.start()]
        if name in ("b", "t"):
            stands_free = not before or before[-1].isspace()
            words = before.split()
            if kind is MentionKind.POST and stands_free and self._rng.random() < 0.4:
                name += "_tag"
            elif stands_free and words and words[-1] in _BEFORE_LONG and self._rng.random() < 0.3:
                name += "_long"
        return self.slot(name, voice)

    def _frame(self, part: str, text: Text) -> str:
        return self.slot(f"{part}_{text.mood}", text.voice) if self._rng.random() < 0.4 else ""

    def _tagged(self, body: str, text: Text) -> str:
        angry = "_negative" if text.mood is SentimentLabel.NEGATIVE else ""
        tails = {
            "own": [f"tail_b{angry}"],
            "competitor": ["tail_t"],
            "both": ["tail_b", "tail_t"],
            "none": [],
        }
        for tail in tails[text.about]:
            tags = self.slot(tail, text.voice).split()
            body = " ".join([body, *(tag for tag in tags if tag.lower() not in body.lower().split())])
        return body

    def _typed(self, body: str, text: Text) -> str:
        """Apply the habits of one writer to all of the text, then perhaps one slip of the finger."""
        if text.voice == "msa":
            return body
        for chance, pattern, plain in _HABITS[text.language]:
            if self._rng.random() < chance:
                body = " ".join(
                    word if _NAMED.search(word) else re.sub(pattern, plain, word) for word in body.split(" ")
                )
        if text.language == "en" and self._rng.random() < 0.2:
            body = " ".join(word if _NAMED.search(word) else word.lower() for word in body.split(" "))
        return self._slipped(body)

    def _slipped(self, body: str) -> str:
        words = body.split(" ")
        spots = [
            n for n, word in enumerate(words) if len(word) > 4 and word.isalpha() and not _NAMED.search(word)
        ]
        if not spots:
            return body
        spot, roll = self._rng.choice(spots), self._rng.random()
        word = words[spot]
        if roll < 0.1:
            at = self._rng.randrange(1, len(word) - 2)
            words[spot] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        elif roll < 0.24:
            words[spot] = re.sub(
                r"([اويaeiou])(?=\w?$)", lambda found: found[1] * self._rng.randint(3, 6), word
            )
        return " ".join(words)


# Per language: how many of its writers do so, what they replace, and by what.
_HABITS: dict[str, tuple[tuple[float, str, str], ...]] = {
    "ar": ((0.5, "[أإآ]", "ا"), (0.35, r"ة\b", "ه"), (0.2, "،", ""), (0.15, r"\.$", "..")),
    "en": ((0.2, "'", ""), (0.15, "!$", "!!!"), (0.2, r"\.$", ""), (0.1, r"\byou\b", "u")),
}


def _lowered(body: str) -> str:
    first = body.split(" ", 1)[0]
    keep = _NAMED.search(first) or first in ("I", "I'm") or first.isupper()
    return body if keep else body[:1].lower() + body[1:]
