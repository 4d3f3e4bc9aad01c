"""What servers do wrong: each a failed visit with its cause in words, and nothing else delayed."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
import time
import zlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crawlers import fetching, parsing
from crawlers.collect import collect, preview
from storage.records import FetchStatus

FEED = (
    b'<rss version="2.0"><channel><title>t</title>'
    b"<item><title>One</title><guid>1</guid></item></channel></rss>"
)


@pytest.fixture
def visit(site, configured, clock, run):
    """Serve one answer, look at it once as a feed, and return (event, mentions)."""

    def visited(served, *, kind="feed", **options):
        site.pages["/feed"] = served
        entry = {"name": "shaky", "kind": kind, "url": f"{site.url}/feed", **options}
        ((event, found),) = run(lambda: preview(configured(entry), clock))
        return event, found

    return visited


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "wants a login"),
        (403, "forbids"),
        (404, "nothing at this address"),
        (410, "gone for good"),
        (429, "too many requests"),
        (418, "refuses"),
        (500, "the server failed"),
        (502, "the server failed"),
        (503, "the server failed"),
        (300, "redirect"),
    ],
)
def test_every_status_has_its_cause(visit, answer, status, words):
    event, found = visit(answer(b"no", status=status))
    assert (event.status, event.http_status, found) == (FetchStatus.FAILED, status, [])
    assert event.error.startswith("shaky: ")
    assert words in event.error
    assert str(status) in event.error


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"<html><body>Hi</body></html>", "a web page, and it names no feed"),
        (
            b'<!DOCTYPE html><html><head><link href="/rss" type="application/rss+xml"></head></html>',
            "/rss",
        ),
        (b'{"a": 1}', "not a JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items"', "broken"),
        (b"[1, 2]", "not a JSON Feed"),
        (b"just words", "of no kind"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "of no kind"),
    ],
)
def test_what_is_no_feed_is_told_apart(visit, answer, body, words):
    event, _ = visit(answer(body))
    assert event.status is FetchStatus.FAILED
    assert words in event.error


def test_a_feed_without_items_is_no_failure(visit, answer):
    event, found = visit(answer(b'<rss version="2.0"><channel><title>t</title></channel></rss>'))
    assert (event.status, found) == (FetchStatus.OK, [])


def test_gzip_and_deflate_are_undone(visit, answer):
    for name, packed in (
        ("gzip", gzip.compress(FEED)),
        ("x-gzip", gzip.compress(FEED[:40]) + gzip.compress(FEED[40:])),
        ("deflate", zlib.compress(FEED)),
        ("deflate", zlib.compress(FEED)[2:-4]),
    ):
        event, found = visit(answer(packed, headers={"Content-Encoding": name}))
        assert (event.error, len(found)) == (None, 1)


def test_truncated_gzip_is_a_failure_not_half_a_feed(visit, answer):
    packed = gzip.compress(FEED * 50)
    event, found = visit(answer(packed[: len(packed) // 2], headers={"Content-Encoding": "gzip"}))
    assert "ends early" in event.error
    assert found == []


def test_an_encoding_that_was_not_asked_for_is_named(visit, answer):
    event, _ = visit(answer(b"xx", headers={"Content-Encoding": "br"}))
    assert "'br'" in event.error


@pytest.mark.parametrize("declared", [True, False])
def test_a_decompression_bomb_is_refused(visit, answer, declared):
    bomb = gzip.compress(bytes(200 * 1024 * 1024))
    event, _ = visit(answer(bomb, headers={"Content-Encoding": "gzip"} if declared else {}))
    assert "larger than 10 MiB" in event.error


def test_a_body_that_is_too_long_is_refused(visit, answer):
    event, _ = visit(answer(FEED + b" " * (11 * 1024 * 1024)))
    assert "larger than 10 MiB" in event.error


def test_an_endless_body_is_cut(visit, answer):
    def pour(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(400):
            handler.wfile.write(b"<!-- -->" * 16384)

    event, _ = visit(answer(raw=pour))
    assert event.status is FetchStatus.FAILED
    assert "larger than 10 MiB" in event.error


def test_a_connection_that_breaks_half_way(visit, answer):
    event, _ = visit(answer(FEED, headers={"Content-Length": "5000"}))
    assert "broke" in event.error


def test_a_reset(visit, answer):
    def reset(handler):
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    event, _ = visit(answer(raw=reset))
    assert event.status is FetchStatus.FAILED
    assert "connection broke" in event.error


def test_a_silent_and_a_dripping_server_run_out_of_time(visit, answer, monkeypatch):
    monkeypatch.setattr(fetching, "REQUEST_TIMEOUT_SECONDS", 1)

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(20):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.2)

    for served in (answer(raw=lambda _: time.sleep(2)), answer(raw=drip)):
        event, _ = visit(served)
        assert "no answer in time" in event.error


def test_a_redirect_loop_ends(visit, answer, site):
    event, _ = visit(answer(status=302, headers={"Location": "/feed"}))
    assert "redirected too often" in event.error
    assert len(site.asked) < 12


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://x.example/", "data:text/plain,hi", "gopher://x/"]
)
def test_a_redirect_to_another_scheme_is_not_followed(visit, answer, target):
    event, found = visit(answer(status=302, headers={"Location": target}))
    assert (event.status, found) == (FetchStatus.FAILED, [])


def test_a_server_without_tls_is_named(site, configured, clock, run):
    entry = {"name": "tls", "kind": "feed", "url": f"https://127.0.0.1:{site.port}/feed"}
    ((event, _),) = run(lambda: preview(configured(entry), clock))
    assert "secure connection" in event.error


def self_signed(folder):
    """Write a certificate for 127.0.0.1 that nobody vouches for, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "server.pem"
    file.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


def test_a_certificate_that_nobody_vouches_for_is_refused(site, answer, configured, clock, run, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    site.wrap(context)
    site.pages["/feed"] = answer(FEED)
    entry = {"name": "tls", "kind": "feed", "url": f"https://127.0.0.1:{site.port}/feed"}
    ((event, found),) = run(lambda: preview(configured(entry), clock))
    assert event.error == "tls: the certificate of the server cannot be trusted"
    assert (found, site.asked) == ([], [])


def test_refused_connections_and_unknown_names(configured, clock, run):
    entries = (
        {"name": "closed", "kind": "feed", "url": "http://127.0.0.1:9/feed"},
        {"name": "unknown", "kind": "feed", "url": "http://no-such-host.invalid/feed"},
    )
    events = {event.source: event for event, _ in run(lambda: preview(configured(*entries), clock))}
    assert "refuses connections" in events["closed"].error
    assert "name of the server" in events["unknown"].error


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "0", "[::1]"),
        *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "127.0.0.1.", "①②⑦.0.0.1", "LOCALHOST"),
    ],
)
def test_loopback_is_closed_in_every_spelling(site, answer, configured, clock, run, host):
    site.pages["/feed"] = answer(FEED)
    entry = {"name": "inside", "kind": "feed", "url": f"http://{host}:{site.port}/feed"}
    ((event, _),) = run(lambda: preview(configured(entry, allow=()), clock))
    assert "allow_private_networks" in event.error or "name of the server" in event.error
    assert site.asked == []


def test_a_redirect_into_a_closed_network_is_refused(visit, answer, site):
    site.pages["/secret"] = answer(FEED)
    for host in ("10.0.0.1", "[::1]", "169.254.169.254", "0"):
        event, _ = visit(answer(status=307, headers={"Location": f"http://{host}:{site.port}/secret"}))
        assert "allow_private_networks" in event.error, host
    assert all(path == "/feed" for path, _ in site.asked)


def test_proxies_in_the_environment_are_not_used(visit, answer, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    event, found = visit(answer(FEED))
    assert (event.error, len(found)) == (None, 1)


def test_slow_and_hanging_sources_delay_no_other(engine, site, answer, configured, clock, run, monkeypatch):
    monkeypatch.setattr(parsing, "TIME_LIMIT_SECONDS", 1.0)
    monkeypatch.setattr("crawlers.sources.feed.read_feed", hang_on_marked)
    site.pages["/slow"] = answer(raw=lambda _: time.sleep(1.5))
    site.pages["/hang"] = answer(FEED + b"<!--hang-->")
    site.pages["/feed"] = answer(FEED)
    names = ("slow", "hang", "feed")
    settings = configured(*({"name": name, "kind": "feed", "url": f"{site.url}/{name}"} for name in names))
    events = {event.source: event for event in run(lambda: collect(engine, settings, clock))}
    assert "longer than 1 s" in events["hang"].error
    assert events["feed"].items_new == 1
    assert events["slow"].status is FetchStatus.FAILED


def hang_on_marked(body, *rest):
    """Hang as a parser might; otherwise parse."""
    from crawlers.feeds import read_feed

    while b"hang" in body:
        pass
    return read_feed(body, *rest)


def test_a_visit_has_a_deadline(site, answer, configured, clock, run, monkeypatch):
    monkeypatch.setattr("crawlers.visiting.VISIT_DEADLINE", timedelta(seconds=0.5))
    monkeypatch.setattr(fetching, "REQUEST_TIMEOUT_SECONDS", 2)
    site.pages["/feed"] = answer(raw=lambda _: time.sleep(9))
    entry = {"name": "late", "kind": "feed", "url": f"{site.url}/feed"}
    started = time.monotonic()
    ((event, _),) = run(lambda: preview(configured(entry), clock))
    assert time.monotonic() - started < 8
    assert "the visit took longer" in event.error


def test_a_cancelled_collection_ends_soon(site, answer, configured, clock, run):
    site.pages["/feed"] = answer(raw=lambda _: time.sleep(3))
    entry = {"name": "late", "kind": "feed", "url": f"{site.url}/feed"}

    async def cancelled():
        task = asyncio.ensure_future(preview(configured(entry), clock))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    started = time.monotonic()
    run(cancelled)
    assert time.monotonic() - started < 7


def test_calls_may_overlap_and_no_source_is_visited_twice_at_once(
    engine, site, answer, configured, clock, run
):
    site.pages["/slow"] = answer(raw=lambda _: time.sleep(1))
    site.pages["/feed"] = answer(FEED)
    settings = configured(*({"name": n, "kind": "feed", "url": f"{site.url}/{n}"} for n in ("slow", "feed")))

    async def twice():
        first = asyncio.ensure_future(collect(engine, settings, clock, force=True))
        await asyncio.sleep(0.4)
        second = await collect(engine, settings, clock, force=True)
        assert not first.done()
        return [event.source for event in second], sorted(event.source for event in await first)

    assert run(twice) == (["feed"], ["feed", "slow"])
    assert [path for path, _ in site.asked].count("/slow") == 1
    assert len(run(lambda: collect(engine, settings, clock, only=["slow"], force=True))) == 1
