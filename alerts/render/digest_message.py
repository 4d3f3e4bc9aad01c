"""What a digest says, decided once for HTML, plain text and Slack: from its numbers to finished sentences.

All strings are clean single lines, escaped for nothing yet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alerts.render import locale
from alerts.render.alert import Post, compose_post
from alerts.render.digest_charts import TONES
from alerts.render.digest_wording import COUNTS, SENTENCES
from alerts.render.phrases import brand_name, instant_of, name, zone_name, zone_of

Json = Mapping[str, Any]

_ERROR_LIMIT = 160
_SITES = 6


@dataclass(frozen=True, slots=True)
class Card:
    """One number with what it is, how it moved, and whether that is good (1), bad (−1) or neither (0)."""

    label: str
    value: str
    change: str
    usual: str | None
    tendency: int


@dataclass(frozen=True, slots=True)
class Slice:
    """One tone's part of all mentions; `share` is 0…1, `width` whole percents that add up to 100."""

    tone: str
    label: str
    count: str
    share: str
    width: int
    change: str | None


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its count, and how many of its mentions are negative where any is."""

    text: str
    count: str
    negative: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what, how many, the average or a dash, and last week's count or nothing."""

    what: str
    count: str
    average: str
    before: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class PartMessage:
    """What is said of one brand. `trend_alt` and `voice_alt` say in words what the pictures show."""

    brand: str
    headline: str
    stands_out: str | None
    cards: tuple[Card, ...]
    sentiment: tuple[Slice, ...]
    trend_alt: str
    voice: tuple[str, ...]
    voice_alt: str
    words: tuple[Word, ...]
    words_note: str
    entities: tuple[Word, ...]
    posts: tuple[Post, ...]
    reviews: tuple[Row, ...]
    reviews_total: str


@dataclass(frozen=True, slots=True)
class DigestMessage:
    """A whole digest in one language. `say` holds the fixed labels."""

    language: str
    direction: locale.Direction
    say: Mapping[str, str]
    days: str
    subject: str
    parts: tuple[PartMessage, ...]
    rivals: tuple[Post, ...]
    rivals_more: str | None
    alerts: tuple[str, ...]
    gaps: tuple[str, ...]
    incomplete: str | None
    foot: tuple[str, ...]


def compose_digest(data: Json, language: str) -> DigestMessage:
    """Return what a digest says in a language (`ar` or `en`); ids are not needed."""
    words = SENTENCES[language]
    first, last = (dt.date.fromisoformat(data["period"][key]) for key in ("first_day", "last_day"))
    days = locale.days(language, first, last)
    rivals = data["competitor_posts"]
    more = rivals["value"] - len(rivals["posts"])
    parts = tuple(_part(part, data, language) for part in data["brands"])
    return DigestMessage(
        language=language,
        direction=locale.direction(language),
        say=words,
        days=days,
        subject=_subject(data, parts, days, language),
        parts=parts,
        rivals=tuple(compose_post(post, data, language) for post in rivals["posts"]),
        rivals_more=words["rivals.more"].format(n=_counted(language, "more", more)) if more > 0 else None,
        alerts=tuple(_alert(alert, data, language) for alert in data["alerts"]),
        gaps=tuple(_gap(gap, data, language) for gap in data["gaps"]),
        incomplete=_incomplete(data, language),
        foot=_foot(data, first, last, language),
    )


def _counted(language: str, key: str, n: float) -> str:
    return locale.plural(language, n, COUNTS[language][key])


def _subject(data: Json, parts: Sequence[PartMessage], days: str, language: str) -> str:
    brands = locale.join(language, [part.brand for part in parts])
    headlines = [SENTENCES[language][f"short.{part['headline']['kind']}"] for part in data["brands"]]
    return SENTENCES[language]["subject"].format(brand=brands, days=days, headline=headlines[0])


def _part(part: Json, data: Json, language: str) -> PartMessage:
    words = SENTENCES[language]
    brand = brand_name(data, part["brand"], language)
    return PartMessage(
        brand=brand,
        headline=_headline(part, brand, language),
        stands_out=_stands_out(part, language),
        cards=_cards(part, language),
        sentiment=_slices(part, language),
        trend_alt=_trend_alt(part, language),
        voice=(voice := _voice(part, data, language)),
        voice_alt=words["voice.alt"].format(lines=locale.join(language, voice)),
        words=tuple(_word(word, language) for word in part["top_words"]),
        words_note=words["words.note" if _compared(part) else "words.note.first"],
        entities=tuple(_word(entity, language) for entity in part["top_entities"]),
        posts=tuple(compose_post(post, data, language) for post in part["top_posts"]),
        reviews=tuple(_site(site, language) for site in part["reviews"]["sites"][:_SITES]),
        reviews_total=_reviews_total(part, language),
    )


def _compared(part: Json) -> bool:
    return any(word["z"] is not None for word in part["top_words"])


def _value(figure: Json, when: str = "now") -> Any:
    return figure["value"] if when == "now" else (figure["before"] or {"value": None})["value"]


def _share(part: Json, tone: str, when: str, language: str) -> str:
    total = _value(part["volume"], when)
    count = _value(part["sentiment"][tone], when)
    return locale.percent(language, count / total) if total else SENTENCES[language]["unknown"]


def _stars(language: str, stars: float | None) -> str:
    return SENTENCES[language]["unknown"] if stars is None else locale.number(language, stars, 1)


def _plain(language: str, value: float | None) -> str:
    return SENTENCES[language]["unknown"] if value is None else locale.number(language, value)


def _headline(part: Json, brand: str, language: str) -> str:
    sentiment, volume, average = part["sentiment"], part["volume"], part["reviews"]["average"]
    return SENTENCES[language][f"headline.{part['headline']['kind']}"].format(
        brand=brand,
        mentions=_counted(language, "mentions", volume["value"]),
        mentions_before=_counted(language, "mentions_of", _value(volume, "before") or 0),
        volume_before=_plain(language, _value(volume, "before")),
        negative=_plain(language, _value(sentiment["negative"])),
        negative_before=_plain(language, _value(sentiment["negative"], "before")),
        negative_share=_share(part, "negative", "now", language),
        negative_share_before=_share(part, "negative", "before", language),
        positive_share=_share(part, "positive", "now", language),
        positive_share_before=_share(part, "positive", "before", language),
        stars=_stars(language, _value(average)),
        stars_before=_stars(language, _value(average, "before")),
    )


def _stands_out(part: Json, language: str) -> str | None:
    words = [
        f"{name(word['text'])} ({locale.number(language, word['value'])})" for word in part["top_words"][:3]
    ]
    if part["headline"]["quiet"] or not words:
        return None
    return SENTENCES[language]["stands_out"].format(words=locale.join(language, words))


def _cards(part: Json, language: str) -> tuple[Card, ...]:
    average = part["reviews"]["average"]
    cards = [_card(part["volume"], "volume", 0, 0, language)]
    cards.append(_card(part["net_sentiment"], "net_sentiment", None, 1, language))
    if average["value"] is not None or average["before"]:
        cards.append(_card(average, "average", 1, 1, language))
    if part["reach"]["value"] is not None:
        cards.append(_card(part["reach"], "reach", 0, 0, language))
    return tuple(cards)


def _card(figure: Json, key: str, decimals: int | None, good: int, language: str) -> Card:
    """`decimals` None shows a share as a percentage; `good` is 1 where more is better."""
    words = SENTENCES[language]

    def shown(value: float | None, *, sign: bool = False) -> str:
        if value is None:
            return words["unknown"]
        if decimals is None:
            return locale.number(language, value * 100, sign=sign)
        return locale.number(language, value, decimals, sign=sign)

    # From what is shown, so that a reader who subtracts comes to the same.
    places = 2 if decimals is None else decimals
    before = _value(figure, "before")
    known = figure["change"] is not None
    change = round(figure["value"], places) - round(before, places) if known else None
    zero = change is not None and shown(change) == shown(0)
    if change is None:
        told = words["change.unknown"]
    elif zero:
        told = words["change.none"]
    else:
        told = words["change"].format(
            change=shown(change, sign=True), before=shown(before, sign=decimals is None)
        )
    value = shown(figure["value"], sign=decimals is None)
    if key == "average" and figure["value"] is not None:
        value = words["average.of"].format(stars=value)
    usual = None
    if figure["usual"] is not None:
        usual = words["usual"].format(usual=shown(figure["usual"], sign=decimals is None))
    tendency = 0 if change is None or zero else good * (1 if change > 0 else -1)
    return Card(words[key], value, told, usual, tendency)


def _slices(part: Json, language: str) -> tuple[Slice, ...]:
    total = part["volume"]["value"]
    counts = [part["sentiment"][tone]["value"] for tone in TONES]
    changes = [part["sentiment"][tone]["change"] for tone in TONES]
    widths = _percents(counts)
    return tuple(
        Slice(
            tone=tone,
            label=SENTENCES[language][tone],
            count=locale.number(language, count),
            share=locale.percent(language, count / total if total else 0),
            width=width,
            change=None if change is None else locale.number(language, change, sign=True),
        )
        for tone, count, width, change in zip(TONES, counts, widths, changes, strict=True)
    )


def _percents(counts: Sequence[int]) -> list[int]:
    """Return whole percents that add up to 100 (largest remainders), or zeros where nothing was counted."""
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    floors = [count * 100 // total for count in counts]
    remainders = sorted(range(len(counts)), key=lambda place: -(counts[place] * 100 % total))
    for place in remainders[: 100 - sum(floors)]:
        floors[place] += 1
    return floors


def _trend_alt(part: Json, language: str) -> str:
    words, trend = SENTENCES[language], part["trend"]
    totals = [sum(day[tone]["value"] for tone in TONES) for day in trend]
    days = [locale.date(language, dt.date.fromisoformat(day["day"])) for day in trend]
    if not any(totals):
        return words["trend.alt.none"].format(first=days[0], last=days[-1])
    peak = totals.index(max(totals))
    return words["trend.alt"].format(
        first=days[0],
        last=days[-1],
        peak_day=days[peak],
        peak=locale.number(language, totals[peak]),
        negative=_counted(language, "negative", part["sentiment"]["negative"]["value"]),
        positive=_counted(language, "positive", part["sentiment"]["positive"]["value"]),
    )


def _voice(part: Json, data: Json, language: str) -> tuple[str, ...]:
    return tuple(
        SENTENCES[language]["voice.line"].format(
            brand=brand_name(data, entry["brand"], language),
            share=locale.percent(language, entry["share"]),
            mentions=_counted(language, "mentions", entry["value"]),
        )
        for entry in part["share_of_voice"]
        if entry["share"] is not None
    )


def _word(word: Json, language: str) -> Word:
    negative = word["negative"]
    told = SENTENCES[language]["words.negative"].format(n=locale.number(language, negative))
    return Word(name(word["text"], 40), locale.number(language, word["value"]), told if negative else None)


def _site(site: Json, language: str) -> Row:
    words, average = SENTENCES[language], site["average"]["value"]
    before = _value(site["count"], "before")
    what, reviews = name(site["site"]), _counted(language, "reviews", site["count"]["value"])
    key = "reviews.line" if average is not None else "reviews.line.unrated"
    return Row(
        what=what,
        count=locale.number(language, site["count"]["value"]),
        average=_stars(language, average),
        before=None if before is None else words["last_week"].format(before=locale.number(language, before)),
        sentence=words[key].format(site=what, reviews=reviews, stars=_stars(language, average)),
    )


def _reviews_total(part: Json, language: str) -> str:
    words, count = SENTENCES[language], part["reviews"]["count"]
    told = _counted(language, "reviews", count["value"]) if count["value"] else words["reviews.none"]
    before = _value(count, "before")
    if before is None:
        return told
    return f"{told} ({words['last_week'].format(before=locale.number(language, before))})"


_OF_A_RATING: Final = "rating_drop"


def _alert(alert: Json, data: Json, language: str) -> str:
    words = SENTENCES[language]
    key = f"alert.{alert['kind']}"
    decimals = 1 if alert["kind"] == _OF_A_RATING else 0
    numbers = {
        part: words["unknown"] if alert[part] is None else locale.number(language, alert[part], decimals)
        for part in ("observed", "expected")
    }
    what = words.get(key, words["alert.other"]).format(
        brand=brand_name(data, alert["brand"], language), rule=name(alert["rule"]), **numbers
    )
    parts = [what, _when(alert["from"], data, language)]
    # A post is an occasion, over as soon as it is told; only what lasts has a state worth knowing.
    if alert["expected"] is not None:
        parts.append(words[f"state.{alert['state']}"])
    return " · ".join(parts)


def _when(moment: str, data: Json, language: str) -> str:
    found = instant_of(moment)
    shown = None if found is None else locale.moment(language, found, zone_of(data["timezone"]))
    return shown or SENTENCES[language]["unknown"]


def _gap(gap: Json, data: Json, language: str) -> str:
    words = SENTENCES[language]
    shape = ".whole" if gap["whole"] else ".once" if gap["stretches"] == 1 else ""
    key = f"gap.{gap['reason']}{shape}"
    return words[key].format(
        source=name(gap["source"]),
        hours=_counted(language, "hours", max(1, round(gap["hours"]))),
        start=_when(gap["from"], data, language),
        end=_when(gap["to"], data, language),
        error=name(gap["error"], _ERROR_LIMIT) if gap["error"] else words["gap.no_reason"],
    )


def _incomplete(data: Json, language: str) -> str | None:
    if not data["earlier_incomplete"]:
        return None
    return SENTENCES[language]["incomplete"].format(when=_when(data["watched_since"], data, language))


def _foot(data: Json, first: dt.date, last: dt.date, language: str) -> tuple[str, ...]:
    words, zone = SENTENCES[language], zone_of(data["timezone"])
    command = locale.isolate(f"marsad digest --period {data['period']['key']}")
    return (
        words["net.explained"],
        words["foot"].format(
            first=locale.weekday(language, first),
            last=locale.weekday(language, last),
            zone=zone_name(language, zone),
            when=_when(data["generated_at"], data, language),
        ),
        words["foot.ids"].format(command=command),
    )
