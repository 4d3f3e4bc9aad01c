"""The patterns of customer signals: a small language of words, compiled once, matched in bounded time.

The lists are nlp/models/signals-*.txt. A line is a strength 0…1 and the words that follow one another:

    0.9  cancel|close ~2 subscription|account*

`a|b` is either word, `a+b` two words in a row, `*` up to eight letters, `[ab]` one of these letters, `x?` a
letter that may be absent, `~2` up to two words between, `(word)` a word that may be absent, `^` and `^^`
the beginning of a clause and of a sentence, `{.}` the end of a clause, `{?}` a question mark to come in the
sentence, `{brand}` and `{rival}` a brand or a competitor that was found, `{part}` any word and `<word>` a
given one that is reported as what the signal is about. `$name` stands for the words of an earlier line
`$name = …`. `!` after the strength says that a negation before the match does not take it back. An Arabic
word may have و or ف before it. A section `[signal]` or `[signal:kind]` begins a list.

Each rule is looked for only around the places where its longest literal stands (Aho-Corasick), in a window
of fixed length, by a regular expression whose repetitions are all bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import ahocorasick

from nlp.text import fold

BRAND_MARK, RIVAL_MARK = "\ue000", "\ue001"
"""Characters that stand in a text for each character of a brand of one's own and of a competitor."""
_WINDOW = 90
_MOST_HITS = 1_000
"""Places looked at in one text; a longer text is judged by what comes first."""
_SEPARATOR = r"[ '\"()«»\-]{1,3}"
_WORD = r"[\w\ue000\ue001%$&]{1,30}"
_LETTERS = r"\w{0,8}"
_PART_WORD = r"(?<!\w)(?P<about>\w{2,20})(?!\w)"
_PLACES = {
    "^": r"(?:(?<![^.!?؟،,;؛:]) ?|(?<=[.!?؟،,;؛:] ))",
    "^^": r"(?:(?<![^.!?؟]) ?|(?<=[.!?؟] ))",
    "{?}": r"(?=[^.!?؟]{0,70}[?؟])",
    "{.}": r"(?= ?(?:[.!?؟،,;؛:]|\Z))",
}
_MARKS = {
    "{brand}": rf"(?:[وف]?[بكل]?(?:ال|لل)?[{BRAND_MARK}{RIVAL_MARK}]{{1,40}})",
    "{rival}": rf"(?:[وف]?[بكل]?(?:ال|لل)?{RIVAL_MARK}{{1,40}})",
    "{part}": _PART_WORD,
}
_BRANDS = frozenset({"{brand}", "{rival}"})
_STRENGTH = re.compile(r"(?P<strength>[01](?:\.\d+)?)(?P<holds>!?)\s+(?P<words>.+)")
_NEGATION = re.compile(
    r"(?<![^\s|+(])(?:[وف]?(?:لا|ما|مش|مو|مب|لم|لن|غير|بدون|ولا|مافي)|no|not|never|without|\w+n't)(?![^\s|+)])"
)
"""A negation among the words of a rule, which then is its own and takes nothing back."""
_OPTIONAL = re.compile(r"\[[^\]]*\]\??|\w\?|['’]")
_PLAIN = re.compile(r"\w+")


class PatternError(ValueError):
    """A line of a pattern list cannot be read; the message names the file, the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Key:
    """A literal of which one must stand in a text that matches, and what must be true of its place.

    `begins` and `ends` say that a word begins or ends with it; `whole`, that where it stands as a word the
    rule holds and nothing else need be looked at.
    """

    text: str
    begins: bool
    ends: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled line; `needs_brand` says that it can hold only in a text that names a brand."""

    signal: str
    kind: str
    strength: float
    holds_negated: bool
    has_negation: bool
    regex: re.Pattern[str]
    needs_brand: bool
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A place where a rule holds: offsets into the searched text, and the part that it names, if any."""

    rule: Rule
    start: int
    end: int
    about: tuple[int, int] | None


class PatternSet:
    """All rules of some lists behind one automaton. Built once; `search` may be called from any thread."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.rules = tuple(rule for name in names for rule in read_rules(name))
        entries: dict[str, list[tuple[int, Key]]] = {}
        for index, rule in enumerate(self.rules):
            for key in rule.keys:
                entries.setdefault(key.text, []).append((index, key))
        self._automaton: Any = ahocorasick.Automaton()
        for text, uses in entries.items():
            self._automaton.add_word(text, (len(text), _by_edges(uses)))
        self._automaton.make_automaton()

    def search(self, folded: str) -> Iterator[RuleMatch]:
        """Yield the matches of every rule in a folded text with its brands marked, each place once a rule."""
        tried: dict[int, int] = {}
        branded = BRAND_MARK in folded or RIVAL_MARK in folded
        for hit, (last, (length, uses)) in enumerate(self._automaton.iter(folded)):
            if hit > _MOST_HITS:
                return
            first = last + 1 - length
            begins = first == 0 or not folded[first - 1].isalnum() or _after_conjunction(folded, first)
            ends = last + 1 == len(folded) or not folded[last + 1].isalnum()
            for index, key in uses[begins, ends]:
                if last <= tried.get(index, -1):
                    continue
                rule = self.rules[index]
                if key.whole:
                    yield RuleMatch(rule, first, last + 1, None)
                elif branded or not rule.needs_brand:
                    found = _around(rule, folded, first, last, tried.get(index, -1))
                    if found is not None:
                        tried[index] = max(last, found.end - 1)
                        yield found


def _by_edges(uses: Sequence[tuple[int, Key]]) -> dict[tuple[bool, bool], tuple[tuple[int, Key], ...]]:
    """Return which of the uses of a literal hold where it begins a word or not, and ends one or not."""
    return {
        (begins, ends): tuple(
            (index, key) for index, key in uses if begins >= key.begins and ends >= key.ends
        )
        for begins in (False, True)
        for ends in (False, True)
    }


def _after_conjunction(folded: str, first: int) -> bool:
    """Return whether the letter before `first` is a و or ف that begins its word."""
    return folded[first - 1] in "وف" and (first == 1 or not folded[first - 2].isalnum())


def _around(rule: Rule, folded: str, first: int, last: int, tried: int) -> RuleMatch | None:
    found = rule.regex.search(folded, max(tried + 1, first - _WINDOW, 0), last + _WINDOW)
    if found is None or found.end() == found.start():
        return None
    about = found.span("about") if "about" in rule.regex.groupindex else None
    return RuleMatch(rule, found.start(), found.end(), about)


def read_rules(name: str) -> list[Rule]:
    """Return the rules of the list `name` in nlp/models. Raises PatternError for a line that is none."""
    text = files("nlp").joinpath("models", name).read_text(encoding="utf-8")
    return parse_rules(text, name)


def parse_rules(text: str, name: str) -> list[Rule]:
    """Return the rules written in `text`; `name` is for messages. Raises PatternError."""
    macros: dict[str, str] = {}
    rules: list[Rule] = []
    signal = kind = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = fold(raw).strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("$"):
            key, _, words = line.partition("=")
            macros[key.strip()] = _expand(words.strip(), macros, f"{name}:{number}")
        elif line.startswith("["):
            signal, _, kind = line.strip("[]").partition(":")
        else:
            rules.append(_rule(line, signal, kind, macros, f"{name}:{number}"))
    return rules


def _rule(line: str, signal: str, kind: str, macros: dict[str, str], place: str) -> Rule:
    read = _STRENGTH.fullmatch(line)
    if read is None or not signal:
        raise PatternError(f"{place}: write a strength from 0 to 1 and words, below a [signal]")
    elements = [part for part in _expand(read["words"], macros, place).split() if part]
    while elements and elements[-1].startswith("~"):
        elements.pop()
    try:
        regex = re.compile(_regex(elements))
    except (re.error, ValueError) as error:
        raise PatternError(f"{place}: {error}") from error
    return Rule(
        signal=signal,
        kind=kind,
        strength=float(read["strength"]),
        holds_negated=bool(read["holds"]),
        has_negation=_NEGATION.search(" ".join(elements)) is not None,
        regex=regex,
        needs_brand=any(set(element.split("|")) <= _BRANDS for element in elements),
        keys=_keys(elements, place),
    )


def _expand(words: str, macros: dict[str, str], place: str) -> str:
    for name in re.findall(r"\$\w+", words):
        if name not in macros:
            raise PatternError(f"{place}: {name} is not defined above")
    return re.sub(r"\$\w+", lambda found: macros[found[0]], words)


def _regex(elements: list[str]) -> str:
    out: list[str] = []
    joint = ""
    for element in elements:
        if element in _PLACES:
            out.append(_PLACES[element])
        elif element.startswith("<"):
            out.append(rf"{joint}(?P<about>{_alternatives(element.strip('<>'))})")
            joint = _SEPARATOR
        elif element.startswith("~"):
            joint = rf"(?:{_SEPARATOR}{_WORD}){{0,{int(element[1:])}}}?{_SEPARATOR}"
        else:
            optional = element.startswith("(") and element.endswith(")")
            word = _alternatives(element.strip("()") if optional else element)
            if optional:
                out.append(rf"(?:{joint}{word})?" if joint else rf"(?:{word}{_SEPARATOR})?")
                continue
            out.append(joint + word)
            joint = _SEPARATOR
    return "".join(out)


def _alternatives(element: str) -> str:
    words = element.split("|")
    marks = [_MARKS[word] for word in words if word in _MARKS]
    arabic = [word for word in words if word not in _MARKS and _is_arabic(word)]
    latin = [word for word in words if word not in _MARKS and not _is_arabic(word)]
    if arabic:
        marks.append(rf"(?<!\w)[وف]?(?:{'|'.join(map(_word, arabic))})(?!\w)")
    if latin:
        marks.append(rf"(?<!\w)(?:{'|'.join(map(_word, latin))})(?!\w)")
    return rf"(?:{'|'.join(marks)})"


def _is_arabic(word: str) -> bool:
    return any("\u0600" <= character < "\u0700" for character in word)


def _word(written: str) -> str:
    spelled = written.replace("*", _LETTERS).replace("'", "'?")
    return spelled.replace("+", _SEPARATOR)


def _keys(elements: list[str], place: str) -> tuple[Key, ...]:
    best: tuple[Key, ...] = ()
    for element in elements:
        if element[0] in "^~({":
            continue
        alone = len(elements) == 1
        keys = tuple(dict.fromkeys(_key(word, alone=alone) for word in element.strip("<>").split("|")))
        if min(len(key.text) for key in keys) > min((len(key.text) for key in best), default=0):
            best = keys
    if not best:
        raise PatternError(f"{place}: at least one word must be plain")
    return best


def _key(word: str, *, alone: bool) -> Key:
    """Return the longest run of letters that every spelling of the word has, "" if there is none."""
    if word in _MARKS or "\\" in word:
        return Key("", begins=False, ends=False, whole=False)
    if _PLAIN.fullmatch(word):
        return Key(word, begins=True, ends=True, whole=alone)
    cleared = _OPTIONAL.sub(lambda found: " " * len(found[0]), word.replace("+", " ").replace("*", " "))
    piece = max(_PLAIN.findall(cleared), key=len, default="")
    at = cleared.find(piece)
    begins = at == 0 or word[at - 1 : at] == "+"
    end = at + len(piece)
    ends = end == len(word) or word[end : end + 1] == "+"
    return Key(piece, begins=begins, ends=ends, whole=False)
