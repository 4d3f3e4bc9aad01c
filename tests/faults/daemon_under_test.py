"""The daemon as the crash tests run it: `scheduler.run(scheduler.build(...))`, in a process of its own.

Nothing in it is replaced but the clock, which starts at a given time, and how often the stages look, which
is shortened. Each stage also leaves a line in a trace when it begins and ends, so that a test can aim.

As a program it loads the daemon's code once and then forks a life for each line on its stdin: a JSON object
with `config`, `clock` (ISO 8601), `trace` and `log` (paths). It answers with the life's process id when it
begins, and with its status (negative: the signal that killed it) when it has ended.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage.mentions import StoredMention
    from storage.records import Analysis

EVERY = {"lead": 1.0, "collect": 0.5, "understand": 0.2, "decide": 0.5, "tell": 0.2}


def main() -> None:
    """Fork a life for each line of stdin, one at a time."""
    # Loaded before the fork; the workers, which are spawned, load what they need themselves.
    import scheduler
    import wiring

    assert scheduler.EVERY
    wiring.kinds()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            live(order)
            return
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def live(order: dict[str, str]) -> None:
    """Be the daemon until a signal ends it."""
    os.setsid()
    with Path(order["log"]).open("ab") as log, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    import scheduler
    import wiring
    from config import loader, logs
    from crawlers import reactor

    logs.set_up()
    trace = os.open(order["trace"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    scheduler.EVERY.update(EVERY)  # type: ignore[arg-type]
    scheduler.Daemon = _traced(scheduler.Daemon, trace)  # type: ignore[misc]
    began, start = monotonic(), datetime.fromisoformat(order["clock"])

    def clock() -> datetime:
        return start + timedelta(seconds=monotonic() - began)

    settings = loader.load(Path(order["config"]), wiring.kinds(), environ={})
    reactor.install_reactor()
    with marked(trace, "build"):
        daemon = scheduler.build(settings, settings.folder, clock)
    reactor.run(lambda: scheduler.run(daemon))
    daemon.engine.dispose()


@contextmanager
def marked(trace: int, stage: str) -> Iterator[None]:
    """Leave a line before and one after. The write is one system call: a kill cannot cut it in two."""
    os.write(trace, f"+{stage}\n".encode())
    yield
    os.write(trace, f"-{stage}\n".encode())


def _traced(daemon: Any, trace: int) -> Any:
    class Traced(daemon):  # type: ignore[misc]
        async def collect(self, *, force: bool = False) -> Any:
            with marked(trace, "collect"):
                return await super().collect(force=force)

        async def understand(self) -> int:
            with marked(trace, "understand"):
                return await super().understand()  # type: ignore[no-any-return]

        def _save(self, batch: list[StoredMention], found: list[Analysis]) -> int:
            with marked(trace, "save"):
                return super()._save(batch, found)  # type: ignore[no-any-return]

        def _decide(self) -> Any:
            with marked(trace, "decide"):
                return super()._decide()

        async def tell(self) -> Any:
            with marked(trace, "tell"):
                return await super().tell()

    return Traced


if __name__ == "__main__":
    main()
