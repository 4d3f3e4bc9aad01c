"""What `marsad check` looks at. Each check yields what it looked at, and what is wrong with it or None."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy.exc import SQLAlchemyError

import wiring
from alerts.channels.base import open_channels
from alerts.errors import ChannelError
from config import loader
from config.errors import SecretUnavailable
from config.settings import Settings, Source
from crawlers import base as source_kinds
from crawlers import collect, reactor
from crawlers.intake import webhook_listener
from nlp.errors import NlpError
from nlp.pipeline import Pipeline
from storage.errors import StorageError, explain
from storage.records import FetchEvent, FetchStatus, Mention
from storage.status import cause_of
from understanding import plan_without_need

# What was looked at, and what is wrong with it.
Checked = tuple[str, str | None]
_EXCERPT = 60


def secrets(settings: Settings) -> Iterator[Checked]:
    """Look whether every secret that is named can be had."""
    for problem in loader.missing_secrets(settings):
        yield f"secret {problem.key}", f"{problem.what}. {problem.fix}"


def database(settings: Settings) -> Iterator[Checked]:
    """Open the database and look whether its tables are of this version."""
    try:
        with wiring.database(settings) as engine:
            yield f"database: {engine.dialect.name}", None
    except (StorageError, SQLAlchemyError) as error:
        yield "database", explain(error)


def models(settings: Settings) -> Iterator[Checked]:
    """Load the models and let them read a text."""
    try:
        pipeline = Pipeline(plan_without_need(settings))
        pipeline.warm_up()
        yield f"models: {pipeline.model_version}", None
    except NlpError as error:
        yield "models", str(error)


def webhooks(settings: Settings) -> Iterator[Checked]:
    """Look whether the listener for webhooks can do its work, where there are any."""
    paths, wrong = webhook_listener.paths_of(settings), webhook_listener.problems(settings)
    where = f"{settings.webhooks.host}:{settings.webhooks.port}"
    yield from ((f"webhooks at {where}", problem) for problem in wrong)
    if paths and not wrong:
        yield f"webhooks at {where}: {', '.join(paths)}", None


def sources(settings: Settings) -> Iterator[Checked]:
    """Fetch one page of each list of each source, store nothing, and say what would have been kept."""
    by_name = {source.name: source for source in settings.sources}
    for event, found in reactor.run(lambda: collect.preview(settings, wiring.now, newest_only=True)):
        what = f"source {event.source}"
        if event.error is not None:
            yield what, cause_of(event)
        else:
            yield f"{what}: {'; '.join(_would_keep(by_name[event.source], event, found))}", None


def _would_keep(source: Source, event: FetchEvent, found: Sequence[Mention]) -> Iterator[str]:
    """Yield what a person wants to know of a page: how much, how recent, how full, how sure."""
    yield _counts(event, found)
    if event.status is FetchStatus.POSTPONED:
        yield f"postponed until {event.next_due:%Y-%m-%d %H:%M} UTC"
    if found:
        yield f'"{_excerpt(found[0])}"'
    if (budget := source.options.requests_a_day) is not None:
        yield f"{event.requests} of {budget} requests a day"
    if (beta := source_kinds.kinds()[source.kind].beta) is not None:
        yield f"beta, {beta}"


def _counts(event: FetchEvent, found: Sequence[Mention]) -> str:
    told = [f"{len(found)} {'item' if len(found) == 1 else 'items'}"]
    if dated := [mention.published_at for mention in found if mention.published_at is not None]:
        told.append(f"newest {max(dated):%Y-%m-%d}")
    for field in ("author", "rating"):
        if share := event.fill_rates.get(field):
            told.append(f"{round(share * len(found))} with {field}")
    return ", ".join(told)


def _excerpt(mention: Mention) -> str:
    """Return the beginning of a title or text on one line, without what could steer a terminal."""
    words = " ".join((mention.title or mention.text).split())
    shown = "".join(letter for letter in words if letter.isprintable())
    return shown if len(shown) <= _EXCERPT else shown[: _EXCERPT - 1].rstrip() + "…"


def channels(settings: Settings) -> Iterator[Checked]:
    """Try the credentials of each channel, and send nothing."""
    for name, channel in open_channels(settings).items():
        try:
            yield f"channel {name}: {asyncio.run(channel.check())}", None
        except (ChannelError, SecretUnavailable) as error:
            yield f"channel {name}", str(error)


ALL: tuple[Callable[[Settings], Iterator[Checked]], ...] = (
    secrets,
    database,
    models,
    webhooks,
    sources,
    channels,
)
