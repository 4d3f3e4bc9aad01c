"""What every kind owes when its service fails, lies, stalls or attacks: a cause in words, and no harm."""

from __future__ import annotations

import json
import logging
import random
import socket
import struct
from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import select

from benchmarks.payloads.case import Answer
from storage.records import FetchStatus
from storage.tables import metadata

ILL = (FetchStatus.FAILED, FetchStatus.POSTPONED)


def well_again(life) -> None:
    """See that the source recovers by itself, with everything there is."""
    life.fault = lambda asked, number: None
    life.clock.advance(days=2)
    life.items = [item + 3 for item in life.items]
    event = life.visit()
    assert event.status in (FetchStatus.OK, FetchStatus.UNCHANGED), event.error
    assert set(life.items) <= set(life.named())


@pytest.mark.parametrize("status", [401, 403, 404, 410, 418, 429, 500, 502, 503, 504])
def test_a_status_without_content_is_a_cause_in_words(life, status):
    life.items = [3, 2, 1]
    life.fault = lambda asked, number: Answer(b"<html>no</html>", status, type="text/html")
    event = life.visit()
    assert event.status in ILL
    assert event.status is FetchStatus.POSTPONED or len(event.error) > 12
    assert "Marsad itself" not in (event.error or "")
    assert life.stored() == []
    well_again(life)


def test_not_modified_is_no_failure_once_something_is_known(life):
    life.items = [3, 2, 1]
    life.visit()
    life.fault = lambda asked, number: (
        Answer(b"", 304) if {"if-none-match", "if-modified-since"} & set(asked.headers) else None
    )
    assert life.visit().error is None
    well_again(life)


@pytest.mark.parametrize("form", ["seconds", "date", "past", "words", "huge", "negative", "absent"])
def test_too_many_requests_in_every_form(life, form):
    life.items = [3, 2, 1]
    now = life.clock() + timedelta(hours=1)
    headers = {
        "seconds": {"Retry-After": "7200"},
        "date": {"Retry-After": format_datetime(now + timedelta(hours=2), usegmt=True)},
        "past": {"Retry-After": format_datetime(now - timedelta(hours=2), usegmt=True)},
        "words": {"Retry-After": "soon"},
        "huge": {"Retry-After": "9" * 30},
        "negative": {"Retry-After": "-5"},
        "absent": {},
    }[form]
    life.fault = lambda asked, number: Answer(b"{}", 429, headers)
    event = life.visit()
    assert event.status in ILL
    if form in ("seconds", "date"):
        assert event.next_due >= now + timedelta(hours=2) - timedelta(seconds=2)
    assert now < event.next_due <= now + timedelta(days=2)
    assert life.main <= 2, "after 429 nothing more is asked"
    well_again(life)


def test_no_answer_in_time(life, monkeypatch):
    monkeypatch.setattr("crawlers.fetching.REQUEST_TIMEOUT_SECONDS", 0.6)
    life.items = [3, 2, 1]
    life.fault = lambda asked, number: lambda handler: handler.connection.recv(1)
    event = life.visit()
    assert event.status is FetchStatus.FAILED
    assert "no answer in time" in event.error
    well_again(life)


def _reset(handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b'{"data": [' * 20)
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def test_a_connection_reset_half_way(life):
    life.items = [3, 2, 1]
    life.fault = lambda asked, number: _reset
    event = life.visit()
    assert event.status is FetchStatus.FAILED
    assert "broke" in event.error
    assert life.stored() == []
    well_again(life)


def _served(life, asked):
    return life.world.answer(asked, life.items)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_body_cut_short(life, share):
    life.items = [3, 2, 1]

    def cut(asked, number):
        whole = _served(life, asked)
        if whole is None:
            return None
        return Answer(whole.body[: int(len(whole.body) * share)], whole.status, whole.headers, whole.type)

    life.fault = cut
    event = life.visit()
    assert "Marsad itself" not in (event.error or "")
    assert event.items_seen <= 3
    well_again(life)


HOSTILE = {
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "object": b"{}",
    "text": b'"x"',
    "number": b"1e999",
    "nan": b"NaN",
    "deep": b"[" * 200_000,
    "deep objects": b'{"data":' * 50_000,
    "markup": b"<html><body><h1>Sorry</h1>" + b"<div>" * 5_000,
    "deep comments": b"<!--" * 60_000,
    "bytes": bytes(range(256)) * 64,
    "nul": b"\x00" * 4096,
    "long line": b"a" * 300_000,
    "entities": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY b%d "&b%d;&b%d;">' % (n, n - 1, n - 1) for n in range(1, 40))
    + b"]><rss><channel><item><title>&b39;</title></item></channel></rss>",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_at_most_a_failed_visit(life, body):
    life.items = [3, 2, 1]
    life.fault = lambda asked, number: Answer(body)
    event = life.visit()
    assert "Marsad itself" not in (event.error or "")
    assert "reading it failed" not in (event.error or ""), "the parser raised what it should not"
    # A feed may keep an item of which nothing but an unknown entity is known; what it must not do is swell.
    assert sum(map(len, life.stored())) < 100
    well_again(life)


def _twisted(value, luck):
    """Return a JSON value in which some parts are of other types than they were."""
    if luck.random() < 0.06:
        return luck.choice([None, [], {}, "", "x", -1, 2**70, 1.5, True, float("nan"), [None], {"a": None}])
    if isinstance(value, dict):
        return {key: _twisted(item, luck) for key, item in value.items() if luck.random() > 0.03}
    if isinstance(value, list):
        return [_twisted(item, luck) for item in value]
    return value


@pytest.mark.parametrize("seed", range(12))
def test_values_of_other_types_than_promised(life, seed):
    life.items = [5, 4, 3, 2, 1]
    luck = random.Random(seed)

    def twist(asked, number):
        whole = _served(life, asked)
        if whole is None:
            return None
        try:
            document = json.loads(whole.body)
        except ValueError:
            return whole
        return Answer(json.dumps(_twisted(document, luck)).encode(), whole.status, whole.headers, whole.type)

    life.fault = twist
    event = life.visit()
    assert "Marsad itself" not in (event.error or "")
    assert "reading it failed" not in (event.error or ""), "the parser raised what it should not"


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.7/", "file:///etc/passwd"]
)
def test_a_redirect_to_where_nobody_may_go(life, target):
    life.items = [3, 2, 1]
    life.fault = lambda asked, number: Answer(b"", 302, {"Location": target})
    event = life.visit()
    assert event.status is FetchStatus.FAILED
    assert life.stored() == []
    well_again(life)


def test_secrets_are_nowhere_to_be_found(life, caplog):
    caplog.set_level(logging.DEBUG)
    life.items = [3, 2, 1]
    life.visit()
    secrets = list(life.world.secrets.values())
    echo = " ".join(secrets).encode()
    for status in (400, 401, 403, 500):
        said = echo.decode()
        document = {
            "error": {"message": said, "code": status, "errors": [{"message": said, "reason": "x"}]},
            **dict.fromkeys(("message", "detail", "title", "error_message", "error_name", "reason"), said),
            "errors": [{"message": said, "detail": said, "title": said}],
        }
        life.fault = lambda asked, number, status=status, document=document: Answer(
            json.dumps(document).encode(), status
        )
        life.visit()
    with life.engine.connect() as connection:
        assert connection.scalar(select(metadata.tables["sources"].c.failures)) > 0
        kept = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    for secret in secrets:
        for part in _recognisable(secret):
            assert not any(part in row for row in kept), "a secret is in the database"
            assert part not in caplog.text, "a secret is in the log"


def _recognisable(secret: str) -> list[str]:
    lines = [line for line in secret.splitlines() if len(line) >= 12]
    return lines or [secret]
