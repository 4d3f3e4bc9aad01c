"""Every recorded feed and Mastodon answer, served from loopback, through the real spider into a database.

Run with `-s` to see what was expected beside what was found.
"""

from __future__ import annotations

import csv
import json
import os
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from crawlers.collect import collect
from crawlers.text_of_html import one_line, text_of_html
from storage.engine import migrate, open_engine
from storage.mentions import fetch
from storage.records import FetchStatus
from storage.tables import mentions

# Later than any of the recordings, but not than the dates that one of them had pushed into 2035.
NOW = datetime(2026, 11, 1, tzinfo=UTC)
_FIELD = re.compile(r"(first title|date|author|nodate|notitle)=(.*)")
_ZONES = {" EST": " -0500"}


def indexed(shared: Path, kind: str) -> list[dict[str, str]]:
    with (shared / "fixtures" / "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in rows if row["kind"] == kind]


def known(row: dict[str, str]) -> dict[str, str]:
    parts = (_FIELD.fullmatch(part.strip()) for part in row["known_values"].split(" | "))
    return {found[1]: found[2] for found in parts if found}


def moment(written: str) -> datetime | None:
    if written == "None":
        return None
    for name, shift in _ZONES.items():
        written = written.replace(name, shift)
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except ValueError:
        return parsedate_to_datetime(written).astimezone(UTC)


@pytest.fixture
def harvest(tmp_path, site, configured, clock, run):
    """Collect one source into a fresh database; returns the event and the mentions in their order."""
    engine = open_engine("sqlite:///real.db", tmp_path)
    migrate(engine)
    clock.now = NOW

    def collected(entry):
        (event,) = run(lambda: collect(engine, configured(entry), clock))
        with engine.connect() as connection:
            ids = connection.execute(select(mentions.c.id).order_by(mentions.c.id)).scalars().all()
            return event, [one.mention for one in fetch(connection, ids)]

    yield collected
    engine.dispose()


def show(name: str, expected: object, found: object) -> None:
    print(f"{name:<55} expected {expected!s:<45} found {found}")


def pytest_generate_tests(metafunc):
    if "feed_row" in metafunc.fixturenames:
        default = Path(__file__).parents[2].parent / "shared"
        folder = Path(os.environ.get("MARSAD_SHARED", default))
        rows = indexed(folder, "feeds") if folder.is_dir() else [{"file": "none"}]
        metafunc.parametrize("feed_row", rows, ids=[row["file"] for row in rows])


def test_every_recorded_feed(feed_row, shared, harvest, site, answer):
    body = (shared / "fixtures" / feed_row["file"]).read_bytes()
    kind = "application/feed+json" if feed_row["file"].endswith(".json") else "application/xml"
    site.pages["/feed"] = answer(body, headers={"Content-Type": kind})
    event, found = harvest({"name": "real", "kind": "feed", "url": f"{site.url}/feed"})
    name = Path(feed_row["file"]).name
    show(name, f"{feed_row['items_expected']} items", f"{len(found)} items")
    assert event.status is FetchStatus.OK, event.error
    assert len(found) == int(feed_row["items_expected"])
    first, values = found[0], known(feed_row)
    if "�" not in values.get("first title", ""):
        written = values.get("first title", "")
        title = one_line(text_of_html(written))
        show("", title, first.title)
        # The index cuts titles off at some 70 characters, perhaps inside a word or an entity.
        whole = title if len(written) < 66 else re.sub(r"\s*&?\w*$", "", title)
        if "google_news" in name:
            # The outlet at the end of a title is its author.
            whole = whole.partition(" - ")[0]
        assert (first.title or "").startswith(whole)
    if values.get("date", "None") != "None":
        date = moment(values["date"])
        show("", date, first.published_at)
        assert first.published_at == (date if date < NOW else None)
    if "author" in values:
        show("", values["author"], first.author and first.author.handle)
        assert values["author"].startswith(first.author.handle)
    if "nodate" in values:
        assert sum(one.published_at is None for one in found) == int(values["nodate"])
    if "notitle" in values:
        assert sum(one.title is None for one in found) == int(values["notitle"])
    for one in found:
        assert one.url is None or one.url.startswith(("http://", "https://"))
        assert "<p>" not in one.text


def exchanges(path: Path) -> list[dict]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]


def mastodon(site):
    return {"name": "real", "kind": "mastodon", "base_url": site.url, "hashtags": ["any"], "pages": 3}


@pytest.mark.parametrize("name", ["bigbone__tag_timeline.json", "bigbone__search.json"])
def test_recorded_mastodon_answers(name, shared, harvest, site, answer):
    row = next(row for row in indexed(shared, "social") if row["file"].endswith(name))
    body = (shared / "fixtures" / row["file"]).read_bytes()
    site.pages["/api/v1/timelines/tag/any"] = answer(body, headers={"Content-Type": "application/json"})
    event, found = harvest(mastodon(site))
    show(name, f"{row['items_expected']} posts", f"{len(found)} posts")
    assert event.status is FetchStatus.OK, event.error
    assert len(found) == int(row["items_expected"])
    first = found[0]
    shown = (first.external_id, first.published_at.isoformat(timespec="milliseconds"), first.author)
    show("", row["known_values"][:70], shown)
    assert f"'{first.external_id}'" in row["known_values"]
    assert first.published_at.strftime("%Y-%m-%dT%H:%M:%S") in row["known_values"]
    posts = json.loads(body)
    posts = posts["statuses"] if isinstance(posts, dict) else posts
    followers = [one["account"]["followers_count"] if "account" in one else None for one in posts]
    assert [one.author and one.author.followers for one in found] == followers
    assert all("<" not in one.text for one in found)


@pytest.mark.parametrize(
    "name", ["Mastodon.py__test_hashtag_tl.yaml", "Mastodon.py__test_entity_searchv2.yaml"]
)
def test_recorded_mastodon_exchanges(name, shared, harvest, site, answer):
    path = shared / "fixtures" / "social" / name
    row = next(row for row in indexed(shared, "social") if row["file"].endswith(name))
    recorded = exchanges(path)
    assert len(recorded) == int(row["items_expected"])
    one = next(
        one
        for one in recorded
        if "/timelines/" in one["request"]["uri"] or "/search" in one["request"]["uri"]
    )
    headers = {
        header: one["response"]["headers"][header][0]
        for header in ("link", "etag", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        if header in one["response"]["headers"]
    }
    written = one["response"]["body"]["string"]
    body = written.encode() if isinstance(written, str) else written
    site.pages["/api/v1/timelines/tag/any"] = answer(body, headers=headers)
    event, found = harvest(mastodon(site))
    expected = body.count(b'"in_reply_to_account_id":')
    show(name, f"{expected} posts", [(one.author.handle, one.language_hint, one.text[:40]) for one in found])
    assert event.status in (FetchStatus.OK, FetchStatus.UNCHANGED), event.error
    assert len(found) == expected
