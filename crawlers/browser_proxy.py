"""The one way out of a browser: a forward proxy on loopback that connects to permitted addresses only.

A browser follows redirects, frames, scripts and WebSockets by itself, and resolves names by itself. It is
told to resolve nothing and to go through this proxy with everything: here a name is resolved, each of its
addresses is checked with `crawlers.guard.refusal`, and the one that was checked is connected to. HTTP in
absolute form and CONNECT are spoken (RFC 9112, 3.2.2; RFC 9110, 9.3.6), one request a connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from crawlers.errors import AddressRefusedError
from crawlers.guard import Network, refusal

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_HEAD_LIMIT_BYTES = 64 * 1024
_BLOCK_BYTES = 64 * 1024
_MOST_HEADERS = 200
# Headers that hold for one connection only (RFC 9110, 7.6.1); the connection here ends after the answer.
_HOP = frozenset({b"connection", b"proxy-connection", b"keep-alive", b"proxy-authorization", b"te"})


@dataclass(frozen=True, slots=True)
class ProxyLimits:
    """What one browser may use, over all its connections together; times are in seconds."""

    bytes: int = 32 * 1024 * 1024
    connections: int = 500
    at_once: int = 24
    connect_seconds: float = 10.0
    idle_seconds: float = 20.0


@dataclass(slots=True)
class BrowserProxy:
    """An open proxy.

    `refused` are the causes, in words, of what was kept from being connected to; `barred` has them by host.
    """

    allowed: Sequence[Network]
    limits: ProxyLimits
    resolve: Resolve
    port: int = 0
    passed: int = 0
    connections: int = 0
    refused: list[str] = field(default_factory=list)
    barred: dict[str, str] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of the browser to its end. Nothing is raised."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            self.connections += 1
            async with asyncio.timeout(self.limits.idle_seconds):
                head = await reader.readuntil(b"\r\n\r\n")
            if self.connections > self.limits.connections or len(self._tasks) > self.limits.at_once:
                raise AddressRefusedError("the page opens too many connections")
            await self._forward(head, reader, writer)
        except AddressRefusedError as error:
            self.refused.append(str(error))
            await _answer(writer, b"403 Forbidden")
        except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _answer(writer, b"400 Bad Request")
        except (OSError, TimeoutError):
            await _answer(writer, b"502 Bad Gateway")
        finally:
            writer.close()

    async def _forward(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, headers = _read_head(head)
        host, port, rest = _place(method, target)
        there, out = await self._connect(host, port)
        try:
            if method == b"CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                out.write(_new_head(method, rest, headers))
            await self._both_ways((reader, out), (there, writer))
        finally:
            out.close()

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first permitted address of a host.

        Raises:
            AddressRefusedError: none of them is permitted. OSError, TimeoutError: none can be reached.
        """
        reason, trouble = None, OSError("the name is not known")
        async with asyncio.timeout(self.limits.connect_seconds):
            for address in await self.resolve(host, port):
                why = refusal(address, self.allowed)
                if why is not None:
                    reason = reason or why
                    continue
                try:
                    # A numeric address: nothing is resolved a second time.
                    return await asyncio.open_connection(address, port, limit=_BLOCK_BYTES)
                except OSError as error:
                    trouble = error
        if reason is not None:
            cause = f"{reason}; allow_private_networks does not name it"
            self.barred[host] = cause
            raise AddressRefusedError(cause)
        raise trouble

    async def _both_ways(
        self,
        to_server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        to_browser: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        up = asyncio.create_task(self._pass(*to_server))
        down = asyncio.create_task(self._pass(*to_browser))
        try:
            # What the server has to say ends the connection; the browser may have nothing more to ask.
            await down
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError):
            while True:
                async with asyncio.timeout(self.limits.idle_seconds):
                    block = await reader.read(_BLOCK_BYTES)
                    self.passed += len(block)
                    if not block or self.passed > self.limits.bytes:
                        return
                    writer.write(block)
                    await writer.drain()

    async def close(self) -> None:
        """End every connection."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def open_proxy(
    allowed: Sequence[Network], limits: ProxyLimits | None = None, resolve: Resolve | None = None
) -> AsyncIterator[BrowserProxy]:
    """Open a proxy at a free port of 127.0.0.1 and close it, with all its connections, afterwards."""
    proxy = BrowserProxy(allowed, limits or ProxyLimits(), resolve or resolved)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=_HEAD_LIMIT_BYTES)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()


async def resolved(host: str, port: int) -> list[str]:
    """Return the numeric addresses of a host, in the order of the system. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _read_head(head: bytes) -> tuple[bytes, bytes, list[tuple[bytes, bytes]]]:
    """Return method, target and headers. Raises ValueError where that is no request."""
    first, *lines = head[:-4].split(b"\r\n")
    method, target, version = first.split(b" ")
    if not version.startswith(b"HTTP/1.") or not method.isalpha() or len(lines) > _MOST_HEADERS:
        raise ValueError("no request")
    headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip() or b"\n" in line or b"\r" in line:
            raise ValueError("no header")
        headers.append((name, value.strip()))
    return method, target, headers


def _place(method: bytes, target: bytes) -> tuple[str, int, bytes]:
    """Return host, port and what to ask there. Raises ValueError."""
    text = target.decode("ascii")
    parts = urlsplit(f"//{text}" if method == b"CONNECT" else text)
    if method != b"CONNECT" and parts.scheme != "http":
        raise ValueError("neither CONNECT nor an http address")
    if not parts.hostname or parts.username is not None:
        raise ValueError("no host")
    if ":" in parts.hostname:
        IPv6Address(parts.hostname)
    port = parts.port or (443 if method == b"CONNECT" else 80)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return parts.hostname, port, path.encode()


def _new_head(method: bytes, path: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    kept = [name + b": " + value for name, value in headers if name.lower() not in _HOP]
    return b"\r\n".join((method + b" " + path + b" HTTP/1.1", *kept, b"Connection: close", b"", b""))


async def _answer(writer: asyncio.StreamWriter, status: bytes) -> None:
    with suppress(OSError, TimeoutError):
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(1):
            await writer.drain()
