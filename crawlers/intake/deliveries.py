"""What was sent to a webhook, read: any JSON document or form, into items. Pure, for the killable child."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from crawlers.errors import UnreadableError
from crawlers.intake.headings import columns_of, flat
from crawlers.intake.row_items import RowError, RowRules, item_of_row, row_error
from crawlers.items import Item
from storage.intake import Delivery

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS, _MOST_OBJECTS = 1_000, 5_000


@dataclass(frozen=True, slots=True)
class Opened:
    """What a delivery holds. `problem` says why nothing of ours was found in it, None where something was."""

    delivery: int
    items: tuple[Item, ...]
    problem: str | None = None


def document_of(content_type: str, body: bytes) -> Any:
    """Return the JSON document or the form's fields in a body.

    Raises:
        UnreadableError: it is neither.
    """
    try:
        if content_type == FORM:
            return dict(parse_qsl(body.decode("utf-8"), strict_parsing=True, max_num_fields=_MOST_FIELDS))
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError("the body is not what its Content-Type says") from None


def open_all(deliveries: Sequence[Delivery], rules: RowRules) -> list[Opened]:
    """Return what each delivery holds: one item, or one for each object of a list."""
    return [_open(delivery, rules) for delivery in deliveries]


def _open(delivery: Delivery, rules: RowRules) -> Opened:
    try:
        document = document_of(delivery.content_type, delivery.body)
    except UnreadableError as error:
        return Opened(delivery.id, (), str(error))
    objects = document if isinstance(document, list) else [document]
    items, why = [], "it holds no JSON object"
    for number, one in enumerate(objects[:_MOST_OBJECTS]):
        if not isinstance(one, dict):
            continue
        leaves = flat(one)
        # The sender's id of the message stands in where the thing itself has none.
        default = delivery.message_id if not isinstance(document, list) else f"{delivery.message_id}#{number}"
        try:
            items.append(
                item_of_row(leaves, columns_of(list(leaves), rules.columns), rules, default_id=default)
            )
        except RowError as error:
            why = row_error(error)
    return Opened(delivery.id, tuple(items), None if items else why)
