"""The oddities of feeds, one at a time."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import CrawlError, UnreadableError
from crawlers.feed_bytes import decoded, readable
from crawlers.feeds import read_feed

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
URL = "https://shop.example/blog/feed.xml"


def read(body: bytes | str, charset: str | None = None):
    return read_feed(body.encode() if isinstance(body, str) else body, URL, charset, NOW).entries


def rss(*items: str, head: str = "", root: str = "") -> str:
    return f'<rss version="2.0" {root}><channel><title>T</title>{head}{"".join(items)}</channel></rss>'


def item(inside: str) -> str:
    return f"<item>{inside}</item>"


def only(body: str):
    (entry,) = read(body)
    return entry


ATOM = '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ar"><title>T</title><id>f</id>{}</feed>'
RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
    '<channel rdf:about="x"><title>T</title></channel>'
    '<item rdf:about="u1"><title>قهوة</title><link>http://a.example/1</link></item></rdf:RDF>'
)


def test_rss_atom_rdf_and_json_feed_are_read():
    assert only(rss(item("<title>One</title>"))).title == "One"
    atom = only(ATOM.format("<entry><id>e1</id><title>One</title><content>Two</content></entry>"))
    assert (atom.external_id, atom.title, atom.text, atom.language) == ("e1", "One", "Two", "ar")
    assert only(RDF).title == "قهوة"
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "language": "ar-SA",
        "authors": [{"name": "Mona", "url": "https://mona.example/"}],
        "items": [
            {"id": 7, "url": "/7", "content_html": "<p>a<p>b", "date_published": "2026-03-01T10:00:00+03:00"}
        ],
    }
    found = only(json.dumps(document))
    assert (found.external_id, found.url, found.text) == ("7", "https://shop.example/7", "a\n\nb")
    assert (found.author, found.author_url, found.language) == ("Mona", "https://mona.example/", "ar-SA")
    assert found.published_at == datetime(2026, 3, 1, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Tue, 10 Mar 2026 09:00:00 +0300", datetime(2026, 3, 10, 6, 0, tzinfo=UTC)),
        ("Tue, 10 Mar 2026 09:00:00 EST", datetime(2026, 3, 10, 14, 0, tzinfo=UTC)),
        ("10 Mar 26 09:00 GMT", datetime(2026, 3, 10, 9, 0, tzinfo=UTC)),
        ("2026-03-10T09:00:00.123+05:00", datetime(2026, 3, 10, 4, 0, tzinfo=UTC)),
        ("2026-03-10", datetime(2026, 3, 10, tzinfo=UTC)),
        ("2026-03-11T11:00:00Z", datetime(2026, 3, 11, 11, 0, tzinfo=UTC)),
        ("2026-03-12T11:00:00Z", None),
        ("1969-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("99999-01-01", None),
        ("yesterday", datetime(2026, 3, 9, tzinfo=UTC)),
        ("منذ ساعتين", NOW - timedelta(hours=2)),
        ("some day", None),
        ("", None),
    ],
)
def test_dates(written, expected):
    assert only(rss(item(f"<title>x</title><pubDate>{written}</pubDate>"))).published_at == expected


def test_a_date_of_change_serves_where_there_is_no_other():
    entry = only(ATOM.format("<entry><id>1</id><updated>2026-03-01T00:00:00Z</updated></entry>"))
    assert entry.published_at == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("items", "ids"),
    [
        (["<guid>g1</guid><link>http://a.example/1</link>"], ["g1"]),
        (["<link>http://a.example/1?utm_source=x</link>"], ["http://a.example/1"]),
        (["<guid>same</guid><link>http://a.example/1</link>", "<guid>same</guid><link>http://a.example/2</link>"],
         ["http://a.example/1", "http://a.example/2"]),
        (["<guid>t3_abc</guid>"], ["t3_abc"]),
        (["<guid>g1</guid>", "<guid>g1</guid>"], ["g1"]),
    ],
)  # fmt: skip
def test_identity(items, ids):
    assert [entry.external_id for entry in read(rss(*map(item, items)))] == ids


def test_without_guid_and_with_one_link_for_all_the_identity_is_title_and_date():
    def entries(text: str):
        both = "<link>http://a.example/</link><pubDate>Tue, 10 Mar 2026 09:00:00 GMT</pubDate>"
        return read(
            rss(*(item(f"<title>{title}</title>{both}<description>{text}</description>") for title in "ab"))
        )

    first, again = entries("one"), entries("edited")
    assert len({entry.external_id for entry in first}) == 2
    assert [entry.external_id for entry in first] == [entry.external_id for entry in again]


def test_text_is_plain_and_the_fullest_part_wins():
    body = rss(
        item(
            "<title>Q&amp;amp;A &amp;#8211; &lt;b&gt;bold&lt;/b&gt;</title><description>short</description>"
            "<content:encoded><![CDATA[<p>First&nbsp;line</p><script>x()</script><ul><li>a<li>b</ul>]]></content:encoded>"
        ),
        root='xmlns:content="http://purl.org/rss/1.0/modules/content/"',
    )
    entry = only(body)
    assert entry.title == "Q&A – bold"
    assert entry.text == "First line\n\na\n\nb"


def test_what_looks_like_a_tag_in_a_plain_title_stays():
    assert (
        only(ATOM.format('<entry><id>1</id><title type="text">a &lt; b &gt; c</title></entry>')).title
        == "a < b > c"
    )


def test_authors_and_publishers():
    dc = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    assert only(rss(item("<author>a@x.example (Lina)</author><title>x</title>"))).author == "Lina"
    assert only(rss(item("<dc:creator>Omar</dc:creator><title>x</title>"), root=dc)).author == "Omar"
    google = only(rss(item('<title>x</title><source url="https://paper.example">The Paper</source>')))
    assert (google.author, google.publisher) == (None, "The Paper")
    atom = only(
        ATOM.format(
            "<entry><id>1</id><author><name>/u/x</name><uri>http://r.example/u/x</uri></author></entry>"
        )
    )
    assert (atom.author, atom.author_url) == ("/u/x", "http://r.example/u/x")


def test_counts_beside_an_entry():
    slash = 'xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
    assert only(rss(item("<slash:comments>12</slash:comments><title>x</title>"), root=slash)).replies == 12


def test_relative_links_are_resolved_and_redirectors_unwrapped():
    assert only(rss(item("<title>x</title><link>/p/1</link>"))).url == "https://shop.example/p/1"
    alert = "https://www.google.com/url?sa=t&amp;url=https://news.example/1"
    assert only(rss(item(f"<title>x</title><link>{alert}</link>"))).url == "https://news.example/1"


@pytest.mark.parametrize(
    ("encoding", "declared", "header", "text"),
    [
        ("utf-8", None, None, "قهوة"),
        ("utf-8", "iso-8859-1", "iso-8859-1", "قهوة"),
        ("windows-1256", "windows-1256", None, "قهوة عربية"),
        ("windows-1256", None, "windows-1256", "قهوة عربية"),
        ("windows-1256", "windows-1256", "iso-8859-1", "قهوة عربية"),
        ("gb18030", "gb2312", None, "咖啡"),
        ("iso-8859-1", None, None, "café crème"),
        ("utf-16", "utf-16", None, "قهوة"),
        ("utf-16-le", "utf-16", None, "قهوة"),
    ],
)
def test_encodings_declared_undeclared_and_wrong(encoding, declared, header, text):
    head = f'<?xml version="1.0"{f" encoding={chr(34)}{declared}{chr(34)}" if declared else ""}?>'
    body = (head + rss(item(f"<title>{text}</title>"))).encode(encoding)
    (entry,) = read(body, header)
    assert entry.title == text


def test_one_spoilt_byte_does_not_turn_arabic_into_latin():
    body = ('<?xml version="1.0" encoding="utf-8"?>' + rss(item("<title>قهوة عربية ممتازة</title>"))).encode()
    (entry,) = read(body.replace("ممتازة".encode(), "ممتا".encode() + b"\xff" + "زة".encode()))
    assert entry.title.startswith("قهوة عربية ممتا")


def test_what_xml_forbids_is_cleaned_away():
    body = "\n \ufeff<?xml version='1.0'?>\n" + rss(item("<title>a\x0bb&#x1f;c&#8;d &nbsp;e</title>"))
    assert only(body).title.replace("\xa0", " ").split() == ["abcd", "e"]


def test_a_gzip_body_is_read():
    (entry,) = read(gzip.compress(rss(item("<title>x</title>")).encode()))
    assert entry.title == "x"


def test_no_items_is_not_the_same_as_no_feed():
    assert read(rss()) == ()
    with pytest.raises(UnreadableError, match=r"its feed is at https://shop\.example/rss"):
        read("<html><head><link rel='alternate' href='/rss' type='application/rss+xml'></head></html>")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_feed_or_a_clear_error(body):
    try:
        read(body)
    except CrawlError as error:
        assert str(error)


# No document holds NUL: a zero byte is what gives UTF-16 away.
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=200)


@given(TEXTS, st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_unicode_is_decoded_as_it_was_encoded(text, encoding):
    if text.startswith("\ufeff"):
        return
    body = ("<" + text).encode(encoding)
    assert decoded(body, None).lstrip("\ufeff") == "<" + text


@given(st.text(max_size=300))
def test_readable_text_holds_nothing_that_xml_forbids(text):
    found = readable(("<a>" + text).encode("utf-8", "surrogatepass"), None)
    assert not any(character < " " and character not in "\t\n\r" for character in found)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "g1", "g2"]), st.sampled_from(["", "/1", "/2"]), st.text("ab", max_size=2)
        ),
        max_size=8,
    )
)
def test_identities_are_unique_within_a_feed(parts):
    items = [
        item(f"<guid>{guid}</guid><link>{link}</link><title>{title}</title>") for guid, link, title in parts
    ]
    entries = read(rss(*items))
    assert len({entry.external_id for entry in entries}) == len(entries)
    again = read(rss(*items))
    assert [entry.external_id for entry in entries] == [entry.external_id for entry in again]


def test_times_are_aware():
    entry = only(rss(item("<title>x</title><pubDate>Tue, 10 Mar 2026 09:00:00</pubDate>")))
    assert entry.published_at.utcoffset() == timedelta(0)
