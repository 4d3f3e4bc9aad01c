"""E-mail addresses and telephone numbers of people: masked in texts, and replaced by pseudonyms. Pure.

A pseudonym is a keyed hash: the same sender is the same author again and again, and nobody without the
key can tell who, not even by trying all addresses there are.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from crawlers.dates import plain_digits

# Without words, so that nothing in them is read as a word of the text.
MASKED_ADDRESS, MASKED_PHONE, MASKED_NAME = "[…@…]", "[+…]", "[…]"
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_DIGITS = re.compile(r"(?<![\w.,/#-])(?:\+|\(|\+\()?\d[\d\u00a0 ().\u2010-\u2015-]{5,22}\d(?![\w/])")
# A national number begins with a zero; an international one without mark begins with a country's code:
# those of the Arab League, and the length of a whole number there.
_NATIONAL = re.compile(r"0[1-9]\d{7,9}")
_DATE = re.compile(r"(?:19|20)\d\d[-.]\d")
_CODED = re.compile(
    r"(?:966|971|965|974|968|973|967|962|963|961|964|970|20|212|213|216|218|222|249|252|253|269)[1-9]\d{7,9}"
)
_HANDLE_BYTES = 10


def masked(text: str, *names: str) -> str:
    """Return the text with e-mail addresses, telephone numbers and these names of a person masked.

    Numbers that are no telephone number by their form (prices, orders, dates) stay as they are.
    """
    text = _ADDRESS.sub(MASKED_ADDRESS, text)
    text = _DIGITS.sub(lambda found: _phones_masked(found[0]), text)
    for name in names:
        if len(name) >= 4:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", MASKED_NAME, text, flags=re.IGNORECASE)
    return text


def _phones_masked(written: str) -> str:
    if is_phone(written):
        return MASKED_PHONE
    # An order and a telephone number may stand side by side.
    pieces = re.split(r"([\u00a0 ]+)", written)
    return "".join(MASKED_PHONE if is_phone(piece) else piece for piece in pieces)


def is_phone(written: str) -> bool:
    """Tell whether the whole of this is a telephone number, in any script's digits."""
    plain = plain_digits(written).strip()
    digits = re.sub(r"\D", "", plain)
    if not digits or re.search(r"[^\d\s()+.\u2010-\u2015-]", plain) or _DATE.match(plain):
        return False
    if plain.startswith(("+", "00")):
        return 8 <= len(digits.removeprefix("00")) <= 15
    return bool(_NATIONAL.fullmatch(digits) or _CODED.fullmatch(digits))


def is_contact(written: str) -> bool:
    """Tell whether this is an e-mail address or a telephone number and nothing else."""
    return bool(_ADDRESS.fullmatch(written.strip())) or is_phone(written)


def pseudonym(identity: str, key: bytes) -> str:
    """Return the handle that stands for a person known by an address, a number or a name.

    Case and surrounding white space of the identity do not count. `key` is at least 16 bytes.
    """
    material = " ".join(identity.split()).casefold().encode("utf-8", "surrogatepass")
    return f"person-{blake2b(material, key=key[:64], digest_size=_HANDLE_BYTES).hexdigest()}"
