"""`python -m benchmarks.worker_cost PROFILE`: what a worker costs that analyses the lines of its input.

Prints the processor seconds that the imports took, those that the models took, and the most memory that was
held at once, in megabytes. It runs in a process of its own, since memory once taken is rarely given back.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

_BATCH = 64
_STATUS = Path("/proc/self/status")


def peak_memory() -> float:
    """Return the most memory that this process has held, in megabytes (10^6 bytes).

    Linux counts what the parent held before it started this program towards `ru_maxrss`, hence VmHWM there.
    """
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024 / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def main() -> int:
    """Load, analyse, print, and return 0."""
    began = time.process_time()
    from benchmarks.language_whole import config
    from nlp.pipeline import Pipeline, Profile, TextItem

    imported = time.process_time()
    pipeline = Pipeline(config(Profile(sys.argv[1])))
    pipeline.warm_up()
    loaded = time.process_time()
    texts = [TextItem("", line) for line in sys.stdin.read().splitlines()]
    for at in range(0, len(texts), _BATCH):
        pipeline.analyze(texts[at : at + _BATCH])
    sys.stdout.write(f"{imported - began:.3f} {loaded - imported:.3f} {peak_memory():.1f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
