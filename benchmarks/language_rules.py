"""The stages that are mostly words and rules: brands, aspects, signals, and what is kept of every text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from sklearn.metrics import f1_score

from benchmarks.tables import Row, Table, each, progress, spread, timed
from config.settings import Brand
from nlp.aspects import AspectFinder, Judge
from nlp.brands import BrandMatcher
from nlp.encoder import Encoder
from nlp.keyphrases import keyphrases
from nlp.patterns import BrandRule
from nlp.sentiment.judge import SentimentJudge
from nlp.sentiment.opinion import LABELS
from nlp.signals import SignalFinder
from nlp.spam import spam_of
from nlp.stories import fingerprint
from nlp.text import fold
from nlp.training import aspects as labelled_aspects
from nlp.training import signals as labelled_signals
from nlp.training.datasets import SETS, read_sets
from storage.records import BrandRole, SentimentLabel
from tests.unit.test_nlp_brands_table import SETS as BRANDS
from tests.unit.test_nlp_brands_table import Row as TableRow
from tests.unit.test_nlp_brands_table import rows as table_rows
from tests.unit.test_nlp_brands_table import scores as table_scores

ALIASES = 500
ASPECTS = Path(__file__).parents[1] / "tests" / "unit" / "aspects_table.tsv"
AS_WRITTEN, WHOLE_TEXT, FOLDING = "aliases as written", "feeling of the whole text", "folding"
_LANGUAGES = {"en": "en", "fr": "fr", "arabizi": "ar-Latn"}
Find = Callable[[str], frozenset[str]]
Hotel = labelled_aspects.Labelled
Tell = Callable[[Hotel], Sequence[float] | None]


def rules() -> tuple[BrandRule, ...]:
    """Return fifty made-up brands with ten aliases each, half of them Arabic."""
    latin = ["brand{}x", "the {}th house", "@handle{}", "Shop&{}", "O'Neil {}"]
    arab = ["شركة الرقم {}", "المتجر{}", "بيت {} الذهبي", "نجمة{}", "سوق {} الكبير"]
    return tuple(
        BrandRule(f"b{number}", BrandRole.OWN, tuple(form.format(number) for form in (*latin, *arab)))
        for number in range(ALIASES // 10)
    )


def dev_texts(folder: Path, language: str, most: int | None) -> list[str]:
    """Return the held-out texts of all sentiment sets of a language, at most so many of each."""
    examples = [one for one in read_sets(folder / "sentiment", SETS[language]) if one.held_out]
    return [
        text
        for name in SETS[language]
        for text in spread([one.text for one in examples if one.dataset == name], most)
    ]


def brands(folder: Path, most: int | None) -> Iterator[Table]:
    """Yield how right matching is on the written table, and how fast it is with 500 aliases."""
    rows = [row for name, some in BRANDS.items() for row in _table_rows(name, some)]
    yield Table("Brands: the written table", ("precision", "recall"), rows, AS_WRITTEN)
    matcher = BrandMatcher(rules())
    aliases = [Brand(name=rule.name, aliases=list(rule.aliases)) for rule in rules()]
    rows = []
    for language in ("ar", "en"):
        texts = dev_texts(folder, language, most)
        for by, run in (("Marsad", each(matcher.find)), (AS_WRITTEN, each(as_written(aliases)))):
            progress(f"brands: {language}, {by}")
            rows.append(Row(f"dev texts, {language}", by, len(texts), (), timed(texts, run)[1]))
    yield Table(f"Brands: {ALIASES} aliases", (), rows, AS_WRITTEN)


def as_written(some: Sequence[Brand]) -> Find:
    """Return a search for each alias as it stands, in whatever letter case: what keyword alerts do."""
    phrases = [
        (phrase.casefold(), brand.name)
        for brand in some
        for phrase in [*(brand.aliases or [brand.name]), *brand.products]
    ]

    def find(text: str) -> frozenset[str]:
        lower = text.casefold()
        return frozenset(name for phrase, name in phrases if phrase in lower)

    return find


def _table_rows(name: str, some: Sequence[Brand]) -> Iterator[Row]:
    matcher = BrandMatcher([BrandRule.from_settings(brand) for brand in some])

    def matched(text: str) -> frozenset[str]:
        return frozenset(match.name for match in matcher.find(text))

    finders: dict[str, Find] = {"Marsad": matched}
    if not any(brand.query for brand in some):
        finders[AS_WRITTEN] = as_written(some)
    lines: list[TableRow] = [row for row in table_rows() if row.set == name]
    for by, find in finders.items():
        found, rate = timed([line.text for line in lines], each(find))
        score = table_scores(dict(zip(lines, found, strict=True)), "set")[name]
        yield Row(name, by, len(lines), (score.precision, score.recall), rate)


def aspects(folder: Path, most: int | None) -> Iterator[Table]:
    """Yield how well a named aspect's feeling is told on held-out reviews, and how well aspects are found."""
    finder, judge, encoder = AspectFinder({}), SentimentJudge(), Encoder()
    clauses = judge.of_clauses("ar")
    hotels = spread(labelled_aspects.held_out_hotels(folder), most)

    def fast(one: Hotel) -> Sequence[float] | None:
        return finder.chances(one.text, one.start, one.end, clauses)

    def full(one: Hotel) -> Sequence[float] | None:
        reading = encoder.read(one.text)
        spans = reading.opinions_of if reading else None
        return finder.chances(one.text, one.start, one.end, clauses, spans)

    def whole(one: Hotel) -> Sequence[float] | None:
        opinion = clauses.opine(one.text) if clauses else None
        label = getattr(opinion, "label", None)
        return None if label is None else [float(label is other) for other in LABELS]

    contestants: dict[str, Tell] = {
        "words, linear (fast profile)": fast,
        "and encoder (full profile)": full,
        WHOLE_TEXT: whole,
        "always positive": lambda _: (0.0, 0.0, 1.0),
    }
    rows = []
    for by, tell in contestants.items():
        progress(f"aspects: hotels, {by}")
        told, rate = timed(hotels, each(tell))
        rows.append(Row("hotels_ar", by, len(hotels), _polarity(hotels, told), rate))
    yield Table("Aspects: how a given one fares", ("accuracy", "macro-F1"), rows, WHOLE_TEXT)
    lines = spread(labelled_aspects.read_table(ASPECTS, "test"), most)
    tallies = labelled_aspects.count(finder, lines, lambda name: judge.of_clauses(_LANGUAGES.get(name, "ar")))
    yield Table(
        "Aspects: found in the written lines, and of those found how many fare as said (fast profile)",
        ("precision", "recall", "polarity"),
        [
            Row(name, "Marsad", tally.right + tally.missed, _found(tally))
            for name, tally in sorted(tallies.items())
        ],
    )


def _polarity(hotels: Sequence[Hotel], told: Sequence[Sequence[float] | None]) -> tuple[float, float]:
    """Return accuracy and macro-F1, what is not told being taken for the commonest label."""
    truth = [LABELS.index(one.label) for one in hotels]
    said = [LABELS.index(SentimentLabel.POSITIVE) if row is None else _best(row) for row in told]
    right = sum(one == other for one, other in zip(truth, said, strict=True))
    return right / max(1, len(truth)), float(f1_score(truth, said, average="macro"))


def _best(row: Sequence[float]) -> int:
    return max(range(len(row)), key=row.__getitem__)


def _found(tally: labelled_aspects.Counts) -> tuple[float, float, float]:
    return (
        tally.right / max(1, tally.right + tally.wrong),
        tally.right / max(1, tally.right + tally.missed),
        tally.polarity / max(1, tally.right),
    )


def signals(folder: Path, most: int | None) -> Iterator[Table]:
    """Yield how well signals are found in the half of the written lines that nothing was learned from."""
    finder, reader = SignalFinder(labelled_signals.CAMPAIGNS), labelled_signals.Reader()
    lines = [line for line in labelled_signals.read_lines() if line.split == "test"]
    rows = []
    for title, some in (
        ("Arabic", spread([line for line in lines if line.language != "en"], most)),
        ("English", spread([line for line in lines if line.language == "en"], most)),
    ):
        progress(f"signals: {title}")
        tallies = labelled_signals.evaluate(finder, reader, some, lambda *_: None)[0].values()
        right, false, missed = (sum(getattr(one, f) for one in tallies) for f in ("right", "false", "missed"))
        ready = [
            (line.text, line.language, reader.brands(line), reader.aspects(line), reader.sentiment(line))
            for line in some
        ]
        rate = timed(ready, each(lambda one: finder.find(*one)))[1]
        scores = (right / max(1, right + false), right / max(1, right + missed))
        rows.append(Row(title, "Marsad", len(some), scores, rate))
    yield Table("Signals: all kinds together (python -m nlp.training.signals tells them apart)",
                ("precision", "recall"), rows)  # fmt: skip


def texts(folder: Path, most: int | None) -> Iterator[Table]:
    """Yield the speed of what is kept of every text, and of folding it alone to compare with."""
    finder, judge = AspectFinder({}), SentimentJudge()
    rows = []
    for language in ("ar", "en"):
        some = dev_texts(folder, language, most)
        clauses = judge.of_clauses(language)
        runs: dict[str, Callable[[str], object]] = {
            FOLDING: fold,
            "aspects (fast profile)": partial(_aspects, finder, language, clauses),
            "key phrases": keyphrases,
            "story fingerprint": fingerprint,
            "spam": spam_of,
        }
        for by, run in runs.items():
            progress(f"speed: {language}, {by}")
            rows.append(Row(f"dev texts, {language}", by, len(some), (), timed(some, each(run))[1]))
    yield Table("Speed of the rest", (), rows, FOLDING)


def _aspects(finder: AspectFinder, language: str, judge: Judge | None, text: str) -> object:
    return finder.find(text, language, judge)
