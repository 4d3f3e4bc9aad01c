"""`python -m benchmarks.language FOLDER [--quick]`: how right and how fast each stage of the analysis is.

FOLDER holds the labelled sets (sentiment/, aspects/, ner/). Everything is measured on texts that no model
was trained on, and beside what is at hand without Marsad: VADER, a TF-IDF linear model trained on the same
texts, py3langid, and `nlp.pipe` of the whole spaCy pipeline. Speeds are texts a second of processor time on
one core, except those of worker processes, which are by the clock. See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.tables import Table

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_QUICK = 150
"""Texts of a set that a quick run measures on."""
Stage = Callable[[Path, int | None], Iterator["Table"]]


def stages() -> dict[str, Stage]:
    """Return every stage by name: from the folder and the most texts of a set to its tables."""
    # Imported here, so that the worker processes which are started need not load what only trains.
    from benchmarks import language_models, language_rules, language_whole

    return {
        "sentiment": language_models.sentiment,
        "dialect": language_models.dialects,
        "names": language_models.names,
        "language": language_models.languages,
        "brands": language_rules.brands,
        "aspects": language_rules.aspects,
        "signals": language_rules.signals,
        "texts": language_rules.texts,
        "whole": language_whole.whole,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; the exit code is 0, or 2 where the sets are not in the folder."""
    for variable in _ONE_THREAD:
        os.environ[variable] = "1"
    from benchmarks.tables import progress

    known = stages()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.language", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds sentiment/, aspects/ and ner/")
    parser.add_argument("--quick", action="store_true", help=f"at most {_QUICK} texts of each set")
    parser.add_argument("--stage", action="append", choices=[*known], help="only this; may be repeated")
    chosen = parser.parse_args(arguments)
    most = _QUICK if chosen.quick else None
    for name in chosen.stage or known:
        try:
            for table in known[name](chosen.folder, most):
                progress("")
                sys.stdout.write("\n".join(table.lines()) + "\n")
                sys.stdout.flush()
        except FileNotFoundError as error:
            parser.error(f"{error.filename} is missing; give the folder with the labelled sets")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
