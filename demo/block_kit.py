"""Slack's documented limits on a webhook's payload, as a table (api.slack.com/reference/block-kit/blocks)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MOST_BLOCKS = 50
_TEXT_LIMIT = 40_000
_PLAIN, _ANY = ("plain_text",), ("plain_text", "mrkdwn")


def fault_in(payload: object) -> str | None:
    """Return Slack's word for what is wrong with a payload, or None where it would be taken."""
    if not isinstance(payload, dict):
        return "invalid_payload"
    text, blocks = payload.get("text"), payload.get("blocks")
    if not text and not blocks and not payload.get("attachments"):
        return "no_text"
    if text is not None and (not isinstance(text, str) or len(text) > _TEXT_LIMIT):
        return "msg_too_long"
    if blocks is None:
        return None
    sound = isinstance(blocks, list) and len(blocks) <= MOST_BLOCKS and all(map(_block_is_sound, blocks))
    return None if sound and _ids_differ(blocks) else "invalid_blocks"


def _ids_differ(blocks: list[dict[str, Any]]) -> bool:
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    return all(isinstance(name, str) and len(name) <= 255 for name in ids) and len(ids) == len(set(ids))


def _block_is_sound(block: object) -> bool:
    check = _BLOCKS.get(str(block.get("type"))) if isinstance(block, dict) else None
    return check is not None and check(block)


def _is_text(value: object, types: tuple[str, ...], most: int) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") in types
        and isinstance(value.get("text"), str)
        and 1 <= len(value["text"]) <= most
    )


def _section(block: Any) -> bool:
    text, fields = block.get("text"), block.get("fields")
    if text is None and fields is None:
        return False
    sound = text is None or _is_text(text, _ANY, 3000)
    if fields is not None:
        sound = sound and isinstance(fields, list) and 1 <= len(fields) <= 10
        sound = sound and all(_is_text(entry, _ANY, 2000) for entry in fields)
    accessory = block.get("accessory")
    return sound and (accessory is None or _element(accessory))


def _header(block: Any) -> bool:
    return _is_text(block.get("text"), _PLAIN, 150)


def _context(block: Any) -> bool:
    elements = block.get("elements")
    return (
        isinstance(elements, list)
        and 1 <= len(elements) <= 10
        and all(_is_text(entry, _ANY, 3000) or _image(entry) for entry in elements)
    )


def _actions(block: Any) -> bool:
    elements = block.get("elements")
    return isinstance(elements, list) and 1 <= len(elements) <= 25 and all(map(_element, elements))


def _element(element: Any) -> bool:
    if not isinstance(element, dict):
        return False
    if element.get("type") == "image":
        return _image(element)
    return (
        element.get("type") == "button"
        and _is_text(element.get("text"), _PLAIN, 75)
        and len(str(element.get("url", ""))) <= 3000
        and len(str(element.get("value", ""))) <= 2000
        and len(str(element.get("action_id", ""))) <= 255
    )


def _image(block: Any) -> bool:
    if not isinstance(block, dict) or block.get("type") != "image":
        return False
    address, alt = block.get("image_url"), block.get("alt_text")
    return isinstance(address, str) and len(address) <= 3000 and isinstance(alt, str) and len(alt) <= 2000


_BLOCKS: dict[str, Callable[[Any], bool]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "divider": lambda block: True,
}
