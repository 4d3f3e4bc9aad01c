"""The demo is the proof: the story, played by the installed command, leaves what a person would want."""

from __future__ import annotations

import email.policy
import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.play import last_sunday, moments
from demo.world import World

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    out = tmp_path_factory.mktemp("demo") / "out"
    marsad = Path(sys.executable).with_name("marsad")
    done = subprocess.run([marsad, "demo", "--out", out], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    yield out, done.stdout


def payloads(out: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted((out / "alerts").glob("*.json"))]


def mails(out: Path) -> list[EmailMessage]:
    parser = BytesParser(policy=email.policy.default)
    return [parser.parsebytes(path.read_bytes()) for path in sorted((out / "mail").glob("*.eml"))]  # type: ignore[misc]


def test_slack_tells_each_turn_of_the_story_once_in_each_language(played: tuple[Path, str]) -> None:
    found = payloads(played[0])
    keys = Counter(payload["blocks"][0]["block_id"] for payload in found)
    assert set(keys.values()) == {1}
    texts = [payload["text"] for payload in found]
    for sign in ("🔴", "🟡", "✅"):
        assert any(text.startswith(sign) for text in texts), sign
    assert any("180,400" in text for text in texts)
    assert any("ارتفاع غير معتاد" in text for text in texts)
    angry = [text for text in texts if "Unusual rise" in text]
    assert len(angry) == 1, "the bad day is one alert, and no other day is"


def test_mails_carry_alerts_and_every_weeks_digest_once(played: tuple[Path, str]) -> None:
    found = mails(played[0])
    ids = Counter(str(mail["Message-ID"]) for mail in found)
    assert set(ids.values()) == {1}
    for mail in found:
        kinds = {part.get_content_type() for part in mail.walk()}
        assert {"text/plain", "text/html"} <= kinds
    digests = [str(mail["Subject"]) for mail in found if "week of" in str(mail["Subject"])]
    assert len(digests) == len(set(digests))
    assert len(digests) >= 3


def test_the_digest_of_the_bad_week_is_left_in_both_languages(played: tuple[Path, str]) -> None:
    out, _ = played
    data = json.loads((out / "digest.json").read_bytes())
    volume = data["brands"][0]["volume"]
    assert volume["value"] == len(volume["ids"]) > 200
    assert 'dir="rtl"' in (out / "digest-ar.html").read_text(encoding="utf-8")
    assert 'dir="ltr"' in (out / "digest-en.html").read_text(encoding="utf-8")
    assert data["gaps"] == []


def test_nothing_is_left_waiting_and_nothing_failed(played: tuple[Path, str]) -> None:
    out, said = played
    assert "problems: 0" in said
    with sqlite3.connect(out / "marsad.db") as conn:
        waiting = conn.execute("SELECT count(*) FROM mentions WHERE analyzed_revision < revision").fetchone()
        statuses = dict(conn.execute("SELECT status, count(*) FROM outbox GROUP BY status").fetchall())
        revised = conn.execute("SELECT count(*) FROM revisions").fetchone()
    conn.close()
    assert waiting == (0,)
    assert list(statuses) == ["delivered"]
    assert revised[0] >= 1, "the story has an edited review and a corrected article"


def test_the_configuration_that_it_used_can_be_used(played: tuple[Path, str]) -> None:
    out, _ = played
    assert yaml.safe_load((out / "marsad.yaml").read_text(encoding="utf-8"))["brands"][0]["name"] == "Lawzy"
    marsad = Path(sys.executable).with_name("marsad")
    command = [marsad, "alerts", "--json", "--config", out / "marsad.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    kinds = {json.loads(line)["kind"] for line in done.stdout.splitlines()}
    assert kinds == {"negative_spike", "influencer_post", "competitor_post", "rating_drop"}


def test_the_world_ends_on_a_sunday_that_is_past() -> None:
    for hours in range(0, 24 * 8, 5):
        now = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hours)
        end = last_sunday(now)
        assert end.weekday() == 6
        assert timedelta() <= now - end < timedelta(weeks=1)


@pytest.mark.parametrize("once", [True, False])
def test_time_only_moves_forward(once: bool) -> None:
    world = World(datetime(2026, 3, 1, 6, 30, tzinfo=UTC))
    turns = list(moments(world, once=once))
    assert turns == sorted(set(turns))
    assert (turns[-1] < world.end) is once


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "marsad.yaml"
    mine.write_text("brands: []", encoding="utf-8")
    marsad = Path(sys.executable).with_name("marsad")
    done = subprocess.run(
        [marsad, "demo", "--out", tmp_path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "holds files that are not the demo's" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["marsad.yaml"]
