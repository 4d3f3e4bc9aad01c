"""A thousand feeds on loopback, each on an address of its own; a tenth of them slow, failing or hostile.

Run as a process by `benchmarks.fleet`: `python -m benchmarks.fleet_site` prints its port.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

SLOW_SECONDS = 3.0
ILL = ("hangs", "slow", "status 500", "comment flood", "resets")


def address(number: int) -> str:
    """Return the loopback address of feed `number`."""
    return f"127.{1 + number // 250}.0.{1 + number % 250}"


def number_of(host: str) -> int:
    """Return which feed an address is of."""
    _, high, _, low = host.partition(":")[0].split(".")
    return (int(high) - 1) * 250 + int(low) - 1


def illness(number: int) -> str | None:
    """Return what is wrong with a feed; None for nine of ten."""
    return ILL[number // 10 % len(ILL)] if number % 10 == 0 else None


@dataclass
class Site:
    """What is served, and what was asked: times by feed, and totals."""

    version: Counter[int] = field(default_factory=Counter)
    asked: dict[int, list[float]] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                path = lines[0].split(" ")[1]
                if path.startswith("/control/"):
                    await self._control(path, writer)
                elif not await self._feed(number_of(headers["host"]), headers, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _control(self, path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/control/news":
            # One feed in twenty has something new.
            self.version.update(range(int(time.monotonic()) % 20, 1000, 20))
        elif path == "/control/reset":
            self.asked, self.totals = {}, Counter()
        document = {"asked": self.asked, "totals": self.totals}
        await self._send(writer, 200, json.dumps(document).encode())

    async def _feed(self, number: int, headers: dict[str, str], writer: asyncio.StreamWriter) -> bool:
        self.asked.setdefault(number, []).append(time.time())
        self.totals["requests"] += 1
        ill = illness(number)
        if ill == "hangs":
            await asyncio.sleep(3600)
        if ill == "resets":
            writer.transport.abort()
            return False
        if ill == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        if ill == "status 500":
            await self._send(writer, 500, b"sorry")
            return True
        if ill == "comment flood":
            await self._send(writer, 200, b"<rss><!--" * 30_000)
            return True
        tag = f'"{number}-{self.version[number]}"'
        if headers.get("if-none-match") == tag:
            await self._send(writer, 304, b"", tag)
        else:
            await self._send(writer, 200, feed(number, self.version[number]), tag)
        return True

    async def _send(self, writer: asyncio.StreamWriter, status: int, body: bytes, tag: str = "") -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/rss+xml\r\n"
        head += f"ETag: {tag}\r\n" if tag else ""
        head += "" if status == 304 else f"Content-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"\r\n" + body)
        self.totals["bytes"] += len(body)
        await writer.drain()


def feed(number: int, version: int) -> bytes:
    """Return the feed's twenty newest items."""
    items = "".join(
        f"<item><guid>{number}-{item}</guid><title>Item {item} of feed {number}</title>"
        f"<link>https://feed{number}.example/{item}</link>"
        f"<description>{'A coffee shop opened in Riyadh, and people like it. ' * 6}</description>"
        f"<pubDate>Tue, 10 Mar 2026 {item % 24:02}:00:00 GMT</pubDate></item>"
        for item in range(version + 20, version, -1)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'.encode()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(Site().serve, "0.0.0.0", 0, backlog=2000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
