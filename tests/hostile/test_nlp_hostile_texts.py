"""Texts made to break or stall: each is answered, and none takes more than a second."""

from __future__ import annotations

import json
import time

import pytest

from nlp.jsonl import to_json
from nlp.patterns import BrandRule
from nlp.pipeline import Pipeline, PipelineConfig, TextItem
from storage.records import BrandRole

MOST_SECONDS = 1.0

TEXTS = {
    "ten megabytes": "خدمة أكمي سيئة " * 700_000,
    "ten megabytes of English": "Acme is a terrible company. " * 400_000,
    "hundred thousand emoji": "😂🔥" * 50_000,
    "emoji in English": "I hate this 😂 " + "🔥" * 100_000,
    "one endless word": "a" * 1_000_000,
    "one endless Arabic word": "ه" * 1_000_000,
    "joined emoji": "👩\u200d👩\u200d👧\u200d👦" * 20_000,
    "direction overrides": "\u202eAcme\u202c \u2066أكمي\u2069 " * 5_000,
    "null bytes": "Acme\x00is\x00bad " * 5_000,
    "lone surrogates": "Acme \ud800\udfff أكمي \udc00" * 5_000,
    "stacked marks": "Z" + "\u0300\u0489\u0316" * 100_000 + "algo أ" + "\u064b\u0651" * 100_000,
    "brand after brand": "Acme@Acme #Acme_Acme " * 5_000,
    "handles": "@acme.acme." * 20_000,
    "hash signs": "#" * 100_000 + "Acme",
    "links": "https://" * 20_000,
    "at signs": "a@" * 50_000,
    "dots before an at sign": "a." * 50_000 + "@",
    "ampersands": "&a" * 50_000,
    "digits and letters": "a3b7" * 30_000,
    "spaces": " \u00a0\u3000\n" * 50_000,
    "open brackets": "(((((" * 20_000 + ":)" * 20_000,
    "exclamation marks": "Terrible" + "!" * 100_000,
    "capital words": "NOT VERY BAD BUT LEAST " * 5_000,
    "every character": "".join(map(chr, range(0x30000))),
    "expanding ligatures": "ﷺﷻ﷽" * 30_000,
}


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    built = Pipeline(
        PipelineConfig(
            (BrandRule("Acme", BrandRole.OWN, ("Acme", "أكمي"), exclude=("acme acme",)),), ("ar", "en")
        )
    )
    built.warm_up()
    return built


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("where", ["text", "title"])
def test_a_hostile_text_is_answered_within_a_second(pipeline: Pipeline, name: str, where: str) -> None:
    hostile = TEXTS[name]
    item = TextItem("1", hostile) if where == "text" else TextItem("1", "Acme is fine", title=hostile)
    began = time.process_time()
    (analysis,) = pipeline.analyze([item])
    assert time.process_time() - began < MOST_SECONDS
    assert analysis.clipped or len(hostile) <= 10_000
    for entity in analysis.entities:
        assert item.text[entity.start : entity.end] == entity.text
    json.dumps(to_json(item, analysis), allow_nan=False)
