"""The kinds' simulated services, and visits to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from sqlalchemy import Engine, select

from benchmarks.payloads.case import Answer, Asked
from benchmarks.payloads.run import settings_with
from benchmarks.payloads.service import Raw, Service
from crawlers.collect import collect
from crawlers.reactor import run
from storage.engine import migrate, open_engine
from storage.records import FetchEvent
from storage.tables import mentions
from tests.contract.world import BASE, World

WORLDS = Path(__file__).parent / "worlds"


def worlds() -> list[World]:
    """Return the worlds of all kinds."""
    names = sorted(found.name for found in iter_modules([str(WORLDS)]))
    return [import_module(f"tests.contract.worlds.{name}").WORLD for name in names]


@dataclass
class Life:
    """A world that is visited: the items that exist, newest first, and what goes wrong there.

    `fault` may answer a request instead of the world; `main` counts the requests that are not auxiliary.
    """

    world: World
    engine: Engine
    clock: Any
    folder: Path
    url: str = ""
    items: list[int] = field(default_factory=list)
    fault: Callable[[Asked, int], Answer | Raw | None] = lambda asked, number: None
    main: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def respond(self, asked: Asked) -> Answer | Raw | None:
        """Answer one request."""
        if not asked.path.startswith(self.world.status_routes or ("\0",)):
            self.main += 1
            found = self.fault(asked, self.main)
            if found is not None:
                return found
        return self.world.answer(asked, self.items)

    def entry(self, url: str) -> dict[str, Any]:
        """Return the source as it stands in the configuration."""
        return {"name": "it", "kind": self.world.kind, **self.world.options(url), **self.options}

    def visit(self) -> FetchEvent:
        """Visit the source once, whether it is due or not."""
        self.main = 0
        self.clock.advance(hours=1)
        settings = settings_with(self.entry(self.url), folder=self.folder)
        (event,) = run(lambda: collect(self.engine, settings, self.clock, force=True))
        return event

    def stored(self) -> list[str]:
        """Return title and text of the mentions kept, in the order of their ids."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(mentions.c.title, mentions.c.text).order_by(mentions.c.id))
            return [f"{row.title or ''} {row.text}" for row in rows]

    def numbers(self) -> list[int]:
        """Return the numbers of the items kept, the newest first; nothing else is, and none twice."""
        found = self.named()
        assert len(found) == len(self.stored()), "an item is kept twice, or something that is no item"
        return found

    def named(self) -> list[int]:
        """Return the numbers that the texts kept name, the newest first."""
        texts = self.stored()
        return [n for n in range(999, -1, -1) if any(f"item {n}." in text for text in texts)]


@pytest.fixture(params=worlds(), ids=lambda world: world.kind)
def life(request, tmp_path, clock, monkeypatch) -> Iterator[Life]:
    """A kind's world, with a database of its own."""
    world: World = request.param
    for name, value in world.secrets.items():
        monkeypatch.setenv(name, value)
    polite = _settings_of_downloads()
    monkeypatch.setattr(
        "crawlers.downloads.shared_settings", lambda s: {**polite(s), "AUTOTHROTTLE_ENABLED": False}
    )
    crawling = _settings_of_crawls()
    monkeypatch.setattr(
        "crawlers.visiting.scrapy_settings",
        lambda *given: {**crawling(*given), "AUTOTHROTTLE_ENABLED": False},
    )
    clock.now = BASE + timedelta(days=2)
    engine = open_engine("sqlite:///contract.db", tmp_path)
    migrate(engine)
    made = Life(world, engine, clock, tmp_path)
    with Service(made.respond) as service:
        made.url = service.url
        yield made
    engine.dispose()


def _settings_of_downloads() -> Callable[..., dict[str, Any]]:
    from crawlers.downloads import shared_settings

    return shared_settings


def _settings_of_crawls() -> Callable[..., dict[str, Any]]:
    from crawlers.visiting import scrapy_settings

    return scrapy_settings
