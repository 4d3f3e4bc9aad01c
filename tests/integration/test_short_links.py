"""Short links: followed only when allowed, never further than the shortener, and never into the network."""

from __future__ import annotations

import pytest

from benchmarks.payloads.case import Answer
from benchmarks.payloads.run import settings_with
from benchmarks.payloads.service import Service
from crawlers import short_links, urls
from crawlers.collect import preview


@pytest.fixture
def shortener(monkeypatch):
    """A feed whose one item has the short link /s/x, which leads where `target` says."""
    monkeypatch.setattr(short_links, "is_short", lambda url: "/s/" in (url or ""))
    monkeypatch.setattr(short_links, "_known", short_links.OrderedDict())

    def respond(asked):
        if asked.path == "/feed":
            item = f"<item><guid>1</guid><title>One</title><link>{service.url}/s/x</link></item>"
            return Answer(f"<rss version='2.0'><channel>{item}</channel></rss>".encode(), type="text/xml")
        return service.target(asked)

    with Service(respond) as service:
        yield service


def visited(service, clock, run, **options):
    entry = {"name": "news", "kind": "feed", "url": f"{service.url}/feed", **options}
    ((event, found),) = run(lambda: preview(settings_with(entry), clock))
    assert event.error is None
    return found[0].url, found[0].canonical_url


def leads_to(*targets):
    left = list(targets)
    return lambda asked: Answer(b"", 301, {"Location": left.pop(0) if len(left) > 1 else left[0]})


def test_without_leave_nobody_is_asked(shortener, clock, run):
    shortener.target = leads_to("https://shop.example/a")
    assert visited(shortener, clock, run)[0] == f"{shortener.url}/s/x"
    assert [asked.path for asked in shortener.asked] == ["/feed"]


def test_a_short_link_is_followed_to_what_it_stands_for_and_remembered(shortener, clock, run):
    shortener.target = leads_to("https://m.shop.example/a?utm_source=x")
    for _ in range(2):
        url, canonical = visited(shortener, clock, run, follow_short_links=True)
        assert url == "https://m.shop.example/a?utm_source=x"
        assert canonical == urls.canonical(url)
    assert [(asked.method, asked.path) for asked in shortener.asked if asked.path != "/feed"] == [
        ("HEAD", "/s/x")
    ]


def test_short_links_to_short_links_end_somewhere(shortener, clock, run):
    shortener.target = leads_to("/s/y", "/s/z", "https://shop.example/a")
    assert visited(shortener, clock, run, follow_short_links=True)[0] == "https://shop.example/a"
    shortener.target = leads_to("/s/x")
    short_links._known.clear()
    assert visited(shortener, clock, run, follow_short_links=True)[0] == f"{shortener.url}/s/x"
    assert len(shortener.asked) < 14


@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://169.254.169.254/x", "http://localhost/", "javascript:alert(1)", "", "//["],
)
def test_what_leads_nowhere_good_stays_what_it_is(shortener, clock, run, target):
    shortener.target = leads_to(target)
    assert visited(shortener, clock, run, follow_short_links=True)[0] == f"{shortener.url}/s/x"


def test_a_shortener_that_fails_is_no_failure_of_the_source(shortener, clock, run):
    shortener.target = lambda asked: Answer(b"", 500)
    assert visited(shortener, clock, run, follow_short_links=True)[0] == f"{shortener.url}/s/x"
