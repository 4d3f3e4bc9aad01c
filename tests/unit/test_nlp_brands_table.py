"""Brand matching on a table of written lines: precision and recall, over all and by phenomenon.

What was found of the lines from "other brands" on when they were new to the code is in
docs/decisions/nlp-brand-matching.md; here they are kept from getting lost again.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.settings import Brand
from nlp.brands import BrandMatcher
from nlp.patterns import BrandRule

TABLE = Path(__file__).with_name("brand_table.tsv")
LEAST = 0.98
SETS = {
    "main": [
        Brand(name="Zain", aliases=["زين", "Zain", "@zain"]),
        Brand(name="STC", aliases=["STC", "اس تي سي", "الاتصالات السعودية"]),
        Brand(name="Mobily", aliases=["موبايلي", "Mobily"]),
        Brand(name="Almarai", aliases=["المراعي", "Almarai"]),
        Brand(name="Jarir", aliases=["جرير", "مكتبة جرير", "Jarir"]),
        Brand(name="Jahez", aliases=["جاهز", "Jahez"]),
        Brand(name="HungerStation", aliases=["هنقرستيشن", "هنقر ستيشن", "HungerStation"]),
        Brand(name="Noon", aliases=["نون", "Noon"]),
        Brand(name="Rajhi", aliases=["الراجحي", "مصرف الراجحي", "Al Rajhi"]),
        Brand(name="Careem", aliases=["كريم", "Careem"]),
        Brand(name="Talabat", aliases=["طلبات", "Talabat"]),
        Brand(name="Orange", aliases=["Orange", "أورنج", "اورانج"]),
        Brand(name="Vodafone", aliases=["Vodafone", "فودافون"]),
        Brand(name="WE", aliases=["وي"]),
        Brand(name="Fawry", aliases=["فوري", "Fawry"]),
        Brand(name="Uber", aliases=["Uber", "أوبر"]),
        Brand(name="Juhayna", aliases=["جهينة", "Juhayna"]),
        Brand(name="Inwi", aliases=["إنوي", "inwi"]),
        Brand(name="Marjane", aliases=["مرجان", "Marjane"]),
        Brand(name="Jumia", aliases=["جوميا", "Jumia"]),
        Brand(name="Djezzy", aliases=["جازي", "Djezzy"]),
        Brand(name="Alfa", aliases=["ألفا", "Alfa"]),
        Brand(name="Touch", aliases=["تاتش", "Touch"]),
        Brand(name="Toters", aliases=["توترز", "Toters"]),
        Brand(name="Zoom", aliases=["Zoom", "زووم"]),
        Brand(name="Target", aliases=["Target"]),
        Brand(name="Apple", aliases=["Apple", "آبل"], products=["iPhone", "آيفون", "AirPods"]),
        Brand(name="Amazon", aliases=["Amazon", "أمازون"]),
        Brand(name="Shell", aliases=["Shell"]),
        Brand(name="Gap", aliases=["Gap"]),
        Brand(name="HM", aliases=["H&M"]),
        Brand(name="McD", aliases=["McDonald's", "ماكدونالدز"]),
        Brand(name="SevenEleven", aliases=["7-Eleven"]),
        Brand(name="Yahoo", aliases=["Yahoo!"]),
        Brand(name="TMobile", aliases=["T-Mobile"]),
        Brand(name="Nestle", aliases=["Nestlé", "نستله"]),
        Brand(name="Dove", aliases=["Dove"]),
        Brand(name="Subway", aliases=["Subway", "صب واي"]),
        Brand(name="LI", aliases=["LI"], case_sensitive=True),
        Brand(name="Samsung", aliases=["Samsung", "سامسونج"], products=["Galaxy S24", "جالكسي"]),
        Brand(name="Burger King", aliases=["Burger King", "برجر كنج"]),
        Brand(name="Salla", aliases=["سلة", "Salla"]),
        Brand(name="Shahid", aliases=["شاهد", "Shahid"]),
        Brand(name="Carrefour", aliases=["Carrefour", "كارفور"]),
    ],
    "more": [
        Brand(name="Tamara", aliases=["تمارا", "Tamara"]),
        Brand(name="Tabby", aliases=["تابي", "Tabby"]),
        Brand(name="Absher", aliases=["أبشر", "Absher"]),
        Brand(name="Najm", aliases=["نجم", "Najm"]),
        Brand(name="Etisalat", aliases=["اتصالات", "Etisalat"]),
        Brand(name="Zid", aliases=["زد"]),
        Brand(name="Mada", aliases=["مدى", "mada"]),
        Brand(name="Hadaf", aliases=["هدف"]),
        Brand(name="Tawakkalna", aliases=["توكلنا"]),
        Brand(name="Mrsool", aliases=["مرسول", "Mrsool"]),
        Brand(name="Halan", aliases=["حالا", "Halan"]),
        *(Brand(name=name) for name in ("Slack", "Signal", "Stripe", "Chase", "Discover", "Bolt", "Mango")),
        *(Brand(name=name) for name in ("Puma", "Boots", "Next", "Monday", "Notion", "Visa", "Free")),
        *(Brand(name=name) for name in ("Casino", "Action")),
    ],
    "rules": [
        Brand(name="Zain", aliases=["زين"], require_any=["شبكة", "نت"]),
        Brand(name="Acme", aliases=["Acme", "أكمي"], exclude=["acme looney tunes"]),
        Brand(name="Phones", query='(acme OR أكمي) AND (phone* OR جوال*) NOT "looney tunes"'),
        Brand(name="Refunds", query="استرجاع* NEAR/3 فلوس*"),
        Brand(name="Deals", query="(خصم* OR خصومات OR discount*) AND (متجر* OR متاجر OR store)"),
        Brand(name="Palm", query="#وفر_مع_نخلة OR @nakhla"),
        Brand(name="Line", query='"خط* ساخن*" OR (acme "hot line") OR (acme NEAR/2 "hot-line")'),
    ],
}


@dataclass(frozen=True)
class Row:
    """One line of the table and the brands that a reader finds in it."""

    set: str
    phenomenon: str
    variety: str
    brands: frozenset[str]
    text: str


@dataclass
class Score:
    """Counts of found and right, found and wrong, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of what was found that is right."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The share of what a reader finds that was found."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def rows() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [
            Row(
                line["set"],
                line["phenomenon"],
                line["variety"],
                frozenset(filter(None, line["brands"].split(","))),
                line["text"],
            )
            for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def scores(found: dict[Row, frozenset[str]], by: str) -> dict[str, Score]:
    """Return the score of each value of a column."""
    table: dict[str, Score] = defaultdict(Score)
    for row, names in found.items():
        score = table[getattr(row, by)]
        score.right += len(names & row.brands)
        score.wrong += len(names - row.brands)
        score.missed += len(row.brands - names)
    return table


@pytest.fixture(scope="module")
def found() -> dict[Row, frozenset[str]]:
    matchers = {
        name: BrandMatcher([BrandRule.from_settings(brand) for brand in brands])
        for name, brands in SETS.items()
    }
    return {row: frozenset(match.name for match in matchers[row.set].find(row.text)) for row in rows()}


def test_the_table_is_large_varied_and_without_doubles() -> None:
    table = rows()
    assert len(table) >= 300
    assert max(Counter(row.text for row in table).values()) == 1
    assert {"gulf", "egypt", "levant", "maghreb", "msa", "en", "fr", "arabizi"} <= {r.variety for r in table}
    assert sum(not row.brands for row in table) >= 100


@pytest.mark.parametrize("by", ["phenomenon", "variety", "set"])
def test_precision_and_recall_on_the_table(found: dict[Row, frozenset[str]], by: str) -> None:
    table = scores(found, by)
    lines = Counter(getattr(row, by) for row in found)
    for value, score in sorted(table.items()):
        print(f"{value:<24}{lines[value]:>5}  precision {score.precision:.3f}  recall {score.recall:.3f}")
    total = Score(*(sum(getattr(s, f) for s in table.values()) for f in ("right", "wrong", "missed")))
    print(f"{'all':<24}{len(found):>5}  precision {total.precision:.3f}  recall {total.recall:.3f}")
    for row, names in found.items():
        if names != row.brands:
            print(f"  expected {sorted(row.brands)}, found {sorted(names)}: {row.text}")
    assert total.precision >= LEAST
    assert total.recall >= LEAST
