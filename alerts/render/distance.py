"""How far from normal: what was counted beside what was expected, in a sentence or two for each rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from alerts.render import escaping, health, locale
from alerts.render.phrases import counted, number_of, once_in, platform_name, say, tidy

Payload = Mapping[str, Any]

TITLE_LIMIT: Final = 160


def how_far(payload: Payload, kind: str, change: str, language: str) -> list[str]:
    """Return the sentences for an alert of a kind and a change; none where the payload lacks the numbers."""
    return _DISTANCES.get(kind, _distance_of_any)(payload, change, language)


def facts_of(payload: Payload) -> Payload:
    """Return what the rule found out, or nothing where a payload has none."""
    facts = payload.get("facts")
    return facts if isinstance(facts, Mapping) else {}


def _expected(value: object, language: str) -> str | None:
    expected = number_of(value)
    if expected is None:
        return None
    return say(language, "expected.below_one") if 0 < expected < 1 else locale.number(language, expected)


def _with_rarity(distance: str, payload: Payload, change: str, language: str) -> str:
    days = number_of(facts_of(payload).get("once_in_days"))
    if days is None or days <= 0 or change == "resolved":
        return say(language, "plainly", distance=distance)
    once = once_in(language, days)
    if once is None:
        return say(language, "rarely.decade", distance=distance)
    return say(language, "rarely", distance=distance, once=once)


def _distance_of_spike(payload: Payload, change: str, language: str) -> list[str]:
    facts = facts_of(payload)
    if change == "resolved":
        return _calm_after_spike(facts, language)
    expected = _expected(payload.get("expected"), language)
    observed, hours = number_of(payload.get("observed")), number_of(facts.get("hours"))
    if observed is None or hours is None or expected is None:
        return _distance_of_any(payload, change, language)
    distance = say(
        language,
        "negative_spike.distance",
        mentions=counted(language, "negative_mentions", observed),
        hours=counted(language, "hours", hours),
        expected=expected,
    )
    lines = [_with_rarity(distance, payload, change, language)]
    share, usual = number_of(facts.get("negative_share")), number_of(facts.get("usual_share"))
    if share is not None and usual is not None:
        percents = {"share": locale.percent(language, share), "usual": locale.percent(language, usual)}
        lines.append(say(language, "negative_spike.share", **percents))
    return lines


def _calm_after_spike(facts: Payload, language: str) -> list[str]:
    """What counts when it is over is the present; the numbers of the worst hours would belie the headline."""
    observed, hours = number_of(facts.get("calm_observed")), number_of(facts.get("calm_hours"))
    expected = _expected(facts.get("calm_expected"), language)
    if observed is None or hours is None or expected is None:
        return []
    distance = say(
        language,
        "negative_spike.distance.resolved",
        mentions=counted(language, "negative_mentions", observed),
        hours=counted(language, "hours.last", hours),
        expected=expected,
    )
    return [say(language, "plainly", distance=distance)]


def _distance_of_influencer(payload: Payload, change: str, language: str) -> list[str]:
    followers, threshold = number_of(facts_of(payload).get("followers")), number_of(payload.get("expected"))
    if followers is None:
        return []
    return [
        say(
            language,
            "influencer_post.distance" if threshold else "influencer_post.distance.plain",
            followers=counted(language, "followers", followers),
            count=locale.number(language, followers),
            platform=platform_name(language, facts_of(payload).get("platform") or "?"),
            threshold=locale.number(language, threshold or 0),
        )
    ]


def _distance_of_ratings(payload: Payload, change: str, language: str) -> list[str]:
    facts = facts_of(payload)
    before, after = number_of(facts.get("mean_before")), number_of(facts.get("mean_after"))
    count_before, count_after = number_of(facts.get("count_before")), number_of(facts.get("count_after"))
    if before is None or after is None or count_before is None or count_after is None:
        return []
    distance = say(
        language,
        "rating_drop.distance.resolved" if change == "resolved" else "rating_drop.distance",
        before=locale.number(language, before, 1),
        after=locale.number(language, after, 1),
        scale=tidy(language, number_of(facts.get("scale")) or 5),
        reviews_before=counted(language, "reviews", count_before),
        reviews_after=counted(language, "reviews", count_after),
        reviews_after_of=counted(language, "reviews_of", count_after),
    )
    return [_with_rarity(distance, payload, change, language)]


def _distance_of_competitor(payload: Payload, change: str, language: str) -> list[str]:
    title = escaping.excerpt(str(facts_of(payload).get("title") or ""), TITLE_LIMIT)
    return [say(language, "competitor_post.distance", title=locale.isolate(title))] if title else []


def _distance_of_any(payload: Payload, change: str, language: str) -> list[str]:
    observed, expected = number_of(payload.get("observed")), _expected(payload.get("expected"), language)
    if observed is None:
        return []
    key = "other.distance" if expected is not None else "other.distance.plain"
    distance = say(language, key, observed=tidy(language, observed), expected=expected or "")
    return [_with_rarity(distance, payload, change, language)]


def _distance_of_source(payload: Payload, change: str, language: str) -> list[str]:
    return health.lines(payload, facts_of(payload), change, language)


_DISTANCES: Final[Mapping[str, Callable[[Payload, str, str], list[str]]]] = {
    "negative_spike": _distance_of_spike,
    "influencer_post": _distance_of_influencer,
    "rating_drop": _distance_of_ratings,
    "competitor_post": _distance_of_competitor,
    "source_health": _distance_of_source,
}
