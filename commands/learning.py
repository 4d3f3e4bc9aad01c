"""`marsad learn`, and what `correct` does after it: the linear models learn from people's labels.

The labels in the database are the truth; a learned model is only derived from them. A crash between the two
leaves labels that nothing was learned from yet, and the next `correct` or `learn` sees that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Any

import typer

import wiring
from commands.terminal import FAILED, ConfigPath, counted, json_line, say, settings_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from config.settings import Settings
    from nlp.learning import Learned
    from nlp.sentiment.linear import LinearModel
    from storage.corrections import CorrectedText
    from storage.learned import LearnedModel

_ATTEMPTS = 3
"""How often it is begun anew where somebody else learned or withdrew meanwhile."""
_FIGURES = ("n", "before", "after", "reason", "sure_before", "sure_after")
_REFERENCE = ("reference_before", "reference_after")


class Outcome(StrEnum):
    """What came of learning one language."""

    ADOPTED = "adopted"
    REFUSED = "refused"
    TOO_FEW = "too_few"
    UNCHANGED = "unchanged"
    PAUSED = "paused"
    NO_MODEL = "no_model"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Report:
    """What came of learning one language from `labels` labelled texts, and which model answers now.

    `version` is that of the learned model in use, None for the shipped one. `figures` are of the model in
    use, or of the one that was refused.
    """

    language: str
    outcome: Outcome
    labels: int
    version: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Lessons:
    """The labelled texts of one language, and how the language stood when they were read."""

    language: str
    texts: Sequence[CorrectedText]
    newest: LearnedModel | None
    in_use: LearnedModel | None

    def digest(self, base: str) -> str:
        """Return what changes with the labels, the texts and the shipped model, 32 hex digits."""
        seen = blake2b(base.encode(), digest_size=16)
        for one in self.texts:
            for part in (one.text, one.title or "", str(one.label)):
                seen.update(f"{len(part)} {part}".encode("utf-8", "surrogatepass"))
        return seen.hexdigest()

    def report(self, outcome: Outcome, figures: Mapping[str, Any] | None = None) -> Report:
        """Return a report where what answers is as it was."""
        version = self.in_use.version if self.in_use else None
        known = figures if figures is not None else (self.newest.figures if self.newest else {})
        return Report(self.language, outcome, len(self.texts), version, known)


def learn_anew(
    engine: Engine, settings: Settings, only: str | None = None, *, asked: bool = False
) -> Iterator[Report]:
    """Learn each language whose labels have changed (or `only` that one), and yield what came of each.

    `asked` says that a person wants it now: then a language whose model was withdrawn is learned again.
    """
    languages = {only} if only else set(_read(engine, settings))
    for language in sorted(languages):
        for attempt in range(1, _ATTEMPTS + 1):
            lessons = _read(engine, settings).get(language) or _Lessons(language, (), None, None)
            report = _learn(engine, lessons, asked)
            if report.outcome is not Outcome.OVERTAKEN or attempt == _ATTEMPTS:
                yield report
                break


def _read(engine: Engine, settings: Settings) -> dict[str, _Lessons]:
    """Return the lessons of every language that has labels or has learned before."""
    from storage import corrections, learned
    from storage.engine import reading

    with reading(engine) as conn:
        texts = _by_language(corrections.corrected_texts(conn), settings)
        newest, in_use = learned.newest(conn), learned.in_use(conn)
    return {
        language: _Lessons(language, texts.get(language, ()), newest.get(language), in_use.get(language))
        for language in texts.keys() | newest.keys()
    }


def _by_language(texts: Iterable[CorrectedText], settings: Settings) -> dict[str, list[CorrectedText]]:
    """Sort the texts by language; that of a mention that waits to be understood is found out here."""
    identifier = None
    found: dict[str, list[CorrectedText]] = {}
    for one in texts:
        language = one.language
        if language is None:
            if identifier is None:
                from nlp.language import LanguageIdentifier

                identifier = LanguageIdentifier(tuple(settings.languages))
            language = identifier.identify(one.text.strip() or one.title or "", None).language
        found.setdefault(language, []).append(one)
    return found


def _learn(engine: Engine, lessons: _Lessons, asked: bool) -> Report:
    from nlp import learning
    from nlp.errors import ModelUnavailable
    from storage.learned import LearnedState
    from understanding import SHIPPED

    if lessons.language not in SHIPPED:
        return lessons.report(Outcome.NO_MODEL)
    if lessons.newest is None and len(lessons.texts) < learning.FEWEST:
        return lessons.report(Outcome.TOO_FEW)
    if lessons.newest and lessons.newest.state is LearnedState.WITHDRAWN and not asked:
        return lessons.report(Outcome.PAUSED)
    try:
        base = SHIPPED[lessons.language]()
    except ModelUnavailable:
        return lessons.report(Outcome.NO_MODEL)
    digest = lessons.digest(base.version)
    known = lessons.newest
    if known and known.lessons == digest and known.state is not LearnedState.WITHDRAWN:
        return lessons.report(Outcome.UNCHANGED)
    found = learning.learn(base, _corrections(base, lessons.texts), _reference(lessons.language))
    return _kept(engine, lessons, found, base, digest)


def _corrections(base: LinearModel, texts: Sequence[CorrectedText]) -> list[Any]:
    """Return what is learned of each mention: its text, or its title where the text says nothing."""
    from nlp.learning import Correction
    from nlp.pipeline import CLIP

    clipped = [((one.text or "")[:CLIP], (one.title or "")[:CLIP], one.label) for one in texts]
    return [Correction(text if base.read(text) else title, label) for text, title, label in clipped]


def _reference(language: str) -> list[Any]:
    from nlp.learning import Correction
    from nlp.training.datasets import read_written

    return [Correction(example.text, example.label) for example in read_written(language)]


def _kept(engine: Engine, lessons: _Lessons, found: Learned, base: LinearModel, digest: str) -> Report:
    from storage import learned
    from storage.learned import LearnedModel, LearnedState

    figures = {name: value for name, value in asdict(found).items() if name in (*_FIGURES, *_REFERENCE)}
    model = LearnedModel(
        language=lessons.language,
        version=found.version,
        base=base.version,
        lessons=digest,
        state=LearnedState.IN_USE if found.adopted else LearnedState.REFUSED,
        created_at=wiring.now(),
        figures=figures,
    )
    with engine.begin() as conn:
        if not learned.keep(conn, model, found.model_bytes, lessons.newest):
            return lessons.report(Outcome.OVERTAKEN)
    outcome = Outcome.ADOPTED if found.adopted else Outcome.REFUSED
    version = found.version if found.adopted else None
    return Report(lessons.language, outcome, len(lessons.texts), version, figures)


def tell(reports: Iterable[Report], *, all_of_them: bool) -> None:
    """Print what came of learning: all of it, or only where something was learned or could not be."""
    adopted = False
    for report in reports:
        quiet = report.outcome in (Outcome.TOO_FEW, Outcome.UNCHANGED, Outcome.NO_MODEL)
        if all_of_them or not quiet:
            typer.echo(f"{report.language}: {_told(report)}")
        adopted = adopted or report.outcome is Outcome.ADOPTED
    if adopted:
        typer.echo("what is stored is read with it by `marsad reanalyze`")


def _told(report: Report) -> str:
    from nlp.learning import FEWEST
    from storage import learned

    labels, figures = counted(report.labels, "label"), report.figures
    answering = report.version or "the shipped model"
    match report.outcome:
        case Outcome.ADOPTED:
            return f"learned from {labels} and in use; {learned.measured(figures)} ({answering})"
        case Outcome.REFUSED:
            measures = f"; {learned.measured(figures)}" if figures.get("after") else ""
            return f"not taken into use, the shipped model answers: {figures.get('reason')}{measures}"
        case Outcome.TOO_FEW:
            return f"{labels}; {FEWEST} of at least two kinds are needed to learn from"
        case Outcome.UNCHANGED:
            return f"nothing new to learn from; {answering} answers"
        case Outcome.PAUSED:
            return (
                f"nothing is learned since a model was withdrawn; `marsad learn --language {report.language}`"
            )
        case Outcome.NO_MODEL:
            return f"{labels}; there is no model of this language that can learn"
        case Outcome.OVERTAKEN:
            return "others learned or withdrew meanwhile; try again"


def learn(
    language: Annotated[str | None, typer.Option("--language", metavar="ar", help="Only this one.")] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Go back to the model before; nothing is learned till asked.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Only say what is in use; learn nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    config: ConfigPath = None,
) -> None:
    """Learn from the labels that people gave, measured on some that are held back before it is used."""
    if withdraw and show:
        raise typer.BadParameter("either withdraw or show", param_hint="--withdraw")
    settings = settings_of(config)
    with wiring.database(settings) as engine:
        if withdraw:
            _withdraw(engine, language, as_json)
        elif show:
            _show(engine, language, as_json)
        else:
            reports = learn_anew(engine, settings, language, asked=True)
            if as_json:
                for report in reports:
                    typer.echo(json_line(asdict(report)))
                return
            told = list(reports)
            tell(told, all_of_them=True)
            if not told:
                typer.echo("nobody has labelled anything yet: `marsad correct --help`")


def _withdraw(engine: Engine, language: str | None, as_json: bool) -> None:
    from storage import learned

    with engine.begin() as conn:
        models = learned.in_use(conn)
        chosen = [model for name, model in models.items() if language in (None, name)]
        done = [found for model in chosen if (found := learned.withdraw(conn, model.language, model.base))]
    if not done:
        say("no learned model is in use" + (f" for {language}" if language else ""))
        raise typer.Exit(FAILED)
    for one in done:
        back = one.back.version if one.back else None
        if as_json:
            typer.echo(
                json_line({"language": one.gone.language, "withdrawn": one.gone.version, "version": back})
            )
        else:
            answering = back or "the shipped model"
            typer.echo(f"{one.gone.language}: {one.gone.version} withdrawn; {answering} answers")


def _show(engine: Engine, language: str | None, as_json: bool) -> None:
    from storage import learned
    from storage.engine import reading

    with reading(engine) as conn:
        chosen = [model for name, model in _standing(conn).items() if language in (None, name)]
        using = learned.in_use(conn)
    for model in chosen:
        if as_json:
            document = asdict(model) | {"created_at": model.created_at.isoformat()}
            typer.echo(json_line(document))
        elif model.language in using:
            typer.echo(f"{model.language}: {model.version} in use; {learned.measured(model.figures)}")
        else:
            typer.echo(f"{model.language}: the shipped model answers; the last learned one was {model.state}")
    if not chosen and not as_json:
        typer.echo("nothing was learned yet; the shipped models answer")


def _standing(conn: Connection) -> dict[str, LearnedModel]:
    """Return the model in use of each language, or the newest where none is."""
    from storage import learned

    return learned.newest(conn) | learned.in_use(conn)
