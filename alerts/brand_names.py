"""What messages call a brand in each language: its alias in that language's own script, where it has one.

A brand that is configured as `Lawzy` with the alias `لوزي` is لوزي in Arabic messages and Lawzy in English
ones. Rules, the database and `digest.json` know it by its configured name alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from config.settings import Brand

Names = Mapping[str, Mapping[str, str]]
"""By a brand's configured name and a language: what to call it. Only what differs from that name is here."""

_SCRIPTS: Final[Mapping[str, str]] = {"ar": "ARABIC", "en": "LATIN"}
# A handle or a tag is an address, not a name; a star stands for any ending.
_NO_NAME: Final = re.compile(r"[@#*]")


def brand_names(brands: Iterable[Brand]) -> dict[str, dict[str, str]]:
    """Return, for each brand with a name of its own in a language's script, that name by language."""
    found = {brand.name: _by_language(brand) for brand in brands}
    return {brand: names for brand, names in found.items() if names}


def _by_language(brand: Brand) -> dict[str, str]:
    """The first alias wins: people put the spelling that they would print themselves in front."""
    names = {}
    for language, script in _SCRIPTS.items():
        own = (text for text in (brand.name, *brand.aliases) if _written_in(script, text))
        shown = next(own, brand.name)
        if shown != brand.name:
            names[language] = shown
    return names


def _written_in(script: str, text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    ours = all(unicodedata.name(char, "").startswith(script) for char in letters)
    return bool(letters) and ours and _NO_NAME.search(text) is None
