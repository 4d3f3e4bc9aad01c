"""What services say of their limits, in their headers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.errors import HostRestsError
from crawlers.hosts import Hosts, host_of
from crawlers.limits import rests_until

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=15)
EPOCH = str(int(SOON.timestamp()))


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"retry-after": "900"}, SOON),
        (503, {"retry-after": "900"}, SOON),
        (403, {"retry-after": "900"}, SOON),
        (200, {"retry-after": "900"}, None),
        (429, {}, NOW + timedelta(minutes=2)),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": EPOCH}, SOON),
        (200, {"x-rate-limit-remaining": "0", "x-rate-limit-reset": EPOCH}, SOON),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": EPOCH + "000"}, SOON),
        (200, {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "900"}, SOON),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-10T12:15:00.000Z"}, SOON),
        (200, {"ratelimit-remaining": "0", "ratelimit-reset": "900"}, SOON),
        (200, {"ratelimit": "limit=100, remaining=0, reset=900"}, SOON),
        (200, {"ratelimit": '"default";r=0;t=900'}, SOON),
        (200, {"ratelimit": '"default";r=3;t=900'}, None),
        (200, {"x-ratelimit-remaining": "1", "x-ratelimit-reset": EPOCH}, None),
        (200, {"x-ratelimit-remaining": "0"}, None),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000"}, NOW + timedelta(seconds=1000)),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
        (200, {"x-ratelimit-remaining": "nan", "x-ratelimit-reset": EPOCH}, None),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}, NOW + timedelta(days=1)),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000000000"}, None),
    ],
)
def test_what_headers_say(status, headers, expected):
    assert rests_until(status, headers, NOW) == expected


_NAMES = ["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit", "ratelimit-reset"]


@given(st.sampled_from([200, 403, 429, 503]), st.dictionaries(st.sampled_from(_NAMES), st.text(max_size=40)))
def test_whatever_they_say_it_is_at_most_a_day(status, headers):
    found = rests_until(status, headers, NOW)
    assert found is None or NOW < found <= NOW + timedelta(days=1)


def test_a_host_rests_for_all_who_ask_it_and_no_longer(clock):
    hosts = Hosts(clock)
    hosts.heed("https://api.example:8443/a", 429, {"retry-after": "60"})
    with pytest.raises(HostRestsError) as caught:
        hosts.ask("https://API.example:8443/b?c")
    assert caught.value.until == clock() + timedelta(seconds=60)
    hosts.ask("https://api.example/other-port")
    clock.advance(seconds=61)
    hosts.ask("https://api.example:8443/a")


def test_user_and_password_are_no_part_of_a_host():
    assert host_of("https://ann:secret@Example.org:8080/x") == "example.org:8080"
