"""Values out of JSON of any shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import UnreadableError
from crawlers.json_values import (
    count,
    integer,
    json_document,
    mapping,
    name,
    names,
    number,
    objects,
    string,
)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b'{"a"', b"\xff\xfe\x00", b"9" * 5000])
def test_what_is_no_json_is_said_to_be_none(body):
    with pytest.raises(UnreadableError, match="not a page of it: the answer is not JSON"):
        json_document(body, "a page of it")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (3, 3),
        (-3, -3),
        ("12", 12),
        ("-12", -12),
        (4.0, 4),
        (4.5, None),
        (True, None),
        (None, None),
        ("1,200", None),
        ("٣", None),
        ("--1", None),
        ("", None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        (["1"], None),
    ],
)
def test_whole_numbers_are_taken_however_they_are_written(raw, expected):
    assert integer(raw) == expected


def test_counts_and_numbers_are_sound():
    assert (count(0), count(-1), count("7")) == (0, None, 7)
    assert (number(0.2), number(float("nan")), number(True), number("1")) == (0.2, None, None, None)


def test_names_are_short_and_on_one_line():
    assert name("  Lina\n\tAli ") == "Lina Ali"
    assert name("   ") is None
    assert name(5) is None
    assert len(name("x" * 5000) or "") == 300
    assert names(["bug", {"name": "UI"}, None, 4, {"name": 4}, ""]) == ["bug", "UI"]
    assert names("bug") == []


def test_half_a_surrogate_pair_is_no_text():
    assert string("قهوة \ud83d!") == "قهوة \ufffd!"
    assert string("قهوة ☕😀") == "قهوة ☕😀"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(anything)
def test_any_value_is_survived(raw):
    for take in (mapping, objects, string, name, names, integer, count, number):
        take(raw)
    string(raw).encode("utf-8")
