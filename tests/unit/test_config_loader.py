"""The loader: every mistake at once, each with its place, its problem and what to write."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, field_validator

from config.errors import ConfigError
from config.loader import Kinds, exposed_secrets, find, load, missing_secrets, secrets_of
from config.secret import Secret
from config.settings import Settings, Strict
from config.values import Duration

HIDDEN = "hunter2-hunter2"


class Feed(Strict):
    url: str = Field(description="Its address.")
    token: Secret | None = None


class Slack(Strict):
    webhook_url: Secret


class Login(Strict):
    user: str
    password: Secret


class Email(Strict):
    host: str
    port: int = Field(default=587, ge=1, le=65535)
    from_: str = Field(alias="from")
    to: list[str] = Field(min_length=1)
    login: Login | None = None
    headers: dict[str, Secret] = Field(default={})

    @field_validator("host")
    @classmethod
    def _no_port(cls, host: str) -> str:
        if ":" in host:
            raise ValueError("write the port under port")
        return host


class Spike(Strict):
    budget: str = "2/week"
    window: Duration = timedelta(hours=6)


KINDS = Kinds({"feed": Feed}, {"slack": Slack, "email": Email}, {"negative_spike": Spike})
GOOD = """
timezone: Asia/Riyadh
brands:
  - {name: Acme, aliases: [Acme, أكمي, "@acme"]}
  - {name: Globex, competitor: true}
sources:
  - {name: news, kind: feed, url: "https://e.example/rss", every: 15m, brand: Acme, token: {env: FEED_TOKEN}}
channels:
  - {name: marketing, kind: slack, webhook_url: {env: SLACK_WEBHOOK_URL}}
  - name: team
    kind: email
    host: smtp.example.com
    from: a@example.com
    to: [b@example.com]
    login: {user: a, password: {file: secrets/password}}
alerts:
  - {name: angry, kind: negative_spike, brands: [Acme], window: 2h, to: [marketing, team]}
digests:
  - {name: weekly, brands: [Acme], at: "Sunday 9:00", to: [team]}
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "marsad.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def loaded(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    return load(written(folder, text), KINDS, environ or {})


def mistakes(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the problems by key path, each as the whole line a person reads."""
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text), KINDS, environ or {})
    return {problem.key: str(problem) for problem in caught.value.problems}


def test_a_good_file_becomes_typed_settings(tmp_path: Path) -> None:
    found = loaded(tmp_path, GOOD)
    assert found.zone.key == "Asia/Riyadh"
    assert [brand.name for brand in found.own_brands] == ["Acme"]
    assert found.sources[0].every == timedelta(minutes=15)
    assert found.sources[0].options.url == "https://e.example/rss"
    assert found.channels[1].options.from_ == "a@example.com"
    assert found.alerts[0].options.window == timedelta(hours=2)
    assert str(found.digests[0].at) == "sunday 09:00"
    assert found.folder == tmp_path.resolve()


def test_all_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """
timezone: Asia/Riyad
workers: 0
languges: [ar]
brands:
  - {name: Acme, aliases: [Acme, "", 1881], competitr: true}
  - {name: Acme}
sources:
  - {name: news, kind: fed, url: x}
  - {kind: feed, url: y, every: 15 minutes, brand: Acmee}
  - {name: nothing}
channels:
  - {name: team, kind: email, host: "mail:25", port: 99999, to: [], frm: a}
alerts:
  - {name: a, kind: negative_spike, brands: [Acme, Acmo], to: [tem]}
digests: {name: w}
"""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    found = {problem.key: str(problem) for problem in caught.value.problems}
    assert set(found) == {
        "timezone",
        "workers",
        "languges",
        "brands[0].aliases[1]",
        "brands[0].aliases[2]",
        "brands[0].competitr",
        "brands[1].name",
        "sources[0].kind",
        "sources[1].name",
        "sources[1].every",
        "sources[1].brand",
        "sources[2].kind",
        "channels[0].host",
        "channels[0].port",
        "channels[0].to",
        "channels[0].frm",
        "channels[0].from",
        "alerts[0].brands[1]",
        "alerts[0].to[0]",
        "digests",
    }
    lines = [problem.line for problem in caught.value.problems]
    assert None not in lines
    assert lines == sorted(line for line in lines if line)
    assert f"{tmp_path / 'marsad.yaml'}:2: timezone: “Asia/Riyad” cannot be used" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("languges: [ar]", "languges", "Did you mean languages?"),
        ("sources: [{name: a, kind: fed, url: x}]", "sources[0].kind", "Did you mean feed? Known: feed"),
        ("sources: [{name: a, url: x}]", "sources[0].kind", "is missing. Known: feed"),
        ("sources: [{name: a, kind: feed, urll: x}]", "sources[0].urll", "Did you mean url?"),
        ("sources: [{name: a, kind: feed}]", "sources[0].url", "is missing. Add it"),
        (
            "sources: [{name: a, kind: feed, url: x, every: soon}]",
            "sources[0].every",
            "“soon” cannot be used. Write",
        ),
        ("channels: [{name: a, kind: email, frm: x}]", "channels[0].frm", "Did you mean from?"),
        (
            "channels: [{name: a, kind: email, host: h, from: f, to: [t], login: {usr: x}}]",
            "channels[0].login.usr",
            "Did you mean user?",
        ),
        ("brands: [{name: A, aliases: [1881]}]", "brands[0].aliases[0]", "in quotes"),
        ("brands: [A]", "brands[0]", "does not hold keys"),
        ("brands: A", "brands", "is not a list"),
        ("week_starts: friday", "week_starts", "Write 'saturday', 'sunday' or 'monday'"),
        ("allow_private_networks: [10.0.0.1/8]", "allow_private_networks[0]", "Write a network such as"),
        ("allow_private_networks: [3]", "allow_private_networks[0]", "Write a network such as"),
        ("digests: [{name: w, brands: [B], at: noon, to: [t]}]", "digests[0].at", "such as sunday 09:00"),
        (
            "digests: [{name: w, brands: [B], at: noon, to: [t]}]",
            "digests[0].brands[0]",
            "there are none yet",
        ),
        ("workers: many", "workers", "Write a whole number"),
        ("a: 1\nworkers: 1\nworkers: 2", "workers", "line 2 and in line 3, column 1"),
        ("_env_file: x", "_env_file", "is not a known key"),
        ("self: x", "self", "is not a known key"),
    ],
)
def test_a_mistake_names_its_key_and_what_to_write(tmp_path: Path, text: str, key: str, said: str) -> None:
    assert said in mistakes(tmp_path, text)[key]


def test_thousands_of_mistakes_are_told_in_time(tmp_path: Path) -> None:
    brands = "".join(f"  - {{name: brand number {n}}}\n" for n in range(2000))
    digests = "".join(
        f"  - {{name: d{n}, brands: [brand numbr {n}], at: noon, to: [t]}}\n" for n in range(2000)
    )
    began = time.process_time()
    found = mistakes(tmp_path, f"brands:\n{brands}digests:\n{digests}")
    assert len(found) == 6000
    assert "Did you mean brand number" in found["digests[0].brands[0]"]
    assert time.process_time() - began < 5


def test_a_variable_wins_over_the_file_and_the_real_one_over_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MARSAD_DATABASE=sqlite:///dotenv.db\nMARSAD_WORKERS=3\n")
    environ = {"MARSAD_DATABASE": "sqlite:///real.db", "MARSAD_LANGUAGES": '["ar"]', "MARSAD_SHARED": "/x"}
    found = loaded(tmp_path, "database: sqlite:///file.db\nworkers: 2", environ)
    assert (found.database, found.workers, found.languages) == ("sqlite:///real.db", 3, ["ar"])


@pytest.mark.parametrize(
    ("environ", "key", "said"),
    [
        ({"MARSAD_LANGUAGE": "de"}, "MARSAD_LANGUAGE", "Write 'ar' or 'en'"),
        ({"MARSAD_LANGUAGES": "ar,en"}, "MARSAD_LANGUAGES", "is not JSON"),
        ({"MARSAD_LANGUAGES": "[3]"}, "MARSAD_LANGUAGES[0]", "is not a text"),
        ({"MARSAD_DATABSE": "x"}, "MARSAD_DATABSE", "Did you mean MARSAD_DATABASE?"),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(
    tmp_path: Path, environ: dict[str, str], key: str, said: str
) -> None:
    assert said in mistakes(tmp_path, GOOD, environ)[key]


def test_the_port_can_be_switched_off_by_a_variable(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD, {"MARSAD_HEALTH_PORT": "null"}).health_port is None


def test_secrets_come_from_the_environment_then_dotenv_then_files_beside_the_configuration(
    tmp_path: Path,
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "password").write_text(" s3cret\n")
    (tmp_path / ".env").write_text("SLACK_WEBHOOK_URL='from ${dotenv}'\nFEED_TOKEN=from dotenv\n")
    found = loaded(tmp_path, GOOD, {"FEED_TOKEN": "real"})
    values = {key: secret.reveal() for key, secret in secrets_of(found)}
    assert values == {
        "sources[0].token": "real",
        "channels[0].webhook_url": "from ${dotenv}",
        "channels[1].login.password": "s3cret",
    }
    assert missing_secrets(found) == []


def test_a_variable_set_after_loading_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEED_TOKEN", raising=False)
    found = load(written(tmp_path, GOOD), KINDS)
    monkeypatch.setenv("FEED_TOKEN", "later")
    assert found.sources[0].options.token.reveal() == "later"


def test_a_missing_secret_is_named_by_key_and_place(tmp_path: Path) -> None:
    found = [str(problem) for problem in missing_secrets(loaded(tmp_path, GOOD))]
    assert len(found) == 3
    assert found[1].startswith("channels[0].webhook_url: environment variable SLACK_WEBHOOK_URL is not set")
    assert "secrets/password cannot be read: No such file" in found[2]


def test_secrets_that_others_can_read_are_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    password = tmp_path / "secrets" / "password"
    password.write_text("x")
    password.chmod(0o644)
    (tmp_path / ".env").write_text("A=1")
    (tmp_path / ".env").chmod(0o604)
    inline = GOOD.replace("{env: SLACK_WEBHOOK_URL}", HIDDEN)
    found = {problem.key: str(problem) for problem in exposed_secrets(loaded(tmp_path, inline))}
    assert set(found) == {"channels[0].webhook_url", "channels[1].login.password", ".env"}
    assert HIDDEN not in str(found)
    password.chmod(0o600)
    (tmp_path / ".env").chmod(0o600)
    assert exposed_secrets(loaded(tmp_path, GOOD)) == []


def test_a_bad_line_of_dotenv_is_named_without_its_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"A=1\n{HIDDEN} is my password\n")
    said = mistakes(tmp_path, GOOD)[".env"]
    assert "line 2" in said
    assert HIDDEN not in said


# Each puts a secret where somebody in a hurry might; {} is the secret.
_MISPLACED = (
    "channels: [{{name: a, kind: slack, webhook_url: {{value: {}}}}}]",
    "channels: [{{name: a, kind: slack, webhook_url: [{}]}}]",
    "channels: [{{name: a, kind: slack, webhok_url: {}}}]",
    "channels: [{{name: a, kind: slack, webhook_url: {}, more: {{x: {}}}}}]",
    "channels: [{{name: a, kind: email, host: h, from: f, to: [t], login: {}}}]",
    "channels: [{{name: a, kind: email, host: h, from: f, to: [t], headers: [{}]}}]",
    "channels: [{{name: a, kind: email, host: h, from: f, to: [t], password: {}}}]",
    "channels: [{{name: a, webhook_url: {}}}]",
    "webhook_url: {}",
    "database: [{}]",
    "channels: [{{name: a, kind: slack, webhook_url: *{}}}]",
    "channels: [{{name: a, kind: slack, webhook_url: !{} x}}]",
    "channels: [{{name: a, kind: slack, webhook_url: '{}}}]",
    "channels: [{{name: a, kind: slack, webhook_url: a: {}}}]",
)


@pytest.mark.parametrize("form", _MISPLACED)
def test_no_mistake_makes_a_message_show_a_secret(tmp_path: Path, form: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, form.format(HIDDEN, HIDDEN))
    error: BaseException | None = caught.value
    while error is not None:
        assert HIDDEN not in f"{error} {error!r} {error.args}"
        error = error.__cause__ or error.__context__


def test_settings_show_no_secret_in_any_form(tmp_path: Path) -> None:
    text = GOOD.replace("{env: SLACK_WEBHOOK_URL}", HIDDEN)
    found = loaded(tmp_path, f"database: postgresql+psycopg://u:{HIDDEN}@h/d\n{text}")
    for part in (found, found.channels[0], found.channels[0].options, secrets_of(found)):
        assert HIDDEN not in f"{part} {part!r}"
    options = found.channels[0].options
    assert HIDDEN not in options.model_dump_json()
    assert HIDDEN not in str(options.model_dump())
    assert HIDDEN not in json.dumps([channel.model_dump() for channel in found.channels])


@pytest.mark.parametrize("name", ["marsad.yaml", "config/marsad.yaml"])
def test_the_file_is_found_here_or_in_config(tmp_path: Path, name: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / name).write_text("{}")
    assert find(None, tmp_path) == tmp_path / name


def test_where_no_file_is_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="marsad init"):
        find(None, tmp_path)
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "absent.yaml", KINDS, {})
    with pytest.raises(ConfigError, match="directory"):
        load(tmp_path, KINDS, {})


_KEYS = st.sampled_from(
    [*Settings.model_fields, "name", "kind", "url", "to", "brands", "env", "every", "_x", "from"]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["feed", "slack", "email", "Acme", "15m"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)
_relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _refused_or_loaded(folder: Path, raw: bytes) -> None:
    try:
        found: Any = load(written(folder, raw), KINDS, {})
    except ConfigError as error:
        assert error.problems
        assert all(problem.what for problem in error.problems)
    else:
        assert isinstance(found, BaseModel)


@_relaxed
@given(st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_any_values_load_or_are_refused_with_reasons(tmp_path: Path, values: dict[str, Any]) -> None:
    _refused_or_loaded(tmp_path, json.dumps(values).encode())


@_relaxed
@given(st.binary(max_size=80) | st.text(alphabet="ab:-[]{}&*!#'\"|>,\n\t 0", max_size=60).map(str.encode))
def test_any_bytes_load_or_are_refused_with_reasons(tmp_path: Path, raw: bytes) -> None:
    _refused_or_loaded(tmp_path, raw)
