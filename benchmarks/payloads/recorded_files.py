"""The recorded feeds, review pages and articles, through the kinds that read what any site serves.

What each holds besides its number of items is tested in `tests/integration/test_real_feeds.py` and
`test_real_pages.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from benchmarks.payloads.case import Answer, Asked, Case
from benchmarks.payloads.run import shared_folder
from storage.records import Mention

_CAROUSEL = "14 of its 26 reviews are copies of others in a carousel"
_NOTES = {"reviews/product-extraction-benchmark__3suisses.fr_5f885d1f83.html.gz": (12, _CAROUSEL)}
_TYPES = {
    ".json": "application/feed+json",
    ".html": "text/html",
    ".gz": "text/html",
    ".testhtml": "text/html",
}


def _rows(kind: str) -> Iterator[dict[str, str]]:
    index = shared_folder() / "fixtures" / "INDEX.tsv"
    if not index.is_file():
        return
    with index.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["kind"] == kind:
                yield row


def _known(found: list[Mention]) -> None:
    assert all(one.text or one.title or one.rating is not None or one.published_at for one in found)


def _case(kind: str, row: dict[str, str]) -> Case:
    file = row["file"]
    items, note = _NOTES.get(file, (int(row["items_expected"]), ""))
    served = _TYPES.get(Path(file).suffix, "application/xml")

    def answer(asked: Asked, content: bytes) -> Answer | None:
        return Answer(content, type=served) if asked.path == "/it" else None

    return Case(
        kind=kind,
        file=file,
        items=items,
        options=lambda base: {"url": f"{base}/it"},
        answer=answer,
        known=_known,
        note=note,
    )


def _pages() -> Iterator[Case]:
    pages = (row for row in _rows("reviews") if Path(row["file"]).suffix in (".testhtml", ".gz"))
    yield from (_case("reviews", row) for row in pages)


def _articles() -> Iterator[Case]:
    pages = (row for row in _rows("web") if ".html" in row["file"])
    yield from (_case("competitor_posts", row) for row in pages)


CASES = [*(_case("feed", row) for row in _rows("feeds")), *_pages(), *_articles()]
