"""SIGTERM in the middle of anything: the daemon ends within half a minute and loses nothing. One leads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from demo.loopback import Fault, Misbehaviour
from demo.sinks import MailFault, Stage
from storage.tables import fetch_events, leases, mentions, outbox
from tests.faults.lives import Life, Lives, until
from tests.faults.story import END, MOMENTS, Latter, Scene, Story, Web, listening

GRACE = 30.0
"""Seconds after which systemd and Docker kill."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A site and a process to fork from, for all of these tests."""
    at = [MOMENTS[0]]
    folder = tmp_path_factory.mktemp("lives")
    with Web(Latter(END), lambda: at[0], rate_limit=10**9) as site, Lives(folder) as lives:
        yield Scene(site, at, lives)


@pytest.fixture
def story(scene: Scene, tmp_path: Path) -> Iterator[Story]:
    """A database of its own, not yet made."""
    with listening(tmp_path) as sinks:
        yield Story(scene, tmp_path, sinks, "sqlite:///marsad.db")


def end(life: Life) -> float:
    """Send SIGTERM, wait for a clean exit, and return how many seconds it took."""
    asked = time.monotonic()
    life.ask_to_stop()
    assert life.stopped(GRACE) == 0, life.log
    took = time.monotonic() - asked
    assert life.orphans() == []
    return took


def begin(story: Story, moment: int = 0) -> Life:
    """Begin a life at one of the moments."""
    story.scene.time[0] = MOMENTS[moment]
    return story.begin(MOMENTS[moment], time.monotonic())


def test_a_crawl_in_hand_is_finished_and_stored(story: Story) -> None:
    story.scene.site.delay = 0.5
    life = begin(story)
    asked = len(story.scene.site.requests)
    assert until(lambda: len(story.scene.site.requests) > asked)
    end(life)
    story.scene.site.delay = 0.0
    with story.engine.connect() as conn:
        events = conn.execute(select(fetch_events)).all()
        assert {event.source for event in events} == story.names
        assert [event.error for event in events if event.error] == []
        assert conn.scalars(select(leases.c.holder)).all() == []
        assert conn.scalars(select(mentions.c.id).where(mentions.c.claimed_until.is_not(None))).all() == []


def test_a_slow_send_in_hand_is_finished_and_not_repeated(story: Story) -> None:
    story.sinks.mail.latency = 4.0
    for moment in (0, 1):
        life = begin(story, moment)
        if moment == 0:
            assert story.done(life, MOMENTS[0])
            end(life)
    assert until(lambda: len(story.sinks.mail.messages) > 0)
    end(life)
    assert len(story.sinks.mail.messages) == 1
    story.sinks.mail.latency = 0.0
    life = begin(story, 1)
    assert story.done(life, MOMENTS[1])
    end(life)
    arrived = [arrival.message for arrival in story.sinks.arrivals]
    assert len(set(arrived)) == len(arrived)


@pytest.mark.timeout(200)
def test_what_hangs_for_longer_than_the_grace_is_left_for_the_next_life(story: Story) -> None:
    life = begin(story)
    assert story.done(life, MOMENTS[0])
    end(life)
    story.sinks.mail.take_fault(Stage.BODY)
    # Each answer comes in time; all of them together do not.
    slow = [MailFault(stage, "250 2.0.0 Well", seconds=15) for stage in (Stage.EHLO, Stage.MAIL, Stage.RCPT)]
    story.sinks.mail.misbehave(*slow)
    story.scene.site.misbehave(Misbehaviour(Fault.HANG, seconds=60))
    life = begin(story, 1)

    def sending() -> bool:
        with story.engine.connect() as conn:
            return "sending" in conn.scalars(select(outbox.c.status).where(outbox.c.channel == "team")).all()

    assert until(sending)
    time.sleep(1.0)
    took = end(life)
    print(f"ended within {took:.1f} s")
    with story.engine.connect() as conn:
        assert conn.scalars(select(leases.c.holder)).all() == []
    for stage in (Stage.EHLO, Stage.MAIL, Stage.RCPT):
        story.sinks.mail.take_fault(stage)
    # What was put off for a minute is due when the next life begins.
    later = MOMENTS[1] + timedelta(minutes=10)
    life = story.begin(later, time.monotonic())
    assert story.done(life, MOMENTS[1])
    end(life)
    with story.engine.connect() as conn:
        assert set(conn.scalars(select(outbox.c.status))) == {"delivered"}
        assert not conn.scalars(select(fetch_events.c.error).where(fetch_events.c.at >= later)).first()


def test_a_second_daemon_waits_until_the_first_is_dead(scene: Scene, engine: Engine, tmp_path: Path) -> None:
    database = engine.url.render_as_string(hide_password=False)
    with listening(tmp_path) as sinks, Lives(tmp_path / "others") as others:
        story = Story(scene, tmp_path, sinks, database)
        first = begin(story)
        assert until(lambda: "+collect" in first.marks())
        second = others.begin(story.config, MOMENTS[0])
        assert until(lambda: "-build" in second.marks())
        assert story.done(first, MOMENTS[0])
        assert second.marks() == ["+build", "-build"]
        first.kill()
        killed = time.monotonic()
        assert until(lambda: "+collect" in second.marks())
        assert time.monotonic() - killed < 10
        end(second)
