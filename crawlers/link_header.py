"""The `Link` header with which APIs name the next page (RFC 8288). Pure."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

_LINK = re.compile(r"<([^<>\s]{1,4000})>([^<>]{0,1000})")
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s";,]+))', re.IGNORECASE)
_LONGEST = 20_000


def next_query(link: str) -> dict[str, str]:
    """Return the parameters of the address that a `Link` header names as `rel="next"`, empty if none.

    Only parameters are taken, never the address itself: it may name a host that is not the source's.
    """
    for target, parameters in _LINK.findall(link[:_LONGEST]):
        relations = " ".join(quoted or bare for quoted, bare in _REL.findall(parameters)).lower()
        if "next" in relations.split():
            try:
                return dict(parse_qsl(urlsplit(target).query))
            except ValueError:
                return {}
    return {}
