"""Web pages as bytes: unpacking, decoding, the tree, the language a page may be believed to be in. Pure."""

from __future__ import annotations

import html
import re
from collections import Counter

import charset_normalizer
import lxml.html
from lxml import etree
from w3lib.encoding import html_body_declared_encoding, html_to_unicode, http_content_type_encoding, read_bom

from crawlers.compression import GZIP_MAGIC, inflate
from crawlers.errors import UnreadableError
from crawlers.mojibake import undone
from crawlers.text_of_html import text_of_html
from crawlers.urls import web_url

_LONGEST_TEXT = 100_000
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,2000}>|<!--")
# Not `&lt;` and `&gt;`: what is said of tags is not made into tags.
_ESCAPED_TWICE = re.compile(r"&(?:#\d{2,6}|#[xX][0-9A-Fa-f]{2,5}|amp|quot|apos|nbsp);")
_LETTERS_JUDGED = 4000
_JUDGED_BYTES = 65_536
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,200}>")
# Declared by those who meant the code page of Windows, in which most such documents were written.
MEANT_ENCODINGS = {"iso8859-6": "cp1256", "iso8859-8": "cp1255"}
_GUESSED = ("windows-1256", "windows-1252", "windows-1255", "windows-1251", "gb18030", "shift_jis")
_SCRIPTS = (
    ("arabic", "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff"),
    ("hebrew", "\u0590-\u05ff"),
    ("latin", "A-Za-z\u00c0-\u024f"),
    ("cyrillic", "\u0400-\u04ff"),
    ("greek", "\u0370-\u03ff"),
    ("han", "\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af"),
)
_SCRIPT_LETTERS = tuple((name, re.compile(f"[{letters}]")) for name, letters in _SCRIPTS)
_SCRIPT_OF = {
    **dict.fromkeys(("ar", "fa", "ur", "ps", "ckb", "ug", "sd"), "arabic"),
    **dict.fromkeys(("he", "iw", "yi"), "hebrew"),
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk"), "cyrillic"),
    **dict.fromkeys(("zh", "ja", "ko"), "han"),
    "el": "greek",
    **dict.fromkeys(("en", "fr", "de", "es", "it", "pt", "nl", "tr", "pl", "sv", "da", "id", "ms"), "latin"),
}
# Letters that Persian and Urdu write all the time and Arabic does not.
_NOT_ARABIC = re.compile("[پچژگکیےںٹڈڑ]")
_ARABIC_ONLY = re.compile("[ةكىي]")


def unpacked(body: bytes) -> bytes:
    """Return `body`, decompressed if it is gzip by its first bytes, whatever the headers said.

    Raises BodyTooBigError and BodyBrokenError as `crawlers.compression.inflate` does.
    """
    return inflate(body) if body.startswith(GZIP_MAGIC) else body


def decoded(body: bytes, content_type: str | None) -> str:
    """Return a page's bytes as text, without characters that XML cannot hold.

    Valid UTF-8 is UTF-8 whatever is declared; else the byte order mark, the header and the page's own
    declaration decide, in this order, and a guess at legacy code pages where there is none. What declares
    UTF-8 for bytes that are far from it is not believed, and a page that was encoded twice is decoded twice.
    """
    body = unpacked(body)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _in_legacy_encoding(body, content_type)
    return _NOT_XML.sub("", undone(text))


def _in_legacy_encoding(body: bytes, content_type: str | None) -> str:
    sample = body[:_JUDGED_BYTES]
    declared = (http_content_type_encoding(content_type), html_body_declared_encoding(body))
    if "utf-8" in declared and read_bom(body)[0] is None and not _nearly_utf8(sample):
        # A server's default, or a template's, over pages older than either.
        encoding = next((one for one in declared if one and one != "utf-8"), None)
        return body.decode(encoding or guessed_encoding(body) or "windows-1252", "replace")
    encoding, text = html_to_unicode(
        content_type, body, default_encoding="windows-1252", auto_detect_fun=guessed_encoding
    )
    meant = MEANT_ENCODINGS.get(encoding) if "\ufffd" in text else None
    return body.decode(meant, "replace") if meant else text


def _nearly_utf8(sample: bytes) -> bool:
    """Tell whether a multi-byte letter that was cut, or is damaged once, is all that speaks against it."""
    return sample.decode("utf-8", "replace").count("\ufffd") * 200 < sum(byte > 127 for byte in sample)


def guessed_encoding(body: bytes) -> str | None:
    """Return the encoding that `body`, which declares none, is most likely in, or None."""
    sample = body[:_JUDGED_BYTES]
    try:
        if _nearly_utf8(sample):
            return "utf-8"
        best = charset_normalizer.from_bytes(sample, cp_isolation=list(_GUESSED)).best()
    except (UnicodeError, LookupError, ValueError):
        return None
    return best.encoding if best is not None else None


def tree_of(text: str) -> lxml.html.HtmlElement:
    """Return the element tree of a page. Raises UnreadableError where nothing in it is markup."""
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=False, no_network=True)
    try:
        root = lxml.html.document_fromstring(
            _XML_DECLARATION.sub("", text).encode("utf-8"), parser=parser, ensure_head_body=True
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError) as error:
        raise UnreadableError("the page is empty or is not HTML") from error
    return root


def plain(written: str) -> str:
    """Return `written` as plain text: markup and entities resolved, only characters that can be stored.

    Breaks between blocks and lines stay; other white space is single.
    """
    whole = undone(_whole(written))
    bare = text_of_html(whole) if _MARKUP.search(whole) else html.unescape(whole)
    return tidied(_ESCAPED_TWICE.sub(lambda found: html.unescape(found[0]), bare))


def _whole(text: str) -> str:
    """Join surrogate pairs, as JSON may spell them, and replace halves, which no database takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tidied(text: str) -> str:
    """Return plain `text` with single spaces, at most one empty line, and only storable characters."""
    text = _NOT_XML.sub("", _whole(text))
    lines = (" ".join(line.split()) for line in text[:_LONGEST_TEXT].splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def one_line(written: str) -> str:
    """Return `written` as plain text on one line."""
    return " ".join(plain(written).split())


def base_of(tree: lxml.html.HtmlElement, url: str) -> str:
    """Return the address that relative links of the page start from."""
    declared = next(iter(tree.xpath("//base[@href][1]/@href")), None)
    return web_url(declared and str(declared), url) or url


def declared_languages(tree: lxml.html.HtmlElement) -> list[str]:
    """Return the BCP 47 languages that the page declares, the most dependable first."""
    found = []
    for path in (
        "/html/@lang",
        "/html/@xml:lang",
        "//meta[translate(@http-equiv,'CL','cl')='content-language']/@content",
        "//meta[@property='og:locale']/@content",
        "//body/@lang",
    ):
        for raw in tree.xpath(path):
            if match := _TAG.match(str(raw).strip().replace("_", "-")):
                found.append(_usual_case(match[0]))
    return list(dict.fromkeys(found))


def language_tag(written: str) -> str | None:
    """Return a language as BCP 47 writes it, or None where `written` is no tag (such as `English`)."""
    match = _TAG.fullmatch(written.strip().replace("_", "-"))
    return _usual_case(match[0]) if match else None


def _usual_case(tag: str) -> str:
    primary, *rest = tag.split("-")
    cased = (part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part for part in rest)
    return "-".join((primary.lower(), *cased))


def believable(language: str | None, text: str) -> str | None:
    """Return the declared `language` if `text` may be in it, else None.

    Site templates declare `en` over Arabic text, or `ar` over Persian. The script of most letters must be
    one that the language is written in, and Persian or Urdu letters in plenty are not Arabic.
    """
    if not language:
        return None
    sample = text[:_LETTERS_JUDGED]
    counts = Counter({name: len(letters.findall(sample)) for name, letters in _SCRIPT_LETTERS})
    script, seen = counts.most_common(1)[0]
    primary = language.split("-")[0].casefold()
    if seen < 20 or primary not in _SCRIPT_OF:
        return language
    if "latn" in language.casefold().split("-"):
        return language if script == "latin" else None
    if _SCRIPT_OF[primary] != script:
        return None
    if script == "arabic":
        foreign, own = len(_NOT_ARABIC.findall(sample)), len(_ARABIC_ONLY.findall(sample))
        if primary == "ar" and foreign > own:
            return None
        if primary in ("fa", "ur") and own > 5 * (foreign + 1):
            return None
    return language
