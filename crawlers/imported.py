"""Mentions from a file: surveys, tickets and exports, as CSV with a header or as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from io import TextIOWrapper
from typing import IO, Any

from sqlalchemy import Engine

from crawlers.items import Item
from crawlers.text_lines import csv_cells
from storage.mentions import store
from storage.records import Author, Engagement, Mention, MentionKind

_BATCH = 500
_COUNTS = ("likes", "replies", "shares", "views")
_TEXTS = ("url", "title", "parent_id", "item", "language_hint")
_SHARED = (
    *("kind", "external_id", "text", "author", "rating", "rating_scale", "engagement", "reach"),
    *("published_at", *_TEXTS),
)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that holds no mention, and why. Lines count from 1, a CSV's header being the first."""

    number: int
    why: str


class RowError(Exception):
    """A row cannot be used; the message says why."""


def read(stream: IO[bytes], source: str, now: datetime, *, as_csv: bool) -> Iterator[Mention | BadLine]:
    """Yield a mention, or what is wrong, for every line that is not blank.

    The fields are those of the record, and those of its author as `author` (an object, or a handle) or as
    `author_handle`, `author_name`, `author_followers` and so on. Only `text` or `title` must be there;
    `kind` is `ticket` unless given, and a line without `external_id` is known by its content and time.
    """
    for number, row in csv_rows(stream, ("text", "title")) if as_csv else json_rows(stream):
        if isinstance(row, str):
            yield BadLine(number, row)
            continue
        try:
            yield _mention(item_of(row), source, now, _text(row, "canonical_url"))
        except RowError as why:
            yield BadLine(number, str(why))


@dataclass(slots=True)
class Kept:
    """What became of the lines of a file: mentions that were new, edited or known, and bad lines."""

    new: int = 0
    revised: int = 0
    unchanged: int = 0
    bad: int = 0

    @property
    def good(self) -> int:
        """How many lines held a mention."""
        return self.new + self.revised + self.unchanged


def keep(engine: Engine, found: Iterable[Mention | BadLine], complain: Callable[[BadLine], None]) -> Kept:
    """Store mentions as they come, and tell `complain` of each bad line.

    A batch is a transaction, so that a large file neither fills memory nor keeps others from the database;
    after a failure the same file can be given again, and what is stored already stays as it is.
    """
    count, batch = Kept(), []
    for item in found:
        if isinstance(item, BadLine):
            count.bad += 1
            complain(item)
            continue
        batch.append(item)
        if len(batch) == _BATCH:
            _store(engine, batch, count)
            batch = []
    _store(engine, batch, count)
    return count


def _store(engine: Engine, batch: list[Mention], count: Kept) -> None:
    if not batch:
        return
    with engine.begin() as conn:
        result = store(conn, batch)
    count.new += result.new
    count.revised += result.revised
    count.unchanged += result.unchanged


def json_rows(stream: IO[bytes]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """Yield (line, object) for each line of JSON that is not blank, or (line, what is wrong with it)."""
    for number, line in enumerate(stream, start=1):
        if not line.strip(b" \t\r\n\xef\xbb\xbf"):
            continue
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError:
            yield number, "not UTF-8"
        except (ValueError, RecursionError) as error:
            yield number, f"not JSON: {error}"
        else:
            yield number, row if isinstance(row, dict) else "not a JSON object"


def csv_rows(
    stream: IO[bytes], needed: Sequence[str], delimiter: str = ","
) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """Yield (line, cells by heading) for each row that is not blank, or (line, what is wrong with it).

    Headings are in lower case, empty cells left out; without a heading among `needed` nothing is read.
    """
    header: list[str] | None = None
    for number, cells in _csv_cells(stream, delimiter):
        if isinstance(cells, str):
            yield number, cells
        elif header is None:
            header = [name.strip().lower() for name in cells]
            if not set(needed) & set(header):
                yield number, f"no heading is {' or '.join(needed)}, so nothing here can be read"
                return
        elif len(cells) > len(header):
            yield number, f"{len(cells)} cells under {len(header)} headings"
        elif "\ufffd" in "".join(cells):
            yield number, "not UTF-8"
        elif any(cell.strip() for cell in cells):
            yield number, {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}


def _csv_cells(stream: IO[bytes], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    # With newline="" the csv module itself sees every kind of line end, also those within quotes.
    text = TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
    try:
        yield from csv_cells(text, delimiter)
    finally:
        text.detach()


def item_of(row: Mapping[str, Any], *, rating_is_enough: bool = False) -> Item:
    """Return what a row of fields holds, named as `read` says; `rating_is_enough` needs no words then.

    Raises:
        RowError: it holds neither text nor title, or a value is not of its field's type.
    """
    texts: dict[str, Any] = {name: _text(row, name) for name in _TEXTS}
    body = _text(row, "text") or ""
    published, rating = _time(row, "published_at"), _number(row, "rating")
    wordless = not body.strip() and not (texts["title"] or "").strip()
    if wordless and not (rating_is_enough and rating is not None):
        raise RowError("neither text nor title")
    scale = _number(row, "rating_scale") or (5.0 if rating is not None else None)
    if rating is not None and scale is not None and not 0 <= rating <= scale:
        raise RowError(f"rating {rating:g} is not between 0 and rating_scale {scale:g}")
    return Item(
        kind=_kind(row),
        external_id=_text(row, "external_id") or _text(row, "id") or _content_id(body, texts, published),
        text=body,
        author=_author(row),
        rating=rating,
        rating_scale=scale,
        engagement=Engagement(**{name: _count(row, name) for name in _COUNTS}),
        reach=_count(row, "reach"),
        published_at=published,
        **texts,
    )


def _mention(item: Item, source: str, now: datetime, canonical_url: str | None) -> Mention:
    fields = {name: getattr(item, name) for name in _SHARED}
    return Mention(source=source, collected_at=now, canonical_url=canonical_url, **fields)


def _kind(row: Mapping[str, Any]) -> MentionKind:
    name = _text(row, "kind") or "ticket"
    try:
        return MentionKind(name)
    except ValueError:
        raise RowError(f"kind {name!r} is none of {', '.join(MentionKind)}") from None


def _content_id(body: str, texts: Mapping[str, str | None], published: datetime | None) -> str:
    material = "\x1f".join(
        [body, texts["title"] or "", texts["url"] or "", published.isoformat() if published else ""]
    )
    return blake2b(material.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _author(row: Mapping[str, Any]) -> Author | None:
    given = row.get("author")
    fields: Mapping[str, Any] = (
        given
        if isinstance(given, dict)
        else {
            name.removeprefix("author_"): value for name, value in row.items() if name.startswith("author_")
        }
    )
    handle = _text(fields, "handle") or (given if isinstance(given, str) else None) or _text(fields, "name")
    if not handle:
        return None
    verified = fields.get("verified")
    return Author(
        platform=_text(fields, "platform") or "import",
        handle=handle,
        name=_text(fields, "name"),
        profile_url=_text(fields, "profile_url"),
        followers=_count(fields, "followers"),
        verified=None if verified is None else str(verified).strip().lower() in ("true", "1", "yes"),
    )


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise RowError(f"{name} is not a text")


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise RowError(f"{name} is not a number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise RowError(f"{name} is not a number")
    return number


def _count(row: Mapping[str, Any], name: str) -> int | None:
    number = _number(row, name)
    if number is not None and number < 0:
        raise RowError(f"{name} is below zero")
    return None if number is None else int(number)


def _time(row: Mapping[str, Any], name: str) -> datetime | None:
    value = _text(row, name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise RowError(f"{name} {value!r} is not an ISO 8601 time") from None
