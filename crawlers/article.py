"""The article on a web page: its text, and what the page says of it. Pure, run in the killable child."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import ModuleType
from urllib.parse import unquote, urlsplit

import lxml.html
from lxml import etree

from crawlers import pages
from crawlers.dates import first_moment, parse_moment
from crawlers.errors import UnreadableError, WallError
from crawlers.linked_data import Node, describe, walk
from crawlers.urls import web_url
from crawlers.walls import wall_of

_SHORTEST_TEXT = 80
# What a wall says of itself is not what was looked for.
_LONGEST_NOTICE = 600
_LONGEST_TITLE = 500
_LONGEST_AUTHOR = 200
_ARTICLE_TYPES = frozenset(
    {
        *(
            "Article",
            "NewsArticle",
            "BlogPosting",
            "Report",
            "TechArticle",
            "LiveBlogPosting",
            "OpinionNewsArticle",
        ),
        *("AnalysisNewsArticle", "BackgroundNewsArticle", "ReviewNewsArticle", "SocialMediaPosting"),
    }
)
_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"}
)
_DATE_METAS = (
    *(
        "article:published_time",
        "og:published_time",
        "datepublished",
        "article:published",
        "publishdate",
        "pubdate",
    ),
    *(
        "parsely-pub-date",
        "sailthru.date",
        "dc.date.issued",
        "dcterms.created",
        "dcterms.date",
        "dc.date",
        "date",
    ),
    *("citation_publication_date", "cxenseparse:recs:publishtime", "datecreated", "article:modified_time"),
)
_AUTHOR_METAS = (
    "author",
    "article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "byl",
    "twitter:creator",
)
# The extractor drops what does not print, also the joiners that Persian words and emoji are made with.
_HIDDEN_JOINERS = {0x200C: "\ua66d", 0x200D: "\ua66e"}
_SHOWN_JOINERS = {ord(shown): chr(joiner) for joiner, shown in _HIDDEN_JOINERS.items()}
_DATE_IN_PATH = re.compile(r"/((?:19|20)\d{2})[/-](\d{1,2})[/-](\d{1,2})(?=[/-]|$)")
_HAS_CLOCK = re.compile(r"\d:\d\d|T\d{4}")
_NO_NAME = re.compile(r"https?:|www\.|[{}<>@]|\.(?:png|jpe?g|svg)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Article:
    """A text with what its page declares. `published_at` is aware UTC; `language` is BCP 47 and believable.

    `canonical_url` is the page's own claim and may be on another site.
    """

    text: str
    title: str | None
    author: str | None
    published_at: datetime | None
    language: str | None
    canonical_url: str | None
    site: str | None


def read_article(body: bytes, url: str, content_type: str | None, now: datetime | None = None) -> Article:
    """Return the article that the page at `url` holds; `body` is its bytes, `content_type` the header,
    `now` what dates such as "3 days ago" are told from (without it they are unknown).

    Raises:
        UnreadableError: the bytes are no HTML page, or there is no running text in it.
        WallError: there is none, since a login, a captcha or the like came instead.
        BodyTooBigError, BodyBrokenError: they are compressed, and too large or damaged.
    """
    source = pages.decoded(body, content_type)
    tree = pages.tree_of(source)
    metas = _metas(tree)
    canonical = _canonical(tree, metas, url)
    languages = pages.declared_languages(tree)
    site = next(iter(metas.get("og:site_name", ())), None)
    title, heading = _title(tree, metas), [pages.one_line(h.text_content()) for h in tree.xpath("//h1")]
    # The extractors below change the tree that they are given: each gets its own.
    nodes = [node for one in describe(source, pages.tree_of(source), url) for node in walk(one.nodes)]
    articles = [node for node in nodes if not _ARTICLE_TYPES.isdisjoint(node.types)]
    text = _main_text(source)
    if not articles and len(text) < _LONGEST_NOTICE and (wall := wall_of(tree, url, "the article")):
        raise WallError(wall)
    if len(text) < _SHORTEST_TEXT:
        raise UnreadableError(f"no article found at {url}: the page holds no running text")
    languages += [tag for node in articles for tag in node.texts("inlanguage")]
    return Article(
        text=text,
        title=title
        or next((pages.one_line(t)[:_LONGEST_TITLE] for n in articles for t in n.texts("headline")), None)
        or next((one for one in heading if one), None),
        author=_author(articles, metas),
        published_at=_published(articles, metas, tree, canonical or url, source, languages, now),
        language=next((tag for tag in languages if pages.believable(tag, text)), None),
        canonical_url=canonical,
        site=pages.one_line(site)[:_LONGEST_AUTHOR] if site else None,
    )


def feed_links(body: bytes, url: str, content_type: str | None) -> tuple[str, ...]:
    """Return the addresses of the feeds that the page at `url` announces, in its order."""
    tree = pages.tree_of(pages.decoded(body, content_type))
    base = pages.base_of(tree, url)
    announced = tree.xpath("//link[@href][contains(concat(' ', @rel, ' '), ' alternate ')]")
    links = (
        web_url(link.get("href"), base) for link in announced if link.get("type", "").strip() in _FEED_TYPES
    )
    return tuple(dict.fromkeys(link for link in links if link is not None))


@cache
def _trafilatura() -> ModuleType:
    # Loaded where pages are read, in the children: every command would wait for it otherwise.
    with warnings.catch_warnings():
        # It could fetch through SOCKS proxies if another library were there; we only let it read.
        warnings.filterwarnings("ignore", message="SOCKS support in urllib3")
        import trafilatura
    return trafilatura


def _main_text(source: str) -> str:
    tree = pages.tree_of(source.translate(_HIDDEN_JOINERS))
    # The extractor expects none of these in a tree, and falls over some of them.
    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction)
    try:
        extracted = _trafilatura().bare_extraction(tree, include_comments=False, include_tables=True)
    except MemoryError:
        raise
    except Exception as error:
        raise UnreadableError("no article found: the page's markup is too broken") from error
    if extracted is None or isinstance(extracted, dict):
        return ""
    return pages.tidied((extracted.text or "").translate(_SHOWN_JOINERS))


def _metas(tree: lxml.html.HtmlElement) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        content = (element.get("content") or "").strip()
        for attribute in ("property", "name", "itemprop"):
            if content and (key := element.get(attribute)):
                found.setdefault(key.strip().casefold(), []).append(content)
    return found


def _title(tree: lxml.html.HtmlElement, metas: dict[str, list[str]]) -> str | None:
    written = [
        *metas.get("og:title", ()),
        *metas.get("twitter:title", ()),
        *map(str, tree.xpath("//head/title/text()")),
    ]
    return next((title[:_LONGEST_TITLE] for title in map(pages.one_line, written) if title), None)


def _canonical(tree: lxml.html.HtmlElement, metas: dict[str, list[str]], url: str) -> str | None:
    links = tree.xpath(
        "//link[@href][contains(concat(' ', translate(@rel,'CANOIL','canoil'), ' '), ' canonical ')]/@href"
    )
    base = pages.base_of(tree, url)
    for link in (*map(str, links), *metas.get("og:url", ())):
        whole = web_url(link, base)
        # A page that calls the front page its canonical address is misconfigured, not the front page.
        if whole is not None and urlsplit(whole).path.strip("/"):
            return whole
    return None


def _author(articles: list[Node], metas: dict[str, list[str]]) -> str | None:
    names: list[str] = []
    for article in articles:
        for person in article.values("author", "creator"):
            names += [person] if isinstance(person, str) else person.texts("name")
        if names:
            break
    for key in _AUTHOR_METAS:
        names += metas.get(key, ())
    for name in map(pages.one_line, names):
        if name and len(name) <= _LONGEST_AUTHOR and not _NO_NAME.search(name):
            return name
    return None


def _published(
    articles: list[Node],
    metas: dict[str, list[str]],
    tree: lxml.html.HtmlElement,
    url: str,
    source: str,
    languages: list[str],
    now: datetime | None,
) -> datetime | None:
    """Return the time that the page declares: one with a clock before a bare date, else a cautious guess."""
    language = next(iter(languages), None)
    bare = None
    written_dates = list(_written_dates(articles, metas, tree))
    for written in written_dates:
        moment = parse_moment(written, language=language)
        if moment is not None and _HAS_CLOCK.search(written):
            return moment
        bare = bare or moment
    if (sure := bare or _from_path(url)) is not None:
        return sure
    return first_moment(written_dates, language=language, now=now)[0] or _guessed(source, url)


def _written_dates(
    articles: list[Node], metas: dict[str, list[str]], tree: lxml.html.HtmlElement
) -> Iterator[str]:
    for key in _DATE_METAS[:2]:
        yield from metas.get(key, ())
    for article in articles:
        yield from article.texts("datepublished")
    for key in _DATE_METAS[2:-1]:
        yield from metas.get(key, ())
    times = (
        "//time[@pubdate or @itemprop='datePublished' or contains(concat(' ', @class, ' '), ' published ')]"
    )
    for element in tree.xpath(f"{times} | //article//header//time"):
        yield element.get("datetime") or " ".join(element.itertext())
    yield from metas.get(_DATE_METAS[-1], ())


def _from_path(url: str) -> datetime | None:
    found = _DATE_IN_PATH.search(unquote(urlsplit(url).path))
    return parse_moment("-".join(found.groups())) if found else None


def _guessed(source: str, url: str) -> datetime | None:
    import htmldate

    try:
        guess = htmldate.find_date(pages.tree_of(source), url=url, extensive_search=False, original_date=True)
    except (ValueError, TypeError, RecursionError, AttributeError):
        return None
    # A year alone comes out as its first of January.
    return None if guess is None or guess.endswith("-01-01") else parse_moment(guess)
