"""The written form: what is refused, where a mistake stands, and how plain words are read."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.document import parse
from config.errors import ConfigError

_BOMB = b"a0: &a0 [x,x,x,x,x,x,x,x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n + 1, n + 1, b",".join([b"*a%d" % n] * 8)) for n in range(20)
)
_CHAIN = b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d]\n" % (n + 1, n + 1, n) for n in range(200))


@pytest.mark.parametrize(
    ("raw", "line", "said"),
    [
        (b"", None, "is empty"),
        (b"# nothing\n", None, "is empty"),
        (b"- a", 1, "not with a list"),
        (b"word", 1, "not with a list"),
        (b"a: 1\nb: \xff", 2, "is not UTF-8"),
        ("a: ب".encode("utf-16"), 1, "is not UTF-8"),
        (b"a: \x00", None, "control character"),
        (b"a: 1\nb: [1,", None, "is not valid YAML"),
        (b"a:\n\tb: 1", 2, "indent with spaces"),
        (b"a: @acme", 1, "in quotes"),
        (b"a: b: c", 1, "in quotes"),
        (b"a: 'b", 1, "Close the quotes"),
        (b"a: 1\n---\nb: 2", 2, "another document"),
        (b"[" * 500_000, 1, "nested"),
        (b"{a: " * 200_000, 1, "nested"),
        (_BOMB, None, "values"),
        (_CHAIN, None, "nested"),
        (b"a: &a [*a]", 1, "refers to what it stands in"),
        (b"a: " + b"x" * 1_048_576, None, "larger than 1 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(raw: bytes, line: int | None, said: str) -> None:
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        parse(raw, "m.yaml")
    assert time.process_time() - began < 2
    (problem,) = caught.value.problems
    assert said in str(problem)
    assert line is None or problem.line == line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("09:00", "09:00"),
        ("2026-01-01", "2026-01-01"),
        ("0501234567", "0501234567"),
        ("+966501234567", "+966501234567"),
        ("1_000", "1_000"),
        ("7", 7),
        ("-1.5", -1.5),
        ("true", True),
        ("null", None),
        ("", None),
        ("'7'", "7"),
        ("!!str 7", "7"),
        ("أكمي", "أكمي"),
    ],
)
def test_plain_words_stay_what_they_look_like(text: str, value: object) -> None:
    assert parse(f"a: {text}\n".encode(), "m").values == {"a": value}


def test_duplicate_keys_are_told_with_both_lines_at_every_level() -> None:
    document = parse(b"a: 1\nb: {c: 1,\n  c: 2}\na: 2\n", "m")
    assert [(problem.key, problem.line) for problem in document.problems] == [("b.c", 3), ("a", 4)]
    assert "line 2 and in line 3, column 3" in document.problems[0].what


@pytest.mark.parametrize(
    "text", ["a: !!python/object:os.system x", "a: !x y", "a: !!int z", "? [k]\n: 1\nb: 2"]
)
def test_tags_and_odd_keys_are_mistakes_and_make_nothing(text: str) -> None:
    document = parse(text.encode(), "m")
    assert document.problems
    assert document.values.get("a") is None


def test_an_absent_key_is_placed_where_it_should_stand() -> None:
    document = parse(b"a:\n  - {b: 1}\n  - c: 1\n    d: 2\n", "m")
    assert [document.line(key) for key in ("a[1].d", "a[1].zz.y", "a[1]", "a", "q[0].r")] == [
        4,
        3,
        3,
        1,
        None,
    ]


def test_an_alias_repeats_what_its_anchor_holds() -> None:
    assert parse(b"a: &x [1, 2]\nb: *x", "m").values == {"a": [1, 2], "b": [1, 2]}


_WORDS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"], exclude_characters="\ufeff"),
    min_size=1,
    max_size=10,
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(_WORDS, _JSON, min_size=1, max_size=4))
def test_whatever_is_written_as_json_is_read_back(values: dict[str, Any]) -> None:
    assert parse(json.dumps(values, ensure_ascii=False).encode(), "m").values == values
