"""Feeds made to hurt whoever reads them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers import parsing
from crawlers.errors import CrawlError, ParserCrashError, ParsingMemoryError, ParsingTimeoutError
from crawlers.feeds import read_feed
from crawlers.text_of_html import text_of_html
from storage.records import FetchStatus

NOW = datetime(2026, 3, 10, tzinfo=UTC)
LIMIT_SECONDS = 25


def wrapped(inside: str, head: str = "") -> bytes:
    return f'{head}<rss version="2.0"><channel><title>t</title>{inside}</channel></rss>'.encode()


def entity_bomb() -> bytes:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]>'
    return wrapped("<item><title>&l11;</title><guid>1</guid></item>", head)


def external_entity() -> bytes:
    head = '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return wrapped("<item><title>a&x;b</title><guid>1</guid></item>", head)


HOSTILE = {
    "comments": wrapped(f"<item><description>{'&lt;!--' * 60_000}</description></item>"),
    "raw comments": wrapped(f"<item><description><![CDATA[{'<!--' * 60_000}]]></description></item>"),
    "long author": wrapped(f"<item><author>{'a@' * 20_000}</author><title>x</title></item>"),
    "laughs": entity_bomb(),
    "deep": wrapped("<a>" * 100_000),
    "deep html": wrapped(f"<item><description><![CDATA[{'<div>' * 100_000}]]></description></item>"),
    "deep json": b'{"version":"https://jsonfeed.org/version/1","items":' + b"[" * 100_000,
    "many": wrapped("<item><title>x</title></item>" * 200_000),
    "many different": wrapped("".join(f"<item><guid>{n}</guid></item>" for n in range(20_000))),
    "long attribute": wrapped(f'<item x="{"y" * 5_000_000}"><title>x</title></item>'),
    "many attributes": wrapped(f"<item {' '.join(f'a{n}=' for n in range(50_000))}/>"),
    "unclosed": wrapped("<item><title>" * 50_000),
    "long guid": wrapped(f"<item><guid>{'g' * 1_000_000}</guid><title>x</title></item>"),
    "long date": wrapped(f"<item><pubDate>{'1 ' * 100_000}</pubDate><title>x</title></item>"),
    "references": wrapped(f"<item><title>{'&#x1f;&amp;' * 100_000}</title></item>"),
    "link tags": b"<html>" + b"<link rel=alternate " * 100_000,
    "zeros": bytes(3_000_000),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_feed_ends_in_time_in_items_or_a_cause(name, run):
    started = time.monotonic()
    body = HOSTILE[name]
    try:
        feed = run(lambda: parsing.parse(read_feed, body, "http://x.example/f", None, NOW))
    except CrawlError as error:
        assert str(error)
    else:
        assert all(len(one.external_id) <= 500 and len(one.text) <= 500_000 for one in feed.entries)
    assert time.monotonic() - started < LIMIT_SECONDS


def test_external_entities_are_not_read():
    feed = read_feed(external_entity(), "http://x.example/f", None, NOW)
    assert "root" not in (feed.entries[0].title or "")


def test_a_body_that_is_the_name_of_a_file_is_not_opened(tmp_path):
    file = tmp_path / "feed.xml"
    file.write_bytes(wrapped("<item><title>from disk</title></item>"))
    with pytest.raises(CrawlError, match="not a feed"):
        read_feed(str(file).encode(), "http://x.example/f", None, NOW)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "JaVaScRiPt:x", "file:///etc/passwd"]
)
def test_links_that_are_no_web_addresses_are_dropped(link):
    body = wrapped(f"<item><title>x</title><link>{link}</link><guid>{link}</guid></item>")
    (entry,) = read_feed(body, "http://x.example/f", None, NOW).entries
    assert entry.url is None


@pytest.mark.parametrize(
    "markup",
    [
        "<!--" * 60_000,
        "<div>" * 100_000,
        "<" * 400_000,
        "<a " + "a='" * 100_000,
        "&" * 400_000,
        "<p" * 200_000,
    ],
)
def test_hostile_html_becomes_text_quickly(markup):
    started = time.process_time()
    text_of_html(markup)
    assert time.process_time() - started < 3


def hang() -> None:
    """Never return."""
    while True:
        pass


def swell() -> int:
    """Ask for far more memory than a parser may have."""
    return len(bytearray(8 * 1024**3))


def die() -> None:
    """End the process."""
    os.kill(os.getpid(), signal.SIGKILL)


def stumble() -> None:
    """Raise something unforeseen."""
    raise ZeroDivisionError


def recurse() -> int:
    """Nest without end."""
    return recurse()


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (hang, ParsingTimeoutError),
        (swell, ParsingMemoryError),
        (die, ParserCrashError),
        (stumble, ParserCrashError),
        (recurse, ParserCrashError),
    ],
)
def test_a_parser_that_misbehaves_is_a_typed_error_and_others_go_on(function, error, run, monkeypatch):
    monkeypatch.setattr(parsing, "TIME_LIMIT_SECONDS", 1.0)

    async def both():
        return await asyncio.gather(
            parsing.parse(function), parsing.parse(len, b"abc"), return_exceptions=True
        )

    failed, length = run(both)
    assert isinstance(failed, error)
    assert length == 3
    assert run(lambda: parsing.parse(len, b"ab")) == 2


def test_all_children_killed_at_once_are_replaced(run):
    async def massacre():
        return await asyncio.gather(*(parsing.parse(die) for _ in range(4)), return_exceptions=True)

    assert all(isinstance(one, ParserCrashError) for one in run(massacre))
    assert run(lambda: parsing.parse(len, b"ab")) == 2


def test_the_loop_does_not_wait_for_a_parser(run, monkeypatch):
    monkeypatch.setattr(parsing, "TIME_LIMIT_SECONDS", 1.0)

    async def ticking():
        parse = asyncio.ensure_future(parsing.parse(hang))
        longest, last = 0.0, time.monotonic()
        while not parse.done():
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        with pytest.raises(ParsingTimeoutError):
            await parse
        return longest

    assert run(ticking) < 0.9


@pytest.mark.skipif(sys.platform != "linux", reason="relies on /proc and prctl")
def test_children_die_with_a_parent_that_is_killed():
    script = (
        "import os, sys\n"
        "from crawlers.reactor import run\n"
        "from crawlers import parsing\n"
        "if __name__ == '__main__':\n"
        "    print(run(lambda: parsing.parse(os.getpid)), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
    ends = time.monotonic() + 10
    while time.monotonic() < ends and _alive(child):
        time.sleep(0.05)
    assert not _alive(child)


def _alive(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False


def test_a_hostile_feed_is_one_failed_source(site, answer, configured, clock, run):
    from crawlers.collect import preview

    site.pages["/bad"] = answer(HOSTILE["deep json"])
    site.pages["/good"] = answer(wrapped("<item><title>x</title></item>"))
    entries = [{"name": name, "kind": "feed", "url": f"{site.url}/{name}"} for name in ("bad", "good")]
    found = {event.source: event for event, _ in run(lambda: preview(configured(*entries), clock))}
    assert found["bad"].status is FetchStatus.FAILED
    assert found["good"].items_seen == 1
