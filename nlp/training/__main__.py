"""`python -m nlp.training FOLDER`: build every model that is shipped, from the labelled sets in FOLDER.

Seeds are fixed. All but the encoder take some minutes together; the encoder needs the extra `train` and about
two hours on two cores, and is left out unless it is asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from nlp.training import languages, opinions, sentiment, signals

Step = Callable[[Sequence[str]], int]


def _encoder(arguments: Sequence[str]) -> int:
    from nlp.training import encoder_recipe

    return encoder_recipe.main(arguments)


STEPS: dict[str, Step] = {
    "sentiment": sentiment.main,
    "languages": languages.main,
    "signals": lambda _: signals.main(["--fit"]),
    "encoder": _encoder,
    "blend": lambda arguments: opinions.main([*arguments, "--save"]),
}
"""In this order, since the blend weighs the others."""


def main() -> int:
    """Build what is asked for and say what is built; the exit code is that of the first step that fails."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds sentiment/, ner/ and aspects/")
    parser.add_argument("--only", nargs="+", choices=[*STEPS], help="only these; else all but the encoder")
    parser.add_argument("--encoder", action="store_true", help="the encoder too")
    options = parser.parse_args()
    wanted = options.only or [name for name in STEPS if name != "encoder" or options.encoder]
    for name, step in STEPS.items():
        if name in wanted:
            sys.stderr.write(f"building: {name}\n")
            if code := step([str(options.folder)]):
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
