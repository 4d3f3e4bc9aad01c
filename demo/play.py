"""Runs the daemon through the made-up brand's four weeks, and tells what happened.

Everything is real but the world and the clock: pages are fetched over HTTP from a server on this machine,
texts are understood by the models, and messages arrive at a webhook and an SMTP server that keep them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import yaml

import scheduler
import wiring
from alerts import digest_files
from alerts.digest_period import period_of
from config import loader
from config.errors import ConfigError, Problem
from config.settings import Settings
from crawlers import reactor
from demo.config import configuration
from demo.sinks import MailSink, SlackSink
from demo.site import Site
from demo.world import World
from storage.engine import reading
from storage.records import Alert, AlertState
from storage.status import gather

# The readers' Sunday morning, when the weekly digest is due (06:00 UTC is 09:00 in Riyadh).
_ENDS_AT = timedelta(hours=6, minutes=30)
_QUIET_STEP, _CLOSE_STEP, _LATER_STEP = timedelta(hours=24), timedelta(hours=1), timedelta(hours=6)
# Days pass in a second here, so sources are read once a day, and hour by hour around the bad day.
_BEFORE, _AFTER = timedelta(hours=2), timedelta(hours=11)
_WORST = timedelta(hours=6)
# Stands in a folder that a play filled, and allows the next one to empty it.
_MARK = ".marsad-demo"
_MADE = ("alerts", "mail", "marsad.db", "marsad.db-wal", "marsad.db-shm", "marsad.yaml")


def last_sunday(now: datetime) -> datetime:
    """Return the end of the latest week that is over in Riyadh, a little after its digest is due."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    sunday = midnight - timedelta(days=(midnight.weekday() + 1) % 7) + _ENDS_AT
    return sunday if sunday <= now else sunday - timedelta(weeks=1)


def moments(world: World, *, once: bool) -> Iterator[datetime]:
    """Yield the times at which the daemon is given a turn, in order; with `once`, only to the worst hour."""
    first, last = world.bad_day - _BEFORE, world.bad_day + _AFTER
    quiet = (first - world.begin) // _QUIET_STEP
    yield from _every(_QUIET_STEP, first - quiet * _QUIET_STEP, first)
    yield from _every(_CLOSE_STEP, first, world.bad_day + _WORST if once else last)
    if once:
        return
    yield from _every(_LATER_STEP, last, world.end)
    yield world.end


def _every(step: timedelta, start: datetime, until: datetime) -> Iterator[datetime]:
    at = start
    while at < until:
        yield at
        at += step


@dataclass(slots=True)
class _Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


def play(out: Path, *, once: bool, say: Callable[[str], None], now: datetime | None = None) -> bool:
    """Play the story into the folder `out`, and tell it line by line; True if all messages arrived.

    What an earlier play left there is replaced. With `once`, the story stops at its worst hour. `now` is
    when the play is played, the current time if not given.
    """
    began = monotonic()
    world = World(last_sunday(now or datetime.now(UTC)))
    _clear(out)
    clock = _Clock(world.begin)
    reactor.install_reactor()
    with ExitStack() as stack:
        site = stack.enter_context(Site(world, clock))
        slack, mail = stack.enter_context(SlackSink(out)), stack.enter_context(MailSink(out))
        document = configuration(site.url, slack.webhook_url, mail.port, "sqlite:///marsad.db")
        settings = _configure(out, document)
        say(f"Four weeks of a made-up brand's world are served at {site.url}. Marsad tells of:\n")
        reactor.run(lambda: _live(settings, out, world, clock, once=once, say=say))
        say(f"\nCaught: {len(slack.payloads)} Slack messages (alerts/), {len(mail.messages)} mails (mail/).")
    say(f"Everything is in {out}/, made in {monotonic() - began:.0f} s. Open {out}/digest-en.html first.")
    return bool(slack.payloads) and bool(mail.messages)


def _clear(out: Path) -> None:
    """Empty a folder that an earlier play filled; any other folder that holds something is left alone."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()) and not (out / _MARK).exists():
        fix = "Name a new or empty folder with --out"
        raise ConfigError(str(out), [Problem("", "holds files that are not the demo's", fix)])
    (out / _MARK).touch()
    for path in [*(out / name for name in _MADE), *out.glob("digest*.*")]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _configure(out: Path, document: dict[str, Any]) -> Settings:
    path = out / "marsad.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return loader.load(path, wiring.kinds(), environ={})


def _week(settings: Settings, world: World) -> str:
    """Return the name of the week that the bad day lies in."""
    return period_of(world.bad_day, settings.week_starts, settings.zone).key


async def _live(
    settings: Settings, out: Path, world: World, clock: _Clock, *, once: bool, say: Callable[[str], None]
) -> None:
    daemon = scheduler.build(settings, settings.folder, clock)
    try:
        for moment in moments(world, once=once):
            clock.now = moment
            for alert in (await daemon.cycle()).alerts:
                say(_told(alert, settings, moment))
        with reading(daemon.engine) as conn:
            found = gather(conn, [source.name for source in settings.sources], clock())
        say(f"\n{found.mentions} mentions collected and understood; problems: {len(found.problems)}.")
        for problem in found.problems:
            say(f"  {problem}")
        for language in ("en", "ar"):
            digest_files.make(
                daemon.engine, settings, clock(), language=language, period=_week(settings, world), out=out
            )
    finally:
        daemon.pool.close()
        daemon.engine.dispose()


# What is printed of an alert when it is told, by its kind.
_STORY = {
    "negative_spike": "{observed:.0f} negative mentions of {brand} where {expected:.1f} are usual",
    "influencer_post": "an account with {observed:,.0f} followers writes about {brand}",
    "competitor_post": "{brand}, the competitor, has published something",
    "rating_drop": "ratings of {brand} fall to {observed:.1f} stars, from {expected:.1f}",
}


def _told(alert: Alert, settings: Settings, moment: datetime) -> str:
    when = moment.astimezone(settings.zone)
    if alert.state is AlertState.RESOLVED and alert.expected is not None:
        what = f"{alert.rule}: over, {alert.brand} is back to normal"
    else:
        what = _STORY[alert.kind].format(
            brand=alert.brand, observed=alert.observed, expected=alert.expected or 0.0
        )
    return f"{when:%a %d %b %H:%M}  {what}"
