"""The contract that every channel keeps, against real servers: outcomes, time-outs, no secret anywhere."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import logging
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from alerts.channels import base, slack, smtp
from alerts.channels.base import Channel, Delivered, Outcome, Rejected, Retry
from alerts.channels.causes import retry_after
from alerts.channels.email import EmailOptions
from alerts.channels.envelope import build, parse_address
from alerts.channels.slack import problem_of
from alerts.errors import ChannelError
from alerts.render.mail import mail_alert
from config.settings import Channel as ChannelSettings
from demo.sinks import MailFault, MailSink, SlackSink, Stage
from storage.records import Notification

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SECRET = "hunter2-T0PS3CRET"
KEY = "alert:12:firing:0:a"
PAYLOAD: dict[str, Any] = {
    "type": "alert",
    "change": "firing",
    "kind": "negative_spike",
    "brand": "لوزي",
    "rule": "angry",
    "severity": "high",
    "observed": 41,
    "expected": 6,
    "facts": {"hours": 3},
    "series": [["2026-03-10T10:00:00+00:00", 3, 1.0], ["2026-03-10T11:00:00+00:00", 9, 1.0]],
    "posts": [{"text": "سيئ جدا", "author": "نورة", "language": "ar", "url": "https://a.example/1"}],
}
NOTE = Notification(channel="a", kind="alert", payload=PAYLOAD, idempotency_key=KEY)


def channel(kind: str, language: str = "ar", **options: Any) -> Channel:
    made = base.kinds()[kind]
    settings = ChannelSettings(name="a", kind=kind)
    settings._options = made.Options.model_validate(options)
    return made(settings, language, lambda: NOW)


def send(made: Channel, note: Notification = NOTE) -> Outcome:
    return asyncio.run(made.send(note))


def mail_channel(port: int, **more: Any) -> Channel:
    options = {"host": "127.0.0.1", "port": port, "from": "مرصد <marsad@lawzy.example>"}
    return channel("email", **{**options, "to": ["Team <team@lawzy.example>"], **more})


@contextmanager
def wire(*scripts: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve connections on loopback by hand: the nth connection gets the nth script, the last one stays."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        for turn in range(100):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                with suppress(OSError):
                    scripts[min(turn, len(scripts) - 1)](connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone does not wake a thread that waits in accept.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=15)


def http(reply: bytes) -> Callable[[socket.socket], None]:
    """Read a whole request, then answer with these bytes and close."""

    def answer(connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < size:
            body += connection.recv(65536)
        connection.sendall(reply)

    return answer


def answered(status: int, body: str = "", **headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} x",
        f"Content-Length: {len(body)}",
        *(f"{k}: {v}" for k, v in headers.items()),
    ]
    return ("\r\n".join([*lines, "Connection: close", "", body])).encode()


def slack_outcome(*replies: bytes) -> Outcome:
    with wire(*map(http, replies)) as port:
        return send(channel("slack", webhook_url=f"http://127.0.0.1:{port}/services/{SECRET}"))


# --- Slack -------------------------------------------------------------------------------------------

STATUSES = [
    *range(200, 209), 226, *range(300, 309), *range(400, 419), *range(421, 427), 428, 429, 431, 451,
    *range(500, 509), 510, 511, 520, 529,
]  # fmt: skip
TEMPORARY = {408, 425, 429}


def test_the_table_is_as_long_as_promised() -> None:
    assert len(STATUSES) == len(set(STATUSES)) >= 59


@pytest.mark.parametrize("status", STATUSES)
def test_slack_every_status_has_the_right_outcome(status: int) -> None:
    outcome = slack_outcome(answered(status, "" if status in (204, 304) else "some_word"))
    if status < 300:
        assert isinstance(outcome, Delivered)
    elif status in TEMPORARY or status >= 500:
        assert isinstance(outcome, Retry)
        assert str(status) in outcome.why
    else:
        assert isinstance(outcome, Rejected)
        assert str(status) in outcome.why


@pytest.mark.parametrize(
    ("status", "word", "advice"),
    [
        (400, "invalid_payload", "did not accept"),
        (403, "action_prohibited", "does not let"),
        (404, "no_service", "no longer exists"),
        (410, "channel_is_archived", "archived"),
    ],
)
def test_slack_refusals_are_told_with_slacks_word_and_what_to_do(status: int, word: str, advice: str) -> None:
    outcome = slack_outcome(answered(status, word))
    assert isinstance(outcome, Rejected)
    assert word in outcome.why
    assert advice in outcome.why


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("30", timedelta(seconds=30)),
        (" 0 ", timedelta(0)),
        ("1.5", timedelta(seconds=1.5)),
        ("Tue, 10 Mar 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Tuesday, 10-Mar-26 12:02:00 GMT", timedelta(minutes=2)),
        ("Tue Mar 10 12:02:00 2026", timedelta(minutes=2)),
        ("Mon, 09 Mar 2026 12:00:00 GMT", timedelta(0)),
        ("99999999999999999999", timedelta(days=1)),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        (None, None),
    ],
)
def test_retry_after_in_all_its_forms(value: str | None, expected: timedelta | None) -> None:
    assert retry_after(value, NOW) == expected
    if value is not None and value.isascii():
        assert slack_outcome(answered(429, **{"retry-after": value})) == Retry(expected, "Slack answered 429")


def test_slack_no_redirect_is_followed() -> None:
    with wire(http(answered(200, "ok"))) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            outcome = slack_outcome(answered(status, Location=f"http://127.0.0.1:{elsewhere}/"))
            assert isinstance(outcome, Rejected)
            assert "not followed" in outcome.why


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"\x16\x03\x01",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        answered(200, "<html>log in to the hotel network</html>"),
        b"HTTP/1.1 103 Early\r\nConnection: close\r\n\r\n",
    ],
)
def test_slack_half_and_foreign_replies_are_tried_again(reply: bytes) -> None:
    outcome = slack_outcome(reply)
    assert isinstance(outcome, Retry)


def test_slack_a_silent_or_dripping_server_runs_into_the_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack, "_TIMEOUT", 0.3)

    def silent(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    def dripping(connection: socket.socket) -> None:
        http(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")(connection)
        for _ in range(100):
            connection.sendall(b"o")
            threading.Event().wait(0.05)

    for script in (silent, dripping):
        with wire(script) as port:
            outcome = send(channel("slack", webhook_url=f"http://127.0.0.1:{port}/"))
        assert outcome == Retry(None, "Slack could not be reached: no answer in time")


def test_slack_a_refused_connection_and_an_unknown_host_are_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refused = send(channel("slack", webhook_url=f"http://127.0.0.1:{port}/{SECRET}"))
    assert refused == Retry(None, "Slack could not be reached: the connection was refused")
    unknown = send(channel("slack", webhook_url=f"https://nowhere.invalid/{SECRET}"))
    assert isinstance(unknown, Retry)


def test_slack_takes_what_is_sent_and_the_key_can_be_seen(tmp_path: Path) -> None:
    with SlackSink(tmp_path) as sink:
        for language in ("ar", "en"):
            assert send(channel("slack", language, webhook_url=sink.webhook_url)) == Delivered()
    assert [payload["blocks"][0]["block_id"] for payload in sink.payloads] == [f"marsad:{KEY}"] * 2
    assert "لوزي" in sink.payloads[0]["text"]
    assert len(slack.block_id("k" * 999)) <= 255


@pytest.mark.parametrize(
    "url",
    ["hooks.slack.com/services/a", "http://hooks.slack.com/services/T/B/x", "https://", "https://hooks.slack.com/",
     "https://a b.example/", "https://u:p@hooks.slack.com/services/x/y/z", "http://example.com/x", "ftp://127.0.0.1/"],
)  # fmt: skip
def test_slack_an_address_that_is_no_webhook_is_refused_before_it_is_called(url: str) -> None:
    assert problem_of(url)
    assert isinstance(send(channel("slack", webhook_url=url)), Rejected)
    with pytest.raises(ChannelError):
        asyncio.run(channel("slack", webhook_url=url).check())
    assert problem_of("https://hooks.slack.com/services/T000/B000/XXXX") is None


# --- E-mail ------------------------------------------------------------------------------------------


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[MailSink]:
    with MailSink(tmp_path, login=("marsad", SECRET)) as sink:
        yield sink


def with_login(sink: MailSink, **more: Any) -> Channel:
    return mail_channel(sink.port, username="marsad", password=SECRET, **more)


def test_mail_arrives_whole_with_a_fixed_id(mail: MailSink) -> None:
    assert send(with_login(mail)) == send(with_login(mail)) == Delivered()
    assert list(map(len, mail.by_message_id.values())) == [2]
    message = mail.messages[0]
    assert message["Subject"] == "ارتفاع غير معتاد في الإشارات السلبية إلى لوزي"
    assert message["From"].addresses[0].display_name == "مرصد"
    assert message["To"] == "Team <team@lawzy.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    text, rich = message.iter_parts()
    assert (text.get_content_type(), rich.get_content_type()) == ("text/plain", "multipart/related")
    html, picture = rich.iter_parts()
    assert "cid:chart" in html.get_content()
    assert (picture["Content-ID"], picture.get_content_type()) == ("<chart>", "image/png")
    assert picture.get_content_disposition() == "inline"


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.EHLO])
@pytest.mark.parametrize(
    "reply", ["421 4.3.2 Going down", "451 4.3.0 Later", "550 5.7.1 Never", "554 5.0.0 No", None]
)
def test_mail_every_command_may_fail(mail: MailSink, stage: Stage, reply: str | None) -> None:
    # A refused login is tried again by the other of the server's two ways.
    mail.misbehave(*[MailFault(stage, reply)] * (2 if stage is Stage.AUTH and reply else 1))
    outcome = send(with_login(mail))
    assert isinstance(outcome, Rejected if reply and reply.startswith("5") else Retry)
    assert send(with_login(mail)) == Delivered()


def test_mail_that_may_have_arrived_is_sent_again_under_the_same_id(mail: MailSink) -> None:
    mail.misbehave(MailFault(Stage.BODY, None, keep=True))
    assert isinstance(send(with_login(mail)), Retry)
    assert send(with_login(mail)) == Delivered()
    assert list(map(len, mail.by_message_id.values())) == [2]


def test_mail_a_wrong_password_is_told_and_not_shown(mail: MailSink) -> None:
    made = mail_channel(mail.port, username="marsad", password=SECRET + "x")
    outcome = send(made)
    assert isinstance(outcome, Rejected)
    assert "user name or password" in outcome.why
    with pytest.raises(ChannelError, match="user name or password"):
        asyncio.run(made.check())
    assert "logged in as marsad" in asyncio.run(with_login(mail).check())
    assert not mail.messages


def test_mail_letters_that_a_login_cannot_carry_are_told_without_showing_them(mail: MailSink) -> None:
    outcome = send(mail_channel(mail.port, username="marsad", password="سرّ-" + SECRET))
    assert isinstance(outcome, Rejected)
    assert "ASCII" in outcome.why
    assert SECRET not in outcome.why


def talk(**replies: str | None) -> Callable[[socket.socket], None]:
    """A mail server by hand. `replies` maps a step to its answer; None closes the connection there."""
    usual = {"greeting": "220 x", "EHLO": "250 x", "HELO": "250 x", "MAIL": "250 ok", "RCPT": "250 ok"}
    usual |= {"DATA": "354 go", "body": "250 ok", "QUIT": "221 bye", "RSET": "250 ok", "NOOP": "250 ok"}
    said: dict[str, str | None] = {**usual, **replies}

    def serve(connection: socket.socket) -> None:
        with connection.makefile("rwb") as stream:

            def say(step: str) -> bool:
                reply = said.get(step, "500 what")
                if reply is not None:
                    stream.write(reply.encode() + (b"" if reply.endswith("\\") else b"\r\n"))
                    stream.flush()
                return reply is not None

            if not say("greeting"):
                return
            while line := stream.readline():
                step = line.split()[0].decode().upper()
                one = f"RCPT {line.split(b'<')[-1].split(b'>')[0].decode()}" if step == "RCPT" else step
                if not say(one if one in said else step):
                    return
                if step == "QUIT":
                    return
                if step == "DATA" and (said["DATA"] or "").startswith("354"):
                    while stream.readline() not in (b".\r\n", b""):
                        pass
                    if not say("body"):
                        return

    return serve


STEPS = ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "body"]
REPLY_TABLE: list[tuple[str | None, type[Outcome]]] = [
    ("421 later", Retry),
    ("550 no", Rejected),
    (None, Retry),
    ("25", Retry),
    ("nonsense", Retry),
    ("250-half", Retry),
]
# At these two steps, the half reply and the next step's one make a sound reply together.
SOUND = {("MAIL", "250-half"), ("RCPT", "250-half")}


@pytest.mark.parametrize(
    ("step", "reply", "expected"),
    [(step, *row) for step in STEPS for row in REPLY_TABLE if (step, row[0]) not in SOUND],
)
def test_mail_every_reply_at_every_step(step: str, reply: str | None, expected: type[Outcome]) -> None:
    replies = {step: reply} | ({"HELO": reply} if step == "EHLO" else {})

    def half(connection: socket.socket) -> None:
        connection.settimeout(0.4 if reply == "250-half" else 10)
        talk(**replies)(connection)

    with wire(half) as port:
        assert isinstance(send(mail_channel(port)), expected)


@pytest.mark.parametrize("reply", ["500 what", None])
def test_mail_that_was_taken_is_delivered_whatever_is_said_to_quit(reply: str | None) -> None:
    with wire(talk(QUIT=reply)) as port:
        assert send(mail_channel(port)) == Delivered()


def test_mail_some_recipients_refused_is_delivered_with_a_warning_that_names_them() -> None:
    to = ["good@lawzy.example", "bad@lawzy.example"]
    with (
        structlog.testing.capture_logs() as logs,
        wire(talk(**{"RCPT bad@lawzy.example": "550 unknown"})) as port,
    ):
        assert send(mail_channel(port, to=to)) == Delivered()
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert "bad@lawzy.example (550 unknown)" in str(logs[0])
    assert "good@" not in str(logs[0])


@pytest.mark.parametrize(
    ("codes", "expected"), [(("550", "551"), Rejected), (("550", "450"), Retry), (("450", "451"), Retry)]
)
def test_mail_all_recipients_refused_depends_on_the_codes(
    codes: tuple[str, str], expected: type[Outcome]
) -> None:
    replies = {"RCPT a@lawzy.example": f"{codes[0]} no", "RCPT b@lawzy.example": f"{codes[1]} no"}
    with wire(talk(**replies)) as port:
        outcome = send(mail_channel(port, to=["a@lawzy.example", "b@lawzy.example"]))
    assert isinstance(outcome, expected)
    assert "a@lawzy.example" in outcome.why


def test_mail_silent_and_dripping_servers_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def dripping(connection: socket.socket) -> None:
        connection.sendall(b"220 x\r\n")
        for _ in range(100):
            connection.sendall(b"250-x\r\n")
            threading.Event().wait(0.05)

    for script, server in (
        (lambda connection: connection.recv(1) and None, {"timeout": 0.3}),
        (dripping, {"timeout": 5, "deadline": 0.4}),
    ):
        with wire(script) as port:
            where = smtp.Server("127.0.0.1", port, smtp.Security.NONE, **server)  # type: ignore[arg-type]
            outcome = smtp.deliver(where, "a@a.example", ["b@b.example"], b"Subject: x\r\n\r\nx\r\n")
        assert isinstance(outcome, Retry)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the certificate to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    day = dt.timedelta(days=1)
    today = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - day)
        .not_valid_after(today + day)
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, folder / "cert.pem"


def test_mail_starttls_is_verified_and_then_used(
    certificate: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    context, authority = certificate
    with MailSink(tmp_path, login=("marsad", SECRET), tls=context) as sink:
        trusting = with_login(sink, security="starttls", tls_ca_file=str(authority))
        assert send(trusting) == Delivered()
        assert "TLSv1" in asyncio.run(trusting.check())
        outcome = send(with_login(sink, security="starttls"))
        assert isinstance(outcome, Retry)
        assert "certificate" in outcome.why
    assert len(sink.messages) == 1


def test_mail_implicit_tls_is_verified_too(certificate: tuple[ssl.SSLContext, Path]) -> None:
    context, authority = certificate

    def encrypted(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            talk()(wrapped)

    with wire(encrypted) as port:
        assert send(mail_channel(port, security="tls", tls_ca_file=str(authority))) == Delivered()
        assert isinstance(send(mail_channel(port, security="tls")), Retry)
        missing = send(mail_channel(port, security="tls", tls_ca_file="/nowhere.pem"))
    assert isinstance(missing, Rejected)
    assert "/nowhere.pem" in missing.why


def test_mail_without_starttls_nothing_is_sent_in_the_clear(mail: MailSink) -> None:
    outcome = send(with_login(mail, security="starttls"))
    assert isinstance(outcome, Rejected)
    assert "STARTTLS" in outcome.why
    assert not mail.messages


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [("mx.example", 465, "tls"), ("mx.example", 587, "starttls"), ("mx.example", 25, "starttls"),
     ("127.0.0.1", 1025, "none"), ("localhost", 465, "tls")],
)  # fmt: skip
def test_mail_security_goes_by_the_port_where_it_is_not_given(host: str, port: int, expected: str) -> None:
    options = EmailOptions.model_validate(
        {"host": host, "port": port, "from": "a@a.example", "to": ["b@b.example"]}
    )
    assert options.secured_by == expected


@pytest.mark.parametrize(
    "more",
    [
        {"username": "x"},
        {"password": SECRET},
        {"username": "x", "password": SECRET, "security": "none"},
        {"to": []},
        {"to": ["no address"]},
        {"from": "a@a.example\r\nBcc: b@b.example"},
        {"from": "a@a.example, b@b.example"},
        {"to": ["x <a@a.example"]},
    ],
)
def test_mail_options_that_cannot_work_are_refused(more: dict[str, Any]) -> None:
    sound = {"host": "mx.example", "from": "a@a.example", "to": ["b@b.example"]}
    with pytest.raises(ValidationError):
        EmailOptions.model_validate({**sound, **more})


# --- Every channel -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(base.kinds()))
def test_every_channel_describes_itself(kind: str) -> None:
    made = base.kinds()[kind]
    assert made.kind == kind
    assert made.summary.endswith(".")
    assert made.secrets_help
    schema = made.Options.model_json_schema()
    assert all(field.get("description") for field in schema["properties"].values())
    assert timedelta(0) < made.LONGEST < timedelta(minutes=4)


def _pointing_at(kind: str, port: int) -> Channel:
    if kind == "slack":
        return channel("slack", webhook_url=f"http://127.0.0.1:{port}/services/{SECRET}")
    return mail_channel(port, username="marsad", password=SECRET)


REPLIES = [
    b"",
    b"\x00\xff\n",
    b"550 " + SECRET.encode() + b"\r\n",
    answered(302, SECRET, Location=f"http://127.0.0.1/{SECRET}"),
    answered(404, SECRET),
    answered(500, SECRET),
    b"HTTP/1.1 " + SECRET.encode() + b"\r\n\r\n",
]


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("kind", sorted(base.kinds()))
def test_no_secret_is_in_any_outcome_error_or_log(
    kind: str, reply: bytes, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def echo(connection: socket.socket) -> None:
        if kind == "email":
            connection.sendall(reply)
        else:
            http(reply)(connection)

    caplog.set_level(logging.DEBUG)
    shown = []
    with structlog.testing.capture_logs() as logs, wire(echo) as port:
        made = _pointing_at(kind, port)
        shown.append(repr(send(made)))
        try:
            shown.append(asyncio.run(made.check()))
        except ChannelError as error:
            shown += traceback.format_exception(error)
            assert error.__context__ is None or error.__suppress_context__
    shown += [repr(made.options), repr(made.__dict__), str(logs), caplog.text, *capsys.readouterr()]
    assert not any(SECRET in piece for piece in shown)


@pytest.mark.parametrize("kind", sorted(base.kinds()))
def test_a_missing_secret_names_the_variable_and_loses_no_message(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MARSAD_TEST_SECRET", raising=False)
    with MailSink(tmp_path, login=("marsad", SECRET)) as sink:
        missing = {"env": "MARSAD_TEST_SECRET"}
        made = (
            channel("slack", webhook_url=missing)
            if kind == "slack"
            else mail_channel(sink.port, username="marsad", password=missing)
        )
        outcome = send(made)
    assert isinstance(outcome, Retry)
    assert "MARSAD_TEST_SECRET" in outcome.why


@pytest.mark.parametrize("kind", sorted(base.kinds()))
def test_a_payload_that_cannot_be_written_is_given_up_with_its_type(kind: str) -> None:
    note = Notification(channel="a", kind="x", payload={"type": "poem"}, idempotency_key="k")
    outcome = send(_pointing_at(kind, 9), note)
    assert isinstance(outcome, Rejected)
    assert "'poem'" in outcome.why


def test_headers_of_a_message_cannot_be_forged_by_a_brand() -> None:
    mail = mail_alert(PAYLOAD | {"brand": "x\r\nBcc: victim@example.com\x00"}, "en")
    address = parse_address("a@a.example")
    message = build(mail, address, [address], "k\r\nX: y", NOW)
    assert message["Bcc"] is None
    assert b"\nBcc:" not in message.as_bytes()
    assert b"\nX: y" not in message.as_bytes()
