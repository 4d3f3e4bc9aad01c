"""Writes the demo's four weeks: an ordinary flow, a bad day, and the few scripted posts of the story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from demo.items import Edit, Item, Person, Place
from demo.phrases import About, Pen, Text, base_texts, sheet, text_from
from storage.records import MentionKind, SentimentLabel

SPAN = timedelta(weeks=4)
BAD_DAY = timedelta(hours=38)
_ZONE = ZoneInfo("Asia/Riyadh")
_FRIDAY_SATURDAY = (4, 5)
_HOUR = timedelta(hours=1)
_NEGATIVE, _NEUTRAL, _POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE
_Choice = TypeVar("_Choice")


@dataclass(frozen=True, slots=True)
class Flow:
    """What a place publishes on an ordinary day: items a day, share in Arabic (0…1), best rating."""

    kind: MentionKind
    a_day: float
    arabic: float
    best_rating: int | None = None


FLOWS = {
    Place.MASTODON: Flow(MentionKind.POST, 22, 0.52),
    Place.FORUM: Flow(MentionKind.COMMENT, 14, 0.55),
    Place.STARS: Flow(MentionKind.REVIEW, 8, 0.40, best_rating=5),
    Place.SOUQ: Flow(MentionKind.REVIEW, 8, 0.80, best_rating=10),
    Place.NEWS_AR: Flow(MentionKind.ARTICLE, 2.5, 1.0),
    Place.NEWS_EN: Flow(MentionKind.ARTICLE, 2.0, 0.0),
    Place.PRESS: Flow(MentionKind.ARTICLE, 0.7, 0.5),
}
# Relative activity by hour of the day in Riyadh: asleep before dawn, busiest after the evening meal.
_HOURS = (9, 6, 3, 2, 2, 2, 3, 5, 7, 8, 9, 9, 10, 11, 10, 11, 13, 14, 14, 16, 19, 20, 17, 13)
_WEEKEND = 1.3
_MEAN_LOAD = sum(_HOURS) / 24 * (5 + 2 * _WEEKEND) / 7
_SUBJECTS: dict[MentionKind, dict[About, int]] = {
    MentionKind.POST: {"own": 83, "competitor": 10, "both": 7},
    MentionKind.COMMENT: {"own": 73, "competitor": 10, "both": 7, "none": 10},
    MentionKind.REVIEW: {"own": 100},
    MentionKind.ARTICLE: {"own": 40, "competitor": 9, "both": 6, "none": 45},
}
_MOODS = {_NEGATIVE: 25, _NEUTRAL: 21, _POSITIVE: 54}
_MOODS_AFTER = {_NEGATIVE: 78, _NEUTRAL: 14, _POSITIVE: 8}
_DIALECTS = {"gulf": 38, "egyptian": 26, "levantine": 17, "maghrebi": 14, "msa": 8}
_RATINGS: dict[int, dict[SentimentLabel, tuple[int, ...]]] = {
    5: {_NEGATIVE: (1, 1, 2), _NEUTRAL: (3, 3, 4), _POSITIVE: (4, 5, 5, 5)},
    10: {_NEGATIVE: (1, 2, 3, 4), _NEUTRAL: (5, 6, 7), _POSITIVE: (8, 9, 9, 10)},
}
# The bad day: hours from its start, and how many ordinary six-hour loads of anger come on top in each.
_SURGE = ((0, 6, 8.0), (6, 12, 3.5), (12, 18, 1.6), (18, 29, 1.2))
_SURGE_PLACES = {Place.MASTODON: 45, Place.FORUM: 27, Place.STARS: 20, Place.SOUQ: 8}
_SURGE_TOPICS = {"outage": 60, "melted": 15, "late": 10, "payment": 10, "support": 5}
_CROWD = 40
# A text with few slots may come out as before; after so many others the repetition is let stand.
_TRIES = 30


class Chronicle:
    """One writing of the world that ends at `end`; all chance comes from `rng`."""

    def __init__(self, end: datetime, rng: Random) -> None:
        self._end, self._begin, self._rng = end, end - SPAN, rng
        self._pen = Pen(rng)
        self._uses: Counter[str] = Counter()
        self._written: set[str] = set()
        self._ids: set[str] = set()
        self._people = {voice: self._crowd(voice) for voice in (*_DIALECTS, "en")}

    def write(self) -> list[Item]:
        """Return everything that is published in the four weeks, oldest first."""
        ordinary = [*self._ordinary()]
        everything = [*ordinary, *self._surge(ordinary), *self._scripted()]
        return sorted(everything, key=lambda item: (item.at, item.id))

    def _ordinary(self) -> Iterator[Item]:
        for hour in range(int(SPAN / _HOUR)):
            start = self._begin + hour * _HOUR
            local = start.astimezone(_ZONE)
            busy = _WEEKEND if local.weekday() in _FRIDAY_SATURDAY else 1.0
            load = _HOURS[local.hour] * busy / _MEAN_LOAD / 24
            for place, flow in FLOWS.items():
                for _ in range(self._count(flow.a_day * load)):
                    at = start + timedelta(seconds=self._rng.randrange(3600))
                    angry = place is Place.STARS and at > self._end - BAD_DAY
                    yield self._item(
                        place,
                        at,
                        about=self._pick(_SUBJECTS[flow.kind]),
                        mood=self._pick(_MOODS_AFTER if angry else _MOODS),
                    )

    def _surge(self, ordinary: list[Item]) -> Iterator[Item]:
        angry = sum(item.mood is _NEGATIVE and item.about in ("own", "both") for item in ordinary)
        load = angry / (SPAN / (6 * _HOUR))
        for first, last, times in _SURGE:
            for _ in range(round(times * load)):
                offset = self._rng.randrange(first * 3600, last * 3600)
                yield self._item(
                    self._pick(_SURGE_PLACES),
                    self._end - BAD_DAY + timedelta(seconds=offset),
                    about="own",
                    mood=_NEGATIVE,
                    topic=self._pick(_SURGE_TOPICS),
                )

    def _item(
        self, place: Place, at: datetime, *, about: About, mood: SentimentLabel, topic: str = ""
    ) -> Item:
        flow = FLOWS[place]
        for _ in range(_TRIES):
            text = self._text(flow, about, mood, topic)
            title, body = self._out(text, flow.kind)
            if body not in self._written:
                break
        self._written.add(body)
        author = self._rng.choice(self._people[text.voice])
        if flow.kind is MentionKind.ARTICLE:
            author = Person(self._rng.choice(sheet("people")["desks"][text.language]), "", 0)
        scale = _RATINGS.get(flow.best_rating or 0)
        return Item(
            id=self._id(place, at),
            place=place,
            kind=flow.kind,
            at=at,
            language=text.language,
            dialect=text.dialect,
            mood=text.mood,
            topic=text.topic,
            about=text.about,
            title=title,
            text=body,
            author=author,
            rating=self._rng.choice(scale[text.mood]) if scale else None,
            likes=int(self._rng.expovariate(1 / (2 + author.followers / 150))),
        )

    def _text(self, flow: Flow, about: About, mood: SentimentLabel, topic: str) -> Text:
        """Choose among the least used texts that fit; a wish that none can meet is dropped."""
        language = "ar" if self._rng.random() < flow.arabic else "en"
        dialect = self._pick(_DIALECTS) if language == "ar" and flow.kind is not MentionKind.ARTICLE else None
        fitting = [
            text
            for text in base_texts()
            if flow.kind in text.where and text.language == language and text.about == about
        ]
        wishes = (
            lambda text: text.topic == topic if topic else text.topic != "outage",
            lambda text: text.mood is mood,
            lambda text: dialect is None or text.dialect == dialect,
        )
        for wish in wishes:
            fitting = [text for text in fitting if wish(text)] or fitting
        fewest = min(self._uses[text.id] for text in fitting)
        chosen = self._rng.choice([text for text in fitting if self._uses[text.id] == fewest])
        self._uses[chosen.id] += 1
        return chosen

    def _out(self, text: Text, kind: MentionKind) -> tuple[str | None, str]:
        return self._pen.article(text) if text.title else (None, self._pen.chat(text, kind))

    def _scripted(self) -> Iterator[Item]:
        story = sheet("story")
        for raw in story["posts"]:
            followers = raw["followers"]
            author = Person(raw["name"], raw["handle"], followers)
            yield self._told(raw, Place.MASTODON, author, followers // 75)
        yield from self._replies(story)
        for raw in story["outage_articles"]:
            yield self._told(raw, Place.NEWS_AR if raw["language"] == "ar" else Place.NEWS_EN, _desk(raw))
        yield self._told(story["edited_review"], Place.SOUQ, Person(story["edited_review"]["name"], "", 0))
        yield self._told(story["corrected_article"], Place.NEWS_AR, _desk(story["corrected_article"]))
        for raw in story["blog"]:
            yield self._told(raw, Place.BLOG, Person("Tamrago", "tamrago", 0))

    def _replies(self, story: Mapping[str, Any]) -> Iterator[Item]:
        """Write the answers to the influencer's complaint; it is the last of the scripted posts."""
        complaint = story["posts"][-1]
        start = self._end - complaint["hours_before"] * _HOUR
        parent = _snowflake(start, 0)
        for raw in [*story["replies"], *story["replies"]]:
            text = text_from(raw, {"where": [MentionKind.POST]})
            at = start + timedelta(seconds=self._rng.randrange(240, 5 * 3600))
            yield Item(
                id=self._id(Place.MASTODON, at),
                place=Place.MASTODON,
                kind=MentionKind.POST,
                at=at,
                language=text.language,
                dialect=text.dialect,
                mood=text.mood,
                topic=text.topic,
                about=text.about,
                text=self._pen.chat(text, MentionKind.POST),
                author=self._rng.choice(self._people[text.voice]),
                likes=self._rng.randrange(12),
                reply_to=parent,
            )

    def _told(self, raw: Mapping[str, Any], place: Place, author: Person, likes: int = 0) -> Item:
        """Return an item that the story gives whole, with its later correction if it has one."""
        at = self._end - raw["hours_before"] * _HOUR
        first, later = raw.get("before", raw), raw.get("after")
        text = first.get("text") or "\n\n".join(first["paragraphs"])
        edit = None
        if later is not None:
            changed = self._end - raw["edited_hours_before"] * _HOUR
            edit = Edit(changed, later["text"], later.get("title"), later.get("rating"))
        return Item(
            id=self._id(place, at, scripted=True),
            place=place,
            kind=FLOWS[place].kind if place in FLOWS else MentionKind.COMPETITOR_POST,
            at=at,
            language=raw["language"],
            dialect=raw.get("dialect"),
            mood=SentimentLabel(raw.get("mood", "neutral")),
            topic=raw.get("topic", "story"),
            about="competitor" if place is Place.BLOG else "own",
            title=first.get("title"),
            text=text,
            author=author,
            rating=first.get("rating"),
            likes=likes,
            slug=raw.get("slug"),
            edit=edit,
        )

    def _id(self, place: Place, at: datetime, *, scripted: bool = False) -> str:
        make = _snowflake if place is Place.MASTODON else _serial
        found = make(at, 0 if scripted else self._rng.randrange(1, 4096))
        while found in self._ids:
            found = make(at, self._rng.randrange(1, 4096))
        self._ids.add(found)
        return found

    def _crowd(self, voice: str) -> list[Person]:
        """Make up the people who write in one dialect. None has an influencer's reach."""
        names = sheet("people")
        shown, surnames = names[voice], names["surnames_en" if voice == "en" else "surnames_ar"]
        crowd = []
        for number in range(_CROWD):
            name, handle = shown[number % len(shown)]
            ending = self._rng.choice(names["endings"])
            followers = min(20_000, int(self._rng.lognormvariate(5.3, 1.3)))
            full = f"{name} {self._rng.choice(surnames)}"
            crowd.append(Person(full, f"{handle}{ending}{number}".replace(".", "_"), followers))
        return crowd

    def _pick(self, weights: Mapping[_Choice, int]) -> _Choice:
        return self._rng.choices([*weights], [*weights.values()])[0]

    def _count(self, mean: float) -> int:
        """Return a Poisson count (Knuth's method, good for the small means here)."""
        limit, product, count = exp(-mean), self._rng.random(), 0
        while product > limit:
            product *= self._rng.random()
            count += 1
        return count


def _snowflake(at: datetime, number: int) -> str:
    """Return an id as Mastodon makes them: milliseconds in the high bits, so that order is time."""
    return str((int(at.timestamp()) * 1000 << 16) + number)


def _serial(at: datetime, number: int) -> str:
    return f"{int(at.timestamp()):x}{number:03x}"


def _desk(raw: Mapping[str, Any]) -> Person:
    return Person(sheet("people")["desks"][raw["language"]][0], "", 0)
