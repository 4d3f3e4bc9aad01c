"""The one event loop: asyncio with Twisted's reactor on top, so that Scrapy runs inside it."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

_loop: asyncio.AbstractEventLoop | None = None


def install_reactor() -> asyncio.AbstractEventLoop:
    """Install Twisted's asyncio reactor on a loop of its own and return that loop.

    Calling it again changes nothing. Raises RuntimeError where another reactor was installed before.
    """
    global _loop
    if _loop is not None:
        return _loop
    if "twisted.internet.reactor" in sys.modules:
        raise RuntimeError("another Twisted reactor is installed; call install_reactor() first")
    from twisted.internet import asyncioreactor

    loop = asyncio.new_event_loop()
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    from twisted.internet import reactor

    any_reactor: Any = reactor
    # Threads resolve names; one stuck in a resolver must not keep the program from ending.
    any_reactor.getThreadPool().threadFactory = partial(threading.Thread, daemon=True)
    any_reactor.startRunning(installSignalHandlers=False)
    logging.getLogger("scrapy").setLevel(logging.ERROR)
    # A robots.txt that cannot be had is no error: the page itself tells if anything is wrong.
    logging.getLogger("scrapy.downloadermiddlewares.robotstxt").setLevel(logging.CRITICAL)
    _loop = loop
    return loop


def run(factory: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `factory()` to its end on the reactor's loop and return its result, as `asyncio.run` would.

    May be called again. Ctrl-C cancels the coroutine, waits for it, and raises KeyboardInterrupt.
    """
    loop = install_reactor()
    task = loop.create_task(factory())
    try:
        return loop.run_until_complete(task)
    finally:
        pending = [left for left in asyncio.all_tasks(loop) if not left.done()]
        for left in pending:
            left.cancel()
        if pending:
            loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
