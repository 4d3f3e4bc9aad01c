"""`python -m nlp.training FOLDER`: build the models that are shipped from the labelled sets in FOLDER."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nlp.sentiment.arabic import MODEL_PATH, VERSION
from nlp.training.datasets import ARABIC_SETS, read_sets
from nlp.training.linear import fit


def main() -> int:
    """Train, save and say where; the exit code is 0, or 2 where the sets are not in the folder."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds sentiment/*.tsv")
    parser.add_argument("--out", type=Path, default=MODEL_PATH, help="where to write the Arabic model")
    options = parser.parse_args()
    try:
        examples = read_sets(options.folder / "sentiment", ARABIC_SETS)
    except FileNotFoundError as error:
        parser.error(f"{error.filename} is missing; give the folder with the labelled sets")
    model = fit(examples, VERSION, _say)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    model.save(options.out)
    _say(f"wrote {options.out} ({options.out.stat().st_size / 1e6:.1f} MB)")
    return 0


def _say(step: str) -> None:
    sys.stderr.write(f"{step}\n")


if __name__ == "__main__":
    sys.exit(main())
