"""Begins, watches and ends lives of the daemon under test."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds within which anything awaited must come, however busy the machine is."""


def until(holds: Callable[[], bool], seconds: float = PATIENCE, step: float = 0.02) -> bool:
    """Wait until something holds, and tell whether it did within so many seconds."""
    deadline = monotonic() + seconds
    while not holds():
        if monotonic() > deadline:
            return False
        sleep(step)
    return True


def session(leader: int) -> list[int]:
    """Return the processes of a session that are not dead: the daemon's, its workers', their helpers'."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        state, _parent, _group, belongs_to = stat.rpartition(")")[2].split()[:4]
        if int(belongs_to) == leader and state not in "ZX":
            found.append(int(entry.name))
    return found


class Life:
    """One life of the daemon, from fork to exit."""

    def __init__(self, pid: int, number: int, trace: Path, log: Path, ended: Callable[[float], int]) -> None:
        self.pid, self.number, self._trace, self.log = pid, number, trace, log
        self._ended = ended
        self.asked_to_stop = False

    def marks(self) -> list[str]:
        """Return what the stages have written so far: `+stage` where one began, `-stage` where it ended."""
        return self._trace.read_text(encoding="ascii").split() if self._trace.exists() else []

    def in_hand(self) -> set[str]:
        """Return the stages that have begun and not ended."""
        marks = self.marks()
        return {m[1:] for m in marks if m[0] == "+" and marks.count(m) > marks.count(f"-{m[1:]}")}

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._ended(PATIENCE) == -signal.SIGKILL

    def ask_to_stop(self) -> None:
        """Send what systemd and Docker send."""
        self.asked_to_stop = True
        os.kill(self.pid, signal.SIGTERM)

    def stopped(self, seconds: float = PATIENCE) -> int:
        """Return the exit status, which must come within so many seconds."""
        return self._ended(seconds)

    def orphans(self, seconds: float = PATIENCE) -> list[int]:
        """Return the processes of its session that outlive it for so many seconds."""
        until(lambda: not session(self.pid), seconds)
        return session(self.pid)


class Lives:
    """A process that has loaded the daemon's code and forks one life after the other from it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._count = folder, 0
        self._errors = (folder / "forks.log").open("wb")
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("daemon_under_test.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        )

    def begin(self, config: Path, clock: datetime) -> Life:
        """Begin a life at a given time; the one before must have ended."""
        self._count += 1
        trace, log = self._folder / f"{self._count:03}.trace", self._folder / f"{self._count:03}.log"
        order = {"config": str(config), "clock": clock.isoformat(), "trace": str(trace), "log": str(log)}
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order).encode() + b"\n")
        return Life(self._answer(PATIENCE), self._count, trace, log, self._answer)

    def _answer(self, seconds: float) -> int:
        assert self._server.stdout is not None
        ready, _, _ = select.select([self._server.stdout], [], [], seconds)
        assert ready, f"nothing came within {seconds:g} s; see {self._folder}"
        line = self._server.stdout.readline()
        assert line, f"the daemon's code could not be loaded; see {self._folder}/forks.log"
        return int(line)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process; a life that a failed test has left is ended first."""
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        try:
            self._server.wait(timeout=1)
        except subprocess.TimeoutExpired:
            for child in (
                Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text().split()
            ):
                os.kill(int(child), signal.SIGKILL)
            self._server.wait(timeout=PATIENCE)
        self._server.stdout.close()
        self._errors.close()
