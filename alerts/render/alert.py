"""What an alert says, decided once for every channel: from the payload in the outbox to finished sentences.

The order is that in which a person asks: what happened and to which brand, how far from normal, why,
what exactly people wrote, since when, how much it matters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from alerts.render import escaping, locale
from alerts.render.charts import Point
from alerts.render.distance import TITLE_LIMIT, Payload, facts_of, how_far
from alerts.render.phrases import (
    brand_name,
    counted,
    instant_of,
    language_name,
    name,
    number_of,
    platform_name,
    say,
    text_direction,
    tidy,
    zone_name,
    zone_of,
)
from alerts.render.wording import SENTENCES

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")
_TEXT_LIMIT = 320
_DRIVER_LIMIT = 48
_DRIVERS_EACH = 6
_POSTS = 3
_POINTS = 96
_CHANGES: Final = ("firing", "update", "resolved")
_SEVERITIES: Final = ("low", "medium", "high")
_OCCASIONS: Final = ("influencer_post", "competitor_post")
_DRIVER_TYPES: Final = ("word", "source", "language", "rating")


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of why: a label and what accounts for the difference, most important first."""

    label: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Post:
    """One post as shown. `about` is followers, stars, time; `text` is the original, `direction` its own."""

    author: str
    about: tuple[str, ...]
    text: str
    direction: locale.Direction
    language: str
    url: str | None


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A whole alert in one language. All strings are clean single lines, not yet escaped for any medium.

    `series` holds hours with what was counted and what was expected; `zone` is the readers'.
    """

    language: str
    direction: locale.Direction
    change: str
    severity: str
    headline: str
    distance: tuple[str, ...]
    why: str
    reasons: tuple[Reason, ...]
    posts_title: str
    posts: tuple[Post, ...]
    since: str | None
    severity_line: str
    footer: tuple[str, ...]
    open_label: str
    chart_alt: str
    chart_title: str
    series: tuple[Point, ...]
    zone: ZoneInfo

    @property
    def plain_headline(self) -> str:
        """The headline without isolates, for places that show them as boxes: subjects, notifications."""
        return escaping.clean(self.headline)


def compose(payload: Payload, language: str) -> AlertMessage:
    """Return the message for an alert payload; `language` is `ar` or `en`.

    Fields that are missing or of the wrong type are left out of the message, never an error.
    """
    change = _one_of(payload.get("change"), _CHANGES, "firing")
    severity = _one_of(payload.get("severity"), _SEVERITIES, "medium")
    kind = str(payload.get("kind"))
    posts_key = f"posts.{kind}" if f"posts.{kind}" in SENTENCES[language] else "posts"
    return AlertMessage(
        language=language,
        direction=locale.direction(language),
        change=change,
        severity=severity,
        headline=_headline(payload, kind, change, language),
        distance=tuple(how_far(payload, kind, change, language)),
        why=say(language, "why"),
        reasons=_reasons(payload, language),
        posts_title=say(language, posts_key),
        posts=tuple(compose_post(one, payload, language) for one in _mappings(payload.get("posts"))[:_POSTS]),
        since=_since(payload, language),
        severity_line=say(language, "severity", severity=say(language, f"severity.{severity}")),
        footer=_footer(payload, language),
        open_label=say(language, "open"),
        chart_alt=say(language, "chart.alt"),
        chart_title=say(language, "chart.title"),
        series=_series(payload),
        zone=zone_of(payload.get("timezone")),
    )


def _one_of(value: object, known: Sequence[str], otherwise: str) -> str:
    return value if isinstance(value, str) and value in known else otherwise


def _mappings(value: object) -> list[Payload]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def _headline(payload: Payload, kind: str, change: str, language: str) -> str:
    facts = facts_of(payload)
    if f"{kind}.{change}" not in SENTENCES[language]:
        kind = "other"
    key = f"{kind}.{change}"
    with_mood = f"{key}.{facts.get('sentiment') or facts.get('scope')}"
    followers = number_of(facts.get("followers"))
    who = {"followers": counted(language, "fans", followers)} if followers else {}
    return say(
        language,
        with_mood if with_mood in SENTENCES[language] else key,
        brand=brand_name(payload, payload.get("brand") or "?", language),
        rule=name(payload.get("rule") or "?"),
        host=name(facts.get("host") or "?"),
        who=say(language, "who.followers" if who else "who.unknown", **who),
        posts=counted(language, "posts", max(1, number_of(payload.get("observed")) or 1)),
    )


def _reasons(payload: Payload, language: str) -> tuple[Reason, ...]:
    drivers = _mappings(payload.get("drivers"))
    found = []
    for kind in (*_DRIVER_TYPES, "other"):
        of_kind = [one for one in drivers if _one_of(one.get("type"), _DRIVER_TYPES, "other") == kind]
        items = tuple(_driver(one, kind, language) for one in of_kind[:_DRIVERS_EACH])
        if items:
            found.append(Reason(say(language, f"driver.{kind}"), items))
    return tuple(found)


def _driver(driver: Payload, kind: str, language: str) -> str:
    text = escaping.excerpt(str(driver.get("text") or "?"), _DRIVER_LIMIT)
    shown = {"language": language_name(language, text), "rating": f"★ {text}"}.get(kind, text)
    count, usual = number_of(driver.get("count")), number_of(driver.get("usual"))
    numbers = [] if count is None else [tidy(language, count)]
    if usual is not None:
        numbers.append(say(language, "usually", usual=tidy(language, usual)))
    comma = "، " if language == "ar" else ", "
    return f"{locale.isolate(shown)} ({comma.join(numbers)})" if numbers else locale.isolate(shown)


def compose_post(post: Payload, payload: Payload, language: str) -> Post:
    """Return a post of a payload as it is shown; the payload's `timezone` is that of its times."""
    title = escaping.excerpt(str(post.get("title") or ""), TITLE_LIMIT)
    text = escaping.excerpt(str(post.get("text") or ""), _TEXT_LIMIT)
    if title and not text.startswith(title.rstrip(escaping.ELLIPSIS)):
        text = f"{title} — {text}" if text else title
    author, place = _author(post), post.get("platform") or post.get("source")
    about = [platform_name(language, place)] if place and author else []
    url = post.get("url")
    return Post(
        author=author or (name(place) if place else say(language, "anonymous")),
        about=(*about, *_about(post, payload, language)),
        text=text or say(language, "empty"),
        direction=text_direction(post.get("language"), text) if text else locale.direction(language),
        language=_language_tag(post.get("language")),
        url=escaping.safe_link(url if isinstance(url, str) else None),
    )


def _language_tag(value: object) -> str:
    return value if isinstance(value, str) and _LANGUAGE.fullmatch(value) else "und"


def _author(post: Payload) -> str | None:
    handle = escaping.excerpt(str(post.get("handle") or ""), 60).lstrip("@")
    author = escaping.excerpt(str(post.get("author") or ""), 60)
    if not handle or handle == author:
        return locale.isolate(author) if author else None
    # Each apart, since a Latin handle after an Arabic name would have its @ on the wrong side.
    at = locale.isolate(f"@{handle}")
    return f"{locale.isolate(author)} ({at})" if author else at


def _about(post: Payload, payload: Payload, language: str) -> list[str]:
    about = []
    followers, rating = number_of(post.get("followers")), number_of(post.get("rating"))
    if followers:
        about.append(counted(language, "followers", followers))
    if rating is not None:
        scale = tidy(language, number_of(post.get("rating_scale")) or 5)
        about.append("★ " + say(language, "stars", rating=tidy(language, rating), scale=scale))
    published = instant_of(post.get("published_at"))
    if published is not None:
        about.append(locale.moment(language, published, zone_of(payload.get("timezone"))))
    return about


def _since(payload: Payload, language: str) -> str | None:
    """What goes on has a beginning, what is over an end as well, and one post a moment."""
    window = payload.get("window")
    start, end = (
        instant_of(window.get(edge)) if isinstance(window, Mapping) else None for edge in ("start", "end")
    )
    if start is None:
        return None
    over = payload.get("change") == "resolved" or payload.get("kind") in _OCCASIONS
    key = "since" if end is None or not over else "at" if start == end else "from_to"
    zone = zone_of(payload.get("timezone"))
    return say(
        language,
        key,
        when=locale.moment(language, start, zone),
        until=_until(start, end or start, zone, language),
        zone=zone_name(language, zone),
    )


def _until(start: datetime, end: datetime, zone: ZoneInfo, language: str) -> str:
    if start.astimezone(zone).date() == end.astimezone(zone).date():
        return say(language, "until.same_day", clock=locale.clock(language, end, zone))
    return say(language, "until", when=locale.moment(language, end, zone))


def _footer(payload: Payload, language: str) -> tuple[str, ...]:
    parts = []
    evidence, alert = number_of(payload.get("evidence_count")), number_of(payload.get("alert_id"))
    if evidence:
        parts.append(say(language, "evidence", mentions_of=counted(language, "mentions_of", evidence)))
    if payload.get("rule"):
        parts.append(say(language, "rule", rule=name(payload["rule"])))
    if alert is not None:
        parts.append(say(language, "alert", id=f"{alert:.0f}"))
    return tuple(parts)


def _series(payload: Payload) -> tuple[Point, ...]:
    raw = payload.get("series")
    points = []
    for row in raw if isinstance(raw, list | tuple) else ():
        if isinstance(row, list | tuple) and len(row) >= 2:
            hour, count = instant_of(row[0]), number_of(row[1])
            if hour is not None and count is not None:
                points.append((hour, count, number_of(row[2]) if len(row) > 2 else None))
    return tuple(points[-_POINTS:])
