"""Fine-tuning the encoder on all that it is to answer, in one go (`nlp.training.encoder_recipe`).

Texts of like length share a batch; every head learns from the texts that say something about it. What is
kept is the running mean of the weights (Polyak & Juditsky 1992), which forgives a short training.
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from nlp.training.encoder_batches import IGNORED, Encoded, batches, encode, tensors
from nlp.training.encoder_data import REPEATS, Lesson, lessons, sample
from nlp.training.encoder_network import Network
from nlp.training.encoder_weights import prune, read_tokenizer, read_weights

_HEAD_RATE, _WARM_UP, _LAYER_DECAY = 1e-3, 0.06, 0.92
_MEMORY = 0.99
_SHARES = {"label": 1.0, "dialect": 0.3, "tags": 2.4, "polarity": 0.5}
"""The weight of each head's loss; sentiment is what is asked most."""


def loss(network: Network, batch: Sequence[Encoded]) -> Tensor:
    """Return the weighted sum of the heads' losses over a batch."""
    ids, mask = tensors(batch)
    label, dialect, tags, polarity = network(ids, mask)
    label = label.float()
    label[:, 1] += torch.tensor([0.0 if one.lesson.may_be_neutral else -100.0 for one in batch])
    return (
        _SHARES["label"] * _text_loss(label, [one.lesson.label for one in batch])
        + _SHARES["dialect"] * _text_loss(dialect, [one.lesson.dialect for one in batch])
        + _SHARES["tags"] * _piece_loss(tags, [one.tags for one in batch])
        + _SHARES["polarity"] * _piece_loss(polarity, [one.polarity for one in batch])
    )


def _text_loss(logits: Tensor, answers: Sequence[int | None]) -> Tensor:
    """Return the mean over all texts, those that nothing is known of among them."""
    wanted = torch.tensor([IGNORED if answer is None else answer for answer in answers])
    total = functional.cross_entropy(logits.float(), wanted, ignore_index=IGNORED, reduction="sum")
    return total / len(answers)


def _piece_loss(logits: Tensor, answers: Sequence[Sequence[int]]) -> Tensor:
    """Return the mean over the pieces that are asked, times the share of the texts that have any."""
    wanted = torch.full(logits.shape[:2], IGNORED)
    for row, answer in enumerate(answers):
        wanted[row, : len(answer)] = torch.tensor(answer)
    asked = (wanted != IGNORED).any(dim=1).float().mean()
    if not asked:
        return torch.zeros(())
    flat = logits.float().flatten(0, 1)
    return asked * functional.cross_entropy(flat, wanted.flatten(), ignore_index=IGNORED)


def _running_mean(mean: Tensor, new: Tensor, met: Tensor | int) -> Tensor:
    """Return the next running mean; the first ones forget faster, so that new heads leave their start."""
    keep = min(_MEMORY, (1 + int(met)) / (10 + int(met)))
    return mean * keep + new * (1 - keep)


def _groups(network: Network, peak: float) -> list[dict[str, Any]]:
    """Return the parameters with their rates: the lower the layer, the slower it learns."""
    groups = []
    depth = len(network.layers)
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith("layers."):
            rate = peak * _LAYER_DECAY ** (depth - 1 - int(name.split(".")[1]))
        elif name.startswith(("norm.", "places")):
            rate = peak * _LAYER_DECAY**depth
        else:
            rate = _HEAD_RATE
        decay = 0.01 if parameter.ndim > 1 else 0.0
        groups.append({"params": [parameter], "lr": rate, "peak": rate, "weight_decay": decay})
    return groups


def _plan(
    kept: Sequence[Lesson], run: Run, tokenizer: Tokenizer, random_: random.Random
) -> list[list[Encoded]]:
    """Return the batches of all epochs; of a part of an epoch, that part of its batches."""
    cache: dict[int, Encoded] = {}

    def encoded(lesson: Lesson) -> Encoded:
        return cache.setdefault(id(lesson), encode(lesson, tokenizer))

    whole = math.ceil(run.epochs)
    plan = []
    for _ in range(whole):
        lessons_of_epoch = sample(kept, {**REPEATS, **run.repeats}, random_)
        plan += list(batches([encoded(one) for one in lessons_of_epoch], random_))
    return plan[: int(len(plan) * run.epochs / whole)]


@dataclass(frozen=True, slots=True)
class Run:
    """One training run. `rate` is the peak learning rate of the top layer; `repeats` overrides how often the
    texts of a set are met in an epoch; the sets `without` are left out, to be measured on.
    """

    folder: Path
    out: Path
    start: Path | None
    epochs: float
    rate: float
    seed: int
    repeats: Mapping[str, float]
    without: tuple[str, ...] = ()


def train(found: Sequence[Lesson], run: Run, tokenizer: Tokenizer, network: Network) -> None:
    """Fine-tune `network` in place, print progress, and leave the mean weights in it and in `run.out`."""
    random_ = random.Random(run.seed)  # noqa: S311 - a fixed order
    torch.manual_seed(run.seed)
    kept = [lesson for lesson in found if not lesson.held_out]
    plan = _plan(kept, run, tokenizer, random_)
    optimizer = torch.optim.AdamW(_groups(network, run.rate), betas=(0.9, 0.98), eps=1e-6)
    mean = torch.optim.swa_utils.AveragedModel(network, avg_fn=_running_mean)
    began = time.monotonic()
    running = 0.0
    network.train()
    for step, batch in enumerate(plan):
        share = min(1.0, (step + 1) / (_WARM_UP * len(plan))) * (1 - step / len(plan)) ** 0.8
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share
        with torch.autocast("cpu", torch.bfloat16):
            value = loss(network, batch)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if step % 2 == 0:
            mean.update_parameters(network)
        running = 0.98 * running + 0.02 * value.item()
        if step % 100 == 99:
            spent = time.monotonic() - began
            whole = spent / (step + 1) * len(plan)
            _say(f"{step + 1}/{len(plan)} loss {running:.3f}, {spent:.0f} s of about {whole:.0f}")
        if step % 500 == 499:
            torch.save(mean.module.state_dict(), run.out)
    network.load_state_dict(mean.module.state_dict())
    torch.save(network.state_dict(), run.out)


@torch.no_grad()
def answers(network: Network, found: Sequence[Encoded]) -> list[tuple[Any, ...]]:
    """Return for each text the logits of its heads as arrays, in order."""
    network.eval()
    results: dict[int, tuple[Any, ...]] = {}
    for batch in batches(found, None):
        ids, mask = tensors(batch)
        with torch.autocast("cpu", torch.bfloat16):
            heads = [head.float().numpy() for head in network(ids, mask)]
        for row, one in enumerate(batch):
            results[id(one)] = tuple(head[row] for head in heads)
    return [results[id(one)] for one in found]


@torch.no_grad()
def largest_inputs(network: Network, found: Sequence[Encoded]) -> dict[str, Any]:
    """Return, for each matrix of the body by name, the largest input of each channel over the texts."""
    largest: dict[str, Any] = {}

    def watch(name: str) -> Any:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            met = inputs[0].float().abs().flatten(0, 1).amax(dim=0).numpy()
            largest[name] = np.maximum(largest.get(name, 0.0), met)

        return hook

    network.eval()
    hooks = [
        part.register_forward_pre_hook(watch(name))
        for name, part in network.named_modules()
        if name.startswith("layers.") and isinstance(part, nn.Linear)
    ]
    for one in found:
        network(*tensors([one]))
    for hook in hooks:
        hook.remove()
    return largest


def new_network() -> tuple[Network, Tokenizer, list[int]]:
    """Return the untrained network, its tokenizer and the pieces that were kept."""
    pruned, kept = prune(read_tokenizer())
    network = Network(read_weights(), kept)
    return network, Tokenizer.from_str(json.dumps(pruned)), kept


def run(plan: Run) -> None:
    """Do one run on one thread: two runs side by side beat one of two threads."""
    torch.set_num_threads(1)
    network, tokenizer, _ = new_network()
    if plan.start:
        network.load_state_dict(torch.load(plan.start))
    found = [one for one in lessons(plan.folder) if one.dataset not in plan.without]
    _say(f"{len(found):,} lessons, {len(network.words.weight):,} pieces")
    train(found, plan, tokenizer, network)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
