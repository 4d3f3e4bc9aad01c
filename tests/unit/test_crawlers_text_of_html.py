"""HTML as people read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.text_of_html import one_line, text_of_html


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain &amp; simple", "plain & simple"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<b>bo</b>ld and <i>so</i> on", "bold and so on"),
        ("<div>a\n   b</div>", "a b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("a<script>evil()</script>b<style>p{}</style>c", "abc"),
        ("a<!-- hidden -->b", "ab"),
        ("&lt;p&gt; stays & so", "<p> stays & so"),
        ("x &lt;b&gt;y&lt;/b&gt;<br>z", "x <b>y</b>\nz"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<p>قهوة&nbsp;جيدة</p>", "قهوة جيدة"),
        ('<a href="https://x.example">link</a>', "link"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_text(markup, text):
    assert text_of_html(markup) == text


@given(st.text(max_size=300))
def test_any_markup_gives_tidy_text(markup):
    text = text_of_html(markup)
    assert text == text.strip()
    assert "\n\n\n" not in text
    assert "\x00" not in text


@given(st.text(max_size=100))
def test_one_line_is_one_line(text):
    assert len(one_line(text).splitlines()) <= 1 or any(
        mark in text for mark in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    )
