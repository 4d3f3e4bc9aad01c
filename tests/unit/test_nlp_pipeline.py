"""The whole analysis: order, offsets, hints, ratings, and the JSON form of `marsad analyze`."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Brand, Settings
from nlp.encoder import VERSION
from nlp.errors import BadLine, BrandConfigError
from nlp.jsonl import parse_line, to_json
from nlp.keyphrases import keyphrases
from nlp.patterns import BrandRule
from nlp.pipeline import CLIP, Pipeline, PipelineConfig, Profile, TextItem
from storage.records import BrandRole, SentimentLabel

NEGATIVE, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.POSITIVE
CONFIG = PipelineConfig((BrandRule("Acme", BrandRole.OWN, ("Acme", "أكمي")),), ("ar", "en", "fr"))
PIPELINE = Pipeline(CONFIG)
FAST = Pipeline(replace(CONFIG, profile=Profile.FAST))
PLAIN_FEELINGS = [
    ("أسوأ تجربة في حياتي، الموظف كان وقحا والطلب وصل ناقصا وباردا ولا أنصح بهم أبدا", NEGATIVE),
    ("خدمة ممتازة وسريعة والموظفون متعاونون جدا، شكرا لكم وأنصح الجميع بالتعامل معهم", POSITIVE),
    ("والله خايس وما يسوى ريال، خدمتهم زفت ومحد يرد عليك، حسبي الله عليهم", NEGATIVE),
    ("ما شاء الله عليهم شغلهم نظيف وتعاملهم راقي، الله يعطيهم العافية ويستاهلون كل خير", POSITIVE),
    ("انتوا نصابين وخدمتكم زي الزفت، مش هشتري منكم تاني أبدا ومحدش بيرد", NEGATIVE),
    ("بجد خدمة جميلة جدا والناس محترمين أوي، شكرا ليكم وهاجي تاني أكيد", POSITIVE),
    ("شي بيقرف، أسوأ خدمة، صرلي أسبوعين ناطر الطلب وما حدا بيرد عالتلفون", NEGATIVE),
    ("كتير حلو المكان والأكل طيب والخدمة ممتازة، يسلمو ايديكن", POSITIVE),
    ("خدمة خايبة بزاف ونصابة، ضيعو ليا وقتي وفلوسي وما بغاوش يرجعوها", NEGATIVE),
    ("تبارك الله عليهم، خدمة زوينة بزاف وناس مزيانين، شكرا ليهم ونرجع ديما", POSITIVE),
    ("Worst company ever, they stole my money and nobody answers the phone, awful service", NEGATIVE),
    ("Absolutely wonderful, the staff were so kind and the food was delicious, thank you!", POSITIVE),
]


def test_a_batch_keeps_its_order_whatever_the_languages() -> None:
    texts = [
        "Acme opened in Cairo",
        "خدمة أكمي سيئة جدا ولا أنصح بها",
        "٪؟!",
        "Bonjour, le service est très bon",
    ]
    analyses = PIPELINE.analyze([TextItem(str(at), text) for at, text in enumerate(texts)])
    assert [analysis.language for analysis in analyses] == ["en", "ar", "und", "fr"]
    assert analyses[2].reason == "no_words"
    assert [analyses[at].sentiment_label for at in (1, 3)] == [NEGATIVE, POSITIVE]


def test_a_text_is_answered_alike_alone_and_among_others() -> None:
    items = [TextItem(str(at), text) for at, text in enumerate(text for text, _ in PLAIN_FEELINGS)]
    items.append(TextItem("article", "Acme opened a branch in Paris and hired Tim Cook there. " * 10))
    together = PIPELINE.analyze(items)
    assert PIPELINE.analyze(items[::-1]) == together[::-1]
    assert [PIPELINE.analyze([item])[0] for item in items] == together
    assert Pipeline(CONFIG).analyze(items[-3:]) == together[-3:]


@pytest.mark.parametrize(("text", "label"), PLAIN_FEELINGS)
def test_plain_feelings_are_told_in_every_dialect(text: str, label: SentimentLabel) -> None:
    (analysis,) = PIPELINE.analyze([TextItem("1", text)])
    assert analysis.sentiment_label is label
    assert analysis.sentiment_score is not None
    assert (analysis.sentiment_score > 0) == (label is POSITIVE)


def test_only_the_encoder_reads_french_and_arabizi() -> None:
    items = [
        TextItem("1", "Bonjour, le service est très bon"),
        TextItem("2", "khedma khayba bezaf, ma3jbatnich"),
    ]
    fast, full = FAST.analyze(items), PIPELINE.analyze(items)
    assert [one.language for one in fast] == [one.language for one in full] == ["fr", "ar-Latn"]
    assert [one.reason for one in fast] == ["no_model_for_language"] * 2
    assert [one.reason for one in full if one.reason not in (None, "unsure")] == []
    assert full[0].sentiment_label is POSITIVE


def test_a_text_of_emoji_alone_is_judged_by_them() -> None:
    items = [TextItem(str(at), text) for at, text in enumerate(("😡😡😡", "❤️❤️", "👎", "١٢٣", "漢字"))]
    found = PIPELINE.analyze(items)
    assert [one.sentiment_label for one in found] == [NEGATIVE, POSITIVE, NEGATIVE, None, None]
    assert {one.language for one in found[:4]} == {"und"}
    assert {one.reason for one in FAST.analyze(items[:4])} == {"no_words"}


def test_the_fast_profile_names_brands_alone_and_its_version_says_so() -> None:
    text = "Acme hired Tim Cook in Paris"
    fast, full = (pipeline.analyze([TextItem("1", text)])[0] for pipeline in (FAST, PIPELINE))
    assert [entity.text for entity in fast.entities] == ["Acme"]
    assert {"Acme", "Paris"} <= {entity.text for entity in full.entities}
    assert fast.model_version != full.model_version
    assert VERSION in full.model_version
    assert VERSION not in fast.model_version


def test_names_in_arabic_are_found_with_their_offsets() -> None:
    text = "افتتحت أكمي فرعا جديدا في الرياض بحضور محمد بن سلمان"
    (analysis,) = PIPELINE.analyze([TextItem("1", text)])
    found = {(entity.text, entity.label) for entity in analysis.entities}
    assert {("أكمي", "ORG"), ("الرياض", "LOC")} <= found
    assert all(text[entity.start : entity.end] == entity.text for entity in analysis.entities)


def test_a_title_is_read_where_the_text_says_nothing() -> None:
    angry = TextItem("1", "https://acme.example", title=PLAIN_FEELINGS[0][0])
    (analysis,) = PIPELINE.analyze([angry])
    assert (analysis.language, analysis.sentiment_label) == ("ar", NEGATIVE)


def test_the_dialect_is_told_for_arabic_alone() -> None:
    egyptian, french = PIPELINE.analyze(
        [TextItem("1", PLAIN_FEELINGS[4][0]), TextItem("2", "le service est très bon")]
    )
    assert egyptian.dialect == "egyptian"
    assert egyptian.dialect_confidence is not None
    assert 0.2 <= egyptian.dialect_confidence <= 1.0
    assert (french.dialect, french.dialect_confidence) == (None, None)


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
    (found,) = (signal for signal in clash.signals if signal.signal == "rating_text_clash")
    assert (found.start, found.end) == (0, len("Terrible, awful, I hate it"))
    assert "rating_text_clash" not in [signal.signal for signal in silent.signals]


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
    assert set(written["sentiment"]) == {"label", "score", "confidence", "vader"}
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
