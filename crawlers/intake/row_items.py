"""From a row of a survey, an export or a ticket to an item: ratings, dates and authors as people write them.

Pure; strangers' values of any type are ordinary input.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal
from zoneinfo import ZoneInfo

from crawlers.dates import parse_moment
from crawlers.imported import RowError, item_of
from crawlers.intake.contacts import is_contact, masked, pseudonym
from crawlers.intake.headings import plain
from crawlers.items import Item
from crawlers.ratings import count_in, number_in, parse_rating
from crawlers.text_of_html import tidy
from crawlers.urls import web_url
from storage.records import Author, MentionKind

Scale = Literal["nps", "csat", "percent"]

_LONGEST_TEXT, _LONGEST_NAME, _LONGEST_EXTRA = 100_000, 300, 500
_ZONED = re.compile(r"(?:Z|[+-]\d{2}:?\d{2}|UTC|GMT|\b[A-Z]{3,4})\s*$")
_EPOCH = re.compile(r"\s*\d{10,13}(?:\.0)?\s*")
_FACTS = ("country", "answer", "answered_at")
# Satisfaction in words, on 1…5.
_SATISFIED: Mapping[int, tuple[str, ...]] = {
    5: (
        *("very satisfied", "extremely satisfied", "excellent", "راض جدا", "راضي جدا", "راضٍ تماما"),
        "ممتاز",
    ),
    4: (
        *("satisfied", "somewhat satisfied", "very good", "راض", "راضي", "راضية", "راض إلى حد ما"),
        "جيد جدا",
    ),
    3: ("neutral", "neither satisfied nor dissatisfied", "good", "محايد", "متوسط", "جيد"),
    2: ("dissatisfied", "unsatisfied", "fair", "غير راض", "غير راضي", "غير راضية", "مقبول"),
    1: (
        *("very dissatisfied", "extremely dissatisfied", "very unsatisfied", "poor", "bad", "سيئ جدا"),
        *("غير راض إطلاقا", "غير راض تماما", "غير راض على الإطلاق", "غير راضي جدا", "غير راض جدا"),
        *("سيئ", "ضعيف"),
    ),
}
_SATISFACTION = {plain(word): stars for stars, words in _SATISFIED.items() for word in words}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """How rows are read.

    `columns` maps fields to headings. `scale` is what a rating is where the value itself does not say.
    `zone` is that of times without one, `dates` the language whose order `03/04/2026` is in. `extra` are
    headings whose values are kept with the mention. With `mask`, addresses and numbers in texts are masked.
    With a `key`, authors are pseudonyms; without, one that is an address or a number is left out.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    scale: Scale | float | None = None
    zone: str = "UTC"
    dates: str | None = None
    extra: Sequence[str] = ()
    mask: bool = True
    key: bytes = b""
    kind: MentionKind | None = None


def item_of_row(
    row: Mapping[str, Any], columns: Mapping[str, str], rules: RowRules, *, default_id: str | None = None
) -> Item:
    """Return the item of a row of cells by heading; `columns` says which heading each field has.

    Without an id of its own it is known by `default_id` or else by its content.

    Raises:
        RowError: it holds neither words nor a rating, or a value that cannot be what its field is.
    """
    cell = {name: row[heading] for name, heading in columns.items() if row.get(heading) not in (None, "")}
    fields: dict[str, Any] = {name: _words(cell.get(name), rules) for name in ("text", "title")}
    fields |= {name: _count(cell.get(name)) for name in ("likes", "replies", "shares", "views", "reach")}
    moment = _moment(cell.get("published_at"), rules)
    fields["published_at"] = None if moment is None else moment.isoformat()
    fields["url"] = web_url(_text(cell.get("url")))
    fields["item"], fields["parent_id"] = _short(cell.get("item")), _short(cell.get("parent_id"))
    fields["language_hint"] = (_short(cell.get("language_hint")) or "")[:40] or None
    fields["kind"] = _kind(cell.get("kind"), rules)
    rating = rating_of(cell.get("rating"), columns.get("rating", ""), rules.scale, cell.get("rating_scale"))
    fields |= {"rating": rating and rating[0], "rating_scale": rating and rating[1]}
    author = _author(cell, rules)
    worded = bool(fields["text"] or fields["title"])
    content = [*fields.values(), author] if worded else [str(value)[:1000] for value in row.values()]
    fields["external_id"] = _id(cell.get("external_id")) or default_id or _digest(content)
    item = item_of(fields, rating_is_enough=True)
    return replace(item, author=author, extra=_extra(row, cell, columns, rules, item))


def rating_of(
    value: Any, heading: str, scale: Scale | float | None, own_scale: Any = None
) -> tuple[float, float] | None:
    """Return (rating, its scale) of a cell, or None where it states none.

    `scale` says what the number is: `nps` 0…10, `csat` 1…5 or a percentage (also in words, such as "very
    satisfied"), `percent` 0…100, or the best there is. Without it, the heading may say that it is an NPS;
    else the value's own form tells (`4/5`, `90%`, `★★★☆☆`).
    """
    if value is None or isinstance(value, bool | dict | list):
        return None
    if scale is None and re.search(r"\bnps\b|recommend|التوصيه|توصي|الترويج", plain(heading)):
        scale = "nps"
    if scale == "csat" and (stars := _SATISFACTION.get(plain(str(value)))) is not None:
        return float(stars), 5.0
    if scale == "csat" and (number_in(value) or 0) > 5:
        scale = "percent"
    if scale is None:
        found = parse_rating(value, best=own_scale)
        return None if found is None else (found.value, found.scale)
    best = {"nps": 10.0, "csat": 5.0, "percent": 100.0}[scale] if isinstance(scale, str) else float(scale)
    return _on_scale(value, best, lowest=1.0 if scale == "csat" else 0.0)


def _on_scale(value: Any, best: float, lowest: float) -> tuple[float, float] | None:
    found = parse_rating(value, best=best, worst=lowest)
    if found is not None and found.scale == best:
        return found.value, best
    if found is not None and best == 100.0:
        return 100.0 * found.value / found.scale, best
    return None


def nps_group(rating: float) -> str:
    """Return which group of the Net Promoter Score an answer on 0…10 is in."""
    return "promoter" if rating >= 9 else "passive" if rating >= 7 else "detractor"


def _extra(
    row: Mapping[str, Any], cell: Mapping[str, Any], columns: Mapping[str, str], rules: RowRules, item: Item
) -> dict[str, Any]:
    found = {name: _fact(cell[name], rules) for name in _FACTS if name in cell}
    moment = _moment(cell.get("answered_at"), rules)
    if "answered_at" in found:
        found["answered_at"] = moment and moment.isoformat()
    by_form = {plain(heading): heading for heading in row} if rules.extra else {}
    for wanted in rules.extra:
        heading = wanted if wanted in row else by_form.get(plain(wanted))
        if heading is not None:
            found[wanted] = _fact(row[heading], rules)
    if item.rating is not None and item.rating_scale == 10.0 and _is_nps(columns, rules):
        found["nps"] = nps_group(item.rating)
    return {name: value for name, value in found.items() if value not in (None, "")}


def _is_nps(columns: Mapping[str, str], rules: RowRules) -> bool:
    guessed = rules.scale is None and rating_of(0, columns.get("rating", ""), None) == (0.0, 10.0)
    return rules.scale == "nps" or guessed


def _fact(value: Any, rules: RowRules) -> Any:
    if isinstance(value, bool | int):
        return value if abs(value) < 2**53 else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    text = _text(value)
    return None if text is None else (masked(text) if rules.mask else text)[:_LONGEST_EXTRA]


def _text(value: Any) -> str | None:
    """Return a value as text that can be stored, None where it is empty or no single value."""
    if value is None or isinstance(value, bool | dict | list):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    try:
        written = str(value)
    except ValueError:
        return None  # a whole number of more digits than Python writes
    return written.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip() or None


def _words(value: Any, rules: RowRules) -> str | None:
    if isinstance(value, list):
        value = "\n".join(one for one in value if isinstance(one, str))
    text = tidy((_text(value) or "")[:_LONGEST_TEXT].replace("\r\n", "\n"))
    return (masked(text) if rules.mask else text) or None


def _short(value: Any) -> str | None:
    text = _text(value)
    return None if text is None else " ".join(text.split())[:_LONGEST_NAME] or None


def _id(value: Any) -> str | None:
    text = _text(value)
    if text is None:
        return None
    return text if len(text) <= _LONGEST_NAME else _digest([text])


def _digest(parts: Sequence[Any]) -> str:
    material = json.dumps([None if part is None else str(part) for part in parts], ensure_ascii=True)
    return blake2b(material.encode("ascii"), digest_size=12).hexdigest()


def _count(value: Any) -> int | None:
    if value is None or isinstance(value, bool | dict | list):
        return None
    if isinstance(value, int | float):
        return int(value) if math.isfinite(value) and 0 <= value < 2**53 else None
    return count_in(value)


def _kind(value: Any, rules: RowRules) -> str:
    text = _text(value)
    if text in tuple(MentionKind):
        return str(text)
    return str(rules.kind or MentionKind.TICKET)


def _moment(value: Any, rules: RowRules) -> datetime | None:
    found: datetime | None
    if isinstance(value, datetime):
        found, zoned = value, value.tzinfo is not None
    else:
        text = _text(value)
        found = None if text is None else parse_moment(text, language=rules.dates)
        zoned = text is not None and bool(_ZONED.search(text) or _EPOCH.fullmatch(text))
    if found is None:
        return None
    try:
        # What has no zone of its own is a time on the clock of `zone`, whatever it was read as.
        shifted = found if zoned else found.replace(tzinfo=ZoneInfo(rules.zone))
        utc = shifted.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return utc if 1990 <= utc.year < 2200 else None


def _author(cell: Mapping[str, Any], rules: RowRules) -> Author | None:
    name = _short(cell.get("author"))
    if name is None:
        return None
    followers = _count(cell.get("author_followers"))
    if rules.key:
        return Author("import", pseudonym(name, rules.key), followers=followers)
    return None if is_contact(name) else Author("import", name, followers=followers)


def row_error(error: RowError) -> str:
    """Return why a row cannot be used, fit to be shown: short, and without long quotations."""
    return " ".join(str(error).split())[:200]


__all__ = ["RowError", "RowRules", "Scale", "item_of_row", "nps_group", "rating_of", "row_error"]
