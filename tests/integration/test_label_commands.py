"""`marsad correct`, `reanalyze`, `eval` and `brand`: what they print, keep and answer with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

import cli
import wiring
from commands import evaluation
from commands.reanalysis import read_again
from config import loader
from config.settings import Brand, Settings
from storage import mentions, reanalysis
from storage.engine import reading
from storage.mentions import StoredMention
from storage.records import Analysis, SentimentLabel

pytestmark = pytest.mark.timeout(300)
BRANDS = [
    {"name": "Acme", "aliases": ["Acme", "أكمي"]},
    {"name": "Globex", "aliases": ["Globex", "جلوبكس"], "competitor": True},
]
TEXTS = ["خدمة أكمي سيئة جدا", "Acme is wonderful, I love it", "زرت جلوبكس اليوم"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, and the working directory."""
    document = {"database": "sqlite:///var/m.db", "health_port": None, "brands": BRANDS}
    (tmp_path / "marsad.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def kept(home: Path) -> Path:
    """The same with three mentions that were understood; their ids are 1, 2 and 3."""
    write(home / "texts.jsonl", *({"id": str(at), "text": text} for at, text in enumerate(TEXTS, start=1)))
    assert marsad("import", "texts.jsonl").exit_code == 0
    with opened() as (engine, settings), reading(engine) as conn:
        waiting = mentions.fetch(conn, [1, 2, 3])
    with opened() as (engine, settings):
        asyncio.run(read_again(engine, settings, [waiting]))
    return home


def marsad(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


def write(path: Path, *lines: object) -> None:
    written = (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_text("\n".join(written) + "\n", encoding="utf-8")


class opened:  # noqa: N801 - reads as the verb that it is
    """The database and settings of the working directory."""

    def __enter__(self) -> tuple[Engine, Settings]:
        settings = loader.load(Path("marsad.yaml"), wiring.kinds())
        self._database = wiring.database(settings)
        return self._database.__enter__(), settings

    def __exit__(self, *error: Any) -> None:
        self._database.__exit__(*error)


def labels() -> list[str | None]:
    with opened() as (engine, _), reading(engine) as conn:
        found = mentions.fetch(conn, [1, 2, 3])
    return [None if one.analysis is None else one.analysis.sentiment_label for one in found]


def test_a_label_is_kept_through_rereading_and_can_be_taken_back(kept: Path) -> None:
    assert labels()[:2] == ["negative", "positive"]
    given = marsad("correct", "1", "--sentiment", "positive", "--by", "sara")
    assert (given.exit_code, given.output) == (0, "mention 1: positive, by sara\n")
    nothing = marsad("reanalyze")
    assert (nothing.exit_code, "--all" in nothing.stdout) == (0, True)
    again = marsad("reanalyze", "--all")
    assert again.exit_code == 0
    assert again.stdout == "3 mentions read again, 0 with another label, 0 with other brands\n"
    assert "--read-before 20" in again.stderr
    assert labels()[:2] == ["positive", "positive"]
    back = marsad("correct", "1", "--undo")
    assert (back.exit_code, back.stdout) == (0, "mention 1: negative, by the model\n")
    assert labels()[:2] == ["negative", "positive"]
    assert marsad("correct", "1", "--undo").stdout == "mention 1: nobody had labelled it\n"


def test_the_brands_that_a_person_names_are_kept_through_rereading(kept: Path) -> None:
    given = marsad("correct", "1", "--brand", "Globex", "--by", "sara")
    assert (given.exit_code, given.output) == (0, "mention 1: Globex, by sara\n")
    assert marsad("correct", "2", "--no-brand", "--by", "sara").stdout == "mention 2: no brand, by sara\n"
    again = marsad("reanalyze", "--all")
    assert again.stdout == "3 mentions read again, 0 with another label, 0 with other brands\n"
    with opened() as (engine, _), reading(engine) as conn:
        found = [one.analysis for one in mentions.fetch(conn, [1, 2, 3])]
    assert [one and [match.name for match in one.brands] for one in found] == [["Globex"], [], ["Globex"]]
    assert marsad("correct", "1", "--undo").exit_code == 0
    with opened() as (engine, _), reading(engine) as conn:
        undone = mentions.fetch(conn, [1])[0].analysis
    assert undone and [match.name for match in undone.brands] == ["Acme"]


def test_a_change_of_the_brands_is_read_into_what_is_stored(kept: Path) -> None:
    document = yaml.safe_load((kept / "marsad.yaml").read_text(encoding="utf-8"))
    document["brands"][0]["aliases"].append("جلوبكس")
    (kept / "marsad.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    again = marsad("reanalyze", "--all", "--since", "2020-01-01")
    assert again.stdout == "3 mentions read again, 0 with another label, 1 with other brands\n"
    assert marsad("reanalyze", "--all", "--since", "2099-01-01").stdout == "nothing to read again\n"


def test_a_round_that_is_stopped_goes_on_where_it_was(kept: Path) -> None:
    def stopping(batches: Iterator[list[StoredMention]]) -> Iterator[list[StoredMention]]:
        yield from [next(batches)] * 64
        raise KeyboardInterrupt

    with opened() as (engine, settings):
        start = wiring.now()
        every = reanalysis.Outdated()
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(read_again(engine, settings, stopping(reanalysis.batches(engine, every, 1))))
        left = reanalysis.Outdated(read_before=start)
        with reading(engine) as conn:
            assert reanalysis.count(conn, left) in (2, 3)
        result = asyncio.run(read_again(engine, settings, reanalysis.batches(engine, left, 1)))
        assert result.read in (2, 3)
        with reading(engine) as conn:
            assert reanalysis.count(conn, left) == 0


def test_many_labels_come_from_a_file_and_bad_lines_are_told_by_number(kept: Path) -> None:
    write(
        kept / "labels.jsonl",
        {"id": 1, "sentiment": "Neutral"},
        {"source": "import", "external_id": "2", "label": "negative"},
        {"id": 77, "sentiment": "positive"},
        {"source": "import", "external_id": "9", "sentiment": "positive"},
        {"id": True, "sentiment": "positive"},
        {"id": "1.5", "sentiment": "positive"},
        {"id": 10**30, "sentiment": "positive"},
        {"sentiment": "positive"},
        {"id": 1, "sentiment": "angry"},
        {"id": 1},
        "[]",
        "nonsense",
    )
    found = marsad("correct", "--import", "labels.jsonl")
    assert (found.exit_code, found.stdout) == (0, "2 labels kept, 10 bad lines\n")
    told = sorted(int(line.split(":")[1]) for line in found.stderr.splitlines())
    assert told == list(range(3, 13))
    assert labels() == ["neutral", "negative", labels()[2]]
    (kept / "labels.csv").write_text("id,sentiment\n1,positive\n,positive\n", encoding="utf-8")
    assert marsad("correct", "--import", "labels.csv").stdout == "1 label kept, 1 bad line\n"
    (kept / "labels.tsv").write_text('id\tsentiment\n"1\tpositive\n', encoding="utf-8")
    assert marsad("correct", "--import", "labels.tsv").exit_code == 1
    assert labels()[0] == "positive"


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("correct",), 2, "name a mention"),
        (("correct", "1"), 2, "either --sentiment or --undo"),
        (("correct", "1", "--sentiment", "angry"), 2, "angry"),
        (("correct", "1", "--sentiment", "positive", "--undo"), 2, "either --sentiment or --undo"),
        (("correct", "1", "--undo", "--brand", "Acme"), 2, "either --sentiment or --undo"),
        (("correct", "1", "--no-brand", "--brand", "Acme"), 2, "either --brand or --no-brand"),
        (("correct", "1", "--brand", "Zed"), 2, "no brand is named 'Zed'; there are: Acme, Globex"),
        (("correct", "1", "--import", "x.csv"), 2, "stands alone"),
        (("correct", "--import", "absent.csv"), 2, "absent.csv"),
        (("correct", "99", "--sentiment", "positive"), 1, "no mention has the id 99"),
        (("correct", "99", "--undo"), 1, "no mention has the id 99"),
        (("reanalyze", "--since", "soon"), 2, "soon"),
        (("eval", "absent.jsonl"), 2, "absent.jsonl"),
        (("brand", "test", "absent.jsonl"), 2, "absent.jsonl"),
        (("brand", "suggest", "؟!"), 2, "letters or digits"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    home: Path, arguments: tuple[str, ...], code: int, word: str
) -> None:
    found = marsad(*arguments)
    assert found.exit_code == code
    assert word in found.stderr
    assert found.stdout == ""


def test_labelled_lines_are_measured_by_language_dialect_and_source(home: Path) -> None:
    write(
        home / "lines.jsonl",
        {"text": "الخدمة ممتازة والموظفين رائعين", "label": "positive", "dialect": "gulf"},
        {"text": "سيئ جدا ولا أنصح به أبدا", "label": "Negative", "source": "reviews"},
        {"text": "Terrible, I hate this awful shop", "label": "positive", "language": "en"},
        {"text": "no label"},
        "nonsense",
    )
    plain, machine = marsad("eval", "lines.jsonl"), marsad("eval", "lines.jsonl", "--json")
    assert (plain.exit_code, machine.exit_code) == (0, 0)
    assert [line.partition(":")[2].partition(":")[0] for line in plain.stderr.splitlines()] == ["4", "5"]
    assert plain.stdout.startswith("3 texts, 2 bad lines skipped\n")
    for row in ("all ", "language ar ", "language en ", "dialect gulf ", "source reviews "):
        assert f"\n{row}" in plain.stdout
    found = json.loads(machine.stdout)
    assert found["all"]["texts"] == 3
    assert found["all"]["accuracy"] == pytest.approx(2 / 3)
    assert found["language"]["ar"]["macro_f1"] == 1.0
    assert found["confusion"]["positive"]["negative"] == 1
    assert found["dialect"]["gulf"]["texts"] >= 1
    assert found["source"] == {"reviews": found["source"]["reviews"]}
    assert sum(one["answers"] for one in found["reliability"]) == 3
    (home / "none.csv").write_text("text,label\n,\nx,odd\n", encoding="utf-8")
    assert marsad("eval", "none.csv").exit_code == 1


def test_matching_is_measured_with_its_mistakes(home: Path) -> None:
    write(
        home / "lines.jsonl",
        {"text": "أكمي سيئة", "brands": ["Acme"]},
        *({"text": f"akmi number {number}", "brands": ["Acme"]} for number in range(30)),
        {"text": "globex here", "brands": []},
        {"text": "x", "brands": ["Zed"]},
    )
    found = marsad("brand", "test", "lines.jsonl")
    assert found.exit_code == 0
    assert found.stderr == "lines.jsonl:33: no brand is named 'Zed'; there are: Acme, Globex; skipped\n"
    assert "32 texts, 1 bad line skipped\n" in found.stdout
    assert "  line 32: Globex (Globex): globex here\n" in found.stdout
    assert "and 10 more; --all shows them" in found.stdout
    assert "more; --all" not in marsad("brand", "test", "lines.jsonl", "--all").stdout
    document = json.loads(marsad("brand", "test", "lines.jsonl", "--json").stdout)
    assert document["brands"]["Acme"]["recall"] == pytest.approx(1 / 31)
    assert len(document["missed"]) == 30
    (home / "lines.csv").write_text("text,brand\nأكمي سيئة,Acme\nnothing,\n", encoding="utf-8")
    assert "1.000" in marsad("brand", "test", "lines.csv").stdout


def test_a_suggestion_is_an_entry_that_the_configuration_takes(home: Path) -> None:
    for name in ("Careem", "كريم", "STC", "yes", "Barn's & Co: #1", "نون"):
        found = marsad("brand", "suggest", name)
        assert (found.exit_code, found.stderr) == (0, "")
        [entry] = yaml.safe_load(found.stdout)
        brand = Brand.model_validate(entry)
        assert brand.name == name
        assert brand.aliases[0] == name
    assert not (home / "var").exists(), "looking makes no database"
    assert marsad("brand", "suggest", "STC").stdout.count("case_sensitive: true") == 1


def test_a_suggestion_counts_what_stored_mentions_have(home: Path) -> None:
    lines = ["قهوة ستاربكس ممتازة", "ستاربكس زحمة", "رحت ستاربوكسس", "ستاربوكسس غالي", "Starbucks"]
    write(home / "m.jsonl", *({"id": str(at), "text": text} for at, text in enumerate(lines)))
    assert marsad("import", "m.jsonl").exit_code == 0
    found = [
        json.loads(line) for line in marsad("brand", "suggest", "Starbucks", "--json").stdout.splitlines()
    ]
    seen = {one["spelling"]: (one["kind"], one["seen"]) for one in found if "kind" in one}
    assert seen["Starbucks"] == ("name", 1)
    assert seen["ستاربكس"] == ("arabic", 2)
    assert seen["ستاربوكسس"] == ("seen", 2)
    pasted = marsad("brand", "suggest", "Starbucks").stdout
    assert "    - ستاربكس  # seen in 2 mentions\n" in pasted
    assert "    # - ستاربوكسس  # look at the example first, seen in 2 mentions\n" in pasted


def test_vader_is_shown_beside_ours_where_it_was_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = evaluation._Line("fine", SentimentLabel.POSITIVE, None, None, None, None)
    ours = Analysis(language="en", model_version="m", sentiment_label=SentimentLabel.POSITIVE, confidence=0.9)
    arabic = evaluation._Answer(line, replace(ours, language="ar"))
    english = evaluation._Answer(line, replace(ours, lexicon_score=-0.6))

    async def answers(*_: object) -> list[Any]:
        return [arabic, english]

    monkeypatch.setattr(evaluation, "_answers", answers)
    write(home / "lines.jsonl", {"text": "fine", "label": "positive"})
    found = json.loads(marsad("eval", "lines.jsonl", "--json").stdout)
    assert (found["vader"]["texts"], found["vader"]["accuracy"]) == (1, 0.0)
    assert (found["beside_vader"]["texts"], found["beside_vader"]["accuracy"]) == (1, 1.0)
    plain = marsad("eval", "lines.jsonl").stdout
    assert "English, VADER" in plain
    assert "English, Marsad" in plain
