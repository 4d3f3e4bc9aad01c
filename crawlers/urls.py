"""Addresses: made absolute, unwrapped from redirectors, and brought to one canonical form. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

_TRACKING = frozenset(
    {
        *("fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid"),
        *("igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "vero_id", "oly_enc_id"),
        *("oly_anon_id", "wickedid", "_openstat", "s_cid", "cmpid", "ncid", "at_medium", "at_campaign"),
        *("srsltid", "_ga", "_gl", "li_fat_id", "rb_clickid", "sc_campaign", "sc_channel"),
    }
)
_TRACKING_PREFIXES = ("utm_", "hsa_", "pk_", "mtm_", "matomo_", "itm_", "trk_")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Redirectors that carry the real address in a parameter: host suffix, path, parameter.
_WRAPPERS = (
    ("google.com", "/url", ("url", "q")),
    ("l.facebook.com", "/l.php", ("u",)),
    ("lm.facebook.com", "/l.php", ("u",)),
    ("youtube.com", "/redirect", ("q",)),
)


def web_url(link: str | None, base: str | None = None) -> str | None:
    """Return `link` made absolute against `base`, or None where that is no http or https address.

    So `javascript:`, `data:` and broken links are dropped.
    """
    if not link or not (link := "".join(link.split("\n")).strip()):
        return None
    try:
        absolute = urljoin(base, link) if base else link
        parts = urlsplit(absolute)
        if parts.scheme.lower() not in _DEFAULT_PORTS or not parts.hostname:
            return None
        _ = parts.port
    except ValueError:
        return None
    return absolute if len(absolute) <= 8000 and absolute.isprintable() else None


def unwrapped(url: str) -> str:
    """Return the address inside a well-known redirector's, such as those of Google Alerts, or `url`."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    for suffix, path, names in _WRAPPERS:
        if parts.path == path and (host == suffix or host.endswith("." + suffix)):
            inside = dict(parse_qsl(parts.query))
            return next((found for name in names if (found := web_url(inside.get(name)))), url)
    return url


def canonical(url: str | None) -> str | None:
    """Return the one form of a web address that its variants share, or None where it is none.

    Scheme and host are lower-cased, the default port, the fragment (except `#!`) and parameters that
    only track visitors removed. Parameters that may name the thing, and their order, stay. Applying it
    again changes nothing.
    """
    if url is None or web_url(url) is None:
        return None
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{parts.port}"
    kept = [pair for pair in parts.query.split("&") if pair and not _tracks(pair.partition("=")[0])]
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit((scheme, host, parts.path or "/", "&".join(kept), fragment))


def _tracks(name: str) -> bool:
    lowered = name.lower()
    return lowered in _TRACKING or lowered.startswith(_TRACKING_PREFIXES)
