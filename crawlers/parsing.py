"""Parsing of what strangers wrote, in a child process that can be killed.

A feed or page can make a parser hang or swell, whatever the parser. So it runs in one of two warm
children with a limit on time and memory; what hangs or swells is killed with its child, a new child takes
its place, and the event loop never waits. Children are spawned, not forked: they carry no reactor, no
sockets and no locks of ours. They die with the parent.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

from crawlers.errors import CrawlError, ParserCrashError, ParsingMemoryError, ParsingTimeoutError

P = ParamSpec("P")
T = TypeVar("T")

TIME_LIMIT_SECONDS = 20.0
MEMORY_HEADROOM_BYTES = 1024 * 1024 * 1024
_CHILDREN = 2
_TASKS_PER_CHILD = 2000
_PR_SET_PDEATHSIG = 1
_logger = logging.getLogger(__name__)
_lock = threading.Lock()
_pool: ProcessPool | None = None


async def parse(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in a child and return its result. It, its arguments and its result are picklable.

    Raises:
        ParsingTimeoutError: it ran longer than `TIME_LIMIT_SECONDS`.
        ParsingMemoryError: it needed more than `MEMORY_HEADROOM_BYTES` beyond what the child holds at rest.
        ParserCrashError: its process died, or it raised anything but a `CrawlError`.
        CrawlError: raised by the function itself, passed on as it is.
    """
    try:
        return await _submit(function, args, kwargs)
    except (CrawlError, asyncio.CancelledError):
        raise
    except TimeoutError:
        raise ParsingTimeoutError(f"reading it took longer than {TIME_LIMIT_SECONDS:g} s") from None
    except MemoryError:
        raise ParsingMemoryError("reading it needed too much memory") from None
    except ProcessExpired as error:
        raise ParserCrashError(f"the process that read it died (exit code {error.exitcode})") from None
    except RecursionError:
        raise ParserCrashError("it is nested too deep to be read") from None
    except Exception as error:
        _logger.warning("parser failed", exc_info=True)
        raise ParserCrashError(f"reading it failed ({type(error).__name__})") from error


async def _submit(function: Callable[P, T], args: tuple[object, ...], kwargs: dict[str, object]) -> T:
    for last_try in (False, True):
        pool = _running_pool()
        try:
            future = pool.schedule(function, args=args, kwargs=kwargs, timeout=TIME_LIMIT_SECONDS)
            return await asyncio.wrap_future(future)
        except (BrokenProcessPool, RuntimeError):
            # The pool itself is lost (all children killed at once): start another, once.
            if last_try or pool.active:
                raise
            _drop(pool)
    raise AssertionError("unreachable")


def _running_pool() -> ProcessPool:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ProcessPool(
                max_workers=_CHILDREN,
                max_tasks=_TASKS_PER_CHILD,
                initializer=_enter_child,
                initargs=(os.getpid(), MEMORY_HEADROOM_BYTES),
                context=multiprocessing.get_context("spawn"),
            )
        return _pool


def _drop(pool: ProcessPool) -> None:
    global _pool
    with _lock:
        if _pool is pool:
            _pool = None
    pool.stop()  # type: ignore[no-untyped-call]


@atexit.register
def close() -> None:
    """Stop the children; the next `parse` starts new ones."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        pool.stop()  # type: ignore[no-untyped-call]
        with suppress(TimeoutError):
            pool.join(timeout=5)


def _enter_child(parent: int, headroom: int) -> None:
    """Prepare the child: die with the parent, leave Ctrl-C to it, load the parsers, limit memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the line above
    # Warm: imported once, before the memory limit is taken.
    import crawlers.article
    import crawlers.feeds
    import crawlers.markup
    import crawlers.sitemaps  # noqa: F401

    in_use = _address_space_bytes()
    if in_use:
        resource.setrlimit(resource.RLIMIT_AS, (in_use + headroom, in_use + headroom))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 0  # no /proc: the time limit alone must do
    return pages * resource.getpagesize()
