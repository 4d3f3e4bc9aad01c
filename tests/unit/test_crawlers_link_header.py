"""Where a `Link` header says that the next page is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.link_header import next_query


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ('<https://api.example/x?page=2&per_page=9>; rel="next"', {"page": "2", "per_page": "9"}),
        (
            '<https://api.example/x?page=1>; rel="prev", <https://api.example/x?page=3>; rel=next',
            {"page": "3"},
        ),
        ('<?after=Y3Vyc29y%3D>; title="a"; REL="last NEXT"', {"after": "Y3Vyc29y="}),
        ('<https://api.example/x?page=9>; rel="last"', {}),
        ('<https://api.example/x?page=9>; rel="nextish"', {}),
        ("<https://[bad?page=2>; rel=next", {}),
        ("", {}),
        ("<" * 50_000, {}),
    ],
)
def test_the_parameters_of_the_next_page_are_taken(link, expected):
    assert next_query(link) == expected


@given(st.text())
def test_any_header_is_survived(link):
    assert isinstance(next_query(link), dict)
