"""The patterns of customer signals: a small language of words, compiled once, matched in bounded time.

The lists are nlp/models/signals-*.txt. A line is a strength 0…1 and the words that follow one another:

    0.9  cancel|close ~2 subscription|account*

`a|b` is either word, `a+b` two words in a row, `*` up to eight letters, `[ab]` one of these letters, `x?` a
letter that may be absent, `~2` up to two words between, `(word)` a word that may be absent, `^` the
beginning of a clause, `{?}` a question mark to come in the sentence, `{brand}` and `{rival}` a brand or a
competitor that was found, `{part}` a word that is reported as what the signal is about. `$name` stands for
the words of a line `$name = …`. `!` after the strength says that a negation before the match does not take
it back. An Arabic word may have و or ف before it. A section `[signal]` or `[signal:kind]` begins a list.

Each rule is looked for only around the places where its longest literal stands (Aho-Corasick), in a window
of fixed length, by a regular expression whose repetitions are all bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import ahocorasick

from nlp.text import fold

BRAND_MARK, RIVAL_MARK = "\ue000", "\ue001"
"""Characters that stand in a text for each character of a brand of one's own and of a competitor."""
_WINDOW = 90
_MOST_HITS = 300
"""Places looked at in one text; a longer text is judged by what comes first."""
_SEPARATOR = r"[ ,،'\"()«»#@:/\-]{1,3}"
_WORD = r"[\w\ue000\ue001%$&]{1,30}"
_LETTERS = r"\w{0,8}"
_CLAUSE_START = r"(?:(?<![^.!?؟،,;؛:\n]) ?|(?<=[.!?؟،,;؛:] ))"
_PART_WORD = r"(?<!\w)(?P<about>\w{2,20})(?!\w)"
_MARKS = {
    "{?}": r"(?=[^.!?؟]{0,70}[?؟])",
    "{brand}": rf"(?:[وف]?[بكل]?(?:ال|لل)?[{BRAND_MARK}{RIVAL_MARK}]{{1,40}})",
    "{rival}": rf"(?:[وف]?[بكل]?(?:ال|لل)?{RIVAL_MARK}{{1,40}})",
    "{part}": _PART_WORD,
}
_STRENGTH = re.compile(r"(?P<strength>[01](?:\.\d+)?)(?P<holds>!?)\s+(?P<words>.+)")
_OPTIONAL = re.compile(r"\[[^\]]*\]\??|\w\?|['’]")
_PLAIN = re.compile(r"\w+")


class PatternError(ValueError):
    """A line of a pattern list cannot be read; the message names the file, the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled line. `keys` are the literals of which one must stand in a text that matches."""

    signal: str
    kind: str
    strength: float
    holds_negated: bool
    regex: re.Pattern[str]
    keys: tuple[str, ...]


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
        entries: dict[str, list[int]] = {}
        for index, rule in enumerate(self.rules):
            for key in rule.keys:
                entries.setdefault(key, []).append(index)
        self._automaton: Any = ahocorasick.Automaton()
        for key, indexes in entries.items():
            self._automaton.add_word(key, (len(key), tuple(indexes)))
        self._automaton.make_automaton()

    def touches(self, folded: str) -> bool:
        """Return whether any literal stands in the text, without which no rule can match."""
        return next(self._automaton.iter(folded), None) is not None

    def search(self, folded: str) -> Iterator[RuleMatch]:
        """Yield the matches of every rule in a folded text, each place once a rule."""
        tried: dict[int, int] = {}
        hits = 0
        for last, (length, indexes) in self._automaton.iter(folded):
            hits += 1
            if hits > _MOST_HITS:
                return
            for index in indexes:
                if last <= tried.get(index, -1):
                    continue
                begin = max(tried.get(index, -1) + 1, last - length - _WINDOW, 0)
                rule = self.rules[index]
                found = rule.regex.search(folded, begin, last + _WINDOW)
                if found is None or found.end() == found.start():
                    continue
                tried[index] = max(last, found.end() - 1)
                about = found.span("about") if "about" in rule.regex.groupindex else None
                yield RuleMatch(rule, found.start(), found.end(), about)


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
    elements = _expand(read["words"], macros, place).split()
    try:
        regex = re.compile(_regex(elements))
    except re.error as error:
        raise PatternError(f"{place}: {error}") from error
    return Rule(
        signal, kind, float(read["strength"]), bool(read["holds"]), regex, _keys(elements, place)
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
        if element == "^":
            out.append(_CLAUSE_START)
        elif element == "{?}":
            out.append(_MARKS[element])
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
    words = [_MARKS.get(word) or _word(word) for word in element.split("|")]
    return rf"(?:{'|'.join(words)})"


def _word(written: str) -> str:
    parts = written.replace("*", _LETTERS).replace("'", "'?").split("+")
    joined = _SEPARATOR.join(parts)
    return rf"(?<!\w)(?:[وف])?{joined}(?!\w)" if "\u0600" <= written.strip("*[")[:1] else rf"(?<!\w){joined}(?!\w)"


def _keys(elements: list[str], place: str) -> tuple[str, ...]:
    best: tuple[str, ...] = ()
    for element in elements:
        if element[0] in "^~({":
            continue
        literals = tuple(dict.fromkeys(_literal(word) for word in element.split("|")))
        if min(map(len, literals)) > min(map(len, best), default=0):
            best = literals
    if not best:
        raise PatternError(f"{place}: at least one word must be plain")
    return best


def _literal(word: str) -> str:
    """Return the longest run of letters that every spelling of the word has, "" if there is none."""
    if word in _MARKS:
        return ""
    pieces = _PLAIN.findall(_OPTIONAL.sub(" ", word.replace("+", " ").replace("*", " ")))
    return max(pieces, key=len, default="")
