"""A Hugging Face model in the judge's place: labels, versions, refusals, and the contract of every judge."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from nlp.errors import ModelUnavailable
from nlp.pipeline import PipelineConfig
from nlp.sentiment.huggingface import HuggingFaceClassifier, HuggingFaceJudge, feelings_of, place_of
from nlp.sentiment.judge import SentimentJudge
from nlp.sentiment.opinion import Abstention, Opinion
from storage.records import SentimentLabel

NEGATIVE, NEUTRAL, POSITIVE = SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE
TEXTS = [
    *("خدمة سيئة جدا ولا أنصح به أبدا", "terrible, I hate it", "une horreur", "5edma zay el zeft"),
    *("😡", "a" * 9_000, "ا " * 5_000, "\ud800 bad \x00 \u202e", "@acme https://a.example nice"),
]


class Written:
    """A classifier that answers what it is told to."""

    version = "written@1"

    def __init__(self, scores: Sequence[float], feelings: tuple[int, ...] = (0, 1, 2)) -> None:
        self.feelings = feelings
        self._scores = scores

    def scores(self, text: str) -> Sequence[float]:
        """Return the same for every text."""
        return self._scores


def saved(folder: Path, head: str = "BertForSequenceClassification", **config: Any) -> Path:
    """Write a tiny BERT with random weights into `folder`; the test skips without transformers and torch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transformers = pytest.importorskip("transformers", reason="needs the extra `transformers`")
        torch = pytest.importorskip("torch", reason="needs the extra `transformers`")
        letters = [chr(code) for code in (*range(97, 123), *range(0x621, 0x64B))]
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *[f"##{one}" for one in letters]]
        folder.mkdir()
        (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
        tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        made = transformers.BertConfig(
            vocab_size=len(tokenizer), max_position_embeddings=40, initializer_range=2.0, **sizes, **config
        )
        torch.manual_seed(1)
        getattr(transformers, head)(made).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def _hugging_face(folder: Path) -> SentimentJudge:
    feelings = {0: "NEG", 1: "NEU", 2: "POS"}
    return HuggingFaceJudge(HuggingFaceClassifier.load(str(saved(folder, id2label=feelings))))


JUDGES: dict[str, Callable[[Path], SentimentJudge]] = {
    "shipped": lambda _: SentimentJudge(),
    "written": lambda _: HuggingFaceJudge(Written([2.0, 0.0, 1.0])),
    "hugging face": _hugging_face,
}


@pytest.fixture(params=JUDGES)
def judge(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SentimentJudge]:
    """Each kind of judge there is."""
    yield JUDGES[request.param](tmp_path / "a model")


def test_every_judge_keeps_the_contract(judge: SentimentJudge) -> None:
    for text in ("", "   ", "https://example.com", "@acme"):
        for language in ("ar", "en"):
            assert isinstance(judge.opine(text, language, None), Abstention)
    for text in TEXTS:
        for language in ("ar", "en", "fr", "ar-Latn", "fa"):
            opinion = judge.opine(text, language, None)
            assert judge.opine(text, language, None) == opinion
            if isinstance(opinion, Opinion):
                assert opinion.label in SentimentLabel
                assert -1 <= opinion.score <= 1
                assert 1 / 3 <= opinion.confidence <= 1
    assert len(judge.version.split()) == len(set(judge.version.split())) > 1
    clauses = judge.of_clauses("ar")
    assert clauses is not None
    assert isinstance(clauses.opine("خدمة سيئة جدا"), Opinion)
    assert (judge.lexicon_score("awful", "en") or 0) < 0
    assert judge.lexicon_score("سيئ", "ar") is None


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=3, max_size=3))
def test_any_scores_make_an_opinion_or_an_abstention(scores: list[float]) -> None:
    opinion = HuggingFaceJudge(Written(scores)).opine("a text", "en", None)
    if isinstance(opinion, Opinion):
        assert 0.5 <= opinion.confidence <= 1
        assert -1 <= opinion.score <= 1
        assert max(scores) - scores[(NEGATIVE, NEUTRAL, POSITIVE).index(opinion.label)] < 1e-9
    else:
        assert opinion is Abstention.UNSURE


def test_labels_of_one_feeling_count_together_and_the_unsure_abstain() -> None:
    stars = HuggingFaceJudge(Written([1.0, 1.0, 1.5, -9.0, -9.0], (0, 0, 1, 2, 2)))
    opinion = stars.opine("two stars or one", "xx", None)
    assert isinstance(opinion, Opinion)
    assert opinion.label is NEGATIVE
    assert opinion.confidence == pytest.approx(0.548, abs=0.001)
    assert opinion.score == pytest.approx(-0.548, abs=0.001)
    assert HuggingFaceJudge(Written([0.0, 0.0, 0.0])).opine("text", "en", None) is Abstention.UNSURE


@pytest.mark.parametrize(
    ("labels", "feelings"),
    [
        (["negative", "neutral", "positive"], (0, 1, 2)),
        (["POSITIVE", "NEGATIVE"], (2, 0)),
        (["Pos", "Neu", "Neg"], (2, 1, 0)),
        (["LABEL_0", "LABEL_1", "LABEL_2"], (0, 1, 2)),
        (["LABEL_0", "LABEL_1"], (0, 2)),
        (["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], (0, 0, 1, 2, 2)),
        (["5", "4", "3", "2", "1"], (2, 2, 1, 0, 0)),
        (["-1", "0", "1"], (0, 1, 2)),
        (["سلبي", "محايد", "إيجابي"], (0, 1, 2)),
        (["إيجابية", "سلبية"], (2, 0)),
        (["Very Negative", "negative", "Neutral", "positive", "very_positive"], (0, 0, 1, 2, 2)),
        (["positive", "mixed", "negative"], (2, 1, 0)),
    ],
)
def test_labels_are_read_as_they_are_written(labels: list[str], feelings: tuple[int, ...]) -> None:
    assert feelings_of("a/model", dict(enumerate(labels))) == feelings


@pytest.mark.parametrize(
    "labels",
    [
        ["joy", "anger"],
        ["negative", "neutral"],
        ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"],
        ["LABEL_0"],
        ["positive", "negative", "LABEL_2"],
        ["0", "0", "1"],
        [],
    ],
)
def test_labels_that_are_no_feelings_are_refused(labels: list[str]) -> None:
    with pytest.raises(ModelUnavailable, match="a/model gives the labels"):
        feelings_of("a/model", dict(enumerate(labels)))


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModelUnavailable, match=r"a/model .*install marsad\[transformers\]"):
        HuggingFaceClassifier.load("a/model")


def test_a_folder_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "models" / "mine").mkdir(parents=True)
    assert place_of("models/mine", tmp_path) == str(tmp_path / "models" / "mine")
    assert place_of(str(tmp_path / "models"), Path("/")) == str(tmp_path / "models")
    assert place_of("owner/model", tmp_path) == "owner/model"
    made = PipelineConfig.from_settings(Settings(sentiment_model="owner/model"))
    assert made.sentiment_model == "owner/model"
    assert PipelineConfig.from_settings(Settings()).sentiment_model is None


def test_the_version_follows_the_weights(tmp_path: Path) -> None:
    labels = {0: "NEG", 1: "POS"}
    folder = saved(tmp_path / "my model", id2label=labels)
    first = HuggingFaceClassifier.load(str(folder)).version
    assert first.startswith("huggingface:my-model@")
    assert HuggingFaceClassifier.load(str(folder)).version == first
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}', encoding="utf-8")
    assert HuggingFaceClassifier.load(str(folder)).version != first


def test_a_model_that_cannot_judge_is_refused_with_the_reason(tmp_path: Path) -> None:
    headless = saved(tmp_path / "headless", "BertModel", id2label={0: "NEG", 1: "POS"})
    with pytest.raises(ModelUnavailable, match="not trained to classify"):
        HuggingFaceClassifier.load(str(headless))
    with pytest.raises(ModelUnavailable, match="neither a folder nor in the local cache"):
        HuggingFaceClassifier.load("marsad-tests/no-such-model")
    with pytest.raises(ModelUnavailable, match="neither a folder nor in the local cache"):
        HuggingFaceClassifier.load(str(tmp_path / "no" / "such" / "folder"))
    damaged = saved(tmp_path / "damaged", id2label={0: "NEG", 1: "POS"})
    (damaged / "model.safetensors").write_bytes(b"\0" * 20)
    with pytest.raises(ModelUnavailable, match="damaged cannot be loaded"):
        HuggingFaceClassifier.load(str(damaged))
