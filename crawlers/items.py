"""What is read from a page of a source, and what a source gives while it is read. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from storage.records import Author, Engagement, Mention, MentionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing read from a page, before it is a mention of a source.

    `external_id` is unique within the source and never changes. `kind` is None where it is the source's
    usual one. `reach` is set only where the service itself says how many saw it. `published_at` is aware
    and UTC. `extra` holds facts with no field of their own, JSON values only.
    """

    external_id: str
    text: str
    kind: MentionKind | None = None
    url: str | None = None
    title: str | None = None
    author: Author | None = None
    rating: float | None = None
    rating_scale: float | None = None
    engagement: Engagement = field(default_factory=Engagement)
    reach: int | None = None
    published_at: datetime | None = None
    parent_id: str | None = None
    item: str | None = None
    language_hint: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of items, newest first, and where the next older one is.

    `next` is the token of that page, None at the end. `withdrawn` are the ids of what the service says is
    deleted or withheld. `facts` is what the reader needs beside the items. `oldest` is how far back the
    page goes; where it is None, the last item with a date tells. `newest` is how recent it is, where pages
    are not in the order of publication; where it is None, the most recent item tells.
    """

    items: tuple[Item, ...]
    next: str | None = None
    withdrawn: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    oldest: datetime | None = None
    newest: datetime | None = None

    def reached(self) -> datetime | None:
        """Return how far back the page goes, None where nothing on it has a date."""
        if self.oldest is not None:
            return self.oldest
        dated = (item.published_at for item in reversed(self.items))
        return next((moment for moment in dated if moment is not None), None)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The service says that a mention was deleted or is withheld: its words are not kept any longer."""

    source: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Messages of the intake, by id, that were read into the mentions given before: they are done with.

    `aside` are those in which nothing was found, with the reason. `again` lets those wait again that were
    put aside earlier.
    """

    read: tuple[int, ...] = ()
    aside: tuple[tuple[int, str], ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a visit has come: the cursor to keep now, together with everything that was given before.

    `reached` and `goal` are for a progress bar: the oldest moment read, and the one to be reached.
    """

    cursor: Mapping[str, Any]
    reached: datetime | None = None
    goal: datetime | None = None


Found = Mention | Withdrawal | Taken | Checkpoint
