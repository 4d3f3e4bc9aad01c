"""The demo's sinks take what the real services take, refuse what they refuse, and fail when told to."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.webhook import WebhookClient

from alerts.channels import base as channels
from alerts.rules import base as rules
from config.loader import Kinds, load
from crawlers import base as sources
from demo.block_kit import fault_in
from demo.config import configuration
from demo.loopback import Fault, Misbehaviour, failing, rate_limited
from demo.sinks import MailFault, MailSink, SlackSink, Stage


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[SlackSink]:
    with SlackSink(tmp_path) as sink:
        yield sink


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[MailSink]:
    with MailSink(tmp_path) as sink:
        yield sink


def post(
    sink: SlackSink, body: bytes, path: str = "", content_type: str = "application/json"
) -> tuple[int, bytes]:
    parts = urlsplit(sink.webhook_url)
    connection = HTTPConnection("127.0.0.1", parts.port or 0, timeout=5)
    try:
        connection.request("POST", path or parts.path, body, {"Content-Type": content_type})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def message(number: int = 1) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"] = "marsad@lawzy.example", "team@lawzy.example"
    made["Subject"], made["Message-ID"] = f"تنبيه {number}", f"<{number}@marsad.example>"
    made.set_content("ارتفاع في الشكاوى")
    return made


def send(sink: MailSink, made: EmailMessage, login: tuple[str, str] | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as client:
        if login:
            client.login(*login)
        client.send_message(made)


def test_slacks_own_client_is_answered_ok_and_payloads_are_saved_in_order(
    slack: SlackSink, tmp_path: Path
) -> None:
    client = WebhookClient(slack.webhook_url)
    for text in ("أول", "ثانٍ"):
        answer = client.send(text=text, blocks=[section(text)])
        assert (answer.status_code, answer.body) == (200, "ok")
    saved = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((tmp_path / "alerts").iterdir())]
    assert [payload["text"] for payload in saved] == ["أول", "ثانٍ"]
    assert saved == slack.payloads
    assert sorted(path.name for path in (tmp_path / "alerts").iterdir()) == ["001.json", "002.json"]


def test_a_sink_opened_again_goes_on_counting(tmp_path: Path) -> None:
    for _ in range(2):
        with SlackSink(tmp_path) as sink:
            assert post(sink, b'{"text":"x"}') == (200, b"ok")
    assert len(list((tmp_path / "alerts").iterdir())) == 2


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"{not json", b"invalid_payload"),
        (b"[]", b"invalid_payload"),
        (b"\xff", b"invalid_payload"),
        (b"{}", b"no_text"),
        (json.dumps({"text": "x", "blocks": [section("x" * 3001)]}).encode(), b"invalid_blocks"),
    ],
)
def test_what_slack_refuses_is_refused_and_not_saved(slack: SlackSink, body: bytes, answer: bytes) -> None:
    assert post(slack, body) == (400, answer)
    assert slack.payloads == []


def test_a_form_is_taken_and_another_address_is_not(slack: SlackSink) -> None:
    form = urlencode({"payload": '{"text":"x"}'}).encode()
    assert post(slack, form, content_type="application/x-www-form-urlencoded") == (200, b"ok")
    assert post(slack, b'{"text":"x"}', path="/services/other") == (404, b"no_service")


@pytest.mark.parametrize(
    ("blocks", "sound"),
    [
        ([section("x")] * 50, True),
        ([section("x")] * 51, False),
        ([section("x" * 3000)], True),
        ([section("")], False),
        ([{"type": "section"}], False),
        ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2000}] * 10}], True),
        ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}], False),
        ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}], False),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 150}}], True),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], False),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], False),
        ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 10}], True),
        ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}], False),
        ([{"type": "context", "elements": []}], False),
        ([{"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a"}], True),
        ([{"type": "image", "image_url": "https://x.example/a.png"}], False),
        (
            [
                {
                    "type": "actions",
                    "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x"}}],
                }
            ],
            True,
        ),
        (
            [{"type": "actions", "elements": [{"type": "button", "text": {"type": "mrkdwn", "text": "x"}}]}],
            False,
        ),
        ([{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}], False),
        ([{"type": "divider"}, {"type": "divider"}], True),
        ([{"type": "table-of-mine"}], False),
        (["x"], False),
        ("x", False),
    ],
)
def test_documented_limits_hold(blocks: Any, sound: bool) -> None:
    assert fault_in({"text": "x", "blocks": blocks}) == (None if sound else "invalid_blocks")


_WORDS = (
    "type",
    "text",
    "section",
    "mrkdwn",
    "blocks",
    "fields",
    "block_id",
    "elements",
    "actions",
    "button",
)
_JSON = st.recursive(
    st.none() | st.integers() | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=5),
    max_leaves=20,
)


@given(blocks=st.lists(st.dictionaries(st.sampled_from(_WORDS), _JSON, max_size=5), max_size=4))
def test_any_blocks_are_judged_without_an_error(blocks: Any) -> None:
    assert fault_in({"text": "x", "blocks": blocks}) in (None, "invalid_blocks")


def test_an_odd_block_id_is_refused_like_any_other_fault() -> None:
    assert fault_in({"text": "x", "blocks": [{"type": "divider", "block_id": []}]}) == "invalid_blocks"


def test_slack_misbehaves_as_told_and_a_lost_answer_is_saved(slack: SlackSink) -> None:
    slack.misbehave(rate_limited(3), failing(500), Misbehaviour(Fault.DROP), Misbehaviour(Fault.LOSE_ANSWER))
    assert post(slack, b'{"text":"x"}')[0] == 429
    assert post(slack, b'{"text":"x"}')[0] == 500
    for saved in (0, 1):
        with pytest.raises(OSError):
            post(slack, b'{"text":"x"}')
        assert len(slack.payloads) == saved
    assert post(slack, b'{"text":"x"}') == (200, b"ok")
    assert [seen.status for seen in slack.requests] == [429, 500, 0, 0, 200]


def test_a_stopped_sink_refuses_and_starts_again_on_its_port(slack: SlackSink) -> None:
    address = slack.webhook_url
    slack.stop()
    with pytest.raises(ConnectionRefusedError):
        post(slack, b'{"text":"x"}')
    slack.start()
    assert slack.webhook_url == address
    assert post(slack, b'{"text":"x"}') == (200, b"ok")


def test_stopping_ends_a_hanging_request(slack: SlackSink) -> None:
    slack.misbehave(Misbehaviour(Fault.HANG, seconds=60))
    connection = HTTPConnection("127.0.0.1", urlsplit(slack.url).port or 0, timeout=5)
    connection.request("POST", urlsplit(slack.webhook_url).path, b"{}")
    slack.stop()
    with pytest.raises(OSError):
        connection.getresponse()
    connection.close()


def test_mails_are_saved_parsed_and_found_by_message_id(mail: MailSink, tmp_path: Path) -> None:
    for number in (1, 2, 1):
        send(mail, message(number))
    assert sorted(path.name for path in (tmp_path / "mail").iterdir()) == ["001.eml", "002.eml", "003.eml"]
    parsed = BytesParser(policy=policy.default).parsebytes((tmp_path / "mail" / "001.eml").read_bytes())
    assert (parsed["Subject"], parsed.get_content().strip()) == ("تنبيه 1", "ارتفاع في الشكاوى")
    assert {key: len(found) for key, found in mail.by_message_id.items()} == {
        "<1@marsad.example>": 2,
        "<2@marsad.example>": 1,
    }


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY])
@pytest.mark.parametrize("reply", ["451 4.3.0 Later", "550 5.7.1 Never"])
def test_mail_is_refused_once_at_each_command_and_then_taken(
    mail: MailSink, stage: Stage, reply: str
) -> None:
    mail.misbehave(MailFault(stage, reply))
    with pytest.raises(smtplib.SMTPException) as refusal:
        send(mail, message())
    assert reply[:3] in str(refusal.value)
    assert mail.messages == []
    send(mail, message())
    assert len(mail.messages) == 1


def test_a_greeting_can_be_refused(mail: MailSink) -> None:
    mail.misbehave(MailFault(Stage.EHLO, "421 4.3.2 Busy"))
    with smtplib.SMTP("127.0.0.1", mail.port, timeout=5) as client:
        assert client.ehlo()[0] == 421


def test_a_connection_can_break_after_the_message_was_kept(mail: MailSink) -> None:
    mail.misbehave(MailFault(Stage.BODY, None, keep=True))
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(mail, message())
    assert len(mail.messages) == 1


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.DATA])
def test_a_connection_can_hang_and_break(mail: MailSink, stage: Stage) -> None:
    mail.misbehave(MailFault(stage, None, seconds=0.05))
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(mail, message())
    assert mail.messages == []
    send(mail, message())


def test_a_login_is_asked_for_where_one_is_set(tmp_path: Path) -> None:
    with MailSink(tmp_path, login=("marsad", "right")) as sink:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            send(sink, message(), ("marsad", "wrong"))
        with pytest.raises(smtplib.SMTPException):
            send(sink, message())
        send(sink, message(), ("marsad", "right"))
        assert len(sink.messages) == 1


def test_a_stopped_mail_sink_refuses_and_starts_again_on_its_port(mail: MailSink) -> None:
    port = mail.port
    mail.stop()
    with pytest.raises(ConnectionRefusedError):
        send(mail, message())
    mail.start()
    assert mail.port == port
    send(mail, message())


def test_the_configuration_is_one_that_the_daemon_takes(tmp_path: Path) -> None:
    made = configuration("http://127.0.0.1:1", "http://127.0.0.1:2/x", 2525, "sqlite:///marsad.db")
    path = tmp_path / "marsad.yaml"
    path.write_text(yaml.safe_dump(made, allow_unicode=True), encoding="utf-8")
    kinds = Kinds(sources.options_models(), channels.options_models(), rules.options_models())
    settings = load(path, kinds, {})
    assert {source.kind for source in settings.sources} == {
        "feed",
        "reviews",
        "competitor_posts",
        "mastodon",
    }
    assert {rule.kind for rule in settings.alerts} == {
        "negative_spike",
        "influencer_post",
        "competitor_post",
        "rating_drop",
    }
    spoken = {channel.name: channel.language for channel in settings.channels}
    assert {spoken[name] for digest in settings.digests for name in digest.to} == {"ar", "en"}
