"""`python -m nlp.training.sentiment FOLDER`: build the linear sentiment models of Arabic and English."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nlp.sentiment import arabic, english
from nlp.training.datasets import SETS, read_sets, read_written
from nlp.training.linear import fit

_SHIPPED = {"ar": (arabic.MODEL_PATH, arabic.VERSION), "en": (english.MODEL_PATH, english.LINEAR_VERSION)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, save and say where; the exit code is 0, or 2 where the sets are not in the folder."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.sentiment", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds sentiment/*.tsv")
    parser.add_argument("--language", choices=[*_SHIPPED], help="only this model; both when left out")
    parser.add_argument(
        "--out", type=Path, default=arabic.MODEL_PATH.parent, help="where to write the models"
    )
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for language in [options.language] if options.language else _SHIPPED:
        shipped, version = _SHIPPED[language]
        try:
            examples = read_sets(options.folder / "sentiment", SETS[language])
        except FileNotFoundError as error:
            parser.error(f"{error.filename} is missing; give the folder with the labelled sets")
        read = arabic.read if language == "ar" else english.EnglishReader()
        model = fit([*examples, *read_written(language)], version, _say, read)
        path = options.out / shipped.name
        model.save(path)
        _say(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def _say(step: str) -> None:
    sys.stderr.write(f"{step}\n")


if __name__ == "__main__":
    sys.exit(main())
