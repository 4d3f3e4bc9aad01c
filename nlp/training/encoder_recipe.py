"""`python -m nlp.training.encoder_recipe FOLDER`: the encoder that is shipped, from nothing; about two hours.

Every stage goes on from the mean of the runs before. Two runs of one epoch, each in an order of its own, and
the mean of their weights (Wortsman et al., "Model soups", 2022) use two cores better than one run of two.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from nlp.encoder import MODELS
from nlp.training.encoder import Run, largest_inputs, new_network, run
from nlp.training.encoder_batches import encode
from nlp.training.encoder_data import lessons
from nlp.training.encoder_export import Exporter
from nlp.training.encoder_weights import prune, read_tokenizer, read_weights

_CALIBRATION_TEXTS = 300
_SEED = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """Runs that start from the same weights, one a seed; their mean is where the next stage starts."""

    epochs: float
    rate: float
    seeds: tuple[int, ...]
    repeats: Mapping[str, float] = field(default_factory=dict)


STAGES = (
    Stage(2.3, 1.5e-4, (11,)),
    Stage(1.0, 1.2e-4, (21, 22)),
    Stage(
        0.62,
        8e-5,
        (31, 32),
        {
            "anercorp": 2, "wnut17train": 2, "written_names": 3, "written": 0.8, "saudi_tourism": 0.8,
            "vader_tweets": 0.8, "vader_amazon": 0.8, "ajgt": 0.6, "absa16_ar_hotels": 0.35,
            "arsarcasm_v2": 0.3, "hotel_aspects": 0.3, "vader_movie": 0.1, "vader_nyt": 0.08,
        },
    ),
    Stage(
        0.45,
        6e-5,
        (41, 42),
        {
            "vader_tweets": 2, "vader_amazon": 2, "saudi_tourism": 1.5, "written": 1.5, "written_names": 1.5,
            "ajgt": 1, "absa16_ar_hotels": 0.5, "arsarcasm_v2": 0.5, "wojood_sample_train": 0.5,
            "hotel_aspects": 0.3, "vader_movie": 0.3, "vader_nyt": 0.1,
        },
    ),
)  # fmt: skip
"""The third dwells on names, whose head has only begun to learn in one epoch of everything; the fourth comes
back to sentiment. What is shipped is the mean of both.
"""


def mean(paths: Sequence[Path]) -> dict[str, Any]:
    """Return the mean of the weights in the files."""
    states = [torch.load(path) for path in paths]
    return {name: sum(state[name] for state in states) / len(states) for name in states[0]}


def build(folder: Path, work: Path, out: Path, without: Sequence[str] = ()) -> None:
    """Run every stage with its weights kept in `work`, and write the files of the model to `out`."""
    work.mkdir(parents=True, exist_ok=True)
    start: Path | None = None
    for number, stage in enumerate(STAGES, start=1):
        paths = [work / f"stage-{number}-{seed}.pt" for seed in stage.seeds]
        runs = [
            Run(folder, path, start, stage.epochs, stage.rate, seed, dict(stage.repeats), tuple(without))
            for path, seed in zip(paths, stage.seeds, strict=True)
        ]
        with get_context("spawn").Pool(len(runs)) as pool:
            pool.map(run, runs)
        start = work / f"stage-{number}.pt"
        torch.save(mean(paths), start)
    shipped = work / "encoder.pt"
    torch.save(mean([work / f"stage-{number}.pt" for number in (len(STAGES) - 1, len(STAGES))]), shipped)
    ship(folder, shipped, out)


def ship(folder: Path, weights: Path, out: Path) -> None:
    """Write `encoder.onnx` and `encoder-tokenizer.json` of the weights to `out`."""
    network, tokenizer, kept = new_network()
    network.load_state_dict(torch.load(weights))
    training = [lesson for lesson in lessons(folder) if not lesson.held_out]
    chosen = random.Random(_SEED).sample(training, _CALIBRATION_TEXTS)  # noqa: S311 - a fixed choice
    largest = largest_inputs(network, [encode(lesson, tokenizer) for lesson in chosen])
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    out.mkdir(parents=True, exist_ok=True)
    Exporter(state, largest, read_weights(), kept).write(out / "encoder.onnx")
    pruned, _ = prune(read_tokenizer())
    text = json.dumps(pruned, ensure_ascii=False, separators=(",", ":"))
    (out / "encoder-tokenizer.json").write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and write the model; the exit code is 0."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.encoder_recipe", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder that holds sentiment/, ner/ and aspects/")
    parser.add_argument("--work", type=Path, default=Path("encoder-runs"), help="where to keep the weights")
    parser.add_argument("--out", type=Path, default=MODELS, help="where to write the model")
    parser.add_argument("--without", nargs="*", default=[], help="sets to leave out, to measure on them")
    parser.add_argument("--ship", type=Path, metavar="WEIGHTS", help="only write the model of these weights")
    options = parser.parse_args(arguments)
    if options.ship:
        ship(options.folder, options.ship, options.out)
    else:
        build(options.folder, options.work, options.out, options.without)
    return 0


if __name__ == "__main__":
    sys.exit(main())
