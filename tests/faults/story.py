"""The demo's world for the crash tests: what a daemon lives through, where its messages arrive, how it dies.

A kill is aimed at something that the daemon is doing, with a random delay; where it really fell is read from
the database, the trace and the sinks.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import yaml
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from alerts.channels.envelope import message_id
from alerts.channels.slack import block_id
from demo.config import configuration
from demo.items import Item, Place
from demo.loopback import Request, Response
from demo.sinks import MailFault, MailSink, SlackSink, Stage
from demo.site import Site
from demo.world import World
from storage.tables import fetch_events, mentions, outbox, sources
from tests.faults.lives import Life, Lives, until

END = datetime(2026, 3, 15, 6, 30, tzinfo=UTC)
# Before an article is corrected, and early enough for sources to count as watched; in the bad day, after
# the influencer's post; when the weekly digest is due.
MOMENTS = (END - timedelta(days=9, hours=6), END - timedelta(hours=26), END)
SLICE = timedelta(days=16)
"""The end of the world is enough to have every kind of alert, and short enough to be lived through often."""
LATENCY = 0.15
"""Seconds between taking a message and saying so: the time between send and commit."""


class Aim(NamedTuple):
    """A kill comes up to `within` seconds after the trigger is seen (or after it was waited for in vain)."""

    trigger: Callable[[Life, Sinks], bool]
    within: float
    politely: bool = False


def began(stage: str) -> Callable[[Life, Sinks], bool]:
    """Trigger when a stage has begun."""
    return lambda life, sinks: f"+{stage}" in life.marks()


def deciding(life: Life, sinks: Sinks) -> bool:
    """Trigger in a decision, but not in a life's first, which has nothing new to decide on."""
    return "-decide" in life.marks() and "decide" in life.in_hand()


AIMS: dict[str, tuple[int, Aim]] = {
    "start-up": (6, Aim(lambda life, sinks: True, 0.15)),
    "crawl": (7, Aim(began("collect"), 1.8)),
    "analysis": (8, Aim(began("understand"), 3.0)),
    "saving": (7, Aim(lambda life, sinks: "save" in life.in_hand(), 0.03)),
    "decision": (7, Aim(deciding, 0.03)),
    "sending": (8, Aim(lambda life, sinks: sinks.heard(life), LATENCY)),
    "stopping": (3, Aim(began("collect"), 3.0, politely=True)),
    "any": (4, Aim(lambda life, sinks: True, 6.0)),
}


class Latter(World):
    """The last days of the demo's world."""

    def items(self, place: Place, now: datetime) -> list[Item]:
        """Return what the place has published, without what is too old."""
        return [item for item in super().items(place, now) if item.at > self.end - SLICE]


class Web(Site):
    """The site of the world; each answer takes `delay` seconds."""

    delay = 0.0

    def answer(self, request: Request) -> Response | None:
        """Answer one request, in its time."""
        time.sleep(self.delay)
        return super().answer(request)


class Arrival(NamedTuple):
    """One copy of a message at a sink: what it is known by, and in which life of the daemon it came."""

    message: str
    life: int


class _Slack(SlackSink):
    sinks: Sinks

    def answer(self, request: Request) -> Response | None:
        response = super().answer(request)
        if response is not None and response.status == 200:
            self.sinks.took(json.loads(request.body)["blocks"][0]["block_id"])
        return response


class _Mail(MailSink):
    sinks: Sinks
    latency = LATENCY

    def keep(self, content: bytes) -> None:
        super().keep(content)
        self.slow_down()
        self.sinks.took(str(self.messages[-1]["Message-ID"]), wait=False)

    def slow_down(self) -> None:
        """Let the next message be taken at once, and that be said later."""
        self.misbehave(MailFault(Stage.BODY, "250 2.0.0 Taken", self.latency, keep=True))


@dataclass(slots=True)
class Sinks:
    """Where the messages arrive, each copy with the life in which it came."""

    slack: _Slack
    mail: _Mail
    life: int = 0
    arrivals: list[Arrival] = field(default_factory=list)

    def took(self, message: str, wait: bool = True) -> None:
        self.arrivals.append(Arrival(message, self.life))
        if wait:
            time.sleep(LATENCY)

    def heard(self, life: Life) -> bool:
        return any(arrival.life == life.number for arrival in list(self.arrivals))


@contextmanager
def listening(folder: Path) -> Iterator[Sinks]:
    """Open both sinks."""
    with _Slack(folder) as slack, _Mail(folder) as mail:
        slack.sinks = mail.sinks = sinks = Sinks(slack, mail)
        mail.slow_down()
        yield sinks


@dataclass(slots=True)
class Scene:
    """The site that all worlds share, its time, and the process that lives are forked from."""

    site: Web
    time: list[datetime]
    lives: Lives


class Found(NamedTuple):
    """What a kill left behind."""

    delivered: set[str]
    sending: set[str]
    claimed: int
    crawled: int


class Story:
    """One database, lived through all moments, with kills or without."""

    def __init__(self, scene: Scene, folder: Path, sinks: Sinks, database: str) -> None:
        self.scene, self.sinks = scene, sinks
        self.config = folder / "marsad.yaml"
        document = configuration(scene.site.url, sinks.slack.webhook_url, sinks.mail.port, database)
        for source in document["sources"]:
            source["every"] = "1h"
        # What is tested is when work is done and marked as done: the lighter models do as much work as that.
        document["profile"] = "fast"
        # One channel of each kind: what is told of a sink's faults and delays is then told of one sender.
        kept = [channel["name"] for channel in document["channels"] if channel.get("language") != "ar"]
        document["channels"] = [channel for channel in document["channels"] if channel["name"] in kept]
        for teller in (*document["alerts"], *document["digests"]):
            teller["to"] = [name for name in kept if name in teller["to"]] or ["team"]
        self.config.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        self.names = {source["name"] for source in document["sources"]}
        if database.startswith("sqlite:///"):
            file = folder / database.removeprefix("sqlite:///")
            database = f"sqlite:///file:{file}?mode=ro&uri=true"
        self.engine = create_engine(database, poolclass=NullPool)
        self.killed: dict[int, Found] = {}
        self.phases: Counter[str] = Counter()

    def live(self, kills: list[list[str]], chance: random.Random) -> None:
        """Live through the moments, and be killed at what each list aims at before it is let come through."""
        for moment, aims in zip(MOMENTS, kills, strict=True):
            self.scene.time[0], began_at = moment, time.monotonic()
            for aim in aims:
                life = self.begin(moment, began_at)
                self._kill(life, AIMS[aim][1], chance, moment)
            life = self.begin(moment, began_at)
            assert self.done(life, moment), f"not done; see {life.log}"
            life.ask_to_stop()
            assert life.stopped() == 0, life.log
            assert life.orphans() == []

    def begin(self, moment: datetime, since: float) -> Life:
        """Begin a life; `since` is when the moment began, on `time.monotonic`: time goes on between lives."""
        life = self.scene.lives.begin(self.config, moment + timedelta(seconds=time.monotonic() - since))
        self.sinks.life = life.number
        return life

    def _kill(self, life: Life, aim: Aim, chance: random.Random, moment: datetime) -> None:
        until(lambda: aim.trigger(life, self.sinks), seconds=7, step=0.003)
        time.sleep(chance.uniform(0, aim.within))
        if aim.politely:
            life.ask_to_stop()
            time.sleep(chance.uniform(0, 0.5))
        life.kill()
        assert life.orphans() == [], "a worker outlived its daemon"
        time.sleep(0.05)
        found = self.killed[life.number] = self._found(moment)
        self.phases.update(self._phases(life, found) or {"between turns"})

    def _phases(self, life: Life, found: Found) -> set[str]:
        in_hand, marks = life.in_hand(), life.marks()
        came = {arrival.message for arrival in self.sinks.arrivals if arrival.life == life.number}
        fell = {
            "start-up": "-build" not in marks,
            "stopping": life.asked_to_stop,
            "mid-crawl": "collect" in in_hand and found.crawled < len(self.names),
            "mid-analysis": "understand" in in_hand and found.claimed > 0,
            "between analysis and commit": "save" in in_hand,
            "deciding": "decide" in in_hand and "-decide" in marks,
            "sending": bool(found.sending - came),
            "between send and commit": bool(came - found.delivered),
        }
        return {phase for phase, fits in fell.items() if fits}

    def _found(self, moment: datetime) -> Found:
        """Read what the database says, just after the kill. Before the first migration it says nothing."""
        try:
            with self.engine.connect() as conn:
                rows = conn.execute(select(outbox.c.channel, outbox.c.idempotency_key, outbox.c.status)).all()
                known = [(known_as(row.channel, row.idempotency_key), row.status) for row in rows]
                claimed = select(func.count()).where(mentions.c.claimed_until.is_not(None))
                visited = select(fetch_events.c.source).where(fetch_events.c.at >= moment).distinct()
                return Found(
                    {name for name, status in known if status == "delivered"},
                    {name for name, status in known if status == "sending"},
                    conn.scalar(claimed) or 0,
                    len(conn.scalars(visited).all()),
                )
        except DBAPIError:
            return Found(set(), set(), 0, 0)

    def done(self, life: Life, moment: datetime) -> bool:
        """Wait until all there is at this moment is collected, understood, decided and told."""
        if not until(lambda: self._ask(lambda conn: self._understood(conn, moment)), step=0.1):
            return False
        # A decision that began after the last analysis, and one that what it told cannot change any more.
        decided = life.marks().count("-decide")
        return until(lambda: life.marks().count("-decide") >= decided + 2, step=0.1) and until(
            lambda: self._ask(_all_told), step=0.1
        )

    def _understood(self, conn: Connection, moment: datetime) -> bool:
        due = {row.source for row in conn.execute(select(sources)) if row.next_due and row.next_due > moment}
        waiting = select(func.count()).where(mentions.c.analyzed_revision < mentions.c.revision)
        return due == self.names and conn.scalar(waiting) == 0

    def _ask(self, question: Callable[[Connection], bool]) -> bool:
        try:
            with self.engine.connect() as conn:
                return question(conn)
        except DBAPIError:
            return False


def known_as(channel: str, key: str) -> str:
    """Return what a sink knows a message by."""
    return block_id(key) if channel.startswith("marketing") else message_id(key, "lawzy.example")


def _all_told(conn: Connection) -> bool:
    return not conn.scalar(select(func.count()).where(outbox.c.status.in_(["pending", "sending"])))
