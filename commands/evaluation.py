"""`marsad eval`: how right the sentiment labels are, on lines that people labelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from commands.rows import Row, rows_of, table
from commands.terminal import (
    FAILED,
    ConfigPath,
    LabelledFile,
    counted,
    is_configured,
    json_line,
    lines_of,
    say,
    settings_of,
)
from nlp import accuracy
from nlp.accuracy import Accuracy, Judged
from storage.records import Analysis, SentimentLabel

_ABSTAINED = "no answer"
_LABELS = {str(label): label for label in SentimentLabel}
_HEADING = ("", "texts", "accuracy", "macro-F1", "answered", "right", "neg. right", "neg. found", "ECE")
_NOTES = (
    "accuracy, macro-F1: an abstention counts as wrong. answered: share of texts given a label.",
    "right: share of answers that are right. neg. right: the same of answers `negative`.",
    "neg. found: share of negative texts called so. ECE: mean gap between confidence and share right.",
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A labelled text, with what the line says of it."""

    text: str
    label: SentimentLabel
    title: str | None
    language: str | None
    dialect: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class _Answer:
    line: _Line
    analysis: Analysis

    @property
    def judged(self) -> Judged:
        found = self.analysis
        return Judged(self.line.label, found.sentiment_label, found.confidence)

    def group(self, name: str) -> str | None:
        """The language, dialect or source: as the line says, else as it was detected."""
        given: str | None = getattr(self.line, name)
        return given or getattr(self.analysis, name, None)


def evaluate(
    file: LabelledFile,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: ConfigPath = None,
) -> None:
    """Measure the labels on lines of `text` and `label` (and maybe dialect, language, source)."""
    bad = 0

    def complain(number: int, why: str) -> None:
        nonlocal bad
        bad += 1
        say(f"{file}:{number}: {why}; skipped")

    with lines_of(file) as stream:
        answers = asyncio.run(_answers(_lines(rows_of(stream, file, ("text",)), complain), config))
    if not answers:
        say("no line holds a text and its label")
        raise typer.Exit(FAILED)
    report = _report(answers, bad)
    if as_json:
        typer.echo(json_line(report))
    else:
        for line in _lines_of_report(answers, report):
            typer.echo(line)


def _lines(rows: Iterable[Row], complain: Callable[[int, str], None]) -> Iterator[_Line]:
    for number, row in rows:
        if isinstance(row, str):
            complain(number, row)
            continue
        text, given = row.get("text"), row.get("label", row.get("sentiment"))
        label = _LABELS.get(str(given).strip().lower())
        if not isinstance(text, str) or not text.strip():
            complain(number, 'no text; write {"text": "…", "label": "negative"}')
        elif label is None:
            complain(number, f"label is {json_line(given)[:60]}, not negative, neutral or positive")
        else:
            more = {name: row.get(name) for name in ("title", "language", "dialect", "source")}
            known = {name: value if isinstance(value, str) else None for name, value in more.items()}
            yield _Line(text, label, **known)


async def _answers(lines: Iterator[_Line], config: Any) -> list[_Answer]:
    from config import logs
    from nlp.pipeline import PipelineConfig, TextItem
    from nlp.stream import in_order, worker_count
    from nlp.workers import AnalysisPool
    from understanding import plan_without_need

    logs.set_up()
    plan = plan_without_need(settings_of(config)) if is_configured(config) else PipelineConfig()
    kept: list[_Line] = []

    def items() -> Iterator[TextItem]:
        for line in lines:
            kept.append(line)
            yield TextItem(str(len(kept)), line.text, line.title, language_hint=line.language)

    workers, found = worker_count(), []
    async with (
        AnalysisPool(plan, workers=workers) as pool,
        aclosing(in_order(pool, items(), workers)) as read,
    ):
        async for batch, analyses in read:
            found += [_Answer(kept[int(i.id) - 1], a) for i, a in zip(batch, analyses, strict=True)]
    return found


def _groups(answers: Sequence[_Answer]) -> Iterator[tuple[str, str, list[Judged]]]:
    for kind in ("language", "dialect", "source"):
        members: dict[str, list[Judged]] = {}
        for answer in answers:
            if (name := answer.group(kind)) is not None:
                members.setdefault(name, []).append(answer.judged)
        yield from ((kind, name, members[name]) for name in sorted(members))


def _vader(answers: Sequence[_Answer]) -> tuple[list[Judged], list[Judged]]:
    """Return what VADER and we say of the English texts that it was asked about."""
    asked = [(answer, answer.analysis.lexicon_score) for answer in answers]
    scored = [(answer, score) for answer, score in asked if score is not None]
    vader = [Judged(answer.line.label, accuracy.vader_label(score)) for answer, score in scored]
    return vader, [answer.judged for answer, _ in scored]


def _report(answers: Sequence[_Answer], bad: int) -> dict[str, Any]:
    judged = [answer.judged for answer in answers]
    counts = accuracy.confusion(judged)
    vader, ours = _vader(answers)
    groups: dict[str, dict[str, Any]] = {"language": {}, "dialect": {}, "source": {}}
    for kind, name, members in _groups(answers):
        groups[kind][name] = asdict(accuracy.measure(members))
    return {
        "model_version": answers[0].analysis.model_version,
        "bad_lines": bad,
        "all": asdict(accuracy.measure(judged)),
        **groups,
        "confusion": {
            truth: {said or _ABSTAINED: counts[truth, said] for said in (*SentimentLabel, None)}
            for truth in SentimentLabel
        },
        "reliability": [asdict(one) for one in accuracy.reliability(judged)],
        "vader": asdict(accuracy.measure(vader)) if vader else None,
        "beside_vader": asdict(accuracy.measure(ours)) if vader else None,
    }


def _lines_of_report(answers: Sequence[_Answer], report: dict[str, Any]) -> Iterator[str]:
    bad = f", {counted(report['bad_lines'], 'bad line')} skipped" if report["bad_lines"] else ""
    yield f"{counted(report['all']['texts'], 'text')}{bad}"
    yield f"model: {report['model_version']}"
    yield ""
    yield from table(_HEADING, list(_rows(answers)))
    yield ""
    yield from _NOTES
    yield ""
    labels = [str(label) for label in SentimentLabel]
    rows = [
        (truth, *(report["confusion"][truth][said] for said in (*labels, _ABSTAINED))) for truth in labels
    ]
    yield from table(("labelled ↓  said →", *labels, _ABSTAINED), rows)
    yield ""
    steps = [
        (f"{one['low']:.1f}–{one['high']:.1f}", one["answers"], one["confidence"], one["right"])
        for one in report["reliability"]
    ]
    yield from table(("confidence", "answers", "mean", "right"), steps)


def _rows(answers: Sequence[_Answer]) -> Iterator[tuple[object, ...]]:
    def row(name: str, members: Sequence[Judged]) -> tuple[object, ...]:
        found: Accuracy = accuracy.measure(members)
        return (name, *asdict(found).values())

    yield row("all", [answer.judged for answer in answers])
    for kind, name, members in _groups(answers):
        yield row(f"{kind} {name}", members)
    vader, ours = _vader(answers)
    if vader:
        yield row("English, VADER", vader)
        yield row("English, Marsad", ours)
