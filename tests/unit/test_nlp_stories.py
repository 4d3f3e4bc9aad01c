"""Fingerprints: copies of a text are alike in them, and texts that happen to share words are not."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.stories import PERMUTATIONS, fingerprint
from storage.stories import SIMILAR, bands, similarity

TEXT = "لوزي تفتتح ثلاثة فروع جديدة في جدة وتوظف مئتي شاب وشابة قبل نهاية العام الحالي حسب بيان الشركة"
ENGLISH = "Lawzy opens three new branches in Jeddah and hires two hundred people before the end of the year"


def copies(one: bytes, other: bytes) -> bool:
    """Tell whether storage takes one text for a copy of another."""
    return bool(set(bands(one)) & set(bands(other))) and similarity(one, other) >= SIMILAR


@pytest.mark.parametrize(
    "copy",
    [
        f"RT @someone_22: {TEXT} https://t.co/abcdef",
        f"رت @someone: {TEXT}",
        f"عاجل | {TEXT} #لوزي #جدة 🔴",
        f"«{TEXT}» والله خبر حلو",
        TEXT.replace("ة", "ه").replace("ئ", "ئـ"),
        TEXT.replace("مئتي", "200"),
        " ".join(TEXT.split()[:14]) + "…",
        f"{TEXT} - وكالات",
    ],
)
def test_a_copy_is_known(copy: str) -> None:
    assert copies(fingerprint(TEXT), fingerprint(copy))


def test_another_text_about_the_same_is_no_copy() -> None:
    other = (
        "في جدة ثلاثة فروع جديدة من لوزي، زرت واحدا منها أمس وكانت القهوة باردة والزحمة كبيرة والموظفون قلة"
    )
    assert not copies(fingerprint(TEXT), fingerprint(other))
    assert not copies(fingerprint(TEXT), fingerprint(ENGLISH))
    assert similarity(fingerprint(""), fingerprint("")) == 0.0


def test_a_fingerprint_stays_the_same_from_version_to_version() -> None:
    """Stored fingerprints are compared with new ones: what changes these must change the version."""
    print_ = fingerprint(ENGLISH)
    assert len(print_) == 4 * PERMUTATIONS
    assert print_[:8].hex() == "0d94a4106cd35b0a"
    assert fingerprint("thank you all so much").hex() == "070ad569855d7f5d"


def test_short_texts_are_compared_whole_and_the_shortest_not_at_all() -> None:
    assert [
        fingerprint(text) for text in ("", "شكرا", "شكرا جزيلا لكم", "و و و و و", "https://t.co/a @b #c")
    ] == [b""] * 5
    short = fingerprint("الله يعطيكم العافية جميعا")
    assert len(short) == 8
    assert short == fingerprint("RT @x: الله يعطيكم العافيه جميعا!! 😍")
    assert copies(short, short)
    assert not copies(short, fingerprint("الله يعطيكم العافية كلكم"))


def test_title_and_text_count_together() -> None:
    assert fingerprint("كلمتان فقط", title=None) == b""
    assert len(fingerprint("كلمتان فقط", title="عنوان من خمس كلمات تقريبا")) == 4 * PERMUTATIONS


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_has_a_fingerprint_that_is_like_itself(text: str, title: str) -> None:
    print_ = fingerprint(text, title)
    assert len(print_) in (0, 8, 4 * PERMUTATIONS)
    assert similarity(print_, print_) == (1.0 if print_ else 0.0)
    assert len(bands(print_)) == len(set(bands(print_))) == {0: 0, 8: 1, 256: 21}[len(print_)]


@pytest.mark.parametrize("piece", ["a ", "@", "#a_", "'a", "http://", "rt @x ", "ـ", "كلمة "])
def test_no_text_takes_long(piece: str) -> None:
    began = process_time()
    fingerprint(piece * 200_000, piece * 200_000)
    assert process_time() - began < 0.5


def _texts(shared: Path, name: str) -> list[str]:
    with (shared / "language" / "sentiment" / f"{name}.tsv").open(encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def _replaced(words: list[str], chance: Random) -> list[str]:
    spot = chance.randrange(len(words))
    return [*words[:spot], "غيرها", *words[spot + 1 :]]


CHANGES: dict[str, tuple[float, Callable[[list[str], Random], list[str]]]] = {
    "passed on": (1.0, lambda words, _: ["RT", "@x_y:", *words, "https://t.co/a"]),
    "source added": (0.99, lambda words, _: [*words, "-", "وكالات"]),
    "quoted": (0.97, lambda words, _: ["كلام", "صحيح", "«", *words, "»"]),
    "a word replaced": (0.97, _replaced),
    "cut at four fifths": (0.97, lambda words, _: words[: len(words) * 4 // 5 + 1]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_of_real_texts_are_found(shared: Path, change: str) -> None:
    least, changed = CHANGES[change]
    chance, found, tried = Random(7), 0, 0
    for name in ("arsarcasm_v2", "absa16_ar_hotels", "vader_tweets", "vader_nyt"):
        for text in chance.sample(_texts(shared, name), 300):
            words = text.split()
            if len(words) >= 12 and len(print_ := fingerprint(text)) > 8:
                tried += 1
                found += copies(print_, fingerprint(" ".join(changed(words, chance))))
    assert tried > 400
    assert found / tried >= least


@pytest.mark.parametrize(
    ("name", "most"),
    # Some of these sets hold copies (the news in arsarcasm, the reviews of hotels); the others hold none.
    [("arsarcasm_v2", 0.01), ("absa16_ar_hotels", 0.005), ("ajgt", 0.002), ("vader_movie", 0.001)],
)
def test_real_texts_are_hardly_ever_taken_for_copies(shared: Path, name: str, most: float) -> None:
    known: dict[int, list[bytes]] = {}
    texts, joined = _texts(shared, name), 0
    for text in texts:
        print_ = fingerprint(text)
        near = {one for band in bands(print_) for one in known.get(band, ())}
        if any(similarity(print_, one) >= SIMILAR for one in near):
            joined += 1
            continue
        for band in bands(print_):
            known.setdefault(band, []).append(print_)
    assert joined / len(texts) <= most
