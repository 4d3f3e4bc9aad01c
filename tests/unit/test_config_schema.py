"""The schema and the starter files, held against each other and against the loader."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

import wiring
from config import starter
from config.document import parse
from config.errors import ConfigError
from config.loader import Kinds, load, secrets_of
from config.schema import schema
from config.secret import Secret
from config.settings import Strict
from config.values import Duration

CONFIG = Path(__file__).parents[2] / "config"


class Page(Strict):
    """A page."""

    url: str = Field(description="Its address.")


class Sitemap(Strict):
    sitemap: str


class Hashtags(Strict):
    base_url: str
    hashtags: list[str] = Field(min_length=1)
    token: Secret | None = None


class Hook(Strict):
    webhook_url: Secret


class Header(Strict):
    name: str


class Mail(Strict):
    host: str
    port: int = Field(default=587, ge=1, le=65535)
    username: str | None = None
    password: Secret | None = None
    from_: str = Field(alias="from")
    to: list[str] = Field(min_length=1)
    headers: list[Header] = []  # noqa: RUF012


class Rule(Strict):
    budget: str = "2/week"
    window: Duration = timedelta(hours=6)


class Health(Strict):
    """Of source_health."""

    after: int = 2


class Influencer(Rule):
    min_followers: int = 10_000


KINDS = Kinds(
    {"feed": Page, "reviews": Page, "competitor_posts": Sitemap, "mastodon": Hashtags},
    {"slack": Hook, "email": Mail},
    {
        "negative_spike": Rule,
        "influencer_post": Influencer,
        "rating_drop": Rule,
        "competitor_post": Rule,
        "source_health": Health,
    },
)
SCHEMA = schema(KINDS)
_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def fits(value: Any, rule: Any) -> bool:
    """Judge a value by the part of JSON Schema that the schema uses; an unknown keyword fails the test."""
    return all(_holds(keyword, wanted, value, rule) for keyword, wanted in rule.items())


def _holds(keyword: str, wanted: Any, value: Any, rule: dict[str, Any]) -> bool:
    match keyword:
        case "$ref":
            return fits(value, SCHEMA["$defs"][wanted.removeprefix("#/$defs/")])
        case "type":
            return isinstance(value, _TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
        case "const":
            return bool(value == wanted)
        case "enum":
            return value in wanted
        case "anyOf":
            return any(fits(value, option) for option in wanted)
        case "allOf":
            return all(fits(value, option) for option in wanted)
        case "if":
            return not fits(value, wanted) or fits(value, rule["then"])
        case "properties":
            return not isinstance(value, dict) or all(
                fits(value[key], part) for key, part in wanted.items() if key in value
            )
        case "required":
            return not isinstance(value, dict) or set(wanted) <= set(value)
        case "additionalProperties":
            return wanted is not False or not isinstance(value, dict) or set(value) <= set(rule["properties"])
        case "patternProperties":
            return not isinstance(value, dict) or all(
                fits(item, part)
                for key, item in value.items()
                for pattern, part in wanted.items()
                if re.search(pattern, key)
            )
        case "propertyNames":
            return not isinstance(value, dict) or all(fits(key, wanted) for key in value)
        case "items":
            return not isinstance(value, list) or all(fits(item, wanted) for item in value)
        case "pattern":
            return not isinstance(value, str) or re.search(wanted, value) is not None
        case "minLength":
            return not isinstance(value, str) or len(value) >= wanted
        case "maxLength":
            return not isinstance(value, str) or len(value) <= wanted
        case "minItems":
            return not isinstance(value, list) or len(value) >= wanted
        case "minimum":
            return not isinstance(value, int) or value >= wanted
        case "maximum":
            return not isinstance(value, int) or value <= wanted
        case "$schema" | "$defs" | "title" | "description" | "default" | "examples" | "then" | "format":
            return True
    raise AssertionError(f"the test knows no keyword {keyword}")


def example(uncommented: bool) -> str:
    """Return the starter file, with its examples in force if asked for."""
    text = (CONFIG / "example.yaml").read_text(encoding="utf-8")
    return re.sub(r"(?m)^  #(?=- |  \S)", "  ", text) if uncommented else text


# Its commented examples are of real kinds, which `test_config_kinds` loads.
def test_the_starter_file_fits_the_schema_and_loads(tmp_path: Path) -> None:
    text = example(False)
    assert fits(parse(text.encode(), "example.yaml").values, SCHEMA)
    (tmp_path / "marsad.yaml").write_text(text, encoding="utf-8")
    found = load(tmp_path / "marsad.yaml", KINDS, {})
    assert len(found.sources) == 1
    assert not any(secret.inline for _, secret in secrets_of(found))


def test_the_starter_file_names_every_setting_and_brand_key() -> None:
    values = parse(example(True).encode(), "example.yaml").values
    assert set(values) == set(SCHEMA["properties"])
    named = {key for brand in values["brands"] for key in brand}
    assert named == set(SCHEMA["$defs"]["Brand"]["properties"])
    for section, kinds in wiring.kinds().sections().items():
        assert {entry["kind"] for entry in values[section]} == set(kinds)


def test_the_starter_variables_are_those_the_starter_file_asks_for() -> None:
    asked = set(re.findall(r"\{env: ([A-Z_]+)\}", "\n".join(example(True).splitlines()[6:]))) - {"NAME"}
    offered = set(
        re.findall(r"(?m)^#?((?!MARSAD_)[A-Z_]+)=", (CONFIG / "example.env").read_text(encoding="utf-8"))
    )
    assert offered == asked


_BRAND = "brands: [{name: A}]"


@pytest.mark.parametrize(
    "text",
    [
        "languges: [ar]",
        "week_starts: friday",
        "workers: 0",
        "brands: [{name: A, competitr: true}]",
        "brands: [{aliases: [A]}]",
        "brands: [{name: A, aliases: [1881]}]",
        "sources: [{name: a, kind: fed, url: x}]",
        "sources: [{name: a, url: x}]",
        "sources: [{name: a, kind: feed}]",
        "sources: [{name: a, kind: feed, url: x, hashtags: [b]}]",
        "sources: [{name: a, kind: feed, url: x, every: soon}]",
        "sources: [{name: a, kind: mastodon, base_url: x, hashtags: []}]",
        "channels: [{name: a, kind: slack, webhook_url: {env: ''}}]",
        "channels: [{name: a, kind: slack, webhook_url: {value: x}}]",
        "channels: [{name: a, kind: email, host: h, from: f, to: [t], port: 70000}]",
        "channels: [{name: a, kind: email, host: h, from: f, to: [t], headers: [{nam: x}]}]",
        f"{_BRAND}\nalerts: [{{name: a, kind: rating_drop, to: []}}]",
        f"{_BRAND}\nalerts: [{{name: a, kind: rating_drop, to: [b], min_followers: 3}}]",
        "digests: [{name: w, brands: [A], to: [t]}]",
        "digests: [{name: w, brands: [A], at: noon, to: [t]}]",
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(tmp_path: Path, text: str) -> None:
    (tmp_path / "marsad.yaml").write_text(text)
    with pytest.raises(ConfigError):
        load(tmp_path / "marsad.yaml", KINDS, {})
    assert not fits(parse(text.encode(), "m").values, SCHEMA)


def test_every_reference_leads_somewhere_and_every_definition_is_used() -> None:
    references = set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(SCHEMA)))
    assert references == set(SCHEMA["$defs"])


def test_init_writes_both_files_once(tmp_path: Path) -> None:
    paths = starter.write(tmp_path / "new" / "place")
    assert [path.name for path in paths] == ["marsad.yaml", ".env.example"]
    load(paths[0], KINDS, {})
    paths[1].unlink()
    before = paths[0].read_bytes()
    with pytest.raises(ConfigError, match=r"marsad\.yaml: is there already"):
        starter.write(tmp_path / "new" / "place")
    assert paths[0].read_bytes() == before
    assert not paths[1].exists()


def test_init_says_why_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        starter.write(tmp_path / "file" / "below")
