"""A watched folder, read into a real database: files that come, change, grow, and are not what they seem."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from crawlers.collect import collect, preview
from crawlers.sources import file as file_source
from storage.mentions import fetch
from storage.records import FetchStatus
from storage.tables import mentions

HEAD = "Response ID,Date,NPS,Comment\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "surveys"
    made.mkdir()
    return made


@pytest.fixture
def collected(engine, clock, run, configured, folder):
    """`collected(**options)` visits the folder and returns the event."""

    def collect_once(**options: Any):
        entry = {"name": "surveys", "kind": "file", "folder": str(folder), "settle": "1s", **options}
        (event,) = run(lambda: collect(engine, configured(entry), clock, force=True))
        return event

    return collect_once


def put(path: Path, text: str, *, age: float = 60.0, encoding: str = "utf-8") -> Path:
    """Write a file that has not changed for `age` seconds."""
    path.write_text(text, encoding=encoding)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def all_mentions(engine):
    with engine.connect() as connection:
        ids = list(connection.scalars(select(mentions.c.id).order_by(mentions.c.id)))
        return [stored.mention for stored in fetch(connection, ids)]


def test_a_file_is_read_once_and_again_when_it_changed(engine, folder, collected) -> None:
    path = put(folder / "a.csv", HEAD + "1,2026-01-02,9,جيد\n2,2026-01-02,3,سيئ\n")
    event = collected()
    assert (event.status, event.error, event.items_new) == (FetchStatus.OK, None, 2)
    assert collected().status is FetchStatus.UNCHANGED
    put(path, path.read_text(encoding="utf-8"), age=30)
    assert collected().status is FetchStatus.UNCHANGED, "touched, and the same to the last byte"
    put(path, HEAD + "1,2026-01-02,9,جيد جدا\n2,2026-01-02,3,سيئ\n3,2026-01-03,10,ممتاز\n", age=20)
    event = collected()
    assert (event.items_new, event.items_revised) == (1, 1)
    first = all_mentions(engine)[0]
    assert (first.rating, first.rating_scale, first.extra) == (9.0, 10.0, {"nps": "promoter"})


def test_other_options_read_it_anew(engine, folder, collected) -> None:
    put(folder / "a.csv", "who,said\n1,hello\n")
    event = collected()
    assert event.status is FetchStatus.FAILED and "columns" in (event.error or "")
    assert collected().status is FetchStatus.FAILED, "as long as it is there and as it is"
    event = collected(columns={"text": "said"})
    assert (event.error, event.items_new) == (None, 1)


def test_one_broken_file_keeps_no_other_from_being_read(engine, folder, collected) -> None:
    put(folder / "a.xlsx", "no workbook", age=90)
    put(folder / "b.csv", HEAD + "1,,9,good\n")
    put(folder / "c.csv", HEAD + "1,,x,\n2,,y,\n")
    event = collected()
    assert event.status is FetchStatus.FAILED and "a.xlsx" in (event.error or "")
    assert [one.text for one in all_mentions(engine)] == ["good"]
    (folder / "a.xlsx").unlink()
    event = collected()
    assert "c.csv: none of its 2 rows can be used; row 2: neither text nor title" in (event.error or "")


def test_bad_rows_are_told_of_by_number(engine, folder, collected, caplog) -> None:
    put(folder / "a.csv", HEAD + "1,,9,good\n2,,,\n,,x,\n4,,5,fine\n")
    assert collected().error is None
    assert "a.csv: 2 rows cannot be used: row 3: neither text nor title" in caplog.text or (
        "row 4: neither text nor title" in caplog.text
    )
    assert len(all_mentions(engine)) == 2


def test_a_file_that_is_being_written_waits_for_the_next_visit(
    engine, folder, collected, monkeypatch
) -> None:
    path = put(folder / "a.csv", HEAD + "1,2026-01-02,9,go", age=0)

    async def written_meanwhile(seconds: float) -> None:
        with path.open("a", encoding="utf-8") as stream:
            stream.write("od\n2,2026-01-02,9,fine\n")

    with monkeypatch.context() as patched:
        patched.setattr(file_source, "_pause", written_meanwhile)
        assert collected().items_seen == 0
    assert collected().items_new == 2
    assert [one.text for one in all_mentions(engine)] == ["good", "fine"]


def test_what_leads_out_of_the_folder_or_is_no_file_is_not_read(engine, folder, collected, tmp_path) -> None:
    put(tmp_path / "outside.csv", HEAD + "9,,9,secret\n")
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "sub.csv").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.csv")
    put(folder / ".hidden.csv", HEAD + "8,,9,hidden\n")
    put(folder / "a.csv", HEAD + "1,,9,good\n")
    event = collected()
    assert "link.csv leads out of the folder" in (event.error or "")
    assert [one.text for one in all_mentions(engine)] == ["good"]


@pytest.mark.parametrize("pattern", ["../*.csv", "/etc/*", "a/../../b", ""])
def test_no_pattern_leads_out_of_the_folder(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        file_source.FileOptions.model_validate({"folder": "x", "patterns": [pattern]})


def test_a_folder_that_is_not_there_fails_in_words(collected, folder) -> None:
    event = collected(folder=str(folder / "absent"))
    assert event.status is FetchStatus.FAILED and "cannot be read: No such file" in (event.error or "")


def test_an_interrupted_file_is_gone_on_with_where_it_was(engine, folder, collected, monkeypatch) -> None:
    monkeypatch.setattr(file_source, "_ROWS", 10)
    put(folder / "a.csv", HEAD + "".join(f"{n},2026-01-02,9,text {n}\n" for n in range(35)))
    assert [collected(pages=2).items_seen for _ in range(3)] == [20, 15, 0]
    assert len(all_mentions(engine)) == 35


def test_xlsx_and_json_lines_stand_beside_csv(engine, folder, collected) -> None:
    book = openpyxl.Workbook()
    book.active.append(["رقم الشكوى", "نص الشكوى", "درجة الرضا"])
    book.active.append(["س-١", "الطلب لم يصل", "راضٍ"])
    book.save(folder / "a.xlsx")
    lines = [
        {"ticket": {"id": "t1", "comment": {"body": "من العميل"}}},
        {"ticket": {"id": "t2", "subject": "s"}},
    ]
    put(folder / "b.jsonl", "\n".join(json.dumps(line) for line in lines))
    put(folder / "c.csv", HEAD + "c1,2026-01-02,9,عربي\n", encoding="windows-1256")
    event = collected(rating="csat")
    assert event.error is None
    found = {one.external_id: (one.text or one.title, one.rating) for one in all_mentions(engine)}
    assert found == {
        "س-١": ("الطلب لم يصل", 4.0),
        "t1": ("من العميل", None),
        "t2": ("s", None),
        "c1": ("عربي", 9.0),
    }


def test_a_look_reads_one_piece_of_the_newest_file_alone(folder, clock, run, configured) -> None:
    put(folder / "old.csv", HEAD + "1,,9,old\n", age=500)
    put(folder / "new.csv", HEAD + "2,,9,new\n", age=50)
    entry = {"name": "surveys", "kind": "file", "folder": str(folder)}
    ((event, found),) = run(lambda: preview(configured(entry), clock, newest_only=True))
    assert event.error is None and [one.text for one in found] == ["new"]
