"""Refuses a shared environment, in which another distribution owns one of our top-level names.

Marsad's places are flat at the top of site-packages, and names such as `config` are common: installed
side by side, one distribution's files silently replace the other's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions

from config.errors import SharedEnvironmentError

DISTRIBUTION = "marsad"
NAMES = (
    *("alerts", "checks", "cli", "commands", "config", "crawlers", "demo"),
    *("health", "nlp", "scheduler", "storage", "understanding", "wiring"),
)
_ANY = "|".join(NAMES)
_IN_RECORD = re.compile(rf"^(?:({_ANY})/[^,]+\.(?:py|so|pyd)|({_ANY})\.(?:py|[^/,]*so|pyd)),", re.MULTILINE)
_IN_TOP_LEVEL = re.compile(rf"^({_ANY})\s*$", re.MULTILINE)


def owners(installed: Iterable[Distribution]) -> dict[str, set[str]]:
    """Return which distributions own which of our names, as `packages_distributions` would say.

    That function parses every line of every record, which takes a quarter of a second; a search
    for our names alone takes a tenth of that and so can be done at each start.
    """
    found: dict[str, set[str]] = {}
    for distribution in installed:
        listed = distribution.read_text("top_level.txt")
        if listed is not None:
            names = set(_IN_TOP_LEVEL.findall(listed))
        else:
            record = distribution.read_text("RECORD") or ""
            names = {package or module for package, module in _IN_RECORD.findall(record)}
        for name in names:
            found.setdefault(name, set()).add(re.sub(r"[-_.]+", "-", str(distribution.name)).lower())
    return found


def conflicts(owned: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return, for each of our names that others own too, those others in order."""
    others = {name: sorted(set(owned.get(name, ())) - {DISTRIBUTION}) for name in NAMES}
    return {name: who for name, who in others.items() if who}


def check_environment(installed: Iterable[Distribution] | None = None) -> None:
    """Look at what is installed, everything importable if not given.

    Raises:
        SharedEnvironmentError: another distribution owns one of our names.
    """
    found = conflicts(owners(distributions() if installed is None else installed))
    if found:
        listed = "; ".join(f"{name} belongs to {', '.join(who)} too" for name, who in found.items())
        raise SharedEnvironmentError(
            f"Marsad cannot share this Python environment: {listed}. Make an environment of its own"
            " (python3 -m venv .venv, then .venv/bin/pip install marsad) and run it from there."
        )
