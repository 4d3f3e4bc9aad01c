"""Recorded payloads through the real readers, over HTTP from loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from ipaddress import ip_network
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from benchmarks import payloads
from benchmarks.payloads.case import Case, recorded
from benchmarks.payloads.service import Service
from config.settings import Settings, Source
from crawlers.base import kinds
from crawlers.collect import preview
from crawlers.reactor import run
from storage.records import FetchEvent, Mention

# Later than any of the recordings.
NOW = datetime(2026, 11, 1, tzinfo=UTC)
_OURS = frozenset({"case", "run", "service"})


def shared_folder() -> Path:
    """Return the folder of recorded payloads; it may not be there."""
    return Path(os.environ.get("MARSAD_SHARED", Path(__file__).parents[2].parent / "shared"))


def all_cases() -> list[Case]:
    """Return the cases of all kinds, in the order of their kinds."""
    names = sorted(found.name for found in iter_modules(payloads.__path__) if found.name not in _OURS)
    cases = [import_module(f"benchmarks.payloads.{name}").CASES for name in names]
    return [case for of_kind in cases for case in of_kind]


def read_case(case: Case, shared: Path) -> tuple[FetchEvent, list[Mention]]:
    """Return how the visit ended and the mentions that it gave."""
    content = recorded((shared / "fixtures" / case.file).read_bytes())
    with _environment(case.secrets), Service(lambda asked: case.answer(asked, content)) as service:
        entry = {"name": case.kind, "kind": case.kind, **case.options(service.url)}
        ((event, found),) = run(lambda: preview(settings_with(entry), lambda: NOW))
    return event, found


def settings_with(*entries: dict[str, Any], folder: Path | None = None) -> Settings:
    """Return settings with these sources, which may reach loopback."""
    sources = []
    for entry in entries:
        source = Source(**entry)
        source._options = kinds()[source.kind].Options.model_validate(source.model_extra or {})
        sources.append(source)
    made = Settings(allow_private_networks=[ip_network("127.0.0.0/8")])
    made.sources.extend(sources)
    if folder is not None:
        made._path = folder / "marsad.yaml"
    return made


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
