"""What a kind of source is, and the registry of all kinds.

A kind is one module in `crawlers/sources/` with one subclass of `SourceReader` (one coroutine asks and
answers, as with feeds and APIs) or of `SourceSpider` (pages that lead to pages); being in the folder
registers it. It never writes to the database: what it learns about the source (validators, cursor,
failure) it says through the methods below, and `crawlers.collect` keeps it together with the mentions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, ParamSpec, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field
from scrapy.http import Response

from config.kinds import registered
from config.settings import Source, Strict
from config.values import Duration
from crawlers import parsing, reach
from crawlers.errors import BudgetSpentError
from crawlers.items import Found
from storage.records import Mention, MentionKind

if TYPE_CHECKING:
    from storage.sources import SourceState


Clock = Callable[[], datetime]
Deliver = Callable[[Found], Awaitable[None]]
P = ParamSpec("P")
T = TypeVar("T")


def _web_address(raw: str) -> str:
    try:
        parts = urlsplit(raw)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        port_is_sound = False
    if not port_is_sound or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write a whole address that begins with https:// or http://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("leave user and password out of the address; they would show in messages")
    return raw


WebAddress = Annotated[
    str,
    Field(max_length=4000, pattern=r"^[^\s\x00-\x1f\x7f]+$"),
    AfterValidator(_web_address),
]


class SourceOptions(Strict):
    """Options that every kind has. A kind that crawls pages sets `obey_robots` to true by default."""

    obey_robots: bool = Field(
        default=False,
        description="Obey robots.txt. Off where you name the feed or API yourself, as in any feed reader.",
    )
    requests_a_day: int | None = Field(
        default=None, ge=1, description="The most requests in a day (UTC); what is left waits for the next."
    )
    backfill: Annotated[Duration | date | None, Field(union_mode="left_to_right")] = Field(
        default=None, description="How far back the first visit reads, such as 30d or 2026-01-31."
    )
    follow_short_links: bool = Field(
        default=False, description="Ask shorteners (bit.ly and the like) where the links of mentions lead."
    )
    pages: int = Field(
        default=10, ge=1, le=1000, description="How many pages of each list to read at a visit."
    )

    def backfill_from(self, now: datetime) -> datetime | None:
        """Return how far back a first visit at `now` reads, None where that is left to the page limit."""
        if isinstance(self.backfill, timedelta):
            return now - self.backfill
        return None if self.backfill is None else datetime.combine(self.backfill, time.min, UTC)


@dataclass(slots=True)
class Visit:
    """What is known so far of one visit to a source.

    `state` is what will be kept if the visit succeeds. `failure` is the first cause in words, which
    makes the whole visit a failure. `not_before` is the earliest moment of the next visit that the
    source asked for. `bytes` counts decoded body bytes, `requests` what was asked for, redirects and
    robots.txt included; `budget` is how many more the day allows, None for any number. `postponed` says
    why a visit ended early without being a failure: its host rests, or the budget is spent. `every` is how
    often to come where the configuration does not say and the kind knows better than to adapt.
    """

    state: SourceState
    failure: str | None = None
    gone: bool = False
    unchanged: bool = False
    http_status: int | None = None
    bytes: int = 0
    requests: int = 0
    budget: int | None = None
    not_before: datetime | None = None
    postponed: str | None = None
    every: timedelta | None = None

    def spend(self, now: datetime) -> None:
        """Count a request that is about to be made.

        Raises:
            BudgetSpentError: the day's budget does not allow it.
        """
        if self.budget is not None and self.requests >= self.budget:
            raise BudgetSpentError(next_day(now))
        self.requests += 1

    def postpone(self, until: datetime, why: str) -> None:
        """End the visit early, without a failure, until a moment."""
        self.postponed = self.postponed or why
        self.not_before = max(until, self.not_before or until)


def next_day(now: datetime) -> datetime:
    """Return when the next day begins, in UTC."""
    return datetime.combine(now.date() + timedelta(days=1), time.min, UTC)


class SourceKind:
    """Base of every kind of source; a subclass sets the class variables.

    `beta` is None where the kind was built and tried on what the service serves today, and otherwise says
    what it was built on, with the date. `secrets_help` names each secret and where to get it; `terms` is
    what of the service's terms to mind.
    """

    kind: ClassVar[str]
    Options: ClassVar[type[SourceOptions]]
    summary: ClassVar[str]
    secrets_help: ClassVar[str] = "None needed."
    terms: ClassVar[str]
    beta: ClassVar[str | None] = None
    mention_kind: ClassVar[MentionKind]

    def __init__(self, *, source: Source, state: SourceState, clock: Clock) -> None:
        self.source = source
        self.options: Any = source.options
        self.state = state
        self.clock = clock
        self.visit = Visit(state=state)

    def validators(self, url: str) -> dict[str, str]:
        """Return the headers of a conditional request for `url`, empty at the first visit."""
        if self.state.cursor.get("validated_url") != url:
            return {}
        pairs = (("If-None-Match", self.state.etag), ("If-Modified-Since", self.state.last_modified))
        return {header: value for header, value in pairs if value}

    def is_same(self, response: Response, url: str) -> bool:
        """Tell whether the body at `url` is the one of the last visit, and mark the visit unchanged if so.

        Either way its hash and validators are kept for the next visit, if this one succeeds.
        """
        digest = blake2b(response.body, digest_size=16).hexdigest()
        same: bool = digest == self.state.body_hash and self.state.cursor.get("validated_url") == url
        self.visit.state = replace(
            self.visit.state,
            etag=header(response, "ETag"),
            last_modified=header(response, "Last-Modified"),
            body_hash=digest,
            cursor={**self.visit.state.cursor, "validated_url": url},
        )
        self.visit.unchanged = same
        return same

    def remember(self, **cursor: Any) -> None:
        """Keep these cursor keys (JSON values) for the next visit, if this one succeeds."""
        self.visit.state = replace(self.visit.state, cursor={**self.visit.state.cursor, **cursor})

    def fail(self, cause: str) -> None:
        """Make the visit a failure with this cause, in words for a person; the first cause stays."""
        self.visit.failure = self.visit.failure or cause

    def wait_until(self, moment: datetime | None) -> None:
        """Ask that the next visit be no earlier than `moment`; the latest of several asked for counts."""
        if moment is not None:
            self.visit.not_before = max(moment, self.visit.not_before or moment)

    async def parse_apart(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a pure module-level function on strangers' bytes in a killable child.

        Raises:
            UnreadableError: the function found that the bytes are not what they should be.
            ParsingError: it hung, needed too much memory, or crashed.
        """
        return await parsing.parse(function, *args, **kwargs)

    def mention(self, **fields: Any) -> Mention:
        """Return a mention from this source, collected now; `kind` is the source's usual one unless given.

        Where the service does not say how many saw it, `crawlers.reach` estimates it, if anything is known.
        """
        found = Mention(
            **{"kind": self.mention_kind, **fields}, source=self.source.name, collected_at=self.clock()
        )
        return found if found.reach is not None else replace(found, reach=self._reach(found))

    def _reach(self, mention: Mention) -> int | None:
        author = mention.author
        return reach.estimate(
            mention.kind,
            author.platform if author else "",
            author.followers if author else None,
            mention.engagement.views,
            self.source.audience,
        )


def header(response: Response, name: str) -> str | None:
    """Return a header of an answer, None where it is absent or empty."""
    raw = response.headers.get(name)
    return raw.decode("latin-1").strip() or None if raw else None


def charset_of(response: Response) -> str | None:
    """Return the charset that the server names in `Content-Type`, if any."""
    for part in (header(response, "Content-Type") or "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None


def kinds() -> Mapping[str, type[SourceKind]]:
    """Return every kind of source by its name, in alphabetical order."""
    return registered("crawlers.sources", SourceKind)


def options_models() -> Mapping[str, type[BaseModel]]:
    """Return the options model of every kind, for the loader of the configuration."""
    return {name: kind.Options for name, kind in kinds().items()}
