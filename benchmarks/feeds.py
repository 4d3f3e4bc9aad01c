"""Feeds to measure on: the demo's texts, as many as are asked for, served by a process of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection

from demo.feeds import NEWEST, rss
from demo.items import Item
from demo.loopback import LoopbackServer, Request, Response
from demo.world import World

END = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Load:
    """What every contestant is given: the texts, and the feeds that carry them, in the same order."""

    name: str
    items: tuple[Item, ...]
    feeds: tuple[bytes, ...]

    @property
    def texts(self) -> list[str]:
        """The texts as their writers wrote them."""
        return [item.text for item in self.items]

    def __str__(self) -> str:
        """Return the name, how many texts in which languages, and how long they are."""
        arabic = sum(item.language == "ar" for item in self.items) / len(self.items)
        words = sum(len(text.split()) for text in self.texts) / len(self.items)
        return (
            f"{self.name}: {len(self.items)} mentions of {words:.0f} words in {len(self.feeds)} feeds, "
            f"{arabic:.0%} Arabic"
        )


def load(name: str, mentions: int, language: str | None = None) -> Load:
    """Return a load of texts from the demo's world, all of them or those in one language (`ar`, `en`)."""
    fitting = (item for item in _worlds() if language in (None, item.language))
    items = tuple(islice(fitting, mentions))
    pages = [items[start : start + NEWEST] for start in range(0, len(items), NEWEST)]
    return Load(name, items, tuple(rss("http://lawzy.example", name, "ar", page, END) for page in pages))


def _worlds() -> Iterator[Item]:
    """Yield what is written in one made-up world after another, each with ids of its own."""
    for seed in count(1):
        for item in World(END, seed).everything():
            yield replace(item, id=f"{seed}-{item.id}")


@contextmanager
def served(feeds: Sequence[bytes]) -> Iterator[list[str]]:
    """Serve the feeds from another process, and give their addresses."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, tuple(feeds)))
    server.start()
    theirs.close()
    try:
        base: str = ours.recv()
        yield [f"{base}/{number}" for number in range(len(feeds))]
    finally:
        ours.send("stop")
        server.join()


def _serve(pipe: Connection, feeds: Sequence[bytes]) -> None:
    def respond(request: Request) -> Response:
        return Response(feeds[int(request.path.strip("/"))], "application/rss+xml; charset=utf-8")

    with LoopbackServer(respond) as server:
        pipe.send(server.url)
        pipe.recv()
