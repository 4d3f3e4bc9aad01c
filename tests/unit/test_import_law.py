"""Who may import whom: the table of the house, held against every import in it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What each place may import; a dotted name admits that module of the place and nothing else of it.
LAW: dict[str, set[str]] = {
    "config": set(),
    "storage": {"config"},
    "crawlers": {"config", "storage"},
    "nlp": {"config", "storage.records"},
    "alerts": {"config", "storage"},
    "health": {"config", "storage"},
    "wiring": {"config", "storage", "crawlers", "alerts"},
    "understanding": {"config", "storage", "nlp", "wiring"},
    "scheduler": {"config", "storage", "crawlers", "nlp", "alerts", "health", "understanding", "wiring"},
    "checks": {"config", "storage", "crawlers", "nlp", "alerts", "understanding", "wiring"},
    "demo": {"config", "storage", "crawlers", "nlp", "alerts", "health", "scheduler", "wiring"},
    "commands": {
        *("config", "storage", "crawlers", "nlp", "alerts"),
        *("scheduler", "demo", "checks", "understanding", "wiring"),
    },
    "cli": {"config", "storage", "alerts", "nlp", "commands"},
}
PLACES = tuple(place for place in LAW if (ROOT / place).is_dir() or (ROOT / f"{place}.py").is_file())
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "data", "process"}
# One HTTP client collects, under one guard; what could fetch beside it stays out of these places.
FETCHERS = ("requests", "httpx", "aiohttp", "urllib3", "http.client", "urllib.request", "ftplib", "pycurl")
COLLECTING = ("config", "storage", "crawlers", "nlp", "scheduler")


def modules(place: str) -> list[Path]:
    """Return the files of a place, which is a folder or one module."""
    folder = ROOT / place
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{place}.py"]


def imports(source: str, package: str = "") -> Iterator[tuple[int, str]]:
    """Yield each import of a source, at any depth and by any spelling, as (line, dotted name).

    `from storage import records` yields `storage.records`; a relative import is resolved in `package`.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{start}.{name.name}") for name in node.names)
        elif isinstance(node, ast.Call) and _calls_an_import(node.func) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield node.lineno, first.value


def _calls_an_import(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__")


def lawful(place: str, name: str) -> bool:
    """Tell whether a place may import a dotted name."""
    top = name.partition(".")[0]
    if top not in PLACES or top == place:
        return True
    return any(name == allowed or name.startswith(f"{allowed}.") for allowed in LAW[place])


def every_import() -> Iterator[tuple[str, Path, int, str]]:
    for place in PLACES:
        for path in modules(place):
            package = ".".join(path.relative_to(ROOT).parts[:-1])
            for line, name in imports(path.read_text(encoding="utf-8"), package):
                yield place, path, line, name


def test_no_import_breaks_the_law() -> None:
    broken = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for place, path, line, name in every_import()
        if not lawful(place, name)
    ]
    assert broken == []


def test_every_top_level_place_is_under_the_law() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages | {path.stem for path in ROOT.glob("*.py")} == set(PLACES)


def test_no_two_places_import_one_another() -> None:
    edges = {(place, name.partition(".")[0]) for place, _, _, name in every_import()}
    used = {
        place: {to for start, to in edges if start == place and to in PLACES and to != place}
        for place in PLACES
    }
    standing = list(PLACES)
    while free := [place for place in standing if not used[place] & set(standing)]:
        standing = [place for place in standing if place not in free]
    assert standing == []


@pytest.mark.parametrize(
    ("place", "source", "holds"),
    [
        ("nlp", "from storage.records import Mention", True),
        ("nlp", "from storage import records", True),
        ("nlp", "from storage import mentions", False),
        ("nlp", "import storage", False),
        ("nlp", "def f():\n    import storage.engine", False),
        ("nlp", "if TYPE_CHECKING:\n    from alerts import spike", False),
        ("nlp", "import importlib\nimportlib.import_module('crawlers.base')", False),
        ("nlp", "from .text import fold\nfrom nlp import text\nimport storages, configs", True),
        ("crawlers", "from alerts.spike import score", False),
        ("alerts", "import crawlers.base as base", False),
        ("config", "from storage.records import Mention", False),
        ("demo", "from cli import main", False),
        ("scheduler", "import demo", False),
    ],
)
def test_the_law_is_read_in_every_spelling(place: str, source: str, holds: bool) -> None:
    assert all(lawful(place, name) for _, name in imports(source, place)) is holds


def test_the_records_stand_on_the_standard_library_alone() -> None:
    source = (ROOT / "storage" / "records.py").read_text(encoding="utf-8")
    foreign = {name for _, name in imports(source) if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign == set()


def test_the_scheduler_fits_in_the_head() -> None:
    assert len((ROOT / "scheduler.py").read_text(encoding="utf-8").splitlines()) < 200


def test_no_file_or_folder_has_a_vague_name() -> None:
    inside = {path for place in PLACES for path in modules(place)}
    vague = [
        path for path in inside if VAGUE & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
    ]
    assert vague == []


def test_nothing_that_collects_fetches_past_the_guard() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for place, path, line, name in every_import()
        if place in COLLECTING and any(name == bad or name.startswith(f"{bad}.") for bad in FETCHERS)
    ]
    assert found == []


def test_every_place_and_folder_of_code_is_in_the_distribution() -> None:
    listed = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = {path.parent.relative_to(ROOT) for place in PLACES for path in modules(place)} - {Path()}
    missing = [
        f"{place}.py"
        for place in PLACES
        if modules(place) == [ROOT / f"{place}.py"] and f'"{place}"' not in listed
    ]
    missing += [str(package) for package in packages if f'"{".".join(package.parts)}"' not in listed]
    assert missing == []
