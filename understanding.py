"""How texts are understood here: by the configuration, with the models that this customer's labels taught."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

import wiring
from config.settings import Settings
from nlp.errors import LearnedModelUnusable, ModelUnavailable
from nlp.learning import apply
from nlp.pipeline import PipelineConfig, Profile, TextItem
from nlp.sentiment import arabic, english
from nlp.sentiment.linear import LinearModel
from nlp.workers import AnalysisPool
from storage import learned
from storage.engine import is_there, reading
from storage.errors import StorageError, explain
from storage.learned import LearnedModel
from storage.records import Analysis

log = structlog.get_logger("marsad")

SHIPPED: Mapping[str, Callable[[], LinearModel]] = {"ar": arabic.load, "en": english.load}
"""The linear models that corrections can teach, by language; ModelUnavailable where a file is missing."""


def plan(settings: Settings, engine: Engine, profile: Profile | None = None) -> PipelineConfig:
    """Return what a pipeline is built from: the settings, and the learned models in use.

    One that does not fit (learned on an earlier shipped model, or damaged) is left out with a warning.
    `profile` is the configured one where it is None.
    """
    with reading(engine) as conn:
        return _plan(settings, conn, learned.in_use(conn), profile)


def plan_without_need(settings: Settings, profile: Profile | None = None) -> PipelineConfig:
    """Return the same for commands that can do without a database: the shipped models, where it is absent."""
    if not is_there(settings.database, settings.folder):
        return PipelineConfig.from_settings(settings, profile)
    try:
        with wiring.database(settings) as engine:
            return plan(settings, engine, profile)
    except (StorageError, SQLAlchemyError) as error:
        log.warning("learned models are out of reach; the shipped ones answer", cause=explain(error))
        return PipelineConfig.from_settings(settings, profile)


def _plan(
    settings: Settings, conn: Connection, models: Mapping[str, LearnedModel], profile: Profile | None = None
) -> PipelineConfig:
    content = learned.model_bytes(conn, list(models.values()))
    fitting = {}
    for language, model in models.items():
        try:
            if language in SHIPPED:
                apply(SHIPPED[language](), content.get(language, b""))
                fitting[language] = content[language]
        except (LearnedModelUnusable, ModelUnavailable) as error:
            log.warning("a learned model is left out", version=model.version, cause=str(error))
    return PipelineConfig.from_settings(settings, profile, fitting)


class Readers:
    """The daemon's worker processes, which read with the models that are in use.

    `renew` is called between batches; without it they go on as they began.
    """

    def __init__(self, settings: Settings, engine: Engine) -> None:
        """Make workers ready; they start with the first batch. Raises what the database raises."""
        self._settings = settings
        self._engine = engine
        self._models: dict[str, LearnedModel] = {}
        self._pool = AnalysisPool(PipelineConfig.from_settings(settings), settings.workers)
        self.renew()

    def renew(self) -> None:
        """Let new workers take over where another learned model is in use by now."""
        with reading(self._engine) as conn:
            models = learned.in_use(conn)
            if models == self._models:
                return
            config = _plan(self._settings, conn, models)
        self._pool.close()
        self._pool, self._models = AnalysisPool(config, self._settings.workers), models
        log.info("learned models in use", versions=[model.version for model in models.values()])

    async def analyze(self, batch: Sequence[TextItem]) -> list[Analysis]:
        """Return one analysis for each text of `batch`, in order. Raises NlpError as AnalysisPool does."""
        return await self._pool.analyze(batch)

    def close(self) -> None:
        """Stop the workers at once."""
        self._pool.close()
