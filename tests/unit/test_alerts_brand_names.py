"""What messages call a brand: the spelling of the language's own script, and nothing that is no name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.brand_names import brand_names
from config.settings import Brand


@pytest.mark.parametrize(
    ("name", "aliases", "expected"),
    [
        ("Lawzy", ["Lawzy", "لوزي", "@lawzy"], {"ar": "لوزي"}),
        ("Lawzy", ["#لوزي", "@لوزي", "لوز*", "تطبيق لوزي", "لوزي"], {"ar": "تطبيق لوزي"}),
        ("لوزي", ["lawzy_app", "@lawzy", "Lawzy"], {"en": "lawzy_app"}),
        ("لوزي", ["لوزي", "لوزى"], {}),
        ("Lawzy", [], {}),
        ("Lawzy", ["Lawzy لوزي", "@lawzy", "١٢٣"], {}),
        ("Émile 3", ["إميل 3", "إِميل ٣"], {"ar": "إميل 3"}),
        ("3", ["ثلاثة", "Three"], {"ar": "ثلاثة", "en": "Three"}),
        ("Лози", ["لوزي", "Lawzy"], {"ar": "لوزي", "en": "Lawzy"}),
    ],
)
def test_the_first_alias_in_the_script_is_the_name(
    name: str, aliases: list[str], expected: dict[str, str]
) -> None:
    brand = Brand.model_validate({"name": name, "aliases": aliases})
    assert brand_names([brand]) == ({name: expected} if expected else {})


@given(st.lists(st.sampled_from(["Lawzy", "لوزي", "@lawzy", "#لوزي", "Lawzy لوزي", "12"]), max_size=6))
def test_a_name_is_always_one_of_the_brands_own_spellings(aliases: list[str]) -> None:
    brand = Brand(name="Lawzy", aliases=aliases)
    names = brand_names([brand]).get("Lawzy", {})
    assert set(names.values()) <= set(aliases)
    assert ("ar" in names) == ("لوزي" in aliases)
    assert "en" not in names
