"""Tables of scores and speeds: who did how well, at how many texts a second of processor time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")
WARM_UP = 20
"""About so many texts of all kinds are run before the clock starts: models load with the first."""
_SUBJECT, _BY, _NUMBER = 24, 30, 11


@dataclass(frozen=True, slots=True)
class Row:
    """What one contestant reached on one set of texts.

    `scores` are shares of 0…1 in the order of the table's columns, None for what was not measured; `rate` is
    in texts a second, None where it was not timed.
    """

    subject: str
    by: str
    texts: int
    scores: tuple[float | None, ...] = ()
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under one title. `baseline` is the contestant whose rate the others' are divided by."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    baseline: str | None = None
    unit: str = "texts/s"

    def lines(self) -> Iterator[str]:
        """Yield the table line by line, for people."""
        yield f"\n{self.title}"
        names = "".join(f"{name:>{_NUMBER}}" for name in (*self.columns, self.unit))
        ratio = f"  of {self.baseline}" if self.baseline else ""
        yield f"  {'':<{_SUBJECT}}{'':<{_BY}}{'texts':>8}{names}{ratio}"
        for row in self.rows:
            scores = "".join(f"{_share(score):>{_NUMBER}}" for score in row.scores)
            rate = "–" if row.rate is None else f"{row.rate:,.0f}"
            times = self.ratio(row)
            shown = "" if times is None else f"{times:>10.2f}"
            yield f"  {row.subject:<{_SUBJECT}}{row.by:<{_BY}}{row.texts:>8,}{scores}{rate:>{_NUMBER}}{shown}"

    def ratio(self, row: Row) -> float | None:
        """Return how many times as fast as the baseline on the same texts, None where that is not known."""
        rates = [one.rate for one in self.rows if (one.subject, one.by) == (row.subject, self.baseline)]
        if row.rate is None or not rates or not rates[0]:
            return None
        return row.rate / rates[0]


def _share(score: float | None) -> str:
    return "–" if score is None else f"{score:.3f}"


def timed(texts: Sequence[S], run: Callable[[Sequence[S]], T]) -> tuple[T, float]:
    """Return what `run` gives for the texts, and its texts a second of this process's processor time."""
    run(spread(texts, WARM_UP))
    began = time.process_time()
    answers = run(texts)
    return answers, len(texts) / max(1e-9, time.process_time() - began)


def spread(items: Sequence[S], most: int | None) -> Sequence[S]:
    """Return at most so many of the items, from all over them in order; all where `most` is None."""
    if most is None or len(items) <= most:
        return items
    return [items[number * len(items) // most] for number in range(most)]


def each(function: Callable[[S], T]) -> Callable[[Sequence[S]], list[T]]:
    """Return a run over texts one by one."""
    return lambda texts: [function(text) for text in texts]


def progress(step: str) -> None:
    """Show on a terminal what is being done, on one line that the next step takes."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{step}")
        sys.stderr.flush()
