"""How far first visits have come, as bars on a terminal and as nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from crawlers.collect import Progress
    from crawlers.items import Checkpoint

Clock = Callable[[], datetime]


def share_read(began: datetime, reached: datetime, goal: datetime) -> float:
    """Return which share, 0…1, of the time from `began` back to `goal` lies after `reached`."""
    whole = (began - goal).total_seconds()
    if whole <= 0:
        return 1.0
    return min(1.0, max(0.0, (began - reached).total_seconds() / whole))


@contextmanager
def bars(clock: Clock, console: Console | None = None) -> Iterator[Progress | None]:
    """Yield what `collect` is to tell of its checkpoints, None where stderr is no terminal.

    A source has a bar once it says how far it is to read. Bars of several lists of one source are one: it
    shows the list that is being read.
    """
    if console is None and not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[told]}"))
    began, tasks = clock(), {}
    with Progress(*columns, console=console or Console(stderr=True), transient=True) as shown:

        def tell(name: str, items: int, checkpoint: Checkpoint) -> None:
            if checkpoint.reached is None or checkpoint.goal is None:
                return
            if name not in tasks:
                tasks[name] = shown.add_task(name, total=1.0, told="")
            done = share_read(began, checkpoint.reached, checkpoint.goal)
            told = f"{items} items, back to {checkpoint.reached:%Y-%m-%d} of {checkpoint.goal:%Y-%m-%d}"
            shown.update(tasks[name], completed=done, told=told)

        yield tell
