"""Pages in a real browser: what scripts put in is read, and nothing forbidden is reached."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from types import SimpleNamespace

import pytest
from scrapy import Request

from config.settings import Settings, Source
from crawlers import browser
from crawlers.base import kinds
from crawlers.browser import BrowserSession
from crawlers.collect import preview
from crawlers.errors import AddressRefusedError, CrawlError
from crawlers.guard import ALLOWED_NETWORKS_SETTING

_MISSING = [
    name
    for name, there in (
        ("the extra browser", importlib.util.find_spec("playwright")),
        ("Chromium", os.environ.get("CHROMIUM") or any(map(shutil.which, browser._PROGRAMS))),
    )
    if not there
]
needs_browser = pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}")


def crawler():
    return SimpleNamespace(
        settings={ALLOWED_NETWORKS_SETTING: (ip_network("127.0.0.1/32"),), "USER_AGENT": "marsad-test"}
    )


def seen_of(run, pages, path="/"):
    """Read `path` of a site on 127.0.0.1 and return the answer or error, and what each host was asked.

    $PORT in a page is the port, at which all of loopback listens.
    """
    asked = []

    async def serve(reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            target = head.split(" ")[1]
            asked.append((writer.get_extra_info("sockname")[0], target, head))
            body, headers = pages.get(target, ("nothing", "HTTP/1.1 404 Not Found"))
            body = body.replace("$PORT", str(port)).encode()
            headers = headers.replace("$PORT", str(port))
            writer.write(f"{headers}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def all_of_it():
        nonlocal port
        server = await asyncio.start_server(serve, "0.0.0.0", 0)
        port = server.sockets[0].getsockname()[1]
        session = BrowserSession(crawler())
        try:
            return await session.read(Request(f"http://127.0.0.1:{port}{path}"))
        except CrawlError as error:
            return error
        finally:
            await session.close()
            server.close()

    port = 0
    return run(all_of_it), asked


def html(body: str) -> tuple[str, str]:
    return body, "HTTP/1.1 200 OK\r\nContent-Type: text/html"


@needs_browser
def test_what_a_script_puts_in_is_read(run):
    pages = {
        "/": html(
            "<div id=a></div><script>fetch('/list').then(r => r.text()).then(t => a.innerText = t)</script>"
        ),
        "/list": ("ممتاز", "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8"),
    }
    answer, asked = seen_of(run, pages)
    assert not isinstance(answer, CrawlError), answer
    assert "ممتاز" in answer.text and answer.status == 200
    assert "marsad-test" in asked[0][2]


@needs_browser
def test_nothing_forbidden_is_reached(run):
    tries = "".join(
        f"<iframe src='http://{host}/f'></iframe><img src='http://{host}/i'>"
        f"<script src='http://{host}/s'></script><link rel=preconnect href='http://{host}'>"
        f"<script>fetch('http://{host}/x', {{mode: 'no-cors'}}).catch(() => 0);"
        f"navigator.sendBeacon('http://{host}/b'); try {{ new WebSocket('ws://{host}/w') }} catch (e) {{}}"
        f"</script>"
        for host in ("127.0.0.2:$PORT", "169.254.169.254", "10.0.0.1", "localtest.invalid", "[::1]:$PORT")
    )
    more = "<p>here</p><script>window.open('http://127.0.0.2:$PORT/popup'); alert(1)</script>"
    answer, asked = seen_of(run, {"/": html(more + tries)})
    assert not isinstance(answer, CrawlError), answer
    assert "here" in answer.text
    assert {host for host, *_ in asked} == {"127.0.0.1"}


@needs_browser
@pytest.mark.parametrize("place", ["127.0.0.2:$PORT", "169.254.169.254", "10.0.0.1"])
def test_a_redirect_to_a_forbidden_address_is_said(run, place):
    pages = {"/": ("", f"HTTP/1.1 302 Found\r\nLocation: http://{place}/secret")}
    answer, asked = seen_of(run, pages)
    assert isinstance(answer, AddressRefusedError)
    assert "allow_private_networks" in str(answer)
    assert {host for host, *_ in asked} == {"127.0.0.1"}


@needs_browser
def test_a_download_is_refused(run):
    disposition = "Content-Type: application/x-thing\r\nContent-Disposition: attachment"
    answer, _ = seen_of(run, {"/": ("x" * 1000, f"HTTP/1.1 200 OK\r\n{disposition}")})
    assert str(answer) == "the address is a download, not a page"


@needs_browser
def test_a_page_that_never_ends_is_left(run, monkeypatch):
    monkeypatch.setattr(browser, "PAGE_SECONDS", 6.0)
    answer, _ = seen_of(run, {"/": html("<script>setTimeout(() => { while (true) {} }, 300)</script>")})
    assert str(answer) == "the page was not through in time in the browser"


def test_without_the_extra_it_is_said_in_words(run, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(browser.importlib, "import_module", missing)
    answer, asked = seen_of(run, {})
    assert str(answer) == "browser: true needs the extra: pip install 'marsad[browser]'"
    assert asked == []


@needs_browser
def test_a_page_of_reviews_is_read_in_a_browser_where_that_is_asked_for(run, clock):
    review = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "Lamp",
        "review": {
            "@type": "Review",
            "author": {"@type": "Person", "name": "Sara"},
            "reviewBody": "Bright and cheap.",
            "reviewRating": {"@type": "Rating", "ratingValue": 4, "bestRating": 5},
        },
    }
    script = (
        "<html><body><script>const s = document.createElement('script'); s.type = 'application/ld+json';"
        f"s.textContent = {json.dumps(json.dumps(review))}; document.body.append(s)</script></body></html>"
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = script.encode() if self.path == "/" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        found = {}
        for asked_for in (True, False):
            given = {"url": f"http://127.0.0.1:{server.server_address[1]}/", "browser": asked_for}
            options = kinds()["reviews"].Options(**given)
            source = Source(name="page", kind="reviews")
            source._options = options
            settings = Settings(allow_private_networks=["127.0.0.0/8"]).model_copy(
                update={"sources": [source]}
            )
            found[asked_for] = run(lambda settings=settings: preview(settings, clock))[0]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    event, mentions = found[True]
    assert [mention.text for mention in mentions] == ["Bright and cheap."], event.error
    assert mentions[0].rating == 4
    assert found[False][1] == [], "without a browser there is nothing"
