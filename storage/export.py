"""Mentions out of the database: JSON Lines, CSV or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import IO, Any

from sqlalchemy import Connection, select

from storage.errors import StorageError
from storage.mentions import StoredMention, fetch
from storage.records import Mention, MentionKind
from storage.tables import mentions

_PAGE = 500
_TIMES = ("published_at", "collected_at")
_COUNTS = ("likes", "replies", "shares", "views")
_NUMBERS = (
    "rating", "rating_scale", "sentiment_score", "confidence", "dialect_confidence", "second_language_share",
    "lexicon_score",
)  # fmt: skip
# Its columns are those of every mention.
_EXAMPLE = StoredMention(
    0,
    Mention(
        source="", kind=MentionKind.POST, external_id="", text="", collected_at=datetime.fromtimestamp(0, UTC)
    ),
    None,
)
# A spreadsheet runs a cell that begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ExportFormat(StrEnum):
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def json_value(value: Any) -> Any:
    """Return a record's value as JSON holds it: times in ISO 8601, nested records as objects.

    Bytes are hex digits.
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return value


def mention_to_json(mention: Mention) -> dict[str, Any]:
    """Return a mention as a JSON object, with the fields of the record."""
    document: dict[str, Any] = json_value(asdict(mention))
    return document


def every_mention(conn: Connection, since: datetime | None = None) -> Iterator[StoredMention]:
    """Yield all mentions in the order of their ids, a page at a time; `since` counts from `collected_at`."""
    last = 0
    while True:
        left = (mentions.c.id > last, mentions.c.withdrawn_at.is_(None))
        query = select(mentions.c.id).where(*left).order_by(mentions.c.id).limit(_PAGE)
        if since is not None:
            query = query.where(mentions.c.collected_at >= since)
        ids = list(conn.scalars(query))
        if not ids:
            return
        yield from fetch(conn, ids)
        last = ids[-1]


def to_document(stored: StoredMention) -> dict[str, Any]:
    """Return a mention with its id, and its analysis or null, as a JSON object."""
    analysis = None if stored.analysis is None else json_value(asdict(stored.analysis))
    return {"id": stored.id, **mention_to_json(stored.mention), "analysis": analysis}


def _flat(stored: StoredMention) -> dict[str, Any]:
    document = to_document(stored)
    author, engagement = document.pop("author") or {}, document.pop("engagement")
    analysis = document.pop("analysis") or {}
    # Facts that differ from source to source make no columns of their own.
    document["extra"] = json.dumps(document["extra"], ensure_ascii=False) if document["extra"] else None
    names = ("platform", "handle", "name", "profile_url", "followers", "verified")
    kept = (
        "language",
        "dialect",
        "sentiment_label",
        "sentiment_score",
        "confidence",
        "reason",
        "model_version",
        "dialect_confidence",
        "second_language",
        "second_language_share",
        "lexicon_score",
        "story_id",
        "spam",
    )
    brands = sorted({match["name"] for match in analysis.get("brands", ())})
    return {
        **document,
        **{f"author_{name}": author.get(name) for name in names},
        **engagement,
        **{name: analysis.get(name) for name in kept},
        "brands": "; ".join(brands),
        "keyphrases": "; ".join(analysis.get("keyphrases", ())),
        **{name: "; ".join(_told(analysis.get(name, ()))) for name in ("aspects", "signals")},
    }


def _told(found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield aspects and signals each once, with the feeling or what it is about: `delivery: negative`."""
    pairs = (
        (each.get("aspect") or each.get("signal"), each.get("label") or each.get("about")) for each in found
    )
    yield from dict.fromkeys(f"{name}: {more}" if more else str(name) for name, more in pairs)


def _cell(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def write(conn: Connection, stream: IO[bytes], form: ExportFormat, since: datetime | None = None) -> int:
    """Write all mentions with their analyses, and return how many.

    CSV cells that a spreadsheet would run as a formula get an apostrophe in front.

    Raises:
        StorageError: Parquet is asked for and pyarrow is not installed.
    """
    writers = {
        ExportFormat.JSONL: _write_jsonl,
        ExportFormat.CSV: _write_csv,
        ExportFormat.PARQUET: _write_parquet,
    }
    return writers[form](every_mention(conn, since), stream)


def _write_jsonl(found: Iterator[StoredMention], stream: IO[bytes]) -> int:
    count = 0
    for stored in found:
        stream.write(json.dumps(to_document(stored), ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


class _Encoded:
    """A text stream for the csv module over bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(text.encode())


def _write_csv(found: Iterator[StoredMention], stream: IO[bytes]) -> int:
    # Excel takes a file for UTF-8 only when it begins with this mark.
    stream.write(b"\xef\xbb\xbf")
    writer = csv.DictWriter(_Encoded(stream), fieldnames=list(_flat(_EXAMPLE)))
    writer.writeheader()
    count = 0
    for stored in found:
        writer.writerow({name: _cell(value) for name, value in _flat(stored).items()})
        count += 1
    return count


def _write_parquet(found: Iterator[StoredMention], stream: IO[bytes]) -> int:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise StorageError("Parquet needs pyarrow: pip install 'marsad[parquet]'") from None
    types = {
        **dict.fromkeys(_NUMBERS, arrow.float64()),
        **dict.fromkeys(("id", "revision", "reach", "author_followers", "story_id", *_COUNTS), arrow.int64()),
        **dict.fromkeys(_TIMES, arrow.timestamp("us", tz="UTC")),
        "author_verified": arrow.bool_(),
    }
    columns = list(_flat(_EXAMPLE))
    schema = arrow.schema([(name, types.get(name, arrow.string())) for name in columns])
    count = 0
    with parquet.ParquetWriter(stream, schema) as writer:
        while page := list(islice(found, _PAGE)):
            rows = [_with_times(_flat(stored)) for stored in page]
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
            count += len(page)
    return count


def _with_times(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{name: row[name] and datetime.fromisoformat(row[name]) for name in _TIMES}}
