"""Feeds that end early, that do not match, that were encoded twice."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.errors import CrawlError, UnreadableError
from crawlers.feed_mending import mended, recovered
from crawlers.feeds import read_feed
from crawlers.mojibake import undone

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RSS = (
    '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>T</title>'
    + "".join(
        f"<item><title>Number {number} قهوة</title><link>https://a.example/{number}</link>"
        f"<guid>g{number}</guid><description><![CDATA[<p>Words & more {number}</p>]]></description></item>"
        for number in range(4)
    )
    + "</channel></rss>"
)
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>'
    + "".join(
        f'<entry><id>e{number}</id><title>Number {number}</title><link href="https://a.example/{number}"/>'
        f"<content>Words {number}</content></entry>"
        for number in range(4)
    )
    + "</feed>"
)
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "T",
        "items": [
            {"id": f"j{number}", "url": f"https://a.example/{number}", "content_text": f"Words ] }} {number}"}
            for number in range(4)
        ],
    }
)


def entries(body: bytes):
    return read_feed(body, "https://a.example/feed", None, NOW).entries


@pytest.mark.parametrize("whole", [RSS.encode(), ATOM.encode(), JSON.encode()], ids=["rss", "atom", "json"])
def test_every_beginning_of_a_feed_gives_a_beginning_of_its_entries(whole):
    expected = entries(whole)
    most = 0
    for end in range(1, len(whole)):
        try:
            found = entries(whole[:end])
        except UnreadableError:
            assert most == 0
            continue
        assert found == expected[: len(found)]
        assert len(found) >= most
        most = len(found)
    assert most == 4


def test_a_packed_feed_that_ends_early_gives_its_whole_entries():
    packed = gzip.compress(RSS.encode())
    found = entries(packed[:-40])
    assert 0 < len(found) < 4 and found == entries(RSS.encode())[: len(found)]
    with pytest.raises(CrawlError):
        entries(packed[:15])


def test_what_is_between_two_items_costs_neither():
    assert len(entries(RSS.replace("</item><item>", "</item><p>Warning</b><item>").encode())) == 4


@given(st.text(st.sampled_from("<>/![]CDAT-&;x#amp "), max_size=200))
def test_mending_again_changes_nothing(text):
    try:
        once = mended("<a>" + text)
    except UnreadableError:
        return
    assert mended(once) == once


@given(st.text(max_size=300))
def test_what_is_recovered_is_xml_or_nothing(text):
    found = recovered(f"<a>{text}")
    assert found is None or found.startswith("<a")


def test_ampersands_are_letters_in_cdata_and_comments_alone():
    assert mended("<a>R&D &amp; &copy; <![CDATA[x & y]]><!-- & --> &#1; & </a>") == (
        "<a>R&amp;D &amp; &copy; <![CDATA[x & y]]><!-- & --> &#1; &amp; </a>"
    )


@pytest.mark.parametrize("piece", ["<![CDATA[", "<!--", "<item>", "</item>", "&", "<item", "<![CDATA[]]>&"])
def test_mending_takes_no_longer_than_the_text_is_long(piece):
    before = time.process_time()
    mended("<rss><item></item>" + piece * 100_000)
    assert time.process_time() - before < 2


@given(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=60)
)
@settings(max_examples=300)
def test_what_was_encoded_twice_is_undone(text):
    twice = "".join(
        chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
        for byte in text.encode()
    )
    # An accent may itself look like the beginning of a letter that was encoded twice.
    assert undone(twice) in (text, undone(text))


@pytest.mark.parametrize(
    "text", ["قهوة", "café", "Ã", "Ã la carte — déjà vu", "naïve Ðá", "5 € ™", "ÄÖÜ", "Â© قهوة"]
)
def test_what_was_encoded_once_stays(text):
    assert undone(text) == text
