"""The whole analysis: order, offsets, hints, ratings, and the JSON form of `marsad analyze`."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Brand, Settings
from nlp.errors import BadLine, BrandConfigError
from nlp.jsonl import parse_line, to_json
from nlp.keyphrases import keyphrases
from nlp.patterns import BrandRule
from nlp.pipeline import CLIP, Pipeline, PipelineConfig, TextItem
from storage.records import BrandRole, SentimentLabel

PIPELINE = Pipeline(PipelineConfig((BrandRule("Acme", BrandRole.OWN, ("Acme", "أكمي")),), ("ar", "en", "fr")))


def test_a_batch_keeps_its_order_whatever_the_languages() -> None:
    texts = [
        "Acme opened in Cairo",
        "خدمة أكمي سيئة جدا ولا أنصح بها",
        "🎉",
        "Bonjour, le service est très bon",
    ]
    analyses = PIPELINE.analyze([TextItem(str(at), text) for at, text in enumerate(texts)])
    assert [analysis.language for analysis in analyses] == ["en", "ar", "und", "fr"]
    assert [analysis.reason for analysis in analyses[2:]] == ["no_words", "no_model_for_language"]
    assert analyses[1].sentiment_label is SentimentLabel.NEGATIVE


def test_entities_are_exact_and_a_brand_wins_over_the_model() -> None:
    text = "Yesterday\u202e Acme hired Tim Cook in Paris"
    (analysis,) = PIPELINE.analyze([TextItem("1", text)])
    assert all(text[entity.start : entity.end] == entity.text for entity in analysis.entities)
    assert ("Acme", "ORG") in [(entity.text, entity.label) for entity in analysis.entities]
    assert ("Paris", "LOC") in [(entity.text, entity.label) for entity in analysis.entities]
    assert [entity.start for entity in analysis.entities] == sorted(
        entity.start for entity in analysis.entities
    )


def test_a_source_about_a_brand_adds_it() -> None:
    (analysis,) = PIPELINE.analyze([TextItem("1", "nice", brand="Acme")])
    assert [(match.name, match.start, match.confidence) for match in analysis.brands] == [("Acme", None, 1.0)]


def test_stars_decide_without_text_and_clash_with_angry_words() -> None:
    silent, clash = PIPELINE.analyze(
        [
            TextItem("1", "", rating=1, rating_scale=5),
            TextItem("2", "Terrible, awful, I hate it", rating=5, rating_scale=5),
        ]
    )
    assert silent.sentiment_label is SentimentLabel.NEGATIVE
    assert clash.sentiment_label is SentimentLabel.NEGATIVE
    assert [signal.signal for signal in clash.signals] == ["rating_text_clash"]


def test_a_clip_is_recorded() -> None:
    exact, longer = PIPELINE.analyze([TextItem("1", "ا " * (CLIP // 2)), TextItem("2", "ا " * CLIP)])
    assert (exact.clipped, longer.clipped) == (False, True)


def test_the_configuration_travels_and_bad_brands_are_refused() -> None:
    made = PipelineConfig.from_settings(Settings(brands=[Brand(name="Acme", aliases=["أكمي"])]))
    assert pickle.loads(pickle.dumps(made)) == made
    with pytest.raises(BrandConfigError, match="query"):
        PipelineConfig.from_settings(Settings(brands=[Brand(name="Acme", query="a OR")]))


@settings(max_examples=50, deadline=None)
@given(st.text(), st.one_of(st.none(), st.text()), st.one_of(st.none(), st.floats()))
def test_any_text_is_analysed_and_can_be_written(text: str, title: str | None, rating: float | None) -> None:
    item = TextItem("1", text, title=title, rating=rating)
    (analysis,) = PIPELINE.analyze([item])
    assert (analysis.sentiment_label is None) == (analysis.reason is not None)
    assert all(text[entity.start : entity.end] == entity.text for entity in analysis.entities)
    json.dumps(to_json(item, analysis), allow_nan=False)


def test_the_json_form_is_the_published_one() -> None:
    item = parse_line('{"id": 7, "text": "Acme is horrible, worst service ever", "rating": 1}')
    (analysis,) = PIPELINE.analyze([item])
    written = to_json(item, analysis)
    assert written["id"] == "7"
    assert written["sentiment"]["label"] == "negative"
    assert set(written["sentiment"]) == {"label", "score", "confidence"}
    assert written["brands"][0] == {
        "name": "Acme", "role": "own", "alias": "Acme", "start": 0, "end": 4, "confidence": 1.0,
    }  # fmt: skip
    for key in ("language", "dialect", "entities", "aspects", "signals", "keyphrases", "model_version"):
        assert key in written
    abstained = to_json(TextItem("1", ""), PIPELINE.analyze([TextItem("1", "")])[0])
    assert abstained["sentiment"] == {"label": None, "score": None, "confidence": None, "reason": "no_words"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "JSON list"),
        ('{"id": "1"}', "no text"),
        ("{}", "no id and no text"),
        ('{"id": "1", "text": 5}', "text is 5"),
        ('{"id": true, "text": ""}', "id is true"),
        ('{"id": "1", "text": "", "rating": "5"}', 'rating is "5"'),
        ('{"id": "1", "text": "", "rating": NaN}', "rating is NaN"),
        (b'{"id": "1", "text": "\xff"}', "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_says_what_is_wrong(line: str | bytes, message: str) -> None:
    with pytest.raises(BadLine) as caught:
        parse_line(line)
    assert message in str(caught.value)


def test_key_phrases_leave_out_words_without_a_subject() -> None:
    text = "خدمة العملاء في أكمي سيئة جدا، انتظرت خدمة العملاء ساعة"
    assert keyphrases(text)[0] == "خدمة العملاء"
    assert keyphrases("it's on the way, and you know it") == ()
    assert keyphrases("هو في هذا وفي على") == ()
