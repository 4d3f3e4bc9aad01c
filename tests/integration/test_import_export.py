"""Mentions in from files and out again: bad lines are named and skipped, and nothing changes on the way."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from sqlalchemy import Engine

from crawlers.imported import BadLine, read
from storage import analyses, mentions, outbox, sources, status
from storage.engine import reading
from storage.export import ExportFormat, mention_to_json, write
from storage.records import (
    Analysis,
    AspectSentiment,
    Author,
    BrandMatch,
    BrandRole,
    FetchEvent,
    FetchStatus,
    Mention,
    MentionKind,
    Notification,
    SentimentLabel,
    SignalMatch,
)
from storage.sources import SourceState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def lines(text: str, *, as_csv: bool = False) -> list[Mention | BadLine]:
    return list(read(io.BytesIO(text.encode()), "survey", NOW, as_csv=as_csv))


def test_bad_json_lines_are_numbered_and_the_rest_is_read() -> None:
    good = json.dumps(
        {"text": "الخدمة ممتازة", "external_id": 7, "rating": "4", "author": "sara"}, ensure_ascii=False
    )
    found = lines(
        f"{good}\nnot json\n[1]\n\n" + '{"title": ""}\n{"text": "x", "rating": 9}\n{"text": {"a": 1}}\n'
    )
    first = found[0]
    assert isinstance(first, Mention)
    assert (first.external_id, first.rating, first.rating_scale, first.kind) == (
        "7",
        4.0,
        5.0,
        MentionKind.TICKET,
    )
    assert first.author == Author("import", "sara")
    wrong = [bad for bad in found if isinstance(bad, BadLine)]
    assert [bad.number for bad in wrong] == [2, 3, 5, 6, 7]
    assert "rating 9" in wrong[3].why


def test_csv_reads_quoted_lines_arabic_and_a_byte_order_mark() -> None:
    header = "\ufefftext,rating,published_at,author_handle\n"
    text = header + '"سطر\nوسطر",5,2026-02-01T10:00:00+03:00,ali\n,,,\nx,y,,\n1,2,3,4,5\n'
    found = lines(text, as_csv=True)
    first = found[0]
    assert isinstance(first, Mention)
    assert first.text == "سطر\nوسطر"
    assert first.published_at == datetime(2026, 2, 1, 7, tzinfo=UTC)
    assert first.author == Author("import", "ali")
    assert [type(found_line) for found_line in found[1:]] == [BadLine, BadLine]


def test_a_line_without_an_id_is_the_same_mention_next_time() -> None:
    line = '{"text": "slow delivery", "published_at": "2026-02-01"}'
    (first,), (second,) = lines(line), lines(line)
    assert isinstance(first, Mention)
    assert isinstance(second, Mention)
    assert first.external_id == second.external_id


@given(st.binary(max_size=400), st.booleans())
def test_no_file_stops_the_import(content: bytes, as_csv: bool) -> None:
    for found in read(io.BytesIO(content), "survey", NOW, as_csv=as_csv):
        assert isinstance(found, Mention | BadLine)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9), lambda v: st.lists(v, max_size=3)
    )
)
def test_no_value_stops_the_import(value: object) -> None:
    names = ["text", "rating", "author", "published_at", "likes", "kind", "external_id"]
    for name in names:
        line = json.dumps({"text": "a", name: value}).encode()
        assert len(list(read(io.BytesIO(line), "survey", NOW, as_csv=False))) == 1


def filled(engine: Engine) -> Mention:
    mention = Mention(
        source="news",
        kind=MentionKind.REVIEW,
        external_id="1",
        text="=HYPERLINK(1) سيئ",
        collected_at=NOW,
        published_at=NOW - timedelta(hours=2),
        author=Author("stars", "+ali", followers=3),
        rating=1.0,
        rating_scale=5.0,
    )
    analysis = Analysis(
        language="ar",
        model_version="t",
        sentiment_label=SentimentLabel.NEGATIVE,
        sentiment_score=-0.9,
        confidence=0.9,
        brands=(BrandMatch("Lawzy", BrandRole.OWN, "لوزي", None, None, 1.0),),
        keyphrases=("سيئ",),
        aspects=(
            AspectSentiment("price", SentimentLabel.NEGATIVE, -0.9, 0, 1, "buy"),
            AspectSentiment("delivery", None, 0.0, 2, 3),
        ),
        signals=(SignalMatch("comparison", 0.8, 0, 1, "Tamrago"), SignalMatch("complaint", 0.9, 0, 1)),
        dialect="gulf",
        dialect_confidence=0.7,
        fingerprint=bytes(range(256)),
        spam="advert",
    )
    with engine.begin() as conn:
        mentions.store(
            conn, [mention, replace(mention, external_id="2", text="not read yet", content_hash="")]
        )
        [first, _] = mentions.claim_unanalyzed(conn, 2, "t", NOW, timedelta(minutes=1))
        analyses.save(conn, [(first, analysis)], NOW)
    return mention


def exported(engine: Engine, form: ExportFormat) -> bytes:
    out = io.BytesIO()
    with reading(engine) as conn:
        assert write(conn, out, form) == 2
    return out.getvalue()


def test_an_export_comes_back_as_the_same_mentions(engine: Engine) -> None:
    mention = filled(engine)
    out = exported(engine, ExportFormat.JSONL)
    first = json.loads(out.splitlines()[0])
    assert first["analysis"]["sentiment_label"] == "negative"
    assert first["analysis"]["aspects"][0]["touchpoint"] == "buy"
    assert first["analysis"]["signals"][0]["about"] == "Tamrago"
    assert (first["analysis"]["spam"], first["analysis"]["story_id"]) == ("advert", first["id"])
    assert bytes.fromhex(first["analysis"]["fingerprint"]) == bytes(range(256))
    assert {name: first[name] for name in mention_to_json(mention)} == mention_to_json(mention)
    again = [m for m in read(io.BytesIO(out), "news", NOW, as_csv=False) if isinstance(m, Mention)]
    with engine.begin() as conn:
        assert mentions.store(conn, again).unchanged == 2


def test_a_spreadsheet_gets_no_formula_from_strangers(engine: Engine) -> None:
    filled(engine)
    rows = list(csv.DictReader(io.StringIO(exported(engine, ExportFormat.CSV).decode("utf-8-sig"))))
    assert rows[0]["text"] == "'=HYPERLINK(1) سيئ"
    assert rows[0]["author_handle"] == "'+ali"
    assert (rows[0]["sentiment_score"], rows[0]["brands"]) == ("-0.9", "Lawzy")
    assert (rows[0]["dialect_confidence"], rows[0]["spam"], rows[1]["spam"]) == ("0.7", "advert", "")
    assert rows[0]["aspects"] == "price: negative; delivery"
    assert rows[0]["signals"] == "comparison: Tamrago; complaint"


def test_parquet_keeps_types_where_values_are_missing(engine: Engine) -> None:
    filled(engine)
    table = parquet.read_table(io.BytesIO(exported(engine, ExportFormat.PARQUET)))
    assert table.column("published_at")[0].as_py() == NOW - timedelta(hours=2)
    assert table.column("author_followers").to_pylist() == [3, 3]
    assert table.column("confidence").to_pylist() == [0.9, None]
    assert table.column("story_id").to_pylist() == [table.column("id")[0].as_py(), None]


def test_status_tells_how_much_is_marked_as_spam(engine: Engine) -> None:
    filled(engine)
    with reading(engine) as conn:
        found = status.gather(conn, [], NOW)
    assert status.to_json(found)["spam"] == {"advert": 1}
    assert "spam, marked and kept: 1 advert" in list(status.to_lines(found, UTC))


def test_status_names_the_source_and_the_cause(engine: Engine) -> None:
    failed = FetchEvent(
        source="news",
        at=NOW,
        status=FetchStatus.FAILED,
        next_due=NOW,
        http_status=404,
        error="news: not found (404)",
    )
    note = Notification(channel="team", kind="alert", payload={}, idempotency_key="k")
    with engine.begin() as conn:
        sources.record(
            conn, failed, SourceState(source="news", failures=3, next_due=NOW, last_error=failed.error)
        )
        outbox.enqueue(conn, [note], NOW)
        [taken] = outbox.claim_due(conn, NOW, 1, timedelta(minutes=1))
        assert taken.id is not None
        outbox.rejected(conn, taken.id, NOW, "the server refuses the password")
        found = status.gather(conn, ["news", "other"], NOW)
    assert [source.health for source in found.sources] == [
        status.SourceHealth.FAILING,
        status.SourceHealth.NEW,
    ]
    assert found.problems == [
        "source news: not found (404)",
        f"channel team: message {taken.id} given up: the server refuses the password",
    ]
    assert json.loads(json.dumps(status.to_json(found)))["sources"][0]["failures"] == 3
    assert any("WRONG source news" in line for line in status.to_lines(found, UTC))
