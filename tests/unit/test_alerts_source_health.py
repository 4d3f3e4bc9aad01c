"""What a visit's error is taken to mean, held to the errors as they are worded, and when a source is ill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from alerts.render.health_wording import SENTENCES
from alerts.rules.source_health import cause_of, diagnose
from config.errors import SecretUnavailable
from config.secret import Secret
from crawlers import causes, walls
from crawlers.pages import tree_of
from crawlers.visiting import stumbled
from storage.records import FetchEvent, FetchStatus, Symptom

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OK, UNCHANGED, FAILED = FetchStatus.OK, FetchStatus.UNCHANGED, FetchStatus.FAILED


def visit(
    status: FetchStatus, *, http: int | None = None, error: str | None = None, ago: int = 0, ill: bool = False
) -> FetchEvent:
    at = NOW - timedelta(minutes=15 * ago)
    symptoms = (f"{Symptom.NOTHING}, and usually gives 20 items",) if ill else ()
    return FetchEvent(
        source="s", at=at, status=status, next_due=at, http_status=http, error=error, symptoms=symptoms
    )


def cause(error: str, http: int | None = None) -> str:
    return cause_of(visit(FAILED, http=http, error=f"s: {error}"))


def unavailable(secret: Secret) -> str:
    with pytest.raises(SecretUnavailable) as caught:
        secret.reveal()
    return str(caught.value)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DownloadTimeoutError(), "unreachable"),
        (CannotResolveHostError(), "unreachable"),
        (DownloadConnectionRefusedError(), "unreachable"),
        (ResponseDataLossError(), "unreachable"),
        (DownloadFailedError("certificate verify failed"), "unreachable"),
        (DownloadFailedError("OpenSSL"), "unreachable"),
        (DownloadFailedError("x"), "unreachable"),
        (RuntimeError("x"), "unreachable"),
        (DownloadCancelledError(), "changed"),
        (IgnoreRequest("too many redirects"), "changed"),
        (UnsupportedURLSchemeError(), "refused"),
        (IgnoreRequest("robots.txt"), "forbidden"),
    ],
)
@pytest.mark.parametrize("http", [None, 200])
def test_failed_requests_mean_what_their_words_say(error: Exception, expected: str, http: int | None) -> None:
    # Also where an earlier request of the visit was answered well.
    assert cause(causes.of_failure(error), http) == expected


@pytest.mark.parametrize("status", range(400, 600))
def test_a_status_in_the_words_means_what_it_means_alone(status: int) -> None:
    expected = cause("x", status)
    assert expected in {"login", "forbidden", "missing", "gone", "limit", "refused", "server"}
    assert cause(f"#tag: {causes.of_status(status)}", 200) == expected


@pytest.mark.parametrize("wall", [walls.LOGIN, walls.CAPTCHA, walls.CONSENT, walls.BOT_CHECK])
@pytest.mark.parametrize("wanted", ["the feed", "the reviews", "the article", "the channel's preview"])
def test_every_wall_means_a_wall(monkeypatch: pytest.MonkeyPatch, wall: str, wanted: str) -> None:
    monkeypatch.setattr(walls, "_wall", lambda *_: wall)
    words = walls.wall_of(tree_of("<p>x</p>"), "https://s.example/", wanted)
    assert cause(str(words), 200) == "wall"
    assert cause(f"none of its pages could be read as an article; {words}: https://s.example/", 200) == "wall"


def test_a_missing_secret_means_that_whatever_it_is_named(tmp_path: Path) -> None:
    for name in ("TOKEN", "SITE_LOGIN", "SIGN_IN_CONSENT"):
        assert cause(unavailable(Secret(env=name, variables={}))) == "secret"
    broken = tmp_path / "login"
    broken.write_bytes(b"\xff\xfe\xff")
    for file in (tmp_path / "none", tmp_path, broken, "a\0b"):
        assert cause(unavailable(Secret(file=file))) == "secret"
    assert cause(unavailable(Secret(value=" "))) == "secret"


def test_the_other_causes_are_known_by_their_words() -> None:
    assert cause(stumbled(ValueError())) == "ours"
    assert cause("what it sent could not be stored: disk full") == "ours"
    assert cause("the visit took longer than 10 minutes") == "unreachable"
    assert cause("no answer was received") == "unreachable"
    assert cause("the mail server does not accept the login") == "login"
    assert cause("not a feed but a web page, and it names no feed", 200) == "changed"
    assert cause("10.0.0.1 is private; allow_private_networks does not name it") == "refused"


@pytest.mark.parametrize(
    "words",
    [
        "no reviews in schema.org markup found at https://login.example/captcha?consent=1",
        "this is not the preview page of a Telegram channel (it is titled 'How to log in, and a captcha')",
        "no article is announced at https://s.example/sign-in/secret/variable/connection",
    ],
)
def test_names_and_addresses_in_an_error_mean_nothing(words: str) -> None:
    assert cause(words, 200) == "changed"


def test_every_cause_is_worded_in_both_languages() -> None:
    told = ("login", "forbidden", "missing", "gone", "limit", "server", "refused", "wall", "unreachable")
    for key in (*told, "changed", "ours", "secret", *(one.name.lower() for one in Symptom)):
        for sentences in SENTENCES.values():
            assert sentences[f"source_health.{key}"]


def test_the_first_ill_visit_is_told_only_where_one_is_enough() -> None:
    seen = [visit(FAILED, error="s: no answer in time"), visit(OK, http=200, ago=1)]
    for after, ripe in ((1, True), (2, False), (3, False)):
        found = diagnose(seen, None, None, after)
        assert found is not None
        assert found.ripe is ripe


def test_symptoms_count_as_failures_do() -> None:
    one = [visit(OK, http=200, ill=True), visit(OK, http=200, ago=1)]
    two = [visit(OK, http=200, ill=True), visit(OK, http=200, ago=1, ill=True)]
    for seen, after, ripe in ((one, 1, True), (one, 2, False), (two, 2, True)):
        found = diagnose(seen, seen[0], None, after)
        assert found is not None
        assert (found.ripe, found.cause) == (ripe, "nothing")


def test_what_was_ill_and_is_unchanged_is_ill_and_what_was_well_is_well() -> None:
    read = visit(OK, http=200, ago=1, ill=True)
    found = diagnose([visit(UNCHANGED, http=304), read], read, None, 2)
    assert found is not None
    assert found.ripe
    well = visit(OK, http=200, ago=1)
    assert diagnose([visit(UNCHANGED, http=304), well], well, None, 2) is None
