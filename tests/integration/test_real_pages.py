"""Recorded pages and sitemaps, served by an ordinary web server and collected by the real spiders.

Run with `pytest -s` to see what was found beside what the index expects.
"""

from __future__ import annotations

import csv
import gzip
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings, Source
from crawlers.base import kinds
from crawlers.collect import preview
from storage.records import FetchEvent, FetchStatus, Mention

# Where the index counts something else than what a person would call reviews or articles.
CORRECTED = {
    # 14 of the 26 are copies that a carousel makes of its slides (class slick-cloned).
    "reviews/product-extraction-benchmark__3suisses.fr_5f885d1f83.html.gz": 12,
    # The index counts every <loc>, also those of images.
    "web/crawler-commons__hebdenbridgetimes-articles-sitemap.xml": 74,
    "web/news-crawl__sitemap-news.xml": 1,
    "web/storm-crawler__digitalpebble.sitemap.extensions.all.xml": 5,
}
# Sitemaps that announce the front page too, which is no article.
WITH_FRONT_PAGE = (
    "web/crawler-commons__xmlSitemap.gz",
    "web/storm-crawler__digitalpebble.sitemap.extensions.all.xml",
    "web/trafilatura__sitemap.xml",
)
PARAGRAPH = "<p>The new workshop opens its doors on Monday, and everybody who repairs things may come in.</p>"


class Quiet(SimpleHTTPRequestHandler):
    """Serves the recorded files, sitemaps with this server as their host, and articles everywhere else."""

    def do_GET(self) -> None:
        """Answer."""
        asked = Path(self.translate_path(self.path))
        if asked.is_file() and "sitemap" not in asked.name.lower():
            super().do_GET()
            return
        if asked.is_file():
            self._send(self._relocated(asked), "application/octet-stream")
        elif self.path == "/robots.txt":
            self.send_error(404)
        elif "sitemap" in self.path and self.path not in ("/sitemap.xml", "/sitemap_index.xml"):
            page = f"http://127.0.0.1:{self.server.server_address[1]}/of/{abs(hash(self.path))}.html"
            self._send(f"<urlset><url><loc>{page}</loc></url></urlset>".encode(), "text/xml")
        else:
            self._send(f"<html><title>{self.path}</title>{PARAGRAPH * 5}".encode(), "text/html")

    def _relocated(self, file: Path) -> bytes:
        body = file.read_bytes()
        packed = body.startswith(b"\x1f\x8b")
        text = gzip.decompress(body) if packed else body
        here = f"http://127.0.0.1:{self.server.server_address[1]}".encode()
        text = re.sub(
            rb"((?:<loc>|<sitemap>|^|\xbf)\s*)https?://[^/<\s]+", rb"\g<1>" + here, text, flags=re.M
        )
        return gzip.compress(text) if packed else text

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(shared: Path) -> Iterator[str]:
    """The address of a web server over the recorded payloads."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(shared / "fixtures")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def rows(shared: Path, wanted: Callable[[str], bool]) -> list[dict[str, str]]:
    """Return the rows of the index whose file is wanted."""
    with (shared / "fixtures" / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        table = csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in table if wanted(row["file"])]


def visit(
    run: Callable[..., Any], clock: Any, sources: dict[str, dict[str, Any]]
) -> dict[str, tuple[FetchEvent, list[Mention]]]:
    """Collect from sources, given as name → kind and options."""
    configured = []
    for name, given in sources.items():
        given = {"obey_robots": False, **given}
        source = Source(name=name, kind=given.pop("kind"))
        source._options = kinds()[source.kind].Options(**given)
        configured.append(source)
    settings = Settings(sources=configured, allow_private_networks=["127.0.0.0/8"])
    results = run(lambda: preview(settings, clock))
    return dict(zip(sources, results, strict=True))


def known(row: dict[str, str], key: str) -> str | None:
    """Return one of the index's known values."""
    found = re.search(rf"(?:^|[| ]){re.escape(key)}=(.*?)(?= \||$)", row["known_values"])
    return found[1].strip() if found else None


def table(row: dict[str, str], expected: object, found: object, *more: object) -> None:
    """Print one line of expected beside found."""
    print(f"{row['file'][:72]:74}{expected!s:>6}{found!s:>6}", *more)


def test_recorded_review_pages(shared: Path, site: str, run: Callable[..., Any], clock: Any) -> None:
    """Every recorded review page gives as many reviews as it shows, and its first has the known fields."""
    index = rows(shared, lambda file: file.startswith("reviews/") and "html" in file)
    found = visit(
        run, clock, {row["file"]: {"kind": "reviews", "url": f"{site}/{row['file']}"} for row in index}
    )
    wrong = []
    for row in index:
        event, mentions = found[row["file"]]
        expected = CORRECTED.get(row["file"], int(row["items_expected"]))
        first = mentions[0] if mentions else None
        table(row, expected, len(mentions), event.fill_rates)
        assert event.status in (FetchStatus.OK, FetchStatus.UNCHANGED), event.error
        assert len({one.external_id for one in mentions}) == len(mentions)
        if len(mentions) != expected:
            wrong.append(row["file"])
        if first is not None and (author := known(row, "first review author")):
            name, _, rest = author.partition(" date=")
            date, _, rating = rest.partition(" rating=")
            assert first.author is not None
            assert first.author.name == name
            assert first.rating == float(rating)
            assert date == "None" or (first.published_at and first.published_at.isoformat()[:10] == date[:10])
            best = (known(row, "agg ratingValue") or "best=5").split("best=")[1]
            assert first.rating_scale == float(best.replace("None", "5"))
    assert not wrong


def test_recorded_articles(shared: Path, site: str, run: Callable[..., Any], clock: Any) -> None:
    """Every recorded article gives its text, title and date, and no Persian page is called Arabic."""
    index = rows(shared, lambda file: file.startswith("web/") and "html" in file)
    sources = {row["file"]: {"kind": "competitor_posts", "url": f"{site}/{row['file']}"} for row in index}
    found = visit(run, clock, sources)
    for row in index:
        event, mentions = found[row["file"]]
        assert event.status is FetchStatus.OK, event.error
        (one,) = mentions
        table(row, row["items_expected"], len(mentions), one.published_at, one.language_hint, len(one.text))
        assert len(one.text) > 400
        assert one.title is not None
        title = (known(row, "title") or "").split('"')[0]
        assert title[:60] == one.title[:60] or one.title.startswith(title)
        language = (one.language_hint or row["language"]).split("-")[0]
        assert language == row["language"]
        if date := known(row, "published in page"):
            assert one.published_at is not None
            assert abs(one.published_at - datetime.fromisoformat(date)) < timedelta(minutes=1)
        elif date := known(row, "date"):
            assert one.published_at is not None
            assert one.published_at.date().isoformat() == date[:10]


def test_recorded_sitemaps(shared: Path, site: str, run: Callable[..., Any], clock: Any) -> None:
    """Every recorded sitemap leads to each page it announces, once, except the front page."""
    index = rows(shared, lambda file: file.startswith("web/") and "itemap" in file)
    sources = {
        row["file"]: {"kind": "competitor_posts", "sitemap": f"{site}/{row['file']}", "max_articles": 200}
        for row in index
    }
    found = visit(run, clock, sources)
    for row in index:
        event, mentions = found[row["file"]]
        expected = CORRECTED.get(row["file"], int(row["items_expected"])) - (row["file"] in WITH_FRONT_PAGE)
        table(row, expected, len(mentions), event.status, event.error or "")
        assert len(mentions) == expected
