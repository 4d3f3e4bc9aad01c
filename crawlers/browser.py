"""Pages that show nothing without a browser: read in Chromium, which gets out by our own proxy only.

Needs the extra `browser` and a Chromium on this host; neither is asked for before the first such page.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
from contextlib import AsyncExitStack, suppress
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response
from scrapy.responsetypes import responsetypes

from crawlers.browser_proxy import BrowserProxy, open_proxy
from crawlers.compression import BODY_LIMIT_BYTES
from crawlers.errors import AddressRefusedError, BodyTooBigError, CrawlError
from crawlers.guard import ALLOWED_NETWORKS_SETTING, GuardedDownloadHandler

PAGE_SECONDS = 40.0
_LOAD_SECONDS = 25.0
_QUIET_SECONDS = 5.0
_CLOSE_SECONDS = 10.0
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_NOT_LOADED = frozenset({"image", "media", "font"})
# Headers of the bytes on the wire; what is handed on is the page as it stands afterwards.
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def launch_arguments(port: int) -> list[str]:
    """Return what makes Chromium resolve nothing and reach nothing but the proxy at this port."""
    return [
        f"--proxy-server=http://127.0.0.1:{port}",
        # Without this, Chromium goes to loopback by itself.
        "--proxy-bypass-list=<-loopback>",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--disable-quic",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--no-pings",
        "--dns-prefetch-disable",
    ]


class BrowserSession:
    """One browser with one context, for one visit; opened when the first page is asked for."""

    def __init__(self, crawler: Crawler) -> None:
        self._allowed = tuple(crawler.settings[ALLOWED_NETWORKS_SETTING])
        self._user_agent = str(crawler.settings["USER_AGENT"])
        self._stack = AsyncExitStack()
        self._one_at_a_time = asyncio.Lock()
        self._context: Any = None
        self._proxy: BrowserProxy | None = None

    async def read(self, request: Request) -> Response:
        """Return a page as it stands after its scripts have run.

        Raises:
            AddressRefusedError: it, or where it leads, may not be reached.
            CrawlError: no browser can be had, or the page cannot be read in one.
        """
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(PAGE_SECONDS):
                    return await self._read(request)
            except TimeoutError:
                raise CrawlError("the page was not through in time in the browser") from None

    async def _read(self, request: Request) -> Response:
        if self._context is None:
            await self._open()
        page = await self._context.new_page()
        self._context.on("page", _shut)
        try:
            return await self._visit(page, request)
        except CrawlError:
            raise
        except Exception as error:
            raise self._cause(error) from error
        finally:
            self._context.remove_listener("page", _shut)
            with suppress(Exception):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await page.close()

    async def _visit(self, page: Any, request: Request) -> Response:
        answer = await page.goto(request.url, wait_until="load", timeout=_LOAD_SECONDS * 1000)
        if answer is None:
            raise CrawlError("the page gave no answer in the browser")
        barred = self._proxy.barred if self._proxy else {}
        if (cause := barred.get(urlsplit(answer.url).hostname or "")) is not None:
            raise AddressRefusedError(cause)
        headers = {
            name: value for name, value in (await answer.all_headers()).items() if name not in _OF_THE_WIRE
        }
        if "html" not in headers.get("content-type", "html"):
            # Of a list in JSON or XML the browser would show its own picture.
            body = _limited(await answer.body())
            kind = responsetypes.from_args(headers=headers, url=answer.url, body=body)
            return kind(answer.url, status=answer.status, headers=headers, body=body, request=request)
        with suppress(Exception):
            # Many pages are never quiet: then what is there by now counts.
            await page.wait_for_load_state("networkidle", timeout=_QUIET_SECONDS * 1000)
        if (cause := barred.get(urlsplit(page.url).hostname or "")) is not None:
            raise AddressRefusedError(cause)
        body = _limited((await page.content()).encode("utf-8", "replace"))
        headers["content-type"] = "text/html; charset=utf-8"
        return HtmlResponse(page.url, status=answer.status, headers=headers, body=body, request=request)

    def _cause(self, error: Exception) -> CrawlError:
        """Return what went wrong in words; messages of the browser hold addresses and stay out."""
        if self._proxy is not None and self._proxy.barred:
            return AddressRefusedError(next(iter(self._proxy.barred.values())))
        if "Timeout" in type(error).__name__:
            return CrawlError("the page was not through in time in the browser")
        if "Download" in str(error) or "ERR_ABORTED" in str(error):
            return CrawlError("the address is a download, not a page")
        return CrawlError("the page cannot be read in the browser")

    async def _open(self) -> None:
        library, program = _library(), _program()
        self._proxy = await self._stack.enter_async_context(open_proxy(self._allowed))
        try:
            driver = await self._stack.enter_async_context(library.async_playwright())
            browser = await driver.chromium.launch(
                executable_path=program,
                args=launch_arguments(self._proxy.port),
                # Chromium refuses to have its sandbox as root.
                chromium_sandbox=os.geteuid() != 0,
            )
            self._stack.push_async_callback(browser.close)
            self._context = await browser.new_context(
                user_agent=self._user_agent, accept_downloads=False, service_workers="block"
            )
            await self._context.route("**/*", _let_pass)
        except Exception as error:
            raise CrawlError(f"the browser cannot be started ({type(error).__name__})") from error

    async def close(self) -> None:
        """Close the browser and its way out."""
        self._context = None
        with suppress(Exception):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._stack.aclose()


_sessions: WeakKeyDictionary[Crawler, BrowserSession] = WeakKeyDictionary()


class BrowserDownloadHandler(GuardedDownloadHandler):
    """Reads in a browser what asks for it with `browser` in its meta, and all else as usual."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        # One browser a visit, whatever the scheme.
        self._session = _sessions.setdefault(crawler, BrowserSession(crawler))

    async def download_request(self, request: Request) -> Response:
        """Fetch one address. Raises as `BrowserSession.read` and `GuardedDownloadHandler` do."""
        if not request.meta.get("browser"):
            return await super().download_request(request)
        async with self._crawler.spider.hosts.turn(request.url):  # type: ignore[union-attr]
            return await self._session.read(request)

    async def close(self) -> None:
        """Close the browser, too."""
        await self._session.close()
        await super().close()


def _library() -> Any:
    try:
        return importlib.import_module("playwright.async_api")
    except ImportError:
        raise CrawlError("browser: true needs the extra: pip install 'marsad[browser]'") from None


def _program() -> str:
    named = [os.environ.get("CHROMIUM"), *map(shutil.which, _PROGRAMS)]
    found = next((program for program in named if program), None)
    if found is None:
        raise CrawlError("browser: true needs Chromium: install it, or name it in the variable CHROMIUM")
    return found


def _limited(body: bytes) -> bytes:
    if len(body) > BODY_LIMIT_BYTES:
        raise BodyTooBigError("the page in the browser is larger than 10 MiB")
    return body


async def _let_pass(route: Any) -> None:
    with suppress(Exception):
        if route.request.resource_type in _NOT_LOADED:
            await route.abort()
        else:
            await route.continue_()


async def _shut(page: Any) -> None:
    """Close a window that a page opened."""
    with suppress(Exception):
        await page.close()
