"""Webhooks: sent over HTTP to the real listener, stored, and read by the real source."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import func, select

from crawlers.collect import collect
from crawlers.intake import webhook_hook, webhook_listener
from crawlers.intake.webhook_listener import Hook, Listener, paths_of, problems, serve
from crawlers.intake.webhook_signature import SignatureError, key_of_secret, sign, verified_id
from storage import intake as room
from storage.mentions import fetch
from storage.records import FetchStatus
from storage.tables import intake, mentions

SECRET = "whsec_" + base64.b64encode(b"a key of 24 bytes or so!").decode()
KEY = key_of_secret(SECRET)
TICKET = {"id": 7, "subject": "تأخير", "description": "لم تصل الشحنة", "created_at": "2026-03-10T08:00:00Z"}


class Desk:
    """A help desk that sends, and what it is answered."""

    def __init__(self, port: int, clock: Any) -> None:
        self.port, self.clock = port, clock

    def send(
        self,
        body: bytes | dict[str, Any] | list[Any],
        *,
        id: str = "msg_1",
        path: str = "/hooks/desk",
        method: str = "POST",
        kind: str = "application/json",
        age: float = 0.0,
        key: bytes = KEY,
        **headers: str,
    ) -> tuple[int, dict[str, Any]]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = int((self.clock() - timedelta(seconds=age)).timestamp())
        signed = {
            "Content-Type": kind,
            "webhook-id": id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(key, id, stamp, raw),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            # A server that refuses a body by its length may close before all of it is sent.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, quote(path), raw, {k: v for k, v in signed.items() if v})
            answer = connection.getresponse()
            said = answer.read()
            assert answer.getheader("Content-Type") == "application/json"
            return answer.status, json.loads(said) if said else {}
        finally:
            connection.close()


@pytest.fixture
def settings(configured, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    return configured({"name": "desk", "kind": "webhook", "secret": {"env": "HOOK_SECRET"}})


@pytest.fixture
def desk(engine, settings, clock):
    hooks = {path: Hook(source, engine, clock) for path, source in paths_of(settings).items()}
    listener = Listener(("127.0.0.1", 0), hooks)
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield Desk(listener.server_address[1], clock)
    listener.shutdown()
    listener.server_close()
    thread.join(5)


def stored(engine) -> tuple[int, int]:
    """Return how many messages there are, and how many of them have a body still."""
    with engine.connect() as connection:
        query = select(func.count(), func.count(intake.c.body)).select_from(intake)
        return tuple(connection.execute(query).one())


def all_mentions(engine):
    with engine.connect() as connection:
        ids = list(connection.scalars(select(mentions.c.id).order_by(mentions.c.id)))
        return [one.mention for one in fetch(connection, ids)]


def test_a_ticket_is_stored_and_then_read_once(engine, settings, clock, run, desk) -> None:
    assert desk.send({"type": "ticket.created", "data": TICKET}) == (202, {"ok": True, "message": "stored"})
    assert stored(engine) == (1, 1)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.status, event.error, event.items_new) == (FetchStatus.OK, None, 1)
    assert stored(engine) == (1, 0), "what it said is gone, its id is known"
    (kept,) = all_mentions(engine)
    assert (kept.external_id, kept.title, kept.text) == ("7", "تأخير", "لم تصل الشحنة")
    assert desk.send({"type": "ticket.created", "data": TICKET})[1]["message"] == "stored before"
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.status is FetchStatus.UNCHANGED
    desk.send({"type": "ticket.updated", "data": {**TICKET, "description": "وصلت"}}, id="msg_2")
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.items_new, event.items_revised) == (0, 1)


def test_what_comes_again_late_is_still_known_and_is_forgotten_in_the_end(
    engine, settings, clock, run, desk
) -> None:
    desk.send(TICKET)
    run(lambda: collect(engine, settings, clock, force=True))
    clock.advance(days=3)
    assert desk.send(TICKET)[1]["message"] == "stored before"
    clock.advance(days=5)
    with engine.begin() as connection:
        assert room.forget(connection, clock()) == 1


def test_lists_forms_and_other_signatures_are_read(engine, settings, clock, run, desk) -> None:
    assert desk.send([{"text": "a"}, {"text": "b"}, 3], id="m1")[0] == 202
    form = urlencode({"comment": "من نموذج", "rating": "4"}).encode()
    assert desk.send(form, id="m2", kind="application/x-www-form-urlencoded; charset=utf-8")[0] == 202
    raw = b'{"text": "c"}'
    stamp = int(clock().timestamp())
    several = f"v1a,xyz v1,{'A' * 43}= {sign(KEY, 'm3', stamp, raw)}"
    assert desk.send(raw, id="m3", webhook_signature=several, kind="application/vnd.x+json")[0] == 202
    run(lambda: collect(engine, settings, clock, force=True))
    assert [one.text for one in all_mentions(engine)] == ["a", "b", "من نموذج", "c"]
    assert {one.external_id for one in all_mentions(engine)} == {"m1#0", "m1#1", "m2", "m3"}


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (401, {"key": b"another key, as long as it"}),
        (401, {"age": 301}),
        (401, {"age": -301}),
        (401, {"webhook_signature": ""}),
        (401, {"webhook_signature": "v1,"}),
        (401, {"webhook_timestamp": "soon"}),
        (401, {"id": "x", "webhook_id": "y"}),
        (404, {"path": "/hooks/other"}),
        (404, {"path": "/"}),
        (405, {"method": "GET"}),
        (405, {"method": "DELETE"}),
        (413, {"body": b"[" + b" " * 1_048_576 + b"]"}),
        (415, {"kind": "text/html"}),
        (415, {"Content_Encoding": "gzip"}),
        (400, {"body": b"{"}),
        (400, {"body": b"[" * 500_000}),
        (400, {"body": b"\xff\xfe", "kind": "application/x-www-form-urlencoded"}),
        (400, {"Transfer_Encoding": "gzip", "Content_Length": "2"}),
        (400, {"Content_Length": "-1"}),
    ],
)
def test_what_is_not_taken_is_answered_in_plain_json_and_not_stored(engine, desk, status, sent) -> None:
    others = {name: value for name, value in sent.items() if name != "body"}
    got, said = desk.send(sent.get("body", TICKET), **others)
    assert (got, said["ok"]) == (status, False)
    assert stored(engine) == (0, 0) and SECRET not in json.dumps(said)


def test_an_age_within_the_tolerance_is_taken(desk) -> None:
    assert desk.send(TICKET, age=299)[0] == desk.send(TICKET, id="b", age=-299)[0] == 202


def raw_request(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except OSError:
                break
            time.sleep(pause)
        answer = b""
        try:
            while block := connection.recv(4096):
                answer += block
        except OSError:
            pass
        return answer


def signed_head(clock, body: bytes, *more: bytes) -> bytes:
    stamp = int(clock().timestamp())
    return b"\r\n".join(
        [
            b"POST /hooks/desk HTTP/1.1",
            b"Host: x",
            b"Content-Type: application/json",
            b"webhook-id: c1",
            f"webhook-timestamp: {stamp}".encode(),
            f"webhook-signature: {sign(KEY, 'c1', stamp, body)}".encode(),
            *more,
            b"\r\n",
        ]
    )


def test_a_body_in_chunks_is_taken_and_broken_ones_are_not(engine, desk, clock) -> None:
    body = b'{"text": "in chunks"}'
    head = signed_head(clock, body, b"Transfer-Encoding: chunked")
    good = (
        b"5\r\n"
        + body[:5]
        + b"\r\n"
        + hex(len(body) - 5)[2:].encode()
        + b"\r\n"
        + body[5:]
        + b"\r\n0\r\n\r\n"
    )
    assert b" 202 " in raw_request(desk.port, head, good)
    assert b" 400 " in raw_request(desk.port, head, b"xyz\r\n")
    assert b" 413 " in raw_request(desk.port, head, b"FFFFFFF\r\n")
    assert b" 400 " in raw_request(
        desk.port, signed_head(clock, body, b"Content-Length: 1", b"Content-Length: 2")
    )
    assert b" 400 " in raw_request(desk.port, b"\x00\x01nonsense\r\n\r\n")


def test_who_is_slow_is_cut_and_others_are_served_meanwhile(engine, desk, clock, monkeypatch) -> None:
    monkeypatch.setattr(webhook_listener, "REQUEST_SECONDS", 1.0)
    head = signed_head(clock, b"{}", b"Content-Length: 100")
    answers: list[bytes] = []
    slow = threading.Thread(
        target=lambda: answers.append(raw_request(desk.port, head, *[b" "] * 30, pause=0.1)), daemon=True
    )
    began = time.monotonic()
    slow.start()
    assert desk.send(TICKET)[0] == 202
    slow.join(10)
    assert time.monotonic() - began < 8
    assert b" 408 " in answers[0] or answers[0] == b""
    assert stored(engine) == (1, 1)


def test_too_many_are_put_off(engine, configured, clock, monkeypatch, settings) -> None:
    source = settings.sources[0]
    source._options = source.options.model_copy(update={"messages_a_minute": 2})
    hook = Hook(source, engine, clock)

    def receive(number: int) -> int:
        raw, stamp = b'{"text": "x"}', int(clock().timestamp())
        headers = {"webhook-id": f"m{number}", "webhook-timestamp": str(stamp)}
        headers["webhook-signature"] = sign(KEY, f"m{number}", stamp, raw)
        try:
            return int(hook.receive(headers, "application/json", raw).status)
        except webhook_hook.Refused as refused:
            assert int(refused.reply.headers["Retry-After"]) > 0
            return int(refused.reply.status)

    assert [receive(number) for number in range(3)] == [202, 202, 429]
    monkeypatch.setattr(webhook_hook, "MOST_WAITING", 2)
    hook = Hook(source, engine, clock)
    assert receive(9) == 429, "nobody reads what waits"


def test_a_message_without_words_is_put_aside_and_tried_again_when_the_options_change(
    engine, settings, configured, clock, run, desk
) -> None:
    desk.send({"odd": {"words": "القول"}}, id="m1")
    desk.send({"text": "good"}, id="m2")
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.status is FetchStatus.FAILED and "nothing was found in 1 messages" in (event.error or "")
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.error is None
    entry = {"name": "desk", "kind": "webhook", "secret": {"env": "HOOK_SECRET"}}
    mapped = configured({**entry, "columns": {"text": "odd.words"}})
    (event,) = run(lambda: collect(engine, mapped, clock, force=True))
    assert (event.error, event.items_new) == (None, 1)
    assert [one.text for one in all_mentions(engine)] == ["good", "القول"]


def test_the_port_is_told_of_where_it_is_taken_and_a_running_daemon_is_no_trouble(
    engine, settings, clock, configured
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = settings.model_copy(
            update={"webhooks": settings.webhooks.model_copy(update={"port": taken.getsockname()[1]})}
        )
        assert any("cannot listen" in problem for problem in problems(settings))
        serve(engine, settings, clock)()
    close = serve(engine, settings, clock)
    try:
        assert problems(settings) == []
    finally:
        close()
    twice = {"name": "other", "kind": "webhook", "path": "/hooks/desk", "secret": {"env": "HOOK_SECRET"}}
    both = configured({"name": "desk", "kind": "webhook", "secret": {"env": "HOOK_SECRET"}}, twice)
    assert any("share the path" in problem for problem in problems(both))


def test_the_example_of_the_specification_holds(clock) -> None:
    key = key_of_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": signature,
    }
    now = datetime.fromtimestamp(1614265330, UTC)
    assert verified_id(key, headers, b'{"test": 2432232314}', now) == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    with pytest.raises(SignatureError):
        verified_id(key, headers, b'{"test": 2432232315}', now)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "c2hvcnQ="])
def test_a_secret_that_is_none_is_refused_without_being_quoted(secret: str) -> None:
    with pytest.raises(ValueError, match="the secret is not whsec_") as error:
        key_of_secret(secret)
    assert not secret or secret == "whsec_" or secret not in str(error.value)
