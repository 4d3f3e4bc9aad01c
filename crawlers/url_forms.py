"""What is known of sites' addresses: tracking parameters, redirectors, several names of a host. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

_TRACKING: Final = frozenset(
    {
        *("fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid"),
        *("igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "vero_id", "oly_enc_id"),
        *("oly_anon_id", "wickedid", "_openstat", "s_cid", "cmpid", "ncid", "at_medium", "at_campaign"),
        *("srsltid", "_ga", "_gl", "li_fat_id", "rb_clickid", "sc_campaign", "sc_channel", "__tn__"),
        *(
            "amp_js_v",
            "amp_gsa",
            "amp_tf",
            "amp_ct",
            "amp_latest_update_time",
            "ref_src",
            "ref_url",
            "mibextid",
        ),
        *("guccounter", "guce_referrer", "guce_referrer_sig", "spm", "share_id", "wt_mc", "wt.mc_id", "epik"),
        *(
            "_branch_match_id",
            "_kx",
            "sfnsn",
            "mkcid",
            "_bta_tid",
            "_bta_c",
            "trk",
            "trkcampaign",
            "ito",
            "xtor",
        ),
    }
)
_TRACKING_PREFIXES: Final = (
    "utm_",
    "hsa_",
    "pk_",
    "mtm_",
    "matomo_",
    "itm_",
    "trk_",
    "__cft__",
    "fb_action_",
)
# Ask for the AMP form of a page, or say that this is it.
_AMP_PAIRS: Final = frozenset({"amp", "amp=", "amp=1", "amp=true", "_amp=1", "_amp=true", "outputtype=amp"})

_GOOGLE: Final = re.compile(r"(?:[a-z]+\.)?google\.(?:com|[a-z]{2}|com\.[a-z]{2}|co\.[a-z]{2})")
# Redirectors that carry the real address in a parameter: host, path, parameters in which it may stand.
WRAPPERS: Final = (
    (_GOOGLE, "/url", ("url", "q")),
    (re.compile(r"lm?\.facebook\.com"), "/l.php", ("u",)),
    (re.compile(r"l\.instagram\.com"), "/", ("u",)),
    (re.compile(r"l\.(?:threads\.(?:net|com)|wl\.co|messenger\.com)"), "/", ("u",)),
    (re.compile(r"l\.messenger\.com"), "/l.php", ("u",)),
    (re.compile(r"(?:[a-z]+\.)?youtube\.com"), "/redirect", ("q",)),
    (re.compile(r"t\.umblr\.com|href\.li"), "/redirect", ("z",)),
    (re.compile(r"out\.reddit\.com"), "/", ("url",)),
    (re.compile(r"(?:www\.)?linkedin\.com"), "/redir/redirect", ("url",)),
    (re.compile(r"(?:www\.)?linkedin\.com"), "/safety/go", ("url",)),
    (re.compile(r"steamcommunity\.com"), "/linkfilter/", ("url", "u")),
    (re.compile(r"vk\.com"), "/away.php", ("to",)),
    (re.compile(r"duckduckgo\.com"), "/l/", ("uddg",)),
    (re.compile(r"(?:[a-z0-9]+\.)?safelinks\.protection\.outlook\.com"), "/", ("url",)),
)
SHORTENERS: Final = frozenset(
    {
        *(
            "bit.ly",
            "t.co",
            "tinyurl.com",
            "goo.gl",
            "ow.ly",
            "buff.ly",
            "is.gd",
            "v.gd",
            "dlvr.it",
            "ift.tt",
        ),
        *(
            "lnkd.in",
            "fb.me",
            "amzn.to",
            "amzn.eu",
            "a.co",
            "wp.me",
            "trib.al",
            "cutt.ly",
            "rb.gy",
            "shorturl.at",
        ),
        *(
            "t.ly",
            "tiny.cc",
            "bl.ink",
            "rebrand.ly",
            "soo.gd",
            "s.id",
            "zpr.io",
            "po.st",
            "j.mp",
            "bitly.com",
        ),
        *("redd.it", "flip.it", "shar.es", "spr.ly", "hubs.ly", "hubs.la", "qr.ae", "mbist.ly"),
        *("vm.tiktok.com", "vt.tiktok.com", "maps.app.goo.gl", "g.co", "share.google", "search.app", "n9.cl"),
        *("reut.rs", "bbc.in", "cnn.it", "nyti.ms", "wapo.st", "on.ft.com", "bloom.bg", "econ.st", "aje.io"),
        *(
            "adf.ly",
            "snip.ly",
            "short.gy",
            "lihi.cc",
            "u.to",
            "clck.ru",
            "v.ht",
            "x.co",
            "alarb.ly",
            "ara.tv",
        ),
    }
)
"""Hosts whose addresses only stand for others. Outlets' own (reut.rs, ara.tv) are among them."""

# Hosts that show the same pages at the same paths as another.
_SAME: Final = {
    **dict.fromkeys(("twitter.com", "www.twitter.com", "mobile.twitter.com", "m.twitter.com"), "x.com"),
    **dict.fromkeys(("www.x.com", "mobile.x.com", "m.x.com"), "x.com"),
    **dict.fromkeys(("old.reddit.com", "new.reddit.com", "np.reddit.com", "i.reddit.com"), "www.reddit.com"),
    **dict.fromkeys(("m.reddit.com", "amp.reddit.com", "sh.reddit.com", "reddit.com"), "www.reddit.com"),
    **dict.fromkeys(("youtube.com", "m.youtube.com", "music.youtube.com"), "www.youtube.com"),
    **dict.fromkeys(("youtube-nocookie.com", "www.youtube-nocookie.com"), "www.youtube.com"),
    **dict.fromkeys(("facebook.com", "m.facebook.com", "mbasic.facebook.com"), "www.facebook.com"),
    **dict.fromkeys(("touch.facebook.com", "web.facebook.com", "mobile.facebook.com"), "www.facebook.com"),
    **dict.fromkeys(("fb.com", "www.fb.com", "m.fb.com"), "www.facebook.com"),
    **dict.fromkeys(
        ("instagram.com", "m.instagram.com", "instagr.am", "www.instagr.am"), "www.instagram.com"
    ),
    **dict.fromkeys(("tiktok.com", "m.tiktok.com"), "www.tiktok.com"),
    **dict.fromkeys(("linkedin.com", "m.linkedin.com"), "www.linkedin.com"),
    **dict.fromkeys(("threads.net", "www.threads.net", "threads.com"), "www.threads.com"),
    **dict.fromkeys(("telegram.me", "www.t.me"), "t.me"),
    **dict.fromkeys(("m.imdb.com", "imdb.com"), "www.imdb.com"),
    **dict.fromkeys(("m.yelp.com", "yelp.com"), "www.yelp.com"),
    **dict.fromkeys(("m.youm7.com", "mobile.youm7.com", "youm7.com"), "www.youm7.com"),
    **dict.fromkeys(("amp.theguardian.com", "m.theguardian.com", "theguardian.com"), "www.theguardian.com"),
    **dict.fromkeys(("amp.cnn.com", "m.cnn.com", "cnn.com"), "www.cnn.com"),
    **dict.fromkeys(("m.bbc.com", "bbc.com"), "www.bbc.com"),
    **dict.fromkeys(("m.bbc.co.uk", "bbc.co.uk"), "www.bbc.co.uk"),
}
# ar.m.wikipedia.org and the like.
_WIKI: Final = re.compile(
    r"([a-z\-]+)\.m\.((?:wikipedia|wiktionary|wikinews|wikiquote|wikivoyage|wikibooks)\.org)"
)
# Elsewhere such a prefix is a site's mobile or AMP form only where a name of its own stands behind it:
# m.example.com, but not m.co.uk, and not m.facebook.example.com, whose pages may be others.
_PREFIXED: Final = re.compile(r"(?:m|mobile|amp)\.([^.]{3,}(?:\.(?:com?|net|org|gov|edu|ac))?\.[a-z]{2,})")
_OTHER_SITES: Final = frozenset({"m.media-amazon.com", "m.stripe.com", "amp.dev", "m.xkcd.com", "m.me"})
_PUBLIC: Final = re.compile(r"(?:com?|net|org|gov|edu|ac)\.[a-z]{2}")
_VIDEO: Final = re.compile(r"/(?:shorts|embed|v|live|e)/([\w-]{11})(?:[/?]|$)")
_VIDEO_ID: Final = re.compile(r"/([\w-]{11})/?")


def tracks(pair: str) -> bool:
    """Tell whether `name=value` of a query only tracks the visitor or asks for the AMP form."""
    name = unquote(pair.partition("=")[0]).lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES) or pair.lower() in _AMP_PAIRS


def is_google(host: str) -> bool:
    """Tell whether a host is one of Google's, in whichever country."""
    return _GOOGLE.fullmatch(host) is not None


def renamed(host: str, path: str, pairs: list[str]) -> tuple[str, str, list[str]]:
    """Return host, path and query parameters under the one name that a page's other names stand for."""
    host = host.rstrip(".") or host
    if host in ("youtu.be", "www.youtu.be") and (found := _VIDEO_ID.fullmatch(path)):
        return "www.youtube.com", "/watch", [f"v={found[1]}", *_without(pairs, ("v", "si", "feature"))]
    host = _SAME.get(host) or _bare(host)
    if host == "www.youtube.com":
        if found := _VIDEO.match(path):
            return host, "/watch", [f"v={found[1]}", *_without(pairs, ("v", "si", "feature"))]
        return host, path, _without(pairs, ("si", "feature", "app"))
    if host == "x.com" and "/status/" in path:
        return host, path, _without(pairs, ("s", "t"))
    return host, path, pairs


def _bare(host: str) -> str:
    if found := _WIKI.fullmatch(host):
        return f"{found[1]}.{found[2]}"
    found = _PREFIXED.fullmatch(host)
    if found is None or host in _OTHER_SITES or _PUBLIC.fullmatch(found[1]):
        return host
    return found[1]


def _without(pairs: list[str], names: tuple[str, ...]) -> list[str]:
    return [pair for pair in pairs if pair.partition("=")[0] not in names]
