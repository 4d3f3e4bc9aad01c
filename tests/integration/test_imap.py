"""A mailbox, read from a real IMAP server over TLS into a real database; and servers that misbehave."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

import pytest
from sqlalchemy import select

from crawlers.collect import collect
from crawlers.intake import mail_connection
from crawlers.sources import imap as imap_source
from storage.mentions import fetch
from storage.records import FetchStatus
from storage.tables import mentions, sources
from tests.integration.imap_world import PASSWORD, USER, Box, Scripted, certificate, listen

# The server's own, which waits for the garbage to be collected.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file <_io.BufferedRandom:ResourceWarning")
KEY = "a key of the test, long enough"


def mail(number: int, **headers: str) -> bytes:
    fields = {
        "Message-ID": f"<m{number}@mail.example>",
        "Date": f"Tue, 10 Mar 2026 {number // 60 % 24:02}:{number % 60:02}:00 +0300",
        "From": "Sara Customer <sara@customer.example>",
        "To": USER,
        "Subject": f"Ticket {number}",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        **headers,
    }
    head = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items() if value)
    return f"{head}\nالطلب رقم {number} لم يصل. Call 0501234567 or sara@customer.example\n".encode()


@pytest.fixture
def pem(tmp_path):
    return certificate(tmp_path)


@pytest.fixture
def source(tmp_path, pem, configured, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("PSEUDONYM_KEY", KEY)

    def settings(port: int, **options: Any):
        return configured(
            {
                "name": "desk",
                "kind": "imap",
                "host": "127.0.0.1",
                "port": port,
                "username": USER,
                "password": {"env": "MAIL_PASSWORD"},
                "pseudonym_key": {"env": "PSEUDONYM_KEY"},
                "certificate_file": str(pem),
                **options,
            }
        )

    return settings


@pytest.fixture
def served(pem):
    """Folders on Twisted's server: returns the folders and a function that gives server and port number."""
    opened = []

    def serve(boxes: dict[str, Box]):
        server, port = listen(boxes, pem)
        opened.append(port)
        return server, port.getHost().port

    yield serve
    for port in opened:
        port.stopListening()


def all_mentions(engine):
    with engine.connect() as connection:
        ids = list(connection.scalars(select(mentions.c.id).order_by(mentions.c.id)))
        return [stored.mention for stored in fetch(connection, ids)]


def test_mails_are_read_once_and_nothing_is_changed(engine, clock, run, source, served) -> None:
    box = Box()
    for number in range(120):
        box.add(mail(number), clock.now - timedelta(hours=2))
    server, port = served({"INBOX": box})
    settings = source(port)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.status, event.error, event.items_new) == (FetchStatus.OK, None, 120)
    assert all("\\Seen" not in one.flags for one in box.mails)
    said = b"".join(server.said)
    assert b"EXAMINE" in said and b"SELECT" not in said
    assert b"BODY.PEEK[]" in said and b" BODY[" not in said
    box.add(mail(500, In_Reply_To="<m3@mail.example>"), clock.now - timedelta(hours=1))
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.items_seen, event.items_new) == (1, 1)
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert (event.status, event.items_seen) == (FetchStatus.UNCHANGED, 0)
    kept = {one.title: one for one in all_mentions(engine)}
    assert len(kept) == 121
    answer = kept["Ticket 500"]
    assert answer.parent_id == kept["Ticket 3"].external_id
    assert answer.text == "الطلب رقم 500 لم يصل. Call [+…] or […@…]"
    assert kept["Ticket 90"].published_at == datetime(2026, 3, 9, 22, 30, tzinfo=UTC)
    assert len({one.author for one in kept.values()}) == 1


def test_nothing_tells_who_wrote(engine, clock, run, source, served, tmp_path) -> None:
    box = Box()
    box.add(mail(1, Subject="Sara Customer here, sara@customer.example"), clock.now)
    _, port = served({"INBOX": box})
    run(lambda: collect(engine, source(port), clock, force=True))
    (kept,) = all_mentions(engine)
    assert kept.author is not None and kept.author.handle.startswith("person-")
    with engine.connect() as connection:
        told = repr(kept) + repr(connection.execute(select(sources)).all())
    for private in ("sara", "Sara", "customer.example", "0501234567", PASSWORD, KEY, "m1@mail"):
        assert private not in told


def test_a_folder_that_is_numbered_anew_is_read_again_without_doubles(
    engine, clock, run, source, served
) -> None:
    box = Box()
    for number in range(5):
        box.add(mail(number), clock.now - timedelta(days=10))
    for number in range(5, 8):
        box.add(mail(number), clock.now - timedelta(hours=3))
    _, port = served({"INBOX": box})
    run(lambda: collect(engine, source(port), clock, force=True))
    box.renumber()
    box.add(mail(8), clock.now)
    (event,) = run(lambda: collect(engine, source(port), clock, force=True))
    assert (event.items_seen, event.items_new) == (4, 1), "the latest day again, of which one mail is new"
    assert len(all_mentions(engine)) == 9


def test_a_first_visit_goes_back_as_far_as_it_should(engine, clock, run, source, served) -> None:
    box = Box()
    for number, days in enumerate((400, 40, 20, 2)):
        box.add(mail(number), clock.now - timedelta(days=days))
    _, port = served({"INBOX": box})
    (event,) = run(lambda: collect(engine, source(port, backfill="30d"), clock, force=True))
    assert event.items_new == 2
    box.add(mail(9), clock.now - timedelta(days=300))
    box.add(mail(10), clock.now)
    (event,) = run(lambda: collect(engine, source(port, backfill="30d"), clock, force=True))
    assert event.items_new == 1, "an old mail that is moved here later is not wanted either"


def test_a_long_folder_is_read_over_several_visits(engine, clock, run, source, served) -> None:
    box = Box()
    for number in range(130):
        box.add(mail(number), clock.now)
    _, port = served({"INBOX": box})
    settings = source(port, pages=1)
    counts = [run(lambda: collect(engine, settings, clock, force=True))[0].items_new for _ in range(4)]
    assert counts == [50, 50, 30, 0]


def test_one_mail_in_two_folders_is_one_mention_and_a_missing_folder_hinders_no_other(
    engine, clock, run, source, served
) -> None:
    inbox, archive = Box(), Box()
    inbox.add(mail(1), clock.now)
    archive.add(mail(1), clock.now)
    archive.add(mail(2), clock.now)
    _, port = served({"INBOX": inbox, "الأرشيف": archive})
    settings = source(port, folders=["INBOX", "Nowhere", "الأرشيف"])
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.status is FetchStatus.FAILED and "no folder 'Nowhere'" in (event.error or "")
    assert len(all_mentions(engine)) == 2


def test_filters_and_machines(engine, clock, run, source, served) -> None:
    box = Box()
    box.add(mail(1, Auto_Submitted="auto-replied"), clock.now)
    box.add(mail(2, List_Id="<news.shop.example>"), clock.now)
    box.add(mail(3, Return_Path="<>"), clock.now)
    box.add(mail(4, Precedence="bulk"), clock.now)
    box.add(mail(5, Subject="=?windows-1256?B?1N/m7A==?="), clock.now)
    box.add(mail(6, To="sales@acme.example"), clock.now)
    box.add(mail(7, From="colleague@acme.example"), clock.now)
    _, port = served({"INBOX": box})
    settings = source(port, to=["desk@"], subject=["ticket", "شكوى"], **{"from": ["customer.example"]})
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.error is None
    assert [one.title for one in all_mentions(engine)] == ["شكوى"]


@pytest.mark.parametrize("where", ["password", "certificate", "address"])
def test_what_is_refused_is_said_and_no_secret_with_it(
    where, engine, clock, run, source, served, monkeypatch, configured
) -> None:
    box = Box()
    _, port = served({"INBOX": box})
    settings = source(port)
    if where == "password":
        monkeypatch.setenv("MAIL_PASSWORD", "wrong secret 77")
        said = "does not accept the login"
    elif where == "certificate":
        settings = source(port, certificate_file=None)
        said = "certificate"
    else:
        settings.allow_private_networks.clear()
        said = "127.0.0.1 is loopback"
    (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.status is FetchStatus.FAILED and said in (event.error or "")
    assert "secret 77" not in (event.error or "") and PASSWORD not in (event.error or "")


def tagged(line: bytes, *untagged: bytes, status: bytes = b"OK done") -> bytes:
    return b"".join(one + b"\r\n" for one in untagged) + line.split(b" ")[0] + b" " + status + b"\r\n"


def polite(line: bytes) -> bytes:
    """Answer as a server with one mail would, up to FETCH."""
    if b"CAPABILITY" in line:
        return tagged(line, b"* CAPABILITY IMAP4rev1")
    if b"EXAMINE" in line:
        return tagged(line, b"* 1 EXISTS", b"* OK [UIDVALIDITY 1] ok", b"* OK [UIDNEXT 5] ok")
    if b"SEARCH" in line:
        return tagged(line, b"* SEARCH 4")
    return tagged(line)


HUGE = b"* 1 FETCH (UID 4 BODY[]<0> {99999999999}\r\n"
LIES: dict[str, Any] = {
    "hangs up at once": lambda line: None,
    "hangs up at the folder": lambda line: None if b"EXAMINE" in line else polite(line),
    "says no to everything": lambda line: tagged(line, status=b"NO never"),
    "speaks HTTP": lambda line: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "claims a mail of 100 GB": lambda line: HUGE if b"FETCH" in line else polite(line),
    "floods": lambda line: b"* 1 EXISTS\r\n" * 100_000 if b"FETCH" in line else polite(line),
    "repeats the login in its refusal": lambda line: (
        tagged(line, status=b"NO " + line.strip()) if b"LOGIN" in line else polite(line)
    ),
    "drips for ever": lambda line: repeat(b"* OK wait\r\n", 300) if b"FETCH" in line else polite(line),
    "never answers the search": lambda line: b"" if b"SEARCH" in line else polite(line),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_misbehaves_fails_the_visit_in_words_and_in_time(
    lie, engine, clock, run, source, pem, monkeypatch, caplog
) -> None:
    monkeypatch.setattr(mail_connection, "_ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(imap_source, "_VISIT_SECONDS", 3.0)
    server = Scripted(pem, LIES[lie])
    began = time.monotonic()
    with server as port:
        (event,) = run(lambda: collect(engine, source(port), clock, force=True))
    assert event.status is FetchStatus.FAILED and "mail server" in (event.error or "")
    assert time.monotonic() - began < 10
    assert PASSWORD not in (event.error or "") + caplog.text


@pytest.mark.parametrize("lie", ["claims a mail of 100 GB", "floods"])
def test_an_answer_that_is_too_long_is_not_waited_for(
    lie, engine, clock, run, source, pem, monkeypatch
) -> None:
    monkeypatch.setattr(mail_connection, "_COMMAND_BYTES", 100_000)
    began = time.monotonic()
    with Scripted(pem, LIES[lie]) as port:
        (event,) = run(lambda: collect(engine, source(port), clock, force=True))
    assert event.status is FetchStatus.FAILED
    assert time.monotonic() - began < 5, (
        "the server sends nothing more, and would be waited for half a minute"
    )


def test_a_token_is_sent_as_oauth_has_it(engine, clock, run, source, pem, monkeypatch) -> None:
    monkeypatch.setenv("TOKEN", "token-abc")

    def answer(line: bytes) -> bytes:
        if b"AUTHENTICATE" in line:
            answer.tag = line  # type: ignore[attr-defined]
            return b"+ \r\n"
        if b" " not in line.strip():
            return tagged(answer.tag)  # type: ignore[attr-defined]
        return tagged(line, b"* SEARCH") if b"SEARCH" in line else polite(line)

    server = Scripted(pem, answer)
    with server as port:
        settings = source(port, password=None, oauth_token={"env": "TOKEN"})
        (event,) = run(lambda: collect(engine, settings, clock, force=True))
    assert event.error is None
    sent = next(line for line in server.said if b" " not in line.strip())
    assert base64.b64decode(sent) == f"user={USER}\x01auth=Bearer token-abc\x01\x01".encode()
