"""The small written forms, and the value that never shows itself."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from config.errors import SecretUnavailable
from config.secret import Secret, SecretPlaces
from config.values import WEEKDAYS, Weekly, WeeklyTime, format_duration, parse_duration

WEEKLY: TypeAdapter[WeeklyTime] = TypeAdapter(Weekly)


class Holder(BaseModel):
    secret: Secret


@given(st.integers(1, 999_999), st.sampled_from("smhdw"))
def test_a_duration_survives_being_written(number: int, unit: str) -> None:
    span = parse_duration(f"{number}{unit}")
    if span <= timedelta(seconds=999_999):
        assert parse_duration(format_duration(span)) == span


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), (" 1 d ", 86_400), ("1w", 604_800)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "raw", ["0m", "15", 15, "m", "-1h", "1.5h", "15 minutes", "1234567s", "", None, "1h30m"]
)
def test_no_other_form_is_a_duration(raw: object) -> None:
    with pytest.raises(ValueError, match="such as 15m"):
        parse_duration(raw)


@given(st.integers(0, 6), st.integers(0, 23), st.integers(0, 59))
def test_a_weekly_time_survives_being_written(day: int, hour: int, minute: int) -> None:
    found = WEEKLY.validate_python(f"{WEEKDAYS[day].title()}  {hour}:{minute:02}")
    assert (found.weekday, found.at.hour, found.at.minute) == (day, hour, minute)
    assert WEEKLY.validate_python(str(found)) == found


@pytest.mark.parametrize(
    "raw", ["noon", "sunday", "sunday 24:00", "sunday 9", "09:00 sunday", 7, "sun 09:00"]
)
def test_no_other_form_is_a_weekly_time(raw: object) -> None:
    with pytest.raises(ValidationError):
        WEEKLY.validate_python(raw)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=12, max_size=40))
def test_a_secret_shows_itself_nowhere(value: str) -> None:
    holder = Holder.model_validate({"secret": value})
    secret = holder.secret
    assert secret.reveal() == value
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", repr(holder), str(holder), repr([secret])]
    shown += [
        str(holder.model_dump()),
        holder.model_dump_json(),
        str(holder.model_json_schema()),
        secret.where,
    ]
    shown += [logging.LogRecord("", 0, "", 0, "%s %r", (secret, holder), None).getMessage()]
    assert not any(value in text for text in shown)
    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    for thing in (secret, holder):
        with pytest.raises(TypeError, match="cannot be pickled") as caught:
            pickle.dumps(thing)
        assert value not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(TypeError):
        json.dumps(secret)


@pytest.mark.parametrize(
    "raw", [3, "", " ", {"env": ""}, {"env": "A", "file": "b"}, {"value": "x"}, ["x"], None]
)
def test_no_other_form_is_a_secret(raw: object) -> None:
    with pytest.raises(ValidationError, match="NAME_OF_A_VARIABLE"):
        Holder.model_validate({"secret": raw})


def test_a_secret_is_looked_up_when_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARSAD_TEST_SECRET", raising=False)
    secret = Holder.model_validate({"secret": {"env": "MARSAD_TEST_SECRET"}}).secret
    with pytest.raises(SecretUnavailable, match="environment variable MARSAD_TEST_SECRET is not set"):
        secret.reveal()
    monkeypatch.setenv("MARSAD_TEST_SECRET", " value\n")
    assert secret.reveal() == "value"
    places = SecretPlaces({"X": "hidden"}, tmp_path)
    assert "hidden" not in repr(places)
    assert Holder.model_validate({"secret": {"env": "X"}}, context=places).secret.reveal() == "hidden"


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b" \n", "is empty"), (b"\xff\xfe", "is not UTF-8")]
)
def test_a_secret_file_that_gives_nothing_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    secret = Holder.model_validate({"secret": {"file": "token"}}, context=SecretPlaces({}, tmp_path)).secret
    with pytest.raises(SecretUnavailable, match=said) as caught:
        secret.reveal()
    assert str(tmp_path / "token") in str(caught.value)


def test_a_file_name_that_cannot_be_is_an_unavailable_secret() -> None:
    with pytest.raises(SecretUnavailable, match="no such name"):
        Secret(file="a\x00b").reveal()
