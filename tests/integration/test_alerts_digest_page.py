"""The digest as people get it: page, mail, plain text and Slack say the same, in their own direction."""

from __future__ import annotations

import copy
import html
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from alerts import digest, digest_files
from alerts.digest_period import period_of
from alerts.render.digest import (
    digest_html,
    digest_images,
    digest_text,
    inline_images,
    mail_digest,
    slack_digest,
)
from alerts.render.digest_message import compose_digest
from storage.engine import migrate, open_engine, reading
from tests.integration import digest_world as world

LANGUAGES = ("ar", "en")
GMAIL_CLIPS_AT = 102 * 1024
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The digest of the world's week, as it lies in the outbox."""
    settings = world.settings()
    engine = open_engine("sqlite:///digest.db", tmp_path_factory.mktemp("digest"))
    migrate(engine)
    with engine.begin() as conn:
        world.fill(conn)
    with reading(engine) as conn:
        period = period_of(world.START, settings.week_starts, settings.zone)
        built = digest.build(conn, settings, ["درهمي"], period, world.NOW)
    engine.dispose()
    return json.loads(json.dumps(digest.without_ids(built)))


def shown(text: str) -> str:
    """Return text without markup, marks of direction and runs of white space."""
    plain = html.unescape(re.sub(r"<style.*?</style>|<[^>]*>", " ", text, flags=re.S))
    return " ".join(re.sub("[\u200e\u200f\u2068\u2069]", "", plain).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_plain_text_say_the_same(data: dict[str, Any], language: str) -> None:
    message = compose_digest(data, language)
    page = shown(mail_digest(data, language).html)
    text = shown(digest_text(data, language))
    (part,) = message.parts
    said = [part.headline, part.reviews_total, *message.alerts, *message.gaps, *message.foot]
    said += [entry for card in part.cards for entry in (card.label, card.value, card.change)]
    said += [post.text for post in (*part.posts, *message.rivals)]
    for sentence in filter(None, said):
        assert shown(sentence) in text
        assert shown(sentence) in page
    for piece in part.sentiment:
        assert f"{piece.label} {shown(piece.count)} · {shown(piece.share)}" in page
        assert f"{piece.label}: {shown(piece.count)} ({shown(piece.share)})" in text


@pytest.mark.parametrize(
    ("language", "own", "rival"), [("ar", "درهمي", "فلوسي"), ("en", "Dirhami", "Falousi")]
)
def test_brands_are_called_what_readers_of_the_language_call_them(
    data: dict[str, Any], language: str, own: str, rival: str
) -> None:
    assert [part["brand"] for part in data["brands"]] == ["درهمي"]
    (part,) = compose_digest(data, language).parts
    assert own in part.headline
    assert any(rival in line for line in part.voice)
    assert compose_digest(data, language).subject.startswith(f"\u2068{own}\u2069")


@pytest.mark.parametrize(
    ("stretches", "language", "expected"),
    [
        (1, "en", "news was not read for 13 hours (from Mon, Nov 16, 3:00 AM to Mon, Nov 16, 4:00 PM)"),
        (
            1,
            "ar",
            "لم يُقرأ المصدر news مدة 13 ساعة (من الاثنين، 16 نوفمبر، 3:00 ص إلى الاثنين، 16 نوفمبر، 4:00 م)",
        ),
        (2, "en", "news was not read for 13 hours in all (longest from"),
        (2, "ar", "لم يُقرأ المصدر news مدة 13 ساعة في المجموع (أطول فترة من"),
    ],
)
def test_one_gap_is_not_called_the_longest(
    data: dict[str, Any], stretches: int, language: str, expected: str
) -> None:
    gap = {
        "source": "news",
        "reason": "not_fetched",
        "hours": 13.0,
        "from": "2026-11-16T00:00:00+00:00",
        "to": "2026-11-16T13:00:00+00:00",
        "whole": False,
        "stretches": stretches,
        "error": None,
    }
    (told,) = compose_digest({**data, "timezone": "Asia/Riyadh", "gaps": [gap]}, language).gaps
    assert shown(told).startswith(expected)


@pytest.mark.parametrize(
    ("language", "more", "expected"),
    [
        ("en", 3, "and 3 more"),
        ("ar", 1, "ومنشور آخر"),
        ("ar", 3, "و3 منشورات أخرى"),
        ("ar", 11, "و11 منشورًا آخر"),
    ],
)
def test_posts_that_are_not_shown_are_counted(
    data: dict[str, Any], language: str, more: int, expected: str
) -> None:
    posts = data["competitor_posts"]["posts"]
    rivals = {**data["competitor_posts"], "value": len(posts) + more}
    assert compose_digest({**data, "competitor_posts": rivals}, language).rivals_more == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_shown_are_those_of_the_data(data: dict[str, Any], language: str) -> None:
    part = data["brands"][0]
    text = shown(digest_text(data, language))
    volume = {"ar": "الإشارات: {} · +{}", "en": "Mentions: {} · +{}"}[language]
    assert volume.format(part["volume"]["value"], part["volume"]["change"]) in text
    assert sum(piece.width for piece in compose_digest(data, language).parts[0].sentiment) == 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_is_small_names_every_picture_and_brings_it(data: dict[str, Any], language: str) -> None:
    mail = mail_digest(data, language)
    assert len(mail.html.encode()) < GMAIL_CLIPS_AT / 4
    pictures = re.findall(r"<img[^>]*>", mail.html)
    assert len(pictures) == len(mail.images) == 4
    for picture in pictures:
        assert re.search(r'alt="[^"]{20,}"', picture)
        assert re.search(r'src="cid:([^"]+)"', picture)[1] in mail.images  # type: ignore[index]
    assert all(image.startswith(PNG) for image in mail.images.values())
    assert "http" not in re.sub(r'href="[^"]*"', "", mail.html.split("</style>")[-1])


def test_four_brands_still_fit_into_what_gmail_shows(data: dict[str, Any]) -> None:
    many = copy.deepcopy(data)
    many["brands"] *= 4
    for part in many["brands"]:
        part["top_posts"] = [{**post, "text": "كلام طويل جدًا " * 60} for post in part["top_posts"]]
    assert len(digest_html(many, "ar", digest_images(many, "ar")).encode()) < GMAIL_CLIPS_AT


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_slack_form_is_short_and_within_its_limits(data: dict[str, Any], language: str) -> None:
    body = slack_digest(data, language)
    assert len(body["blocks"]) <= 10
    assert all(len(block["text"]["text"]) <= 3000 for block in body["blocks"] if block["type"] == "section")
    told = shown(json.dumps(body, ensure_ascii=False))
    assert shown(compose_digest(data, language).parts[0].headline) in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_files_stand_alone_and_hold_every_number(
    data: dict[str, Any], language: str, tmp_path: Path
) -> None:
    files = digest_files.write(tmp_path / "out", data, language)
    names = {path.name for path in files}
    assert {f"digest-{language}.html", f"digest-{language}.txt", "digest.json"} <= names
    assert f"digest-{language}-trend-1-light.png" in names
    page = files[0].read_text(encoding="utf-8")
    assert not re.search(r'src="(?!data:image/png;base64,)', page)
    assert (
        json.loads((tmp_path / "out" / "digest.json").read_text(encoding="utf-8"))["brands"] == data["brands"]
    )


HEADLINES = ("nothing_found", "first_week", "fell_silent", "no_mentions", "negative_up", "negative_share_up")
HEADLINES += ("rating_down", "positive_up", "rating_up", "negative_down", "volume_up", "volume_down", "quiet")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", HEADLINES)
def test_every_headline_can_be_said_also_without_a_last_week(
    data: dict[str, Any], language: str, kind: str
) -> None:
    bare = copy.deepcopy(data)
    part = bare["brands"][0]
    part["headline"] = {"kind": kind, "quiet": False}
    assert "{" not in compose_digest(bare, language).parts[0].headline
    for figure in (part["volume"], part["reviews"]["average"], *part["sentiment"].values()):
        figure.update(before=None, change=None, usual=None)
    assert "{" not in compose_digest(bare, language).parts[0].headline


class Tags(HTMLParser):
    """The tags and attributes that a mail program finds in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes.update(name for name, _ in attrs)


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} {% raw %}",
    "\u202etxt.exe\u2066 \x00\x1b[31m",
    "<!channel> <@U1> & *bold* `code`",
    "a" * 5000,
    "é" * 40 + "\u0301" * 4000,
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_strangers_write_stays_text(data: dict[str, Any], language: str, text: str) -> None:
    bad = copy.deepcopy(data)
    part = bad["brands"][0]
    part["brand"] = text
    part["top_posts"][0] |= {"text": text, "author": text, "handle": text, "url": f"javascript:{text}"}
    bad["competitor_posts"]["posts"][0] |= {"title": text, "text": text, "source": text}
    part["top_words"][0]["text"] = part["top_entities"][0]["text"] = part["reviews"]["sites"][0]["site"] = (
        text
    )
    part["share_of_voice"][0]["brand"] = text
    bad["gaps"][0] |= {"error": text, "source": text}
    bad["alerts"][0] |= {"rule": text, "kind": "unheard of"}
    mail = mail_digest(bad, language)
    for forbidden in ("javascript:", "\u202e", "\u2066", "\x00", "\x1b"):
        assert forbidden not in mail.html and forbidden not in mail.text
    tags = Tags()
    tags.feed(mail.html)
    assert "script" not in tags.names and tags.names.count("img") == 4
    assert not [name for name in tags.attributes if name.startswith("on")]
    assert len(mail.html.encode()) < GMAIL_CLIPS_AT
    assert not re.search(r"[\r\n\x00\u202e]", mail.subject)
    slack = json.dumps(slack_digest(bad, language), ensure_ascii=False)
    assert "<!channel>" not in slack and "<@U1>" not in slack and "javascript:" not in slack


def chromium(page: Path) -> str:
    """Return the page as Chromium leaves it, or skip where there is no Chromium outside CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium must be installed")
        pytest.skip("Chromium is not installed")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000", "--dump-dom"]
    profile = f"--user-data-dir={page.parent / 'profile'}"
    done = subprocess.run(
        [program, *options, profile, page.as_uri()], capture_output=True, timeout=100, check=True
    )
    return done.stdout.decode()


MEASURE = """<!DOCTYPE html><meta charset="utf-8"><iframe width="360" height="9000" srcdoc="{page}"></iframe>
<script>onload = () => {{
  const inner = document.querySelector('iframe').contentDocument, view = inner.defaultView;
  const style = (what) => view.getComputedStyle(inner.querySelector(what));
  document.body.textContent = 'MEASURED' + JSON.stringify({{
    direction: style('h1').direction, card: style('.card').direction, spacing: style('h1').letterSpacing,
    align: style('.card').textAlign, rtl: style('.text.rtl').direction, ltr: style('.text.ltr').direction,
    width: inner.documentElement.clientWidth, scroll: inner.documentElement.scrollWidth,
    pictures: [...inner.images].filter((image) => image.offsetWidth).map((image) => image.naturalWidth),
  }}) + 'END';
}}</script>"""


@pytest.mark.parametrize(("language", "direction", "align"), [("ar", "rtl", "right"), ("en", "ltr", "left")])
def test_in_a_browser_it_runs_its_own_way_and_fits_a_phone(
    data: dict[str, Any], tmp_path: Path, language: str, direction: str, align: str
) -> None:
    wide = copy.deepcopy(data)
    wide["brands"][0]["top_posts"][0]["text"] = "https://example.org/" + "x" * 300
    images = digest_images(wide, language)
    page = digest_html(wide, language, images, inline_images(images))
    outer = tmp_path / "outer.html"
    outer.write_text(MEASURE.format(page=html.escape(page)), encoding="utf-8")
    found = json.loads(html.unescape(re.search(r"MEASURED(.*?)END", chromium(outer))[1]))  # type: ignore[index]
    assert (found["direction"], found["card"], found["align"]) == (direction, direction, align)
    assert (found["rtl"], found["ltr"]) == ("rtl", "ltr")
    assert found["spacing"] == "normal"
    assert found["scroll"] <= found["width"] == 360
    assert len(found["pictures"]) == 2
    assert min(found["pictures"]) > 1000
