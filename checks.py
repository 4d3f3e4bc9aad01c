"""What `marsad check` looks at. Each check yields what it looked at, and what is wrong with it or None."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from sqlalchemy.exc import SQLAlchemyError

import wiring
from alerts.channels.base import open_channels
from alerts.errors import ChannelError
from config import loader
from config.errors import SecretUnavailable
from config.settings import Settings
from crawlers import collect, reactor, webhook_listener
from nlp.errors import NlpError
from nlp.pipeline import Pipeline
from storage.errors import StorageError, explain
from storage.status import cause_of
from understanding import plan_without_need

# What was looked at, and what is wrong with it.
Checked = tuple[str, str | None]


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
    """Visit each source once, and store nothing."""
    for event, found in reactor.run(lambda: collect.preview(settings, wiring.now)):
        counted = f"source {event.source}: {len(found)} {'item' if len(found) == 1 else 'items'}"
        yield (counted, None) if event.error is None else (f"source {event.source}", cause_of(event))


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
