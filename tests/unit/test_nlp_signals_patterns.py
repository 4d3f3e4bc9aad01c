from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.signals import PATTERN_FILES
from nlp.signals_evidence import Cue, Signal
from nlp.signals_patterns import BRAND_MARK, RIVAL_MARK, PatternError, PatternSet, Rule, parse_rules
from nlp.text import fold
from nlp.training.signals import read_lines

SHIPPED = PatternSet(PATTERN_FILES)


def holds(pattern: str, text: str) -> bool:
    (rule,) = parse_rules(f"[signal]\n0.9 {pattern}", "test")
    return rule.regex.search(fold(text)) is not None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("الغي اشتراكي", "والغي اشتراكي", True),
        ("ألغي اشتراكي", "الغي إشتراكي", True),
        ("الغي اشتراكي", "سالغي اشتراكي", False),
        ("الغي ~1 اشتراكي", "الغي لكم اشتراكي", True),
        ("الغي ~1 اشتراكي", "الغي لكم اليوم اشتراكي", False),
        ("cancel ~1 plan", "cancel. My plan", False),
        ("[به]?لغي اشتراك*", "هلغي اشتراكنا", True),
        ("won't", "wont", True),
        ("rip+off|scam", "rip off", True),
        ("rip+off|scam", "rip it off", False),
        ("too (far) dear", "too dear", True),
        ("too (far) dear", "too far dear", True),
        ("^ boycott", "please boycott", False),
        ("^ boycott", "please, boycott", True),
        ("^^ boycott", "please, boycott", False),
        ("^^ boycott", "Enough. Boycott", True),
        ("leaving {.}", "we are leaving.", True),
        ("leaving {.}", "leaving the house", False),
        ("open {?}", "open on Friday?", True),
        ("open {?}", "open on Friday. Why?", False),
        ("leave {brand}", f"leave {BRAND_MARK * 4}", True),
        ("leave {rival}", f"leave {BRAND_MARK * 4}", False),
        ("leave {rival}", f"leave {RIVAL_MARK * 4}", True),
    ],
)
def test_the_notation_means_what_it_says(pattern: str, text: str, expected: bool) -> None:
    assert holds(pattern, text) is expected


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("0.9 words", "list:1", r"\[signal\]"),
        ("[a]\nno strength", "list:2", "strength"),
        ("[a]\n0.9 $nothing here", "list:2", "not defined"),
        ("[a]\n\n0.9 {brand} ~2", "list:3", "plain"),
        ("[a]\n0.9 (broken", "list:2", "unterminated"),
        ("[a]\n0.9 [broken", "list:2", ""),
        ("[a]\n0.9 one ~many two", "list:2", ""),
    ],
)
def test_a_line_that_cannot_be_read_is_named(text: str, where: str, said: str) -> None:
    with pytest.raises(PatternError, match=f"{where}.*{said}"):
        parse_rules(text, "list")


def test_a_named_list_of_words_may_stand_in_another() -> None:
    (rule,) = parse_rules("$a = one|two\n$b = $a|three\n[x:kind]\n0.5! $b four", "test")
    assert [bool(rule.regex.search(f"{word} four")) for word in ("one", "three", "five")] == [
        True,
        True,
        False,
    ]
    assert (rule.signal, rule.kind, rule.strength, rule.holds_negated) == ("x", "kind", 0.5, True)


def test_the_shipped_lists_speak_of_known_signals_and_cues() -> None:
    known = {str(signal) for signal in Signal} | {"cue"}
    assert {rule.signal for rule in SHIPPED.rules} == known
    assert {rule.kind for rule in SHIPPED.rules if rule.signal == "cue"} == {str(cue) for cue in Cue}


def test_no_shipped_pattern_repeats_without_bound() -> None:
    unbounded = re.compile(r"(?<!\\)[+*](?![^\[]*\])|\{\d+,\}")
    assert [rule.regex.pattern for rule in SHIPPED.rules if unbounded.search(rule.regex.pattern)] == []


def test_the_automaton_misses_nothing_that_a_rule_by_itself_finds() -> None:
    for line in read_lines()[::9]:
        text = fold(line.text)
        found = {id(match.rule) for match in SHIPPED.search(text)}
        for rule in SHIPPED.rules:
            direct = rule.regex.search(text)
            assert (direct is not None and direct.end() > direct.start()) == (id(rule) in found), (
                rule.regex.pattern,
                text,
            )


@given(st.sampled_from(SHIPPED.rules), st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=300)
def test_any_text_around_a_literal_gives_places_inside_it(rule: Rule, before: str, after: str) -> None:
    text = fold(f"{before} {' '.join(key.text for key in rule.keys[:3])} {after}")
    assert all(0 <= match.start < match.end <= len(text) for match in SHIPPED.search(text))
