"""The installed `marsad` command as other programs and people meet it: streams, exit codes and words."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import yaml

from crawlers import base
from demo.sinks import SlackSink

pytestmark = pytest.mark.timeout(300)
MARSAD = Path(sys.executable).with_name("marsad")
COMMANDS = (
    *("demo", "init", "check", "schema", "sources", "channels", "run", "collect"),
    *("import", "analyze", "spikes", "digest", "alerts", "correct", "learn", "reanalyze", "eval"),
    *("status", "export", "migrate", "brand"),
)
TEXT = "😀👍 أكمي سيئة جدا وخدمتها بطيئة"


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """The JSON Lines on stdout; a line that is no JSON fails."""
        return [json.loads(line) for line in self.out.splitlines()]


def marsad(
    folder: Path, *arguments: str, given: bytes = b"", environ: dict[str, str] | None = None, limit: int = 0
) -> Ended:
    """Run the command in a folder without a terminal and in the poorest locale; `limit` is in MiB."""
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C"}

    def within() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit << 20, limit << 20))

    ended = subprocess.run(
        [str(MARSAD), *arguments],
        cwd=folder,
        input=given,
        capture_output=True,
        env=bare | (environ or {}),
        preexec_fn=within if limit else None,
        timeout=120,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode("utf-8"), ended.stderr.decode("utf-8"))


def together(*calls: Callable[[], Ended]) -> list[Ended]:
    """Run independent commands two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda call: call(), calls))


def configure(folder: Path, name: str = "marsad.yaml", **changed: Any) -> Path:
    """Write a configuration into a folder, made if absent."""
    document = {
        "database": "sqlite:///var/m.db",
        "health_port": None,
        "allow_private_networks": ["127.0.0.0/8"],
        "brands": [{"name": "Acme", "aliases": ["Acme", "أكمي"]}],
    }
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document | changed, allow_unicode=True), encoding="utf-8")
    return path


def rss(*titles: str) -> bytes:
    """Return a feed with an item for each title."""
    items = "".join(f"<item><guid>{t}</guid><title>{t}</title></item>" for t in titles)
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'.encode()


def feed(name: str, url: str) -> dict[str, str]:
    """Return a source."""
    return {"name": name, "kind": "feed", "url": url, "every": "1h"}


def refused(ended: Ended, code: int, *words: str) -> None:
    """Hold that a command said on stderr what is wrong, printed nothing on stdout, and did not break."""
    assert (ended.code, ended.out) == (code, ""), ended
    assert "Traceback" not in ended.err
    assert "Errno" not in ended.err
    for word in words:
        assert word in ended.err, ended.err


def test_help_lists_what_there_is_and_each_command_shows_an_example(tmp_path: Path) -> None:
    whole, *each = together(
        lambda: marsad(tmp_path, "--help"),
        *(lambda name=name: marsad(tmp_path, name, "--help") for name in COMMANDS),  # type: ignore[misc]
    )
    listed = re.findall(r"^  (\w+)  ", whole.out[whole.out.index("Commands:") :], re.MULTILINE)
    assert tuple(listed) == COMMANDS
    for name, ended in zip(COMMANDS, each, strict=True):
        assert ended.code == 0, ended.err
        assert "Example: " in ended.out
        assert f"marsad {name}" in ended.out.partition("Example: ")[2]
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_call_is_answered_on_stderr_with_code_2(tmp_path: Path) -> None:
    configure(tmp_path)
    (tmp_path / "folder").mkdir()
    calls: list[tuple[tuple[str, ...], str]] = [
        (("bogus",), "bogus"),
        (("collect", "--source", "nope"), "no source is named 'nope'"),
        (("digest", "--brand", "Nope"), "no brand is named 'Nope'; there are: Acme"),
        (("digest", "--period", "2026-W60"), "2026-W47"),
        (("digest", "--language", "fr"), "fr"),
        (("import", "absent.csv"), "absent.csv"),
        (("import", "folder"), "folder"),
        (("import", "marsad.yaml", "--source", " "), "needs a name"),
        (("analyze", "absent.jsonl"), "absent.jsonl"),
        (("export", "--format", "xml"), "xml"),
        (("export", "--since", "2026-13-01"), "2026-13-01"),
        (("status", "--config", "absent.yaml"), "absent.yaml: cannot be read"),
        (("status", "--config", "folder"), "folder: cannot be read"),
    ]
    ended = together(*(lambda call=call: marsad(tmp_path, *call[0]) for call in calls))  # type: ignore[misc]
    for (_, word), found in zip(calls, ended, strict=True):
        refused(found, 2, word)


def test_the_configuration_is_looked_for_here_then_in_config_and_all_its_mistakes_are_told_at_once(
    tmp_path: Path,
) -> None:
    refused(marsad(tmp_path, "status"), 2, "marsad.yaml", "marsad init", "--config")
    configure(tmp_path, "config/marsad.yaml")
    assert marsad(tmp_path, "status").code == 0
    assert (tmp_path / "config" / "var" / "m.db").is_file()
    (tmp_path / "marsad.yaml").write_text(
        "timezone: Mars\nbrands: 3\nsources:\n- {name: a, kind: nope}\n- {name: b, kind: feed, url: 'ftp://x'}\n"
        "channels:\n- {name: c, kind: slack, webhook_url: {env: X}, colour: red}\nfoo: 1\n",
        encoding="utf-8",
    )
    told = marsad(tmp_path, "status")
    refused(told, 2, "marsad.yaml:1: timezone", "marsad.yaml:2: brands", "marsad.yaml:4: sources[0].kind")
    refused(told, 2, "sources[1].url", "channels[0].colour", "marsad.yaml:8: foo")
    assert len(told.err.splitlines()) == 6
    (tmp_path / "marsad.yaml").write_text("brands: [", encoding="utf-8")
    refused(marsad(tmp_path, "export"), 2, "marsad.yaml:", "is not valid YAML")


def test_init_asks_nothing_overwrites_nothing_and_what_it_writes_is_valid(tmp_path: Path) -> None:
    made = marsad(tmp_path, "init", "acme")
    assert (made.code, made.err) == (0, "")
    folder = tmp_path / "acme"
    assert {path.name for path in folder.iterdir()} == {"marsad.yaml", ".env.example"}
    again, started, run = together(
        lambda: marsad(tmp_path, "init", "acme"),
        lambda: marsad(folder, "status"),
        lambda: marsad(folder, "run", "--once"),
    )
    refused(again, 2, "marsad.yaml", "is there already")
    assert started.code == 0
    refused(run, 2, "channels[0].webhook_url", "SLACK_WEBHOOK_URL", "is not set")
    refused(marsad(tmp_path, "init", "/proc/nowhere"), 2, "/proc/nowhere")


def test_schema_sources_and_channels_tell_of_every_kind_and_need_no_configuration(tmp_path: Path) -> None:
    schema, sources, channels = together(
        *(lambda name=name: marsad(tmp_path, name) for name in ("schema", "sources", "channels"))  # type: ignore[misc]
    )
    assert [ended.code for ended in (schema, sources, channels)] == [0, 0, 0]
    assert [ended.err for ended in (schema, sources, channels)] == ["", "", ""]
    document = json.loads(schema.out)
    assert {"brands", "sources", "channels", "alerts", "digests"} <= set(document["properties"])
    for kind in base.kinds():
        assert re.search(rf"^{kind}: ", sources.out, re.MULTILINE)
        assert f"sources.{kind}" in document["$defs"]
    for kind in ("slack", "email"):
        assert re.search(rf"^{kind}: ", channels.out, re.MULTILINE)
    for ended, count in ((sources, len(base.kinds())), (channels, 2)):
        assert len(re.findall("^  secrets: .", ended.out, re.MULTILINE)) == count
        assert not re.search(r"default (None|True|False|\[|<|datetime)", ended.out)
        assert max(map(len, ended.out.splitlines())) <= 100
    betas = [kind for kind in base.kinds().values() if kind.beta is not None]
    assert len(re.findall("^  beta: .", sources.out, re.MULTILINE)) == len(betas)
    assert sources.out.count("  obey_robots (default false): ") == 1


def test_sources_tells_of_one_kind_what_is_its_own_and_what_all_have(tmp_path: Path) -> None:
    reviews, absent = together(
        lambda: marsad(tmp_path, "sources", "reviews"), lambda: marsad(tmp_path, "sources", "review")
    )
    own, _, common = reviews.out.partition("Every source takes these too")
    assert re.findall(r"^(\w+): ", own, re.MULTILINE) == ["reviews"]
    assert "  obey_robots (default true): " in own
    assert "  backfill (optional): " not in own
    assert "  backfill (optional): " in common
    refused(absent, 2, "there is no kind 'review'", "mastodon")


def test_help_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    code = (
        "import sys, cli; sys.argv[1:] = {0}\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "print(*sorted({{name.partition('.')[0] for name in sys.modules}}), file=sys.stderr)"
    )
    heavy = {"scipy", "spacy", "matplotlib", "trafilatura", "extruct", "sklearn", "apscheduler", "alembic"}

    def loaded(*arguments: str) -> set[str]:
        ended = subprocess.run(
            [sys.executable, "-c", code.format(list(arguments))],
            capture_output=True,
            cwd=tmp_path,
            check=True,
        )
        return set(ended.stderr.decode().split())

    assert loaded("--help") & (heavy | {"scrapy", "sqlalchemy", "pydantic"}) == set()
    assert loaded("schema") & (heavy - {"alembic"}) == set()


def test_analyze_gives_the_fields_of_the_contract_with_offsets_in_code_points(tmp_path: Path) -> None:
    configure(tmp_path)
    given = [
        {"id": "a", "text": TEXT},
        {"id": "b", "text": "😀 Acme has opened a shop in Paris and I love it", "title": "x"},
        {"id": "c", "text": ""},
        {"id": "d", "text": "ok", "rating": 1, "rating_scale": 5},
    ]
    lines = [json.dumps(line, ensure_ascii=False).encode() for line in given]
    stream = b"\n".join(
        [b"\xef\xbb\xbf" + lines[0], b"not json", b"", b"\xff\xfe", *lines[1:], b'{"id": 1}', b""]
    )
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "texts.jsonl").write_bytes(stream)
    with_brands, without = together(
        lambda: marsad(tmp_path, "analyze", given=stream),
        lambda: marsad(bare, "analyze", "texts.jsonl", environ={"LC_ALL": "POSIX"}),
    )
    for ended in (with_brands, without):
        assert ended.code == 0, ended.err
        assert [line["id"] for line in ended.lines] == ["a", "b", "c", "d"]
        told = ended.err.splitlines()
        assert [line.partition(":")[0] for line in told] == ["line 2", "line 4", "line 8"]
        assert all(line.endswith("; skipped") for line in told)
    for line, source in zip(with_brands.lines, given, strict=True):
        assert set(line) >= {
            *("id", "language", "dialect", "sentiment", "entities"),
            *("brands", "aspects", "signals", "keyphrases", "model_version"),
        }
        assert line["model_version"]
        sentiment = line["sentiment"]
        assert set(sentiment) >= {"label", "score", "confidence"}
        assert sentiment["label"] in ("negative", "neutral", "positive", None)
        assert (sentiment["label"] is None) == ("reason" in sentiment)
        for match in line["brands"]:
            assert set(match) == {"name", "role", "alias", "start", "end", "confidence"}
            assert str(source["text"])[match["start"] : match["end"]] == match["alias"]
        for entity in line["entities"]:
            assert set(entity) >= {"text", "label", "start", "end", "name"}
            assert str(source["text"])[entity["start"] : entity["end"]] == entity["text"]
    arabic, english, empty, rated = with_brands.lines
    assert (arabic["language"], arabic["sentiment"]["label"]) == ("ar", "negative")
    assert [(match["alias"], match["start"]) for match in arabic["brands"]] == [("أكمي", 3)]
    assert (english["language"], english["sentiment"]["label"]) == ("en", "positive")
    assert [(match["alias"], match["start"], match["role"]) for match in english["brands"]] == [
        ("Acme", 2, "own")
    ]
    paris = {"text": "Paris", "label": "LOC", "start": 28, "end": 33, "name": "Paris"}
    assert paris in english["entities"]
    assert empty["sentiment"]["label"] is None
    assert rated["sentiment"]["label"] == "negative"
    assert [line["brands"] for line in without.lines] == [[], [], [], []]


def test_import_export_and_a_reader_that_leaves_early(tmp_path: Path) -> None:
    configure(tmp_path)
    lines = [
        json.dumps({"id": str(number), "text": f"أكمي {number}", "published_at": "2026-03-01T10:00:00+03:00"})
        for number in range(2000)
    ]
    (tmp_path / "tickets.jsonl").write_text("\n".join([*lines, "{", '{"id": 1}']), encoding="utf-8")
    (tmp_path / "survey.csv").write_bytes("\ufefftext,rating\nممتاز,5\n,3\nbad,9\n".encode())
    (tmp_path / "odd.csv").write_bytes(b"one,two\n1,2\n")
    taken = marsad(tmp_path, "import", "tickets.jsonl", "--source", "desk")
    assert (taken.code, taken.out) == (0, "2000 new, 0 edited, 0 unchanged, 2 bad lines\n")
    assert [line.partition(": ")[0] for line in taken.err.splitlines()] == [
        "tickets.jsonl:2001",
        "tickets.jsonl:2002",
    ]
    survey, odd = together(
        lambda: marsad(tmp_path, "import", "survey.csv"), lambda: marsad(tmp_path, "import", "odd.csv")
    )
    assert (survey.code, survey.out) == (0, "1 new, 0 edited, 0 unchanged, 2 bad lines\n")
    assert odd.code == 1
    assert odd.err.startswith("odd.csv:1: no heading is text or title")
    again = marsad(tmp_path, "import", "-", "--source", "desk", given="\n".join(lines[:3]).encode())
    assert (again.code, again.out) == (0, "0 new, 0 edited, 3 unchanged, 0 bad lines\n")
    whole, table = together(
        lambda: marsad(tmp_path, "export"),
        lambda: marsad(tmp_path, "export", "--format", "csv", "--out", "all.csv"),
    )
    assert len(whole.lines) == 2001
    assert {line["source"] for line in whole.lines} == {"desk", "import"}
    assert whole.lines[0]["text"] == "أكمي 0"
    assert whole.lines[0]["published_at"] == "2026-03-01T07:00:00+00:00"
    assert (table.out, table.err) == ("", "2001 mentions\n")
    assert (tmp_path / "all.csv").read_text(encoding="utf-8-sig").count("أكمي") == 2000
    _leave_early(tmp_path, "export")
    (tmp_path / "texts.jsonl").write_text("\n".join(lines[:600]), encoding="utf-8")
    _leave_early(tmp_path, "analyze", "texts.jsonl")


def _leave_early(folder: Path, *arguments: str) -> None:
    command = subprocess.Popen(
        [str(MARSAD), *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert command.stdout is not None
    assert command.stderr is not None
    with command, command.stdout as out, command.stderr as err:
        assert json.loads(out.readline())
        out.close()
        assert err.read() == b""


def test_a_database_that_cannot_be_used_is_named_with_its_cause(tmp_path: Path) -> None:
    configure(tmp_path)
    configure(tmp_path, "port.yaml", database="postgresql+psycopg://postgres:hunter2@127.0.0.1:1/marsad")
    configure(tmp_path, "kind.yaml", database="mysql://somewhere/marsad")
    configure(tmp_path, "file.yaml", database="sqlite:///port.yaml")
    configure(tmp_path, "place.yaml", database="sqlite:////proc/marsad.db")
    (tmp_path / "kept.jsonl").write_text("kept\n", encoding="utf-8")
    lines = "\n".join(json.dumps({"id": str(n), "text": "long " * 400}) for n in range(2000)).encode()
    port, export, kind, file, place, full, out, pipe = together(
        lambda: marsad(tmp_path, "status", "--config", "port.yaml"),
        lambda: marsad(tmp_path, "export", "--config", "port.yaml", "--out", "kept.jsonl"),
        lambda: marsad(tmp_path, "migrate", "--config", "kind.yaml"),
        lambda: marsad(tmp_path, "alerts", "--config", "file.yaml"),
        lambda: marsad(tmp_path, "import", "kept.jsonl", "--config", "place.yaml"),
        lambda: marsad(tmp_path, "import", "-", given=lines, limit=1),
        lambda: marsad(tmp_path, "digest", "--out", "/proc/nowhere"),
        lambda: marsad(tmp_path, "export", "--out", "/proc/nowhere/x"),
    )
    refused(port, 1, "database: the database server cannot be reached")
    refused(export, 1, "database: the database server cannot be reached")
    assert "hunter2" not in port.err
    assert (tmp_path / "kept.jsonl").read_text(encoding="utf-8") == "kept\n"
    refused(kind, 2, "`database` names mysql", "sqlite")
    refused(file, 1, "database: the database file is damaged or is not a database")
    refused(place, 1, "database: the database file cannot be opened")
    refused(full, 1, "database: the disk cannot be written")
    refused(out, 1, "/proc/nowhere: ")
    refused(pipe, 1, "/proc/nowhere/x: ")


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    configure(tmp_path, database="sqlite:////proc/1/fdinfo/marsad.db")
    (tmp_path / "dangling").symlink_to("/proc/nowhere/x")
    status, init, digest = together(
        lambda: marsad(tmp_path, "status"),
        lambda: marsad(tmp_path, "init", "/proc/1"),
        lambda: marsad(tmp_path, "analyze", "dangling"),
    )
    refused(status, 1, "database: ")
    refused(init, 2, "/proc/1: cannot be written: ")
    refused(digest, 2, "dangling: No such file or directory")


def test_collect_run_and_status_name_a_failing_source_and_hold_up_no_other(
    tmp_path: Path, site: Any, answer: Any
) -> None:
    site.pages["/good"] = answer(rss("أكمي رائعة", "😀 Acme"))
    configure(
        tmp_path,
        sources=[
            feed("down", "http://127.0.0.1:1/feed"),
            feed("good", site.url + "/good"),
            feed("gone", site.url + "/gone"),
        ],
    )
    began = monotonic()
    dry = marsad(tmp_path, "collect", "--dry-run", "--source", "good", "--source", "down")
    assert monotonic() - began < 40
    assert dry.code == 1
    assert [line["source"] for line in dry.lines] == ["good", "good"]
    assert {line["title"] for line in dry.lines} == {"أكمي رائعة", "😀 Acme"}
    assert {"kind", "external_id", "url", "author", "text", "engagement", "published_at"} <= set(dry.lines[0])
    assert "good: 2 items\n" in dry.err
    assert "down: the server refuses connections\n" in dry.err
    assert not (tmp_path / "var").exists(), "a dry run makes no database"
    alone = marsad(tmp_path, "collect", "--source", "good")
    assert (alone.code, alone.out) == (0, "good: ok: 2 items, 2 new, 0 edited\n")
    run = marsad(tmp_path, "run", "--once")
    assert run.code == 0, run.err
    assert "down: failed: the server refuses connections\n" in run.out
    assert "gone: failed: there is nothing at this address (HTTP 404)\n" in run.out
    assert "understood 2; alerts 0; messages 0 delivered" in run.out
    plain, machine, alerts, digest = together(
        lambda: marsad(tmp_path, "status"),
        lambda: marsad(tmp_path, "status", "--json"),
        lambda: marsad(tmp_path, "alerts", "--json"),
        lambda: marsad(tmp_path, "digest", "--language", "ar", "--period", "2026-W10", "--out", "week"),
    )
    assert plain.code == 0
    assert "WRONG source down: the server refuses connections\n" in plain.out
    assert re.search(r"^source good: ok, last good visit \d{4}-", plain.out, re.MULTILINE)
    assert "WRONG source good" not in plain.out
    [found] = machine.lines
    assert {source["name"]: source["health"] for source in found["sources"]} == {
        "down": "failing",
        "good": "ok",
        "gone": "failing",
    }
    assert (alerts.code, alerts.out) == (0, "")
    assert digest.code == 0, digest.err
    assert digest.out.startswith("wrote week/")
    figures = json.loads((tmp_path / "week" / "digest.json").read_text(encoding="utf-8"))
    assert isinstance(figures, dict)
    assert 'dir="rtl"' in (tmp_path / "week" / "digest-ar.html").read_text(encoding="utf-8")


def test_check_tells_of_everything_a_line_each_and_sends_nothing(
    tmp_path: Path, site: Any, answer: Any
) -> None:
    site.pages["/good"] = answer(rss("one"))
    (tmp_path / "sink").mkdir()
    with SlackSink(tmp_path / "sink") as slack:
        channels = [
            {"name": "good", "kind": "slack", "webhook_url": slack.webhook_url},
            {"name": "silent", "kind": "slack", "webhook_url": {"env": "NOT_THERE"}},
        ]
        sources = [feed("up", site.url + "/good"), feed("gone", site.url + "/gone")]
        configure(tmp_path, sources=sources, channels=channels[:1])
        configure(tmp_path, "more.yaml", sources=sources[:1], channels=channels)
        failing, unset = together(
            lambda: marsad(tmp_path, "check"), lambda: marsad(tmp_path, "check", "--config", "more.yaml")
        )
        assert slack.payloads == []
    assert failing.code == 1
    assert "ok    configuration: 2 sources, 1 channel\n" in failing.out
    for line in ("ok    database: sqlite\n", 'ok    source up: 1 item; "one"\n', "ok    channel good: "):
        assert line in failing.out
    assert "ok    models: " in failing.out
    assert "WRONG source gone: there is nothing at this address (HTTP 404)\n" in failing.out
    assert "1 thing to put right: source gone\n" in failing.err
    assert unset.code == 2
    assert "WRONG secret channels[1].webhook_url: environment variable NOT_THERE" in unset.out
    assert "channels[1].webhook_url" in unset.err


def test_a_large_input_is_not_held_in_memory(tmp_path: Path) -> None:
    configure(tmp_path)
    line = json.dumps({"text": "long " * 4000}).encode() + b"\n"
    (tmp_path / "large.jsonl").write_bytes(b"".join(b'{"id": "%d", ' % n + line[1:] for n in range(8000)))
    code = (
        "import sys, cli; sys.argv[1:] = ['import', 'large.jsonl']\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True)
    kept, peak = ended.stdout.decode().splitlines()
    assert kept == "8000 new, 0 edited, 0 unchanged, 0 bad lines"
    assert int(peak) < 250 << 10, "it is the size of the input, 160 MB, that must not show"


def test_the_demo_leaves_what_it_promises(tmp_path: Path) -> None:
    ended = marsad(tmp_path, "demo", "--once", "--out", "made")
    assert ended.code == 0, ended.err
    assert "Caught: " in ended.out
    made = tmp_path / "made"
    assert {"digest-en.html", "digest-ar.html", "marsad.db"} <= {path.name for path in made.iterdir()}
    assert all(json.loads(path.read_text(encoding="utf-8")) for path in (made / "alerts").glob("*.json"))
    assert list((made / "alerts").glob("*.json"))
    assert list((made / "mail").glob("*.eml"))
    refused(marsad(tmp_path, "demo", "--out", "/proc/nowhere"), 1, "/proc/nowhere: ")
