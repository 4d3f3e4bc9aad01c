"""The weekly digest: what it says, when it is due, and its way into the outbox, once for each period.

`build` makes `digest.json`: every number with the ids of the mentions it was counted from. Mentions count
by when they were published (or collected, where the source does not say) in the readers' week. What a
competitor publishes itself is listed apart and counts for nobody's volume.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import Connection

from alerts import digest_figures as figures
from alerts import digest_gaps, digest_reads
from alerts.brand_names import brand_names
from alerts.digest_figures import Weeks
from alerts.digest_headline import headline
from alerts.digest_period import Period, following, latest_due
from alerts.digest_posts import distinct_posts, post
from alerts.digest_reads import Counted
from alerts.log_odds import Phrase, commonest, fold, standing_out
from alerts.message import TOLD_WITH
from config.settings import Digest, Settings
from storage import alerts as alert_records
from storage import digests, mentions, outbox, sources
from storage.records import Notification

Json = dict[str, Any]

TREND_WEEKS: Final = 4
_WORDS = 8
_ENTITIES = 8
_RIVALS_POSTS = 6
# Among so many of the widest posts there are three that are not copies of one another.
_CANDIDATES = 50
# A visit may answer for the beginning of the week from this long before it.
_LOOK_BACK = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class _Sight:
    """Where a digest looks: its period, and the earlier weeks that are known, the last one first.

    `first` is the first week of the trend, known or not. `sure` tells that last week was watched from its
    beginning, so that a difference from it is news.
    """

    conn: Connection
    settings: Settings
    period: Period
    first: Period
    earlier: Sequence[Period]
    sure: bool

    def rows(self, brand: str) -> list[Counted]:
        """Return the mentions of a brand over the whole trend."""
        return digest_reads.counted(self.conn, brand, self.first.start, self.period.end)

    def days(self) -> list[date]:
        """Return the calendar days of the trend."""
        weeks = [following(self.first, self.settings.zone, n) for n in range(TREND_WEEKS)]
        return [day for week in weeks for day in week.days()]


def build(conn: Connection, settings: Settings, brands: Sequence[str], period: Period, now: datetime) -> Json:
    """Return the digest of a period for these brands, JSON values only; one part for each brand.

    `now` is when it is made. Times are ISO 8601 with an offset, shares are 0…1, ratings are of five.
    """
    watched = digest_reads.watched_since(conn)
    rivals = [brand.name for brand in settings.brands if brand.competitor and brand.name not in brands]
    sight = _look(conn, settings, [*brands, *rivals], period, watched)
    return {
        "type": "digest",
        "period": _period(period),
        "timezone": settings.timezone,
        "names": brand_names(settings.brands),
        "generated_at": now.isoformat(),
        "watched_since": None if watched is None else watched.isoformat(),
        "earlier_incomplete": bool(sight.earlier) and not sight.sure,
        "brands": [_part(sight, name, rivals) for name in brands],
        "competitor_posts": _competitor_posts(conn, rivals, period),
        "alerts": _alerts(conn, [*brands, *rivals], period),
        "gaps": _gaps(conn, settings, period, watched, now),
    }


def _period(period: Period) -> Json:
    return {
        "key": period.key,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
    }


def _look(
    conn: Connection, settings: Settings, brands: Sequence[str], period: Period, watched: datetime | None
) -> _Sight:
    weeks = [following(period, settings.zone, -n) for n in range(1, TREND_WEEKS)]

    def known(week: Period) -> bool:
        """A week is known where sources were watched in it, or came with something published in it."""
        watching = watched is not None and watched < week.end
        return watching or digest_reads.any_talk(conn, brands, week.start, week.end)

    earlier = list(takewhile(known, weeks))
    sure = watched is None or watched <= weeks[0].start
    return _Sight(conn, settings, period, weeks[-1], earlier, sure)


def _part(sight: _Sight, name: str, rivals: Sequence[str]) -> Json:
    rows = sight.rows(name)
    weeks = figures.split_weeks(rows, sight.period, sight.earlier)
    start, end = sight.period.start, sight.period.end
    part = {
        "brand": name,
        "volume": figures.figure(weeks),
        "reach": figures.reach(weeks),
        "sentiment": figures.sentiment(weeks),
        "net_sentiment": figures.net_sentiment(weeks),
        "reviews": figures.reviews(weeks),
        "trend": figures.trend(rows, sight.days(), sight.settings.zone),
        "share_of_voice": _share_of_voice(sight, name, weeks, rivals),
        **_texts(sight, name, weeks),
        "top_posts": distinct_posts(
            sight.conn, digest_reads.widest(sight.conn, name, start, end, _CANDIDATES)
        ),
    }
    return {"headline": headline(part, weeks if sight.sure else replace(weeks, earlier=())), **part}


def _share_of_voice(sight: _Sight, name: str, own: Weeks, rivals: Sequence[str]) -> list[Json]:
    if not rivals:
        return []
    others = {rival: figures.split_weeks(sight.rows(rival), sight.period, sight.earlier) for rival in rivals}
    return figures.share_of_voice(name, {name: own, **others})


def _texts(sight: _Sight, name: str, weeks: Weeks) -> Json:
    """Return the words and names of the week; the brand's own names are no news."""
    own = frozenset(
        fold(alias)
        for brand in sight.settings.brands
        if brand.name == name
        for alias in (brand.name, *brand.aliases)
    )
    read = digest_reads.understood(sight.conn, name, sight.first.start, sight.period.end)
    now = [found for found in read if found.at >= sight.period.start]
    before = [found for found in read if found.at < sight.period.start]
    phrases = [(found.id, found.keyphrases) for found in now]
    words = standing_out(phrases, [(found.id, found.keyphrases) for found in before], own, _WORDS)
    names = commonest([(found.id, [text for text, _ in found.entities]) for found in now], own, _ENTITIES)
    negative = {row.id for row in weeks.now if figures.tone(row) == "negative"}
    return {
        "top_words": [_phrase(word, negative) for word in words or commonest(phrases, own, _WORDS)],
        "top_entities": [_phrase(entity, negative) for entity in names],
    }


def _phrase(phrase: Phrase, negative: set[int]) -> Json:
    return {
        "text": phrase.text,
        "value": len(phrase.ids),
        "ids": list(phrase.ids),
        "negative": len(negative.intersection(phrase.ids)),
        "z": None if phrase.z is None else round(phrase.z, 2),
    }


def _competitor_posts(conn: Connection, rivals: Sequence[str], period: Period) -> Json:
    ids = digest_reads.rivals_posts(conn, rivals, period.start, period.end)
    shown = mentions.fetch(conn, ids[:_RIVALS_POSTS])
    return {"value": len(ids), "ids": ids, "posts": [post(stored) for stored in shown]}


def _alerts(conn: Connection, names: Sequence[str], period: Period) -> list[Json]:
    found = [
        alert
        for alert in alert_records.listing(conn, since=period.start)
        if alert.brand in names
        and alert.window_start < period.end
        and alert.window_end >= period.start
        # Posts that came together were told as one.
        and TOLD_WITH not in alert.facts
    ]
    return [
        {
            "id": alert.id,
            "rule": alert.rule,
            "kind": alert.kind,
            "brand": alert.brand,
            "severity": str(alert.severity),
            "state": str(alert.state),
            "from": alert.window_start.isoformat(),
            "to": alert.window_end.isoformat(),
            "observed": alert.observed,
            "expected": alert.expected,
            "value": len(alert.evidence),
            "ids": list(alert.evidence),
        }
        for alert in reversed(found)
    ]


def _gaps(
    conn: Connection, settings: Settings, period: Period, watched: datetime | None, now: datetime
) -> list[Json]:
    start, end = max(period.start, watched or period.start), min(period.end, now)
    if watched is None or start >= end:
        return []
    names = [source.name for source in settings.sources if source.enabled]
    visits: dict[str, list[Any]] = {name: [] for name in names}
    for event in sources.events(conn, names, start - _LOOK_BACK, end):
        visits[event.source].append(event)
    return digest_gaps.told(visits, start, end)


def due(
    settings: Settings, now: datetime, claimed: Callable[[str, str], bool]
) -> list[tuple[Digest, Period]]:
    """Return the digests to make now, each with its period; `claimed(name, key)` tells which were made.

    Only the newest period that is due counts: after downtime the ones before it are not made up for.
    """
    newest = [
        (digest, latest_due(now, digest.at, settings.week_starts, settings.zone))
        for digest in settings.digests
    ]
    return [(digest, period) for digest, period in newest if not claimed(digest.name, period.key)]


def enqueue_due(conn: Connection, settings: Settings, now: datetime) -> int:
    """Put the digests that are due in the outbox, each period once, and return how many messages were new.

    The claim and the messages belong to the caller's transaction. A week in which nothing was collected,
    such as the one before the first start, has no digest.
    """
    queued = 0
    for digest, period in due(settings, now, lambda name, key: digests.claimed(conn, name, key)):
        if not digest_reads.anything_collected(conn, period.start, period.end):
            continue
        if digests.claim(conn, digest.name, period.key, now):
            data = build(conn, settings, digest.brands, period, now)
            queued += outbox.enqueue(conn, notifications(settings, digest, data), now)
    return queued


def notifications(settings: Settings, digest: Digest, data: Json) -> list[Notification]:
    """Return the messages that carry a digest to its channels, in the digest's, channel's or top language."""
    languages = {channel.name: channel.language for channel in settings.channels}
    payload = {**without_ids(data), "name": digest.name}
    return [
        Notification(
            channel=channel,
            kind="digest",
            payload={**payload, "language": digest.language or languages.get(channel) or settings.language},
            idempotency_key=f"digest:{digest.name}:{data['period']['key']}:{channel}",
        )
        for channel in digest.to
    ]


def by_hand(settings: Settings, data: Json, language: str | None, now: datetime) -> list[Notification]:
    """Return the messages of a digest that a person asked for: to every channel that gets digests.

    They go out whatever was sent for the period before. `language` wins over the channel's.
    """
    found: dict[str, Notification] = {}
    for digest in settings.digests:
        for note in notifications(settings, digest, data):
            payload = note.payload if language is None else {**note.payload, "language": language}
            key = f"digest:by-hand:{data['period']['key']}:{now.isoformat()}:{note.channel}"
            found.setdefault(note.channel, replace(note, payload=payload, idempotency_key=key))
    return list(found.values())


def without_ids(value: Any) -> Any:
    """Return the digest without the lists of ids, which a message does not show."""
    if isinstance(value, Mapping):
        return {key: without_ids(entry) for key, entry in value.items() if key != "ids"}
    if isinstance(value, list):
        return [without_ids(entry) for entry in value]
    return value
