"""`python -m benchmarks.throughput`: mentions a second through each stage and through all of Marsad.

Beside it runs a bare loop of feedparser, VADER and spaCy's `nlp.pipe` over the same feeds and texts, which
stores nothing. Contestants run in processes of their own and take turns, so that what else the machine does
meets them alike; ratios are taken within each round, and their medians shown. See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median

from benchmarks.feeds import Load, load

OF_BARE, OF_ITSELF = 0.8, 1.7
# The bare loop has one processor, so one worker has one for everything that goes on, and two have two.
ENTRANTS = ("bare loop", "stages", "one worker", "two workers", "one worker, free")
Seconds = dict[str, float]
Round = dict[str, Seconds]


@dataclass(frozen=True, slots=True)
class Result:
    """All rounds with one load."""

    given: Load
    rounds: Sequence[Round]

    def ratio(self, entrant: str, other: str) -> float:
        """Return how many times as fast as another an entrant is, the median over the rounds."""
        return median(total(each[other]) / total(each[entrant]) for each in self.rounds)

    def seconds(self, entrant: str, stage: str | None = None) -> float:
        """Return the seconds of a stage or of all stages, the median over the rounds."""
        return median(each[entrant][stage] if stage else total(each[entrant]) for each in self.rounds)


def total(seconds: Seconds) -> float:
    """Return the seconds of all stages."""
    return sum(seconds.values())


def measure(loads: Sequence[Load], repeat: int) -> Iterator[Result]:
    """Let everybody run each load so many times, in turns."""
    with ExitStack() as stack:
        turns = {name: stack.enter_context(_entered(name)) for name in ENTRANTS}
        for given in loads:
            rounds = []
            for number in range(repeat):
                order = list(ENTRANTS) if number % 2 else list(reversed(ENTRANTS))
                rounds.append({name: _turn(turns[name], given) for name in order})
            yield Result(given, rounds)


def _turn(pipe: Connection, given: Load) -> Seconds:
    pipe.send(given)
    answer = pipe.recv()
    if isinstance(answer, BaseException):
        raise answer
    seconds: Seconds = answer
    return seconds


@contextmanager
def _entered(name: str) -> Iterator[Connection]:
    """Start an entrant in a process of its own, warm, and give the pipe through which it takes loads."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_enter, args=(name, theirs))
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield ours
    finally:
        ours.close()
        process.join()


def _enter(name: str, pipe: Connection) -> None:
    usable = sorted(os.sched_getaffinity(0))
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    # Imported here, so that the processes which an entrant starts need not load all of Marsad.
    from benchmarks import contestants

    contestant, processors = contestants.ALL[name]
    os.sched_setaffinity(0, usable[:processors])
    with contestant() as run:
        run(load("warm-up", 200))
        pipe.send("ready")
        while True:
            try:
                given = pipe.recv()
            except EOFError:
                return
            pipe.send(run(given))


def table(result: Result) -> Iterator[str]:
    """Yield the lines of one load's table."""
    mentions = len(result.given.items)
    yield f"\n{result.given}"
    yield f"  {'':<34}{'mentions':>10}{'seconds':>10}{'mentions/s':>12}{'of bare':>10}"
    for entrant in ENTRANTS:
        stages: list[str | None] = [*result.rounds[0][entrant]]
        for stage in [*stages, None]:
            if entrant == "stages" and stage is None:
                continue
            seconds = result.seconds(entrant, stage)
            name = f"{entrant}: {stage}" if stage else f"{entrant}, all"
            share = f"{result.ratio(entrant, 'bare loop'):.2f}" if stage is None else ""
            yield f"  {name:<34}{mentions:>10,}{seconds:>10.2f}{mentions / seconds:>12,.0f}{share:>10}"


def goals(result: Result) -> Iterator[tuple[str, float, float]]:
    """Yield (what, reached, wanted) for both goals."""
    yield "one worker, of the bare loop", result.ratio("one worker", "bare loop"), OF_BARE
    yield "two workers, of one worker", result.ratio("two workers", "one worker"), OF_ITSELF


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 0 where both goals are met with every load, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--mentions", type=int, default=800, help="mentions in each load (%(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="rounds with each load (%(default)s)")
    chosen = parser.parse_args(arguments)
    if len(os.sched_getaffinity(0)) < 2:
        print("two workers need two processors to be measured", file=sys.stderr)
        return 2
    loads = [load("the demo's mix", chosen.mentions), load("English only", chosen.mentions, "en")]
    missed = 0
    for result in measure(loads, chosen.repeat):
        print("\n".join(table(result)), flush=True)
        for what, reached, wanted in goals(result):
            met = reached >= wanted
            missed += not met
            print(f"  {'met' if met else 'MISSED'}: {what}: {reached:.2f} (goal {wanted})")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
