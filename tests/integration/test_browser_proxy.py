"""The way out of a browser: only permitted addresses are connected to, whatever is asked for and how."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from crawlers.browser_proxy import ProxyLimits, open_proxy

LOOPBACK = [ip_network("127.0.0.1/32")]


class Server:
    """A server on all of loopback that counts its visitors and says the same to each."""

    def __init__(self, body: bytes = b"hello") -> None:
        self.body, self.heads, self.visitors = body, [], 0

    async def serve(self, reader, writer):
        self.visitors += 1
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + self.body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def asked(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read(-1)
    writer.close()
    return answer


def exchange(run, request, *, allowed=(), server=None, limits=None, resolve=None):
    """Return what the proxy answers; $PORT in the request is the server's port."""
    server = server or Server()

    async def all_of_it():
        listening = await asyncio.start_server(server.serve, "0.0.0.0", 0)
        place = listening.sockets[0].getsockname()[1]
        try:
            async with open_proxy(allowed, limits, resolve) as proxy:
                made = request.replace("$PORT", str(place)).encode()
                return await asyncio.wait_for(asked(proxy.port, made), 10), proxy, server
        finally:
            listening.close()

    return run(all_of_it)


def get(host: str, *headers: str) -> str:
    return "".join(f"{line}\r\n" for line in (f"GET http://{host}:$PORT/a?b=c HTTP/1.1", *headers, ""))


def connect(host: str) -> str:
    return f"CONNECT {host}:$PORT HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"


def test_a_permitted_address_is_asked_in_its_own_form_and_without_what_is_for_the_proxy(run):
    request = get("127.0.0.1", "Host: x", "Proxy-Connection: keep-alive", "Cookie: a=b")
    answer, proxy, server = exchange(run, request, allowed=LOOPBACK)
    assert answer.endswith(b"\r\n\r\nhello")
    assert server.heads == [b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nConnection: close\r\n\r\n"]
    assert proxy.refused == []


def test_a_tunnel_to_a_permitted_address(run):
    answer, _, server = exchange(run, connect("127.0.0.1"), allowed=LOOPBACK)
    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\n")
    assert answer.endswith(b"hello")
    assert server.visitors == 1


@pytest.mark.parametrize("form", [get, connect])
@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "localhost", "169.254.169.254", "10.0.0.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]",
     "2130706434", "0x7f000002", "127.2"],
)  # fmt: skip
def test_a_forbidden_address_hears_nothing(run, form, host):
    allowed = () if host in ("localhost", "[::ffff:127.0.0.1]") else LOOPBACK
    answer, proxy, server = exchange(run, form(host), allowed=allowed)
    assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 502 "))
    assert server.visitors == 0
    assert answer.startswith(b"HTTP/1.1 502 ") or len(proxy.refused) == 1


def test_what_is_connected_to_is_the_address_that_was_checked(run):
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    async def rebinding(host, port):
        return answers.pop(0)

    answer, _, _ = exchange(run, get("innocent.example"), allowed=LOOPBACK, resolve=rebinding)
    assert answer.endswith(b"hello") and len(answers) == 1, "a name is resolved once"


def test_of_several_addresses_only_the_permitted_is_tried(run):
    async def several(host, port):
        return ["127.0.0.2", "10.0.0.1", "127.0.0.1"]

    answer, proxy, server = exchange(run, get("mixed.example"), allowed=LOOPBACK, resolve=several)
    assert (answer[-5:], server.visitors, proxy.refused) == (b"hello", 1, [])


@pytest.mark.parametrize(
    "request_text",
    [
        "GET / HTTP/1.1\r\n\r\n",
        "GET ftp://127.0.0.1:$PORT/ HTTP/1.1\r\n\r\n",
        "GET http://u:p@127.0.0.1:$PORT/ HTTP/1.1\r\n\r\n",
        "CONNECT 127.0.0.1:99999 HTTP/1.1\r\n\r\n",
        "CONNECT :1 HTTP/1.1\r\n\r\n",
        "GET http://127.0.0.1:$PORT/ HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        "GET http://127.0.0.1:$PORT/ HTTP/1.1\r\n folded\r\n\r\n",
        "GET http://127.0.0.1:$PORT/ SIP/2.0\r\n\r\n",
        "what\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_goes_nowhere(run, request_text):
    answer, _, server = exchange(run, request_text, allowed=LOOPBACK)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert server.visitors == 0


def test_a_page_without_end_is_cut_off(run):
    answer, proxy, _ = exchange(
        run,
        get("127.0.0.1"),
        allowed=LOOPBACK,
        server=Server(b"x" * 2_000_000),
        limits=ProxyLimits(bytes=300_000),
    )
    assert len(answer) <= 300_000
    assert proxy.passed < 500_000


def test_too_many_connections_are_refused(run):
    answer, proxy, server = exchange(
        run, get("127.0.0.1"), allowed=LOOPBACK, limits=ProxyLimits(connections=0)
    )
    assert (answer[:12], server.visitors) == (b"HTTP/1.1 403", 0)
    assert proxy.refused == ["the page opens too many connections"]
