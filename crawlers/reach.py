"""How many people may have seen a mention. Pure; the table and its sources are in `docs/reach.md`."""

from __future__ import annotations

from typing import Final

from storage.records import MentionKind

SHARE_OF_FOLLOWERS: Final = {
    "facebook": 0.03,
    "instagram": 0.04,
    "linkedin": 0.06,
    "telegram": 0.20,
    "x": 0.04,
    "youtube": 0.08,
}
"""The share of an account's followers (fans, subscribers) that see a usual post of it, by platform."""

OTHER_PLATFORMS: Final = 0.05
# What answers another is seen by those who read on there, not by its writer's own followers.
_ANSWERS: Final = frozenset({MentionKind.COMMENT})
_LARGEST: Final = 10_000_000_000


def estimate(
    kind: MentionKind, platform: str, followers: int | None, views: int | None, audience: int | None
) -> int | None:
    """Return how many people may have seen a mention, or None where nothing is known of it.

    In this order: `views` that the platform counted, as they are; `audience`, the readers that a piece of
    this outlet has by the user's own word; a share of the author's `followers` (subscribers, fans) by
    `platform`, a lower-case name such as `x`. Likes never count, and a comment has no reach by its
    author's followers. Numbers below 0 or above ten thousand million are no numbers of people.
    """
    if (seen := _people(views)) is not None:
        return seen
    if kind is MentionKind.TICKET:
        return None
    if kind not in _ANSWERS and (readers := _people(audience)) is not None:
        return readers
    fans = _people(followers)
    if fans is None or kind in _ANSWERS:
        return None
    return round(fans * SHARE_OF_FOLLOWERS.get(platform, OTHER_PLATFORMS))


def _people(count: int | None) -> int | None:
    return count if count is not None and 0 <= count <= _LARGEST else None
