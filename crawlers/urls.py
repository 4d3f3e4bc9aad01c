"""Addresses: made absolute, unwrapped from redirectors, and brought to one canonical form. Pure.

What is known of sites and hosts is in `crawlers.url_forms`.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urljoin, urlsplit, urlunsplit

from crawlers import url_forms

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST = 8000
# https://amp.dev/documentation/guides-and-tutorials/learn/amp-caches-and-cors/amp-cache-urls: what is
# cached (c content, v viewer, and others), s where it is https, and the address without its scheme.
_AMP_CACHE = re.compile(r"/[a-z]{1,3}/(s/)?(?=[^/]+\.[^/]+)")
_AMP_VIEWER = re.compile(r"/amp/(s/)?(?=[^/]+\.[^/]+)")
_AMP_END = re.compile(r"(?<=[^/])/amp(/?)$|\.amp(?=(?:\.html?)?$)")


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
    return absolute if len(absolute) <= _LONGEST and absolute.isprintable() else None


def unwrapped(url: str) -> str:
    """Return the address inside a well-known redirector's, such as those of Google Alerts, or `url`."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    for pattern, path, names in url_forms.WRAPPERS:
        if parts.path == path and pattern.fullmatch(host):
            inside = dict(parse_qsl(parts.query))
            return next((found for name in names if (found := web_url(inside.get(name)))), url)
    return url


def is_short(url: str | None) -> bool:
    """Tell whether a web address is one of a shortener, whose redirect alone says where it leads."""
    if url is None or web_url(url) is None:
        return False
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().removeprefix("www.")
    return host in url_forms.SHORTENERS and len(parts.path) > 1


def canonical(url: str | None) -> str | None:
    """Return the one form of a web address that its variants share, or None where it is none.

    Scheme and host are lower-cased, the default port, the fragment (except `#!`) and parameters that
    only track visitors removed. Redirectors are unwrapped; AMP and mobile forms become the ordinary page's;
    sites with several names get one of them (x.com for twitter.com). Shortened addresses stay, since only
    their redirect tells more. Parameters that may name the thing, and their order, stay. Applying it again
    changes nothing.
    """
    if url is None or web_url(url) is None:
        return None
    # Each step either changes nothing or takes a wrapper, a prefix or an ending away, so this ends.
    while (simpler := _simpler(url)) != url:
        url = simpler
    return url


def _simpler(url: str) -> str:
    inside = unwrapped(url)
    if inside != url:
        return inside
    parts = urlsplit(url)
    scheme, host, path = parts.scheme.lower(), (parts.hostname or "").lower(), parts.path or "/"
    if (origin := _out_of_amp(host, parts.path, parts.query)) is not None:
        return origin
    own = parts.port is not None and parts.port != _DEFAULT_PORTS[scheme]
    kept = [pair for pair in parts.query.split("&") if pair and not url_forms.tracks(pair)]
    if not own and not _is_number(host):
        host, path, kept = url_forms.renamed(host, path, kept)
        path = _AMP_END.sub(r"\1", path) or "/"
    host = f"[{host}]" if ":" in host else host
    host = f"{host}:{parts.port}" if own else host
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    simpler = urlunsplit((scheme, host, path, "&".join(kept), fragment))
    return simpler if web_url(simpler) is not None else url


def _out_of_amp(host: str, path: str, query: str) -> str | None:
    """Return the address of the page that an AMP cache or viewer shows, None where it is none."""
    if host == "cdn.ampproject.org" or host.endswith((".cdn.ampproject.org", ".bing-amp.com")):
        found = _AMP_CACHE.match(path)
    elif url_forms.is_google(host):
        found = _AMP_VIEWER.match(path)
    else:
        return None
    if found is None:
        return None
    scheme = "https" if found[1] else "http"
    return web_url(f"{scheme}://{path[found.end() :]}{'?' if query else ''}{query}")


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
