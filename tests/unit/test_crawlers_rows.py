"""Rows of surveys and exports: headings, ratings, dates, dialects, encodings, workbooks; whole or broken."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import CrawlError, UnreadableError
from crawlers.imported import RowError
from crawlers.intake.headings import columns_of, flat, plain
from crawlers.intake.row_items import RowRules, item_of_row, nps_group, rating_of
from crawlers.intake.table_files import FileChangedError, Mark, Piece, Print, read_piece
from crawlers.text_lines import delimiter_of, layout_of
from storage.records import MentionKind

RULES = RowRules()


def read(path: Path, rules: RowRules = RULES, mark: Mark = Mark(), most: int = 1000, sheet=None) -> Piece:  # noqa: B008
    return read_piece(str(path), Print.of(path.stat()), mark, rules, most, sheet)


def written(folder: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("heading", "same"),
    [
        ("Created_At", "createdAt"),
        ("CREATED AT", "created-at"),
        ("التقيـيم", "التقييم"),
        ("تاريخ الإنشاء", "تاريخ الانشاء"),
        ("رأي العميل", "راى العميل"),
        ("ملاحظة", "ملاحظه"),
    ],
)
def test_headings_are_compared_as_people_read_them(heading: str, same: str) -> None:
    assert plain(heading) == plain(same)


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        (
            ["Response ID", "Submitted At", "NPS Score", "Comment", "Customer Name", "Branch"],
            "external_id published_at rating text author item",
        ),
        (
            ["رقم التذكرة", "تاريخ الشكوى", "درجة الرضا", "نص الشكوى", "اسم العميل", "الفرع"],
            "external_id published_at rating text author item",
        ),
        (["created", "Review Title", "Review", "Stars", "Country"], "published_at title text rating country"),
    ],
)
def test_usual_headings_are_known(headings: list[str], fields: str) -> None:
    found = columns_of(headings, {})
    assert found == dict(zip(fields.split(), headings, strict=True))


def test_the_map_of_the_configuration_wins_and_takes_its_column() -> None:
    found = columns_of(["id", "comment", "الرد الحر"], {"text": "الرّد الحر"})
    assert found == {"text": "الرد الحر", "external_id": "id"}
    assert "text" not in columns_of(["comment"], {"text": "absent"})


def test_what_stands_beside_the_text_belongs_to_it() -> None:
    event = {
        "id": "evt_1",
        "type": "ticket.created",
        "time": "2026-01-01T00:00:00Z",
        "data": {"ticket": {"id": 7, "subject": "s", "comment": {"body": "b"}, "created_at": "2026-01-02"}},
    }
    assert columns_of(list(flat(event)), {}) == {
        "text": "data.ticket.comment.body",
        "title": "data.ticket.subject",
        "external_id": "data.ticket.id",
        "published_at": "data.ticket.created_at",
    }
    account = {"account": {"id": 1}, "text": "x"}
    assert "external_id" not in columns_of(list(flat(account)), {})


@pytest.mark.parametrize(
    ("value", "heading", "scale", "expected"),
    [
        ("9", "NPS", None, (9.0, 10.0)),
        (0, "x", "nps", (0.0, 10.0)),
        ("٧", "مدى احتمال التوصية", None, (7.0, 10.0)),
        ("11", "x", "nps", None),
        ("راضٍ جداً", "x", "csat", (5.0, 5.0)),
        ("غير راضٍ إطلاقاً", "x", "csat", (1.0, 5.0)),
        ("Dissatisfied", "x", "csat", (2.0, 5.0)),
        (4, "x", "csat", (4.0, 5.0)),
        (0, "x", "csat", None),
        ("85%", "x", "csat", (85.0, 100.0)),
        (85, "x", "csat", (85.0, 100.0)),
        (0, "x", "percent", (0.0, 100.0)),
        ("4 من 5", "x", None, (4.0, 5.0)),
        ("★★★☆☆", "x", None, (3.0, 5.0)),
        ("6", "x", 7.0, (6.0, 7.0)),
        ("8", "x", 7.0, None),
        (True, "x", "nps", None),
        ([5], "x", None, None),
        (float("nan"), "x", "nps", None),
        ("n/a", "x", "csat", None),
    ],
)
def test_ratings_are_on_the_scale_that_is_declared(value, heading, scale, expected) -> None:
    assert rating_of(value, heading, scale) == expected


def test_the_groups_of_the_net_promoter_score() -> None:
    assert [nps_group(n) for n in (0, 6, 7, 8, 9, 10)] == (
        ["detractor"] * 2 + ["passive"] * 2 + ["promoter"] * 2
    )


def one(row: dict, rules: RowRules = RULES):
    return item_of_row(row, columns_of(list(row), rules.columns), rules)


def test_a_row_becomes_an_item() -> None:
    row = {
        "id": 7.0,
        "date": "2026-01-02 10:00",
        "nps": "6",
        "comment": " تأخر  الطلب\r\nاتصلوا على 0501234567 ",
        "name": "sara@x.example",
        "city": "Jeddah",
        "likes": "1,204",
        "url": "javascript:alert(1)",
    }
    rules = RowRules(zone="Asia/Riyadh", extra=("City",), kind=MentionKind.REVIEW)
    item = one(row, rules)
    assert item.external_id == "7" and item.kind is MentionKind.REVIEW and item.url is None
    assert item.text == "تأخر الطلب\nاتصلوا على [+…]"
    assert item.published_at == datetime(2026, 1, 2, 7, tzinfo=UTC)
    assert (item.rating, item.rating_scale) == (6.0, 10.0)
    assert item.extra == {"nps": "detractor", "City": "Jeddah"} and item.engagement.likes == 1204
    assert item.author is None, "an address is nobody's name"
    keyed = one(row, RowRules(key=b"0123456789abcdef"))
    assert keyed.author is not None and keyed.author.handle.startswith("person-")


def test_a_time_with_a_zone_keeps_it_and_an_uncertain_date_is_none() -> None:
    for text in ("2026-01-02T10:00:00Z", "2026-01-02T13:00:00+03:00", "1767348000"):
        moment = one({"text": "x", "date": text}, RowRules(zone="Asia/Tokyo")).published_at
        assert moment == datetime(2026, 1, 2, 10, tzinfo=UTC)
    ambiguous = {"text": "x", "date": "03/04/2026"}
    assert one(ambiguous).published_at is None
    assert one(ambiguous, RowRules(dates="en-GB")).published_at == datetime(2026, 4, 3, tzinfo=UTC)
    assert one(ambiguous, RowRules(dates="en-US")).published_at == datetime(2026, 3, 4, tzinfo=UTC)


def test_rows_without_an_id_are_known_by_their_content() -> None:
    first = {"comment": "good", "date": "2026-01-01", "name": "Ali"}
    assert one(first).external_id == one(dict(first)).external_id
    assert one(first).external_id != one({**first, "name": "Sara"}).external_id
    bare = {"nps": "9", "date": "2026-01-01", "agent": "1"}
    assert one(bare).external_id != one({**bare, "agent": "2"}).external_id
    with pytest.raises(RowError, match="neither text nor title"):
        one({"comment": "  ", "nps": "x"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
NAMES = st.sampled_from(["text", "title", "id", "date", "rating", "author", "likes", "url", "x", "a.b"])


@given(st.dictionaries(NAMES, JSON, max_size=8), st.sampled_from([None, "nps", "csat", "percent", 7.0]))
def test_no_value_stops_a_row(row: dict, scale) -> None:
    leaves = flat(row)
    try:
        item = item_of_row(leaves, columns_of(list(leaves), {}), RowRules(scale=scale, extra=("x",)))
    except RowError:
        return
    assert item.external_id
    json.dumps(dict(item.extra), allow_nan=False)


SURVEY = 'Response ID;Date;Rating;Comment\n1;2026-01-02;4;جيد\n2;2026-01-03;5;"سطر\nثان; و"\n'


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1256"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_is_read_in_every_usual_form(tmp_path, encoding: str, delimiter: str, end: str) -> None:
    survey = SURVEY.replace('"سطر\nثان; و"', "سطر" if delimiter == "\t" else f'"سطر ثان{delimiter} و"')
    content = survey.replace(";", delimiter).replace("\n", end)
    piece = read(written(tmp_path, "a.csv", content, encoding))
    assert piece.bad == () and piece.next is None
    assert [(item.external_id, item.rating) for item in piece.items] == [("1", 4.0), ("2", 5.0)]
    assert piece.items[0].text == "جيد" and piece.items[1].text.startswith("سطر")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.xlsx", "utf16.csv"])
@pytest.mark.parametrize("most", [1, 3, 7, 100])
def test_a_file_is_read_in_pieces_of_any_size_without_loss(tmp_path, name: str, most: int) -> None:
    rows = [(f"r{number}", f"line one of {number}\nline two") for number in range(20)]
    path = tmp_path / name
    if name.endswith("csv"):
        text = "id,text\n" + "".join(f'{one},"{words}"\n' for one, words in rows)
        path.write_bytes(text.encode("utf-16" if name.startswith("utf16") else "utf-8"))
    elif name.endswith("jsonl"):
        path.write_text("\n\n".join(json.dumps({"id": one, "text": words}) for one, words in rows))
    elif name.endswith("json"):
        path.write_text(
            json.dumps({"page": 1, "reviews": [{"id": one, "text": w} for one, w in rows]}, indent=1)
        )
    else:
        book = openpyxl.Workbook()
        book.active.append(["A survey"])
        for row in [("id", "text"), *rows]:
            book.active.append(row)
        book.save(path)
    found, mark = [], Mark()
    while mark is not None:
        piece = read(path, mark=mark, most=most)
        found += [(item.external_id, item.text) for item in piece.items]
        mark = piece.next
    assert found == rows


def test_bad_rows_are_named_by_number_and_the_others_are_read(tmp_path) -> None:
    path = written(tmp_path, "a.csv", "id,text\n1,a\n2,\n3,c,d,e\n4,d\n")
    piece = read(path)
    assert [number for number, _ in piece.bad] == [3, 4]
    assert [item.external_id for item in piece.items] == ["1", "4"]
    lines = read(written(tmp_path, "a.jsonl", '{"text": "a"}\n[1]\n{"text": 1e400}\nx\n{"text": "b"}\n'))
    assert [number for number, _ in lines.bad] == [2, 4] and [item.text for item in lines.items][-1] == "b"


def test_a_line_without_end_is_left_out_and_the_next_is_read(tmp_path) -> None:
    content = b"id,text\n1,a\n2," + b"x" * 3_000_000 + b"\n3,c\n"
    piece = read(written(tmp_path, "a.csv", content))
    assert [item.external_id for item in piece.items] == ["1", "3"]
    assert piece.bad[0][1] == "a line of more than 1 MiB"


def test_a_file_in_which_nothing_is_known_says_so(tmp_path) -> None:
    with pytest.raises(UnreadableError, match="columns"):
        read(written(tmp_path, "a.csv", "foo,bar\n1,2\n"))
    named = RowRules(columns={"text": "bar"})
    assert [item.text for item in read(written(tmp_path, "a.csv", "foo,bar\n1,2\n"), named).items] == ["2"]
    assert read(written(tmp_path, "empty.csv", "")).rows == 0


def test_a_file_that_changed_is_not_read(tmp_path) -> None:
    path = written(tmp_path, "a.csv", "text\na\n")
    known = Print.of(path.stat())
    path.write_text("text\nab\n")
    with pytest.raises(FileChangedError):
        read_piece(str(path), known, Mark(), RULES, 10)


def test_no_link_is_followed_where_a_file_stood(tmp_path) -> None:
    target = written(tmp_path, "target.csv", "text\na\n")
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    with pytest.raises(UnreadableError):
        read_piece(str(link), Print.of(target.stat()), Mark(), RULES, 10)


def workbook(**parts: bytes) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["text"])
    book.active.append(["hello"])
    made = io.BytesIO()
    book.save(made)
    packed = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.rsplit("/", 1)[-1].partition(".")[0], old.read(name)))
    return packed.getvalue()


ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b']><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row>'
    b'<c t="inlineStr"><is><t>&j;</t></is></c></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 not a zip",
        b"",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        workbook()[:-100],
        workbook(sheet1=b"<worksheet"),
        workbook(sheet1=ENTITIES),
        workbook(workbook=b"<x/>"),
        b"PK\x05\x06" + b"\0" * 18,
    ],
)
def test_hostile_workbooks_are_refused_in_words(tmp_path, content: bytes) -> None:
    path = written(tmp_path, "a.xlsx", content)
    with pytest.raises(UnreadableError, match="workbook"):
        read(path)


def test_a_workbook_that_would_swell_is_not_unpacked(tmp_path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/a.xml", "w") as part:
        for _ in range(600):
            part.write(b"\0" * 1_048_576)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(UnreadableError, match="512 MiB"):
        read(path)


def test_a_sheet_is_chosen_by_name(tmp_path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["nothing"])
    sheet = book.create_sheet("ردود")
    sheet.append(["التعليق", "التاريخ"])
    sheet.append(["جيد", datetime(2026, 1, 2, 10)])  # noqa: DTZ001
    book.save(tmp_path / "a.xlsx")
    piece = read(tmp_path / "a.xlsx", RowRules(zone="Asia/Riyadh"), sheet="ردود")
    assert piece.items[0].published_at == datetime(2026, 1, 2, 7, tzinfo=UTC)
    with pytest.raises(UnreadableError, match="no sheet"):
        read(tmp_path / "a.xlsx", sheet="other")


def test_delimiters_and_encodings_are_told_by_their_bytes() -> None:
    assert delimiter_of("a;b;c\n1,5;2;3\n") == ";"
    assert delimiter_of("text\nhello, you\n") == ","
    assert layout_of("نص".encode("windows-1256")).encoding == "windows-1256"
    assert layout_of(b"a,b\n" * 10).encoding == "utf-8"


@given(st.binary(max_size=600), st.sampled_from(["a.csv", "a.jsonl", "a.json", "a.xlsx"]))
def test_no_bytes_stop_the_reading_of_files(tmp_path_factory, content: bytes, name: str) -> None:
    path = written(tmp_path_factory.mktemp("f"), name, content)
    try:
        piece = read(path, most=3)
    except CrawlError:
        return
    assert piece.rows == len(piece.items) + len(piece.bad)
