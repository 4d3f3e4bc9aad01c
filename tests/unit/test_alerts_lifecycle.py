"""The life of an alert: legal moves only, and no message twice, against a model that remembers everything."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts.errors import IllegalTransition
from alerts.lifecycle import (
    Change,
    Event,
    Life,
    Policy,
    Sight,
    group_key,
    idempotency_key,
    recall,
    remember,
    step,
    transition,
)
from storage.records import AlertState

START = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = Policy(repeat_interval=timedelta(hours=6), cool_down=timedelta(hours=4), growth=2.0)

LEGAL = {
    ("pending", "fire"): "firing",
    ("pending", "be resolved"): "resolved",
    ("firing", "be acknowledged"): "acknowledged",
    ("firing", "be resolved"): "resolved",
    ("acknowledged", "be resolved"): "resolved",
}


@pytest.mark.parametrize("state", AlertState)
@pytest.mark.parametrize("event", Event)
def test_only_legal_moves_can_be_made(state: AlertState, event: Event) -> None:
    follows = LEGAL.get((str(state), str(event)))
    if follows is not None:
        assert transition(state, event) == follows
        return
    with pytest.raises(IllegalTransition, match=str(state)):
        transition(state, event)


class Lives(RuleBasedStateMachine):
    """Alerts of one rule and brand live on while the world, people and the process do as they please."""

    @initialize()
    def begin(self) -> None:
        self.now = START
        self.life: Life | None = None
        self.muted = False
        self.messages: list[tuple[int, Change, float, datetime]] = []
        # The model: what was ever said of each episode, and what people did.
        self.episode = 0
        self.is_open = False
        self.acknowledged = False
        self.opened_at = START

    def said(self) -> list[tuple[int, Change, float, datetime]]:
        return [message for message in self.messages if message[0] == self.episode]

    @rule(hours=st.floats(0, 9, allow_nan=False))
    def time_goes_on(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def a_silence_begins_or_ends(self) -> None:
        self.muted = not self.muted

    @rule()
    def somebody_acknowledges(self) -> None:
        if self.life is not None and self.life.state is AlertState.FIRING:
            self.life = replace(self.life, state=transition(self.life.state, Event.ACKNOWLEDGE))
            self.acknowledged = True

    @rule()
    def the_process_restarts(self) -> None:
        if self.life is not None:
            kept = json.loads(json.dumps(remember(self.life)))
            assert recall(AlertState(str(self.life.state)), kept) == self.life

    @rule(
        look=st.sampled_from(["bad", "between", "calm", "late"]),
        size=st.floats(1, 1000),
        again=st.integers(0, 3),
    )
    def an_evaluation(self, look: str, size: float, again: int) -> None:
        sight = Sight(abnormal=look in ("bad", "late"), calm=look in ("calm", "late"), size=size)
        expected = self.model(look, size)
        told = []
        for _ in range(1 + again):
            taken = step(self.life, sight, self.now, POLICY, self.muted)
            told += [taken.change] if taken.change is not None else []
            self.life = taken.life
            if taken.life is not None and taken.life.state is AlertState.RESOLVED:
                self.life = None
                break
        assert told == ([] if expected is None else [expected]), "once, however often it is asked"
        if expected is not None:
            self.messages.append((self.episode, expected, size, self.now))

    def model(self, look: str, size: float) -> Change | None:
        """Say what should be told, from the whole record of what was said."""
        said = self.said()
        if not self.is_open:
            if look not in ("bad", "late"):
                return None
            self.episode += 1
            self.is_open, self.acknowledged, self.opened_at = True, False, self.now
            return None if self.muted else Change.FIRING
        last = max([self.opened_at, *(at for _, _, _, at in said)])
        deaf = self.muted or self.acknowledged
        if not said and look == "bad" and not deaf:
            return Change.FIRING
        grown = said and look in ("bad", "late") and size >= 2 * said[-1][2]
        if grown and not deaf and self.now >= last + POLICY.repeat_interval:
            return Change.UPDATE
        if look in ("calm", "late") and self.now >= last + POLICY.cool_down:
            self.is_open = False
            return Change.RESOLVED if said and not self.muted else None
        return None

    @invariant()
    def is_open_as_the_model_says(self) -> None:
        assert (self.life is not None) == self.is_open

    @invariant()
    def every_episode_is_told_in_order(self) -> None:
        changes = [change for _, change, _, _ in self.said()]
        assert changes[:1] in ([], [Change.FIRING])
        assert all(change is Change.UPDATE for change in changes[1:-1])
        assert changes.count(Change.RESOLVED) <= 1

    @invariant()
    def every_message_has_a_key_of_its_own(self) -> None:
        keys = set()
        counted: dict[int, int] = {}
        for episode, change, _, _ in self.messages:
            counted[episode] = counted.get(episode, 0) + 1
            keys.add(idempotency_key(str(episode), change, counted[episode], "marketing"))
        assert len(keys) == len(self.messages)


Lives.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestLives = Lives.TestCase


@given(
    st.lists(st.text(min_size=1, max_size=8).filter(lambda text: "\x1f" not in text), min_size=3, max_size=3)
)
def test_occasions_of_different_rules_brands_and_mentions_never_share_a_key(parts: list[str]) -> None:
    rule_name, brand, occasion = parts
    moved = (rule_name + brand[:1], brand[1:], occasion)
    assert group_key(*parts) == group_key(*parts)
    assert group_key(*moved) != group_key(*parts)


def test_a_message_key_tells_channels_and_changes_apart_and_stays_the_same() -> None:
    keys = {
        idempotency_key(occasion, change, generation, channel)
        for occasion in ("1", "11")
        for change in Change
        for generation in (1, 11)
        for channel in ("marketing", "فريق", "1")
    }
    assert len(keys) == 2 * 3 * 2 * 3
    assert idempotency_key("7", Change.FIRING, 1, "team") == idempotency_key("7", Change.FIRING, 1, "team")
    assert all(len(key) == 32 for key in keys)
