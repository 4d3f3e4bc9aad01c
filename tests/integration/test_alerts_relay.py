"""The relay on both databases: at least once, in order, one key, and nothing dropped without a word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from alerts import relay
from alerts.channels.base import Channel, Delivered, Outcome, Rejected, Retry
from config.settings import Channel as ChannelSettings
from config.settings import Strict
from storage import outbox
from storage.records import Notification, NotificationStatus
from storage.tables import outbox as table


class Killed(BaseException):
    """Stands for the end of the process: nothing after it runs."""


class Recorder(Channel):
    """A channel that keeps what it is given and answers from a script, then with Delivered."""

    kind: ClassVar[str] = "recorder"
    summary: ClassVar[str] = ""
    secrets_help: ClassVar[str] = ""
    Options: ClassVar[type[Strict]] = Strict
    LONGEST: ClassVar[timedelta] = timedelta(seconds=30)

    def __init__(self, name: str, script: Mapping[str, list[Outcome | BaseException]] | None = None) -> None:
        super().__init__(ChannelSettings(name=name, kind="recorder"), "en")
        self.script = {key: list(answers) for key, answers in (script or {}).items()}
        self.sent: list[str] = []
        self.after_send: Callable[[], Any] = lambda: None

    async def send(self, notification: Notification) -> Outcome:
        await asyncio.sleep(0)
        self.sent.append(notification.idempotency_key)
        self.after_send()
        answers = self.script.get(notification.idempotency_key)
        answer = answers.pop(0) if answers else Delivered()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def check(self) -> str:
        return "well"


def put(engine: Engine, clock: Any, *keys: str, channel: str = "a") -> None:
    notes = [Notification(channel=channel, kind="alert", payload={}, idempotency_key=key) for key in keys]
    with engine.begin() as conn:
        outbox.enqueue(conn, notes, clock())


def go(engine: Engine, clock: Any, *channels: Recorder, **more: Any) -> relay.RelayResult:
    named = {channel.name: channel for channel in channels}
    return asyncio.run(relay.relay(engine, named, clock, jitter=lambda: 0.0, **more))


def row(engine: Engine, key: str) -> Any:
    with engine.begin() as conn:
        return conn.execute(select(table).where(table.c.idempotency_key == key)).one()


def test_everything_due_is_sent_once_and_in_order(engine: Engine, clock: Any) -> None:
    keys = [f"k{n}" for n in range(25)]
    put(engine, clock, *keys)
    put(engine, clock, "b1", channel="b")
    one, two = Recorder("a"), Recorder("b")
    assert go(engine, clock, one, two, limit=4) == relay.RelayResult(delivered=26)
    assert one.sent == keys
    assert two.sent == ["b1"]
    assert go(engine, clock, one, two) == relay.RelayResult()


def test_a_temporary_failure_is_tried_again_no_sooner_than_asked(engine: Engine, clock: Any) -> None:
    put(engine, clock, "k")
    channel = Recorder("a", {"k": [Retry(timedelta(minutes=10), "busy")]})
    assert str(go(engine, clock, channel)) == "0 delivered, 1 put off, 0 given up"
    assert row(engine, "k").last_error == "busy"
    clock.advance(minutes=9, seconds=59)
    assert go(engine, clock, channel) == relay.RelayResult()
    clock.advance(seconds=1)
    assert go(engine, clock, channel).delivered == 1
    assert channel.sent == ["k", "k"]


def test_a_channel_that_asks_to_wait_is_left_alone_and_keeps_its_order(engine: Engine, clock: Any) -> None:
    put(engine, clock, "k1", "k2", "k3")
    channel = Recorder("a", {"k1": [Retry(timedelta(minutes=2), "busy")]})
    assert go(engine, clock, channel) == relay.RelayResult(retried=3)
    assert channel.sent == ["k1"]
    clock.advance(minutes=2)
    assert go(engine, clock, channel).delivered == 3
    assert channel.sent == ["k1", "k1", "k2", "k3"]


def test_one_message_that_always_fails_holds_up_no_other(engine: Engine, clock: Any) -> None:
    put(engine, clock, "poison", "k2", "k3")
    channel = Recorder("a", {"poison": [Retry(None, "500")] * 99})
    assert go(engine, clock, channel) == relay.RelayResult(delivered=2, retried=1)


def test_a_channel_that_is_down_is_not_tried_for_every_message(engine: Engine, clock: Any) -> None:
    keys = [f"k{n}" for n in range(9)]
    put(engine, clock, *keys)
    channel = Recorder("a", {key: [Retry(None, "down")] for key in keys})
    assert go(engine, clock, channel) == relay.RelayResult(retried=9)
    assert len(channel.sent) == 2


def test_a_crash_between_sending_and_marking_sends_the_same_key_again(engine: Engine, clock: Any) -> None:
    put(engine, clock, "k")
    channel = Recorder("a", {"k": [Killed()]})
    with pytest.raises(Killed):
        go(engine, clock, channel)
    assert row(engine, "k").status == NotificationStatus.SENDING
    assert go(engine, clock, channel) == relay.RelayResult()
    clock.now += relay.LEASE
    assert go(engine, clock, channel).delivered == 1
    assert channel.sent == ["k", "k"]


def test_a_message_that_never_goes_through_is_given_up_visibly_after_three_days(
    engine: Engine, clock: Any
) -> None:
    put(engine, clock, "k")
    began = clock()
    channel = Recorder("a", {"k": [Retry(None, "down")] * 500})
    while (found := row(engine, "k")).status != NotificationStatus.REJECTED:
        assert len(channel.sent) < 200
        clock.now = max(clock.now, found.next_attempt_at)
        go(engine, clock, channel)
    assert timedelta(days=3) <= clock() - began < timedelta(days=3, hours=2)
    assert "given up after" in found.last_error
    assert "down" in found.last_error


def test_a_rejection_is_final_and_says_why(engine: Engine, clock: Any) -> None:
    put(engine, clock, "k")
    assert go(engine, clock, Recorder("a", {"k": [Rejected("archived")]})) == relay.RelayResult(rejected=1)
    assert (row(engine, "k").status, row(engine, "k").last_error) == ("rejected", "archived")


def test_a_channel_that_is_gone_from_the_configuration_is_named(engine: Engine, clock: Any) -> None:
    put(engine, clock, "k", channel="old team")
    assert go(engine, clock, Recorder("a")) == relay.RelayResult(rejected=1)
    assert "'old team'" in row(engine, "k").last_error


def test_an_unforeseen_error_stops_no_other_message_and_shows_no_text_of_its_own(
    engine: Engine, clock: Any
) -> None:
    put(engine, clock, "k1", "k2")
    channel = Recorder("a", {"k1": [RuntimeError("https://hooks.example/secret")]})
    assert go(engine, clock, channel) == relay.RelayResult(delivered=1, retried=1)
    assert "RuntimeError" in row(engine, "k1").last_error
    assert "secret" not in row(engine, "k1").last_error


def test_stopping_finishes_what_is_in_hand_and_puts_the_rest_back(engine: Engine, clock: Any) -> None:
    put(engine, clock, "k1", "k2", "k3")

    async def stopped_in_the_middle() -> relay.RelayResult:
        stopping, channel = asyncio.Event(), Recorder("a")
        channel.after_send = stopping.set
        result = await relay.relay(engine, {"a": channel}, clock, stopping=stopping)
        assert channel.sent == ["k1"]
        return result

    assert asyncio.run(stopped_in_the_middle()).delivered == 1
    assert go(engine, clock, Recorder("a")).delivered == 2


def test_being_cancelled_marks_what_was_sent(engine: Engine, clock: Any) -> None:
    put(engine, clock, "k1", "k2")

    async def cancelled_in_the_middle() -> None:
        channel = Recorder("a")
        task = asyncio.ensure_future(relay.relay(engine, {"a": channel}, clock))
        channel.after_send = task.cancel
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled_in_the_middle())
    assert row(engine, "k1").status == NotificationStatus.DELIVERED
    assert row(engine, "k2").status == NotificationStatus.PENDING


def test_what_cannot_be_sent_within_the_lease_is_not_begun(engine: Engine, clock: Any) -> None:
    put(engine, clock, "k1", "k2")
    channel = Recorder("a")
    channel.after_send = lambda: clock.advance(minutes=5)
    assert go(engine, clock, channel) == relay.RelayResult(delivered=1)
    assert channel.sent == ["k1"]
    assert go(engine, clock, channel).delivered == 1


@given(attempts=st.integers(1, relay.MOST_ATTEMPTS - 1), jitter=st.floats(0, 1), asked=st.integers(0, 86_400))
def test_the_wait_is_between_a_minute_and_an_hour_unless_more_was_asked(
    attempts: int, jitter: float, asked: int
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    when = relay.decide(Retry(timedelta(seconds=asked), "x"), attempts, now, jitter)
    assert isinstance(when, datetime)
    assert timedelta(minutes=1) <= when - now <= max(timedelta(hours=1), timedelta(seconds=asked))
    assert when - now >= timedelta(seconds=asked)
