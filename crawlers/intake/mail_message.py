"""From the bytes of a mail to an item: its words, its time and its thread; never who sent it. Pure.

Mails are strangers' bytes: this runs in the killable child.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from hashlib import blake2b
from typing import Any

from crawlers.intake.contacts import masked, pseudonym
from crawlers.intake.mail_headers import (
    addresses,
    display_name,
    header,
    headers,
    message_ids,
    moment_of,
    text_of,
)
from crawlers.intake.mail_quotes import own_words
from crawlers.items import Item
from crawlers.text_of_html import text_of_html, tidy
from storage.records import Author, MentionKind

_LONGEST_TEXT, _LONGEST_TITLE = 100_000, 500
_DEEPEST, _MOST_PARTS = 20, 200
# A clock may run ahead a little; a date further on is wrong, and one this far before the arrival too.
_AHEAD, _BEHIND = timedelta(hours=26), timedelta(days=365)
_NO_REPLY = re.compile(r"no-?_?reply|do-?not-?reply|notifications?|forms?|mailer|noreply-.*", re.IGNORECASE)
_BOUNCE = re.compile(r"(?:mailer-daemon|postmaster)@", re.IGNORECASE)
_BULK = frozenset({"bulk", "list", "junk", "auto_reply"})
# How programs set apart in HTML what they quote.
_QUOTED_HTML = re.compile(
    r"<(?:blockquote|div)\b[^>]{0,400}?(?:gmail_quote|yahoo_quoted|moz-cite|type=[\"']?cite|divRplyFwdMsg"
    r"|appendonsend)[^>]{0,400}>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail as it came: its number in the folder, when it arrived, and its first bytes."""

    uid: int
    arrived: datetime | None
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRules:
    """Which mails are kept, and how. Filters hold words of which one must be there; empty ones let all pass.

    `key` makes the senders' pseudonyms. With `automatic`, what machines send is kept too.
    """

    key: bytes
    to: Sequence[str] = ()
    from_: Sequence[str] = ()
    subject: Sequence[str] = ()
    automatic: bool = False
    folder: str = ""


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What became of a mail: its item, or why it is left out."""

    uid: int
    item: Item | None
    left_out: str | None = None


def read_mails(mails: Sequence[RawMail], rules: MailRules) -> list[ReadMail]:
    """Return what each mail says."""
    return [_read_safely(mail, rules) for mail in mails]


def _read_safely(mail: RawMail, rules: MailRules) -> ReadMail:
    try:
        return _read(mail, rules)
    except (MemoryError, RecursionError):
        return ReadMail(mail.uid, None, "broken")
    except Exception:  # noqa: BLE001
        # The standard library raises almost anything for headers that nobody foresaw.
        return ReadMail(mail.uid, None, "broken")


def _read(mail: RawMail, rules: MailRules) -> ReadMail:
    message = email.message_from_bytes(mail.raw)
    reason = _left_out(message, rules)
    if reason is not None:
        return ReadMail(mail.uid, None, reason)
    text, title = own_words(_words(message))[:_LONGEST_TEXT], header(message, "Subject")[:_LONGEST_TITLE]
    if not text and not title:
        return ReadMail(mail.uid, None, "empty")
    sender, name = _sender(message)
    thread = message_ids(header(message, "References"))
    answered = message_ids(header(message, "In-Reply-To"))[:1] or thread[-1:]
    facts: dict[str, Any] = {"folder": rules.folder} | ({"thread": _id(thread[0])} if thread else {})
    item = Item(
        external_id=_identity(message, mail),
        text=masked(text, *name),
        title=masked(title, *name) or None,
        kind=MentionKind.TICKET,
        author=None if sender is None else Author("email", pseudonym(sender, rules.key)),
        published_at=_written(message, mail.arrived),
        parent_id=_id(answered[0]) if answered else None,
        language_hint=re.sub(r"[^A-Za-z-].*", "", header(message, "Content-Language"))[:40] or None,
        extra=facts,
    )
    return ReadMail(mail.uid, item)


def _left_out(message: Message, rules: MailRules) -> str | None:
    if not rules.automatic and _is_automatic(message):
        return "automatic"
    where = (
        (rules.to, addresses(message, "To", "Cc", "Delivered-To", "X-Original-To")),
        (rules.from_, addresses(message, "From", "Sender")),
        (rules.subject, [header(message, "Subject").casefold()]),
    )
    for wanted, there in where:
        if wanted and not any(word.casefold() in value for word in wanted for value in there):
            return "filtered"
    return None


def _is_automatic(message: Message) -> bool:
    """Tell whether a machine sent it: an automatic reply (RFC 3834), a bounce, a list or a newsletter."""
    submitted = header(message, "Auto-Submitted").lower()
    marks = ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Auto-Reply")
    return (
        (submitted != "" and not submitted.startswith("no"))
        or header(message, "Precedence").lower() in _BULK
        or any(header(message, mark) for mark in marks)
        or header(message, "Return-Path") == "<>"
        or message.get_content_type() == "multipart/report"
        or any(_BOUNCE.match(address) for address in addresses(message, "From"))
    )


def _identity(message: Message, mail: RawMail) -> str:
    """Return the id of a mail, the same in whatever folder it lies."""
    own = message_ids(header(message, "Message-ID"))
    if own:
        return _id(own[0])
    material = [header(message, name) for name in ("Date", "From", "To", "Subject")]
    return _id("\x1f".join([*material, _words(message)[:2000]]))


def _id(written: str) -> str:
    # The id itself may name its sender.
    return blake2b(written.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _sender(message: Message) -> tuple[str | None, list[str]]:
    """Return the address of who wrote it, and the names that stand beside it."""
    origin = addresses(message, "From")
    answers = addresses(message, "Reply-To")
    names = [display_name(value) for name in ("From", "Reply-To") for value in headers(message, name)]
    # A form or a desk sends for the customer, who is then who is to be answered.
    robot = bool(origin) and bool(_NO_REPLY.match(origin[0].partition("@")[0]))
    chosen = answers[:1] if answers and (robot or not origin) else origin[:1]
    return (chosen[0] if chosen else None), [name for name in names if name]


def _written(message: Message, arrived: datetime | None) -> datetime | None:
    """Return when it was written, as it says, unless that cannot be; then when it arrived."""
    said = moment_of(message)
    if said is None or arrived is None:
        return said or arrived
    return said if arrived - _BEHIND <= said <= arrived + _AHEAD else arrived


def _words(message: Message) -> str:
    parts = list(_texts(message, 0))
    plain = tidy("\n".join(text for kind, text in parts if kind == "plain"))
    return plain or tidy("\n".join(text for kind, text in parts if kind == "html"))


def _texts(part: Message, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the texts of a mail that are there to be read, as (plain or html, text); attachments are not."""
    if depth > _DEEPEST or _is_attachment(part):
        return
    payload = part.get_payload()
    if isinstance(payload, list):
        if part.get_content_maintype() == "multipart":
            for inner in payload[:_MOST_PARTS]:
                if isinstance(inner, Message):
                    yield from _texts(inner, depth + 1)
        return
    kind = part.get_content_type()
    if kind in ("text/plain", "text/html"):
        text = _text(part)
        yield ("plain", text) if kind == "text/plain" else ("html", _unquoted_html(text))


def _is_attachment(part: Message) -> bool:
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    return disposition.startswith("attachment") or "filename" in disposition


def _text(part: Message) -> str:
    raw = part.get_payload(decode=True)
    charset = part.get_param("charset")
    claimed = charset[2] if isinstance(charset, tuple) else charset
    return text_of(raw if isinstance(raw, bytes) else b"", claimed)[: 5 * _LONGEST_TEXT]


def _unquoted_html(markup: str) -> str:
    """Return the words of HTML above what it quotes, all of it where nothing is above."""
    found = _QUOTED_HTML.search(markup)
    above = text_of_html(markup[: found.start()]) if found else ""
    return above or text_of_html(markup)
