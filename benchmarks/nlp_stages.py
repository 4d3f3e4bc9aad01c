"""`python -m benchmarks.nlp_stages [FOLDER]`: texts a second of each stage of the analysis, on one core.

FOLDER holds sentiment/*.tsv; without it, sentences written here are repeated with numbers. Bare VADER
and a bare `nlp.pipe` run on the same English texts, in the same run, to compare with.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from nlp.brands import BrandMatcher
from nlp.entities import EnglishEntities, english_model
from nlp.keyphrases import keyphrases
from nlp.language import LanguageIdentifier
from nlp.patterns import BrandRule
from nlp.pipeline import Pipeline, PipelineConfig, Profile, TextItem
from nlp.sentiment import arabic
from nlp.sentiment.english import VaderModel
from nlp.text import fold
from storage.records import BrandRole

TEXTS = 1_500
ALIASES = 500
ARABIC = "الخدمة في فرع رقم {} كانت بطيئة جدا لكن الموظفين محترمين والأسعار معقولة وأنصح بالتجربة"
ENGLISH = "The service at branch number {} was painfully slow but the staff were kind and prices were fair"


def read_texts(folder: Path | None, name: str, written: str) -> list[str]:
    """Return the texts to measure on, from the set `name` in `folder` or made from one sentence."""
    if folder is None:
        return [written.format(number) for number in range(TEXTS)]
    with (folder / "sentiment" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row["text"] for row, _ in zip(rows, range(TEXTS), strict=False)]


def rate(texts: Sequence[str], run: Callable[[Sequence[str]], object]) -> float:
    """Return texts a second of processor time, after a warm-up on a few texts."""
    run(texts[:20])
    began = time.process_time()
    run(texts)
    return len(texts) / (time.process_time() - began)


def each(function: Callable[[str], object]) -> Callable[[Sequence[str]], object]:
    """Return a run over texts one by one."""
    return lambda texts: [function(text) for text in texts]


def rules() -> tuple[BrandRule, ...]:
    """Return fifty made-up brands with ten aliases each, half of them Arabic."""
    latin = ["brand{}x", "the {}th house", "@handle{}", "Shop&{}", "O'Neil {}"]
    arab = ["شركة الرقم {}", "المتجر{}", "بيت {} الذهبي", "نجمة{}", "سوق {} الكبير"]
    return tuple(
        BrandRule(f"b{number}", BrandRole.OWN, tuple(form.format(number) for form in (*latin, *arab)))
        for number in range(ALIASES // 10)
    )


def measure(texts: Sequence[str], language: str) -> dict[str, float]:
    """Return the rate of each stage by its name."""
    identifier = LanguageIdentifier(["ar", "en", "fr"])
    matcher = BrandMatcher(rules())
    stages: dict[str, Callable[[Sequence[str]], object]] = {
        "fold": each(fold),
        "language": each(identifier.identify),
        f"brands ({ALIASES} aliases)": each(matcher.find),
        "key phrases": each(keyphrases),
    }
    if language == "ar":
        stages["sentiment (linear)"] = each(arabic.load().opine)
    else:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        bare = import_module(str(english_model())).load()
        stages["sentiment (VADER, clipped)"] = each(VaderModel().opine)
        stages["entities"] = EnglishEntities().find
        stages["bare VADER"] = each(SentimentIntensityAnalyzer().polarity_scores)
        stages["bare nlp.pipe, all of it"] = lambda some: list(bare.pipe(some))
    for profile in Profile:
        pipeline = Pipeline(PipelineConfig(rules(), ("ar", "en", "fr"), profile))
        pipeline.warm_up()
        stages[f"whole, {profile}"] = lambda some, whole=pipeline: whole.analyze(
            [TextItem("", text) for text in some]
        )
    return {name: rate(texts, run) for name, run in stages.items()}


def main() -> None:
    """Print a table for Arabic and one for English."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    for language, name, written in (("ar", "arsarcasm_v2", ARABIC), ("en", "vader_tweets", ENGLISH)):
        texts = read_texts(folder, name, written)
        words = sum(len(text.split()) for text in texts) / len(texts)
        print(f"\n{language}: {len(texts)} texts of {words:.0f} words{'':<6}texts/s")
        for stage, speed in measure(texts, language).items():
            print(f"  {stage:<30}{speed:>12,.0f}")


if __name__ == "__main__":
    main()
