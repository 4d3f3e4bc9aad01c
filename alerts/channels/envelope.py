"""Putting a rendered mail into an envelope: headers that cannot be forged, parts that every reader shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import blake2b
from typing import Annotated

from pydantic import AfterValidator, Field

from alerts.render.escaping import header
from alerts.render.mail import Mail

# 7 bits only, so that no server on the way needs an extension or changes anything.
_POLICY = SMTP.clone(cte_type="7bit")


def parse_address(raw: str) -> Address:
    """Return `name@example.com` or `Name <name@example.com>` as an address, its domain in ASCII.

    Raises:
        ValueError: it is not exactly one such address, or holds control characters.
    """
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in raw):
        raise ValueError("an address holds no line breaks or control characters")
    shown, bracket, rest = raw.rpartition("<")
    if bracket and not rest.rstrip().endswith(">"):
        raise ValueError("write name@example.com or Name <name@example.com>")
    plain = (rest.rstrip().removesuffix(">") if bracket else raw).strip()
    user, at, domain = plain.rpartition("@")
    try:
        if not at or not user.isascii():
            raise ValueError
        domain_in_ascii = domain.encode("idna").decode("ascii")
        return Address(display_name=shown.strip().strip('"'), addr_spec=f"{user}@{domain_in_ascii}")
    except Exception:  # noqa: BLE001 - the standard library's parser fails in many ways on odd input
        raise ValueError("write name@example.com or Name <name@example.com>") from None


def _checked(raw: str) -> str:
    parse_address(raw)
    return raw


MailAddress = Annotated[
    str, Field(max_length=320, examples=["Marsad <marsad@example.com>"]), AfterValidator(_checked)
]


def message_id(key: str, domain: str) -> str:
    """Return the Message-ID for an idempotency key: the same at every attempt, so a repeat shows."""
    return f"<{blake2b(key.encode('utf-8', 'replace'), digest_size=16).hexdigest()}@{domain}>"


def build(mail: Mail, sender: Address, to: Sequence[Address], key: str, sent_at: datetime) -> EmailMessage:
    """Return the whole message: text and HTML as alternatives, the pictures beside the HTML they are in."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = tuple(to)
    message["Subject"] = header(mail.subject)
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = message_id(key, sender.domain)
    # RFC 3834: a machine wrote this, so no machine should answer it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_transportable(mail.text))
    message.add_alternative(_transportable(mail.html), subtype="html")
    html_part = message.get_payload(1)
    assert isinstance(html_part, EmailMessage)  # what add_alternative has just made
    for content_id, png in mail.images.items():
        cid, name = f"<{content_id}>", f"{content_id}.png"
        html_part.add_related(png, "image", "png", cid=cid, filename=name, disposition="inline")
    return message


def _transportable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
