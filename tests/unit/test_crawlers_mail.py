"""Mails as people and programs write them: what they say, who they are from, what they answer."""

from __future__ import annotations

import base64
import email
from datetime import UTC, datetime
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.intake.contacts import is_contact, masked, pseudonym
from crawlers.intake.mail_headers import decoded, header, text_of
from crawlers.intake.mail_message import MailRules, RawMail, ReadMail, read_mails
from crawlers.intake.mail_quotes import own_words
from crawlers.intake.mailbox import utf7

KEY = b"0123456789abcdef"
RULES = MailRules(key=KEY, folder="INBOX")
ARRIVED = datetime(2026, 3, 10, 12, tzinfo=UTC)


def one(raw: bytes, rules: MailRules = RULES) -> ReadMail:
    (found,) = read_mails([RawMail(1, ARRIVED, raw)], rules)
    return found


def item(raw: bytes):
    found = one(raw).item
    assert found is not None
    return found


def plain(body: str, charset: str = "utf-8", head: str = "") -> bytes:
    return (
        f"From: a@b.example\nSubject: s\n{head}Content-Type: text/plain; charset={charset}\n\n".encode()
        + body.encode(charset if charset != "x-none" else "utf-8")
    )


@pytest.mark.parametrize(
    ("quoted", "own"),
    [
        ("شكرا\n\nOn Tue, Mar 10, 2026 at 10:00 AM Desk <d@x.example> wrote:\n> hello\n> again", "شكرا"),
        ("نعم\n\nفي الثلاثاء، 10 مارس 2026 في 10:00 ص كتب خدمة العملاء <d@x.example>:\n> مرحبا", "نعم"),
        ("نعم\n\nبتاريخ ١٠ مارس ٢٠٢٦، الساعة ١٠:٠٠، كتب أحمد:\n\n> مرحبا", "نعم"),
        (
            "yes\n\nOn Tue, Mar 10, 2026 at 10:00 AM\nA very long name of a desk <d@x.example>\nwrote:\n> x",
            "yes",
        ),
        ("I waited\nOn Tue, 10 Mar 2026 10:00 Ali wrote:\n> x", "I waited"),
        ("no\n\n-----Original Message-----\nFrom: x\nSent: y\nhello", "no"),
        ("لا\n\n----- الرسالة الأصلية -----\nمن: س\nمرحبا", "لا"),
        (
            "no\n__________________\nFrom: D <d@x.example>\nSent: Tuesday\nTo: me\nSubject: x\n\nhello",
            "no",
        ),
        ("لا\n\nمن: مكتب\nتم الإرسال: الثلاثاء\nإلى: أنا\nالموضوع: س\n\nمرحبا", "لا"),
        ("> earlier\n> words\nmy answer below", "my answer below"),
        ("words\n-- \nSara\nManager", "words"),
        ("كلام\nأُرسلت من الـ iPhone", "كلام"),
        ("words\n\nSent from my Galaxy", "words"),
        ("كتب علي:\n> مرحبا\nجوابي", "جوابي"),
        (
            "---------- Forwarded message ---------\nFrom: c@x.example\nSubject: s\n\nthe complaint",
            "the complaint",
        ),
        ("Your agent wrote: wait 3 days", "Your agent wrote: wait 3 days"),
        (
            "On Monday I called. From: the shop to home: nothing",
            "On Monday I called. From: the shop to home: nothing",
        ),
    ],
)
def test_only_what_the_writer_wrote_is_kept(quoted: str, own: str) -> None:
    assert own_words(quoted).startswith(own)
    assert "hello" not in own_words(quoted) and "مرحبا" not in own_words(quoted)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?B?2LTZg9mI2Yk=?=", "شكوى"),
        ("=?windows-1256?Q?=D4=DF=E6=EC?=", "شكوى"),
        ("=?UTF-8?B?2LTZ?= =?UTF-8?B?g9mI2Yk=?= ok", "شكوى ok"),
        ("=?utf-8*ar?Q?a_b?=", "a b"),
        ("=?nonsense?B?2LTZg9mI2Yk=?=", "شكوى"),
        ("=?utf-8?B?broken", "=?utf-8?B?broken"),
        ("plain", "plain"),
    ],
)
def test_headers_are_decoded_however_they_are_written(raw: str, text: str) -> None:
    assert decoded(raw) == text


def test_a_header_in_bare_bytes_is_read_as_what_it_is() -> None:
    for charset in ("utf-8", "windows-1256"):
        raw = b"Subject: " + "شكوى من التأخير".encode(charset) + b"\n\nx"
        assert header(email.message_from_bytes(raw), "subject") == "شكوى من التأخير"


@pytest.mark.parametrize(
    "claimed", ["windows-1256", "iso-8859-1", "us-ascii", "x-unknown", "hex", "idna", None]
)
def test_arabic_of_windows_is_read_whatever_it_claims_to_be(claimed: str | None) -> None:
    assert text_of("الطلب لم يصل بعد".encode("windows-1256"), claimed) == "الطلب لم يصل بعد"


def test_latin_that_says_so_stays_latin() -> None:
    assert text_of("Ça m'a déçu, très".encode("latin-1"), "iso-8859-1") == "Ça m'a déçu, très"


def test_plain_text_is_preferred_and_attachments_are_not_read() -> None:
    mail = MIMEMultipart("mixed")
    mail["From"] = "x@y.example"
    both = MIMEMultipart("alternative")
    both.attach(MIMEText("the plain words"))
    both.attach(MIMEText("<p>the <b>HTML</b> words</p>", "html"))
    mail.attach(both)
    attached = MIMEText("secret,list")
    attached.add_header("Content-Disposition", "attachment", filename="list.csv")
    mail.attach(attached)
    assert item(mail.as_bytes()).text == "the plain words"


def test_html_is_read_as_text_without_what_it_quotes() -> None:
    mail = MIMEText('<p>كلامي</p><div class="gmail_quote"><p>قديم</p></div>', "html", "utf-8")
    assert item(mail.as_bytes()).text == "كلامي"


def test_a_mail_that_is_cut_within_an_attachment_keeps_its_words() -> None:
    mail = MIMEMultipart("mixed")
    mail.attach(MIMEText("the words"))
    mail.attach(MIMEText("x" * 10_000, "csv"))
    assert item(mail.as_bytes()[:600]).text == "the words"


def test_threads_are_kept_and_no_id_names_a_person() -> None:
    first = item(plain("a", head="Message-ID: <sara@mail.example>\n"))
    answer = item(plain("b", head="Message-ID: <2@x>\nReferences: <root@x>\n <sara@mail.example>\n"))
    assert answer.parent_id == first.external_id and "sara" not in repr(first)
    assert answer.extra["thread"] == item(plain("r", head="Message-ID: <root@x>\n")).external_id


def test_a_date_that_cannot_be_gives_way_to_the_arrival() -> None:
    assert item(plain("a", head="Date: Tue, 10 Mar 2026 10:00:00 +0300\n")).published_at == datetime(
        2026, 3, 10, 7, tzinfo=UTC
    )
    for nonsense in (
        "Mon, 1 Jan 1990 00:00:00 +0000",
        "Mon, 1 Jan 2099 00:00:00 +0000",
        "yesterday",
        "9" * 300,
    ):
        assert item(plain("a", head=f"Date: {nonsense}\n")).published_at == ARRIVED


def test_who_fills_in_a_form_is_the_author_not_the_form() -> None:
    form = b"From: no-reply@forms.example\nReply-To: Sara <sara@x.example>\n\nhello"
    assert item(form).author.handle == pseudonym("SARA@x.example", KEY)
    assert pseudonym("sara@x.example", b"another key, as long") != pseudonym("sara@x.example", KEY)


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-generated",
        "Precedence: list",
        "List-Unsubscribe: <mailto:x@y>",
        "Return-Path: <>",
        "X-Autoreply: yes",
    ],
)
def test_what_machines_send_is_left_out_unless_wanted(head: str) -> None:
    raw = plain("x", head=f"{head}\n")
    assert one(raw) == ReadMail(1, None, "automatic")
    assert one(raw, MailRules(key=KEY, automatic=True)).item is not None
    assert one(plain("x", head="Auto-Submitted: no\n")).item is not None


def test_contacts_are_masked_and_other_numbers_are_not() -> None:
    text = "Call +966 50 123 4567, 0501234567, ٠٥٠١٢٣٤٥٦٧ or a.b+c@mail.co.example; Sara Ali"
    assert masked(text, "sara ali") == "Call [+…], [+…], [+…] or […@…]; […]"
    for kept in ("order 12345678", "2026-03-10 10:00", "1,250.00", "v1.2.3.4", "24/11/2026", "1447 هـ"):
        assert masked(kept) == kept
    assert is_contact(" a@b.example ") and is_contact("00966501234567") and not is_contact("Sara")


def test_folder_names_are_written_as_imap_has_it() -> None:
    # The examples of RFC 3501, 5.1.3, and an ampersand.
    assert utf7("~peter/mail/台北/日本語") == "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
    assert utf7("A&B") == "A&-B"


@given(st.binary(max_size=2_000))
def test_no_bytes_stop_the_reading_of_mails(raw: bytes) -> None:
    (found,) = read_mails([RawMail(1, None, raw)], RULES)
    assert (found.item is None) != (found.left_out is None)


@given(
    st.text(max_size=300),
    st.sampled_from(["utf-8", "windows-1256", "utf-16", "zlib", "unicode_escape", "\x00", "?"]),
    st.sampled_from(["base64", "quoted-printable", "8bit", "x-uuencode", "nonsense"]),
)
def test_no_claim_about_a_body_stops_the_reading(body: str, charset: str, coding: str) -> None:
    head = f'Content-Type: text/plain; charset="{charset}"\nContent-Transfer-Encoding: {coding}\n\n'
    packed = (
        base64.b64encode(body.encode("utf-8", "replace"))
        if coding == "base64"
        else body.encode("utf-8", "replace")
    )
    found = one(b"Subject: s\n" + head.encode("utf-8", "replace") + packed)
    assert found.left_out in (None, "broken")


@given(st.text(max_size=500))
def test_masking_and_cutting_take_any_text(text: str) -> None:
    assert isinstance(masked(own_words(text), text[:50]), str)
