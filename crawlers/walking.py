"""Lists that begin with the newest, read page by page from where the last visit ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.settings import Source
from crawlers.base import Clock, SourceKind
from crawlers.dates import believed
from crawlers.errors import CrawlError, PostponedError, StatusError, UnreadableError
from crawlers.items import Checkpoint, Found, Item, Page, Withdrawal
from crawlers.urls import canonical
from crawlers.walk import Gap, Place
from storage.records import Mention
from storage.sources import SourceState

Fetch = Callable[[str | None], Awaitable[Page]]

OVERLAP = timedelta(minutes=10)
# What a server answers to one list and need not answer to another.
_OF_ONE_STREAM = frozenset({400, 403, 404, 410, 422, 451})
# What a server answers to a token of a page that it no longer knows.
_TOKEN_REFUSED = frozenset({400, 404, 410, 422})
# What a server answers where asking for the next list is of no use.
_OF_ALL_STREAMS = frozenset({401, 429})
# So many lists may fail as if the whole service did before the visit is given up.
_LOST = 2
# An API may give empty pages on the way, but not for ever.
_EMPTY_PAGES = 5


@dataclass(slots=True)
class _Strides:
    """How many pages a walk may still read, and how many in a row brought it no further."""

    left: int
    empty: int = 0
    reached: datetime | None = None

    def take(self, page: Page) -> None:
        """Count a page: one without items brings the walk further if it goes further back all the same."""
        self.left -= 1
        older = page.oldest is not None and self.reached is not None and page.oldest < self.reached
        self.empty = 0 if page.items or page.withdrawn or older else self.empty + 1
        self.reached = page.reached() or self.reached

    @property
    def spent(self) -> bool:
        return self.left <= 0 or self.empty >= _EMPTY_PAGES


class Walking(SourceKind):
    """What readers of lists share. `newest_only` ends each list after its first page."""

    def __init__(
        self, *, source: Source, state: SourceState, clock: Clock, newest_only: bool = False
    ) -> None:
        super().__init__(source=source, state=state, clock=clock)
        self._newest_only = newest_only

    def keep(self, item: Item) -> Mention:
        """Return the mention that an item is, collected now."""
        return self.mention(
            kind=item.kind or self.mention_kind,
            external_id=item.external_id,
            url=item.url,
            canonical_url=canonical(item.url),
            title=item.title,
            text=item.text,
            author=item.author,
            rating=item.rating,
            rating_scale=item.rating_scale,
            engagement=item.engagement,
            reach=item.reach,
            published_at=believed(item.published_at, self.clock()),
            parent_id=item.parent_id,
            item=item.item,
            language_hint=item.language_hint,
            extra=dict(item.extra),
        )

    def withdraw(self, external_id: str) -> Withdrawal:
        """Return word that a mention of this source was deleted or is withheld."""
        return Withdrawal(self.source.name, external_id)

    def checkpoint(self, **cursor: Any) -> Checkpoint:
        """Return a checkpoint with these cursor keys (JSON values); yield it after what it covers."""
        self.remember(**cursor)
        return Checkpoint(dict(self.visit.state.cursor))

    async def walks(
        self, streams: Mapping[str, Fetch], *, overlap: timedelta = OVERLAP
    ) -> AsyncIterator[Found]:
        """Yield what is new in each of several streams; see `walk`.

        One that the server does not serve, or that cannot be read, fails the visit in words but keeps none
        of the others from being read. A visit that is cut short goes on, next time, with the stream that it
        did not come to, so that none keeps the others waiting for ever.
        """
        known = self._places()
        self.remember(walks={name: known[name] for name in streams if name in known})
        names = _from(list(streams), self.state.cursor.get("turn"))
        lost = 0
        for name, following in zip(names, [*names[1:], names[0]], strict=True) if names else ():
            self.remember(turn=name)
            given = False
            try:
                async for found in self.walk(name, streams[name], overlap=overlap):
                    given = True
                    yield found
            except PostponedError:
                if given:
                    yield self.checkpoint(turn=following)
                raise
            except CrawlError as error:
                self.fail(f"{name}: {error}" if len(streams) > 1 else str(error))
                lost += _says_all(error)
                if lost > _LOST or (lost and len(streams) == 1):
                    yield self.checkpoint(turn=following)
                    raise
        self.remember(turn=None)

    async def walk(self, stream: str, fetch: Fetch, *, overlap: timedelta = OVERLAP) -> AsyncIterator[Found]:
        """Yield what is new in a stream of pages that begins with the newest, a checkpoint after each page.

        `fetch(None)` returns the newest page and `fetch(page.next)` the next older one. It ends where what
        is known begins, less `overlap` for what arrives late; at the first visit, where the option
        `backfill` says; and in any case after the option `pages`. What it did not reach, later visits read.
        """
        place = Place.from_json(self._places().get(stream))
        goal = self.options.backfill_from(self.clock()) if place.top is None else place.top - overlap
        strides = _Strides(1 if self._newest_only else self.options.pages)
        page = await fetch(None)
        strides.take(page)
        place = place.opened(page, goal, self.clock())
        for found in self._of(page):
            yield found
        yield self._stands(stream, place, page)
        if place.rested().gaps and not self._newest_only:
            # However few pages a visit may read, what was left comes nearer.
            strides.left = max(1, strides.left)
        refused: Gap | None = None
        while place.gaps and not strides.spent:
            resumed = place.gaps[0]
            try:
                page = await fetch(resumed.token)
            except StatusError as error:
                if error.status not in _TOKEN_REFUSED or resumed.token is None:
                    raise
                strides.left -= 1
                # Once it may be the token that is too old; twice, the service gives no more.
                again = refused is not None and refused.goal == resumed.goal
                place, refused = (place.closed() if again else place.restarted()), resumed
                continue
            strides.take(page)
            place = place.advanced(page)
            for found in self._of(page):
                yield found
            yield self._stands(stream, place, page, resumed)
        if strides.empty >= _EMPTY_PAGES:
            # Nothing further back, page after page: the end, whatever the service says.
            place = place.closed()
        yield self._stands(stream, place.rested(), page)

    def _of(self, page: Page) -> Iterable[Found]:
        for item in page.items:
            yield self.keep(item)
        for external_id in page.withdrawn:
            yield self.withdraw(external_id)

    def _stands(self, stream: str, place: Place, page: Page, gap: Gap | None = None) -> Checkpoint:
        self.remember(walks={**self._places(), stream: place.to_json()})
        goal = gap.goal if gap else (place.gaps[0].goal if place.gaps else None)
        return Checkpoint(dict(self.visit.state.cursor), page.reached(), goal)

    def _places(self) -> dict[str, Any]:
        found: dict[str, Any] = self.visit.state.cursor.get("walks", {})
        return found


def _from(names: list[str], first: str | None) -> list[str]:
    at = names.index(first) if first in names else 0
    return names[at:] + names[:at]


def _says_all(error: CrawlError) -> int:
    """Return how much a failure says of the whole service, and not of one list: 0, 1 or all there is."""
    if isinstance(error, StatusError):
        if error.status in _OF_ALL_STREAMS:
            return _LOST + 1
        return 0 if error.status in _OF_ONE_STREAM else 1
    if type(error) is CrawlError:
        # What a reader itself says, in its own words, holds for the whole source.
        return _LOST + 1
    return 0 if isinstance(error, UnreadableError) else 1
