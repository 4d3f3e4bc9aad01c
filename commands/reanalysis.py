"""Reading stored mentions again, a batch a transaction, beside a daemon that reads the new ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from sqlalchemy import Engine

import understanding
import wiring
from config.settings import Settings
from nlp.pipeline import TextItem
from nlp.sentiment.opinion import Abstention
from nlp.stream import in_order
from nlp.workers import AnalysisPool
from storage import analyses, corrections
from storage.mentions import StoredMention
from storage.records import Analysis
from storage.stories import Policy

_UNREAD = (Abstention.TIMED_OUT, Abstention.FAILED)


@dataclass(slots=True)
class Reread:
    """How many mentions were read again, how many changed label or brands, how many could not be read."""

    read: int = 0
    relabelled: int = 0
    rebranded: int = 0
    unread: int = 0


async def read_again(
    engine: Engine,
    settings: Settings,
    batches: Iterable[list[StoredMention]],
    advance: Callable[[int], None] = lambda count: None,
) -> Reread:
    """Understand the mentions anew and save what is found, telling `advance` how many are done.

    Stopped anywhere, what is saved is whole and the rest is as it was. A mention that was edited or
    erased meanwhile is passed over, one that cannot be read keeps its old analysis.
    """
    result = Reread()
    about = {source.name: source.brand for source in settings.sources}
    in_hand: dict[str, StoredMention] = {}

    def items() -> Iterator[TextItem]:
        for batch in batches:
            for stored in batch:
                in_hand[str(stored.id)] = stored
                yield TextItem.of(str(stored.id), stored.mention, about.get(stored.mention.source))

    config, policy = understanding.plan(settings, engine), Policy.from_settings(settings)
    async with (
        AnalysisPool(config, workers=settings.workers) as pool,
        aclosing(in_order(pool, items(), settings.workers)) as found,
    ):
        async for batch, read in found:
            pairs = [(in_hand.pop(item.id), analysis) for item, analysis in zip(batch, read, strict=True)]
            await asyncio.to_thread(_save, engine, pairs, policy, result)
            advance(len(batch))
    return result


def _save(
    engine: Engine, pairs: list[tuple[StoredMention, Analysis]], policy: Policy, result: Reread
) -> None:
    good = [(stored, new) for stored, new in pairs if new.reason not in _UNREAD or stored.analysis is None]
    with engine.begin() as conn:
        result.read += analyses.save(conn, good, wiring.now(), policy)
        # What a person said stands, whatever the model says of the text now.
        ids = [stored.id for stored, _ in good]
        labelled, branded = corrections.corrected(conn, ids), corrections.rebranded(conn, ids)
    result.unread += len(pairs) - len(good)
    for stored, new in good:
        if (old := stored.analysis) is not None:
            result.relabelled += old.sentiment_label is not new.sentiment_label and stored.id not in labelled
            other = {m.name for m in old.brands} != {m.name for m in new.brands}
            result.rebranded += other and stored.id not in branded
