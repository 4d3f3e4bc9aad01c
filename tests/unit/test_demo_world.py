"""The demo's world tells the same story each time, and the story has its turns."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from demo.phrases import base_texts, sheet
from demo.world import FLOWS, BeatKind, Item, Place, World
from storage.records import MentionKind, SentimentLabel

END = datetime(2026, 11, 23, 9, tzinfo=UTC)
# Delivery services, shops, payment and social networks that exist. Names that are ordinary words too
# (such as the Arabic for "ready" or "generous") cannot be told from the words and are left out.
_REAL = (
    "hungerstation jahez talabat careem uber glovo instashop elmenus mrsool breadfast jumia amazon "
    "carrefour panda danube tamimi lulu starbucks apple google whatsapp twitter facebook instagram "
    "tiktok visa mastercard "
    "هنقرستيشن مرسول أوبر اوبر جلوفو كارفور بنده الدانوب ستاربكس امازون أمازون واتساب تويتر فيسبوك"
)
REAL_NAMES = re.compile(rf"\b({'|'.join(_REAL.split())})\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def world() -> World:
    return World(END)


def _angry(items: list[Item]) -> list[Item]:
    return [item for item in items if item.mood is SentimentLabel.NEGATIVE and item.about in ("own", "both")]


def test_the_same_end_and_seed_make_the_same_world(world: World) -> None:
    assert World(END).everything() == world.everything()
    assert World(END, seed=8).everything() != world.everything()


def test_a_naive_end_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        World(datetime(2026, 11, 23))  # noqa: DTZ001 -- the naive time is the point


@pytest.mark.parametrize("seed", [1, 7, 21])
def test_volume_and_languages_are_as_promised(seed: int) -> None:
    items = World(END, seed).everything()
    assert 1500 <= len(items) <= 2000
    assert 0.50 <= sum(item.language == "ar" for item in items) / len(items) <= 0.60
    assert {item.dialect for item in items} >= {"gulf", "egyptian", "levantine", "maghrebi", "msa"}


def test_everything_lies_within_the_four_weeks_and_has_its_own_id(world: World) -> None:
    items = world.everything()
    assert all(world.begin <= item.at < world.end for item in items)
    assert len({(item.place, item.id) for item in items}) == len(items)


def test_hardly_anyone_writes_what_another_wrote(world: World) -> None:
    counts = Counter(item.text for item in world.everything() if item.kind is not MentionKind.ARTICLE)
    assert sum(counts.values()) - len(counts) <= 5


def test_no_slot_is_left_open(world: World) -> None:
    assert not [item for item in world.everything() if re.search(r"[{}]", f"{item.title}{item.text}")]


@pytest.mark.parametrize("seed", [1, 7, 21])
def test_the_bad_day_stands_out_in_negative_volume(seed: int) -> None:
    world = World(END, seed)
    angry = _angry(world.everything())
    usual = sum(item.at < world.bad_day for item in angry) / (
        (world.bad_day - world.begin) / timedelta(hours=6)
    )
    first = sum(world.bad_day <= item.at < world.bad_day + timedelta(hours=6) for item in angry)
    last = sum(item.at >= world.end - timedelta(hours=6) for item in angry)
    assert first >= 6 * usual
    assert last <= first / 3, "the anger decays"


def test_the_bad_day_is_seen_in_both_languages_and_three_kinds_of_place(world: World) -> None:
    day = [item for item in _angry(world.everything()) if item.at >= world.bad_day]
    assert {item.language for item in day} == {"ar", "en"}
    assert {Place.FORUM, Place.MASTODON, Place.STARS} <= {item.place for item in day}


def test_only_one_review_site_drops(world: World) -> None:
    def average(place: Place, *, after: bool) -> float:
        chosen = [item for item in world.items(place, END) if (item.at >= world.bad_day) is after]
        best = FLOWS[place].best_rating or 1
        return sum((item.rating or 0) / best for item in chosen) / len(chosen)

    assert average(Place.STARS, after=False) - average(Place.STARS, after=True) > 0.25
    assert all(1 <= (item.rating or 0) <= 5 for item in world.items(Place.STARS, END))
    assert all(1 <= (item.rating or 0) <= 10 for item in world.items(Place.SOUQ, END))


def test_the_city_sleeps_at_night(world: World) -> None:
    quiet = [item.at + timedelta(hours=3) for item in world.everything() if item.at < world.bad_day]
    night, evening = (sum(low <= at.hour < high for at in quiet) for low, high in ((2, 6), (19, 23)))
    assert evening > 4 * night


def test_the_story_has_all_its_beats_in_order(world: World) -> None:
    beats = world.beats
    assert {beat.kind for beat in beats} == set(BeatKind)
    assert all(first.at <= second.at for first, second in pairwise(beats))
    posts = [beat.at for beat in beats if beat.kind is BeatKind.COMPETITOR_POST]
    assert len(posts) == 4
    assert posts[-1] == world.end - timedelta(days=2)


def test_only_the_two_influencers_reach_many(world: World) -> None:
    big = {
        item.author.handle: item.author.followers
        for item in world.everything()
        if item.author.followers >= 50_000
    }
    assert sorted(big.values()) == [61_200, 180_400]


def test_an_edit_shows_from_its_time_on(world: World) -> None:
    edited = [item for item in world.everything() if item.edit]
    assert {item.place for item in edited} == {Place.SOUQ, Place.NEWS_AR}
    for item in edited:
        assert item.edit is not None
        before = item.as_of(item.edit.at - timedelta(seconds=1))
        after = item.as_of(item.edit.at)
        assert (before.text, before.id) == (item.text, item.id)
        assert (after.text, after.changed_at, after.id) == (item.edit.text, item.edit.at, item.id)


def test_nothing_is_shown_before_it_is_published(world: World) -> None:
    middle = world.begin + timedelta(days=14)
    for place in Place:
        shown = world.items(place, middle)
        assert all(item.at <= middle for item in shown)
        assert all(newer.at >= older.at for newer, older in pairwise(shown))


def test_every_post_can_be_found_by_a_hashtag_of_a_brand(world: World) -> None:
    for item in world.items(Place.MASTODON, END):
        assert {"لوزي", "lawzy", "تمراجو", "tamrago"} & set(item.tags), item.text


def test_the_base_texts_are_many_distinct_and_about_made_up_brands() -> None:
    texts = base_texts()
    assert len(texts) >= 250
    assert len({text.id for text in texts}) == len(texts) == len({text.text for text in texts})
    for text in texts:
        assert not REAL_NAMES.search(f"{text.title} {text.text}"), text.id
        assert (text.title is not None) == (MentionKind.ARTICLE in text.where), text.id
        slots = set(re.findall(r"\{(\w+)\}", f"{text.title or ''}{text.text}"))
        assert slots <= set(sheet("slots")), text.id
        named = bool(slots & {"b", "t"})
        assert named or text.about == "none" or MentionKind.COMMENT not in text.where, text.id


def test_traps_hold_a_lookalike_and_no_brand() -> None:
    traps = [text for text in base_texts() if text.topic in ("almonds", "surname")]
    assert len(traps) >= 8
    assert all(text.about == "none" and "{b}" not in text.text for text in traps)
