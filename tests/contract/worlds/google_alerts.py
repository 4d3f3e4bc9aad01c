"""The feed of a Google Alert, simulated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from urllib.parse import quote

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

PATH = "/alerts/feeds/01234567890123456789/9876543210987654321"
PER_PAGE = 20


def result(number: int, words: str, title: str = "<b>Acme</b> opens a shop") -> str:
    """Return one result as it stands in the feed."""
    written = f"{BASE + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}"
    page = quote(f"https://gulf-daily.example/news/{number}?lang=ar", safe="")
    link = f"https://www.google.com/url?rct=j&sa=t&url={page}&ct=ga&cd=CAIyGjg&usg=AOvVaw{number}"
    return (
        f"<entry><id>tag:google.com,2013:googlealerts/feed:{7_000_000 + number}</id>"
        f'<title type="html">{escape(title)}</title><link href="{escape(link)}"></link>'
        f"<published>{written}</published><updated>{written}</updated>"
        f'<content type="html">{escape(words)}</content><author><name></name></author></entry>'
    )


def alert(results: str) -> bytes:
    """Return the feed of an alert."""
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:idx="urn:atom-extension:indexing">'
        "<id>tag:google.com,2005:reader/user/01234567890123456789/state/com.google/alerts/987</id>"
        "<title>Google Alert - Acme</title><updated>2026-11-01T00:00:00Z</updated>"
        f"{results}</feed>"
    ).encode()


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path != PATH:
        return None
    shown = (result(number, f"At <b>Acme</b> we saw item {number}.&nbsp;...") for number in items[:PER_PAGE])
    return Answer(alert("".join(shown)), type="text/xml; charset=UTF-8")


WORLD = World(
    kind="google_alerts",
    options=lambda base: {"feeds": [base + PATH]},
    answer=_answer,
    per_page=PER_PAGE,
    paged=False,
    limit=PER_PAGE,
)
