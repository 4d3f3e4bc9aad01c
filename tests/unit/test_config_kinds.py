"""The starter file and the schema with the kinds that Marsad really has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.channels import base as channels
from alerts.rules import base as rules
from config.loader import Kinds, load, missing_secrets
from config.schema import schema
from config.secret import Secret
from crawlers import base as sources

EXAMPLE = Path(__file__).parents[2] / "config" / "example.yaml"
SOURCES_PAGE = EXAMPLE.parents[1] / "docs" / "sources.md"
KINDS = Kinds(sources.options_models(), channels.options_models(), rules.options_models())


@pytest.mark.parametrize("uncommented", [False, True])
def test_the_starter_file_works_with_every_real_kind_it_shows(tmp_path: Path, uncommented: bool) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    if uncommented:
        text = re.sub(r"(?m)^  #(?=- |  \S)", "  ", text)
    (tmp_path / "marsad.yaml").write_text(text, encoding="utf-8")
    found = load(tmp_path / "marsad.yaml", KINDS, {})
    assert missing_secrets(found)
    if uncommented:
        assert {source.kind for source in found.sources} == set(KINDS.sources)


def test_every_option_of_every_kind_says_what_it_is_for() -> None:
    definitions = schema(KINDS)["$defs"]
    silent = [
        f"{name}.{key}"
        for name, definition in definitions.items()
        for key, option in definition.get("properties", {}).items()
        if key != "kind" and not option.get("description")
    ]
    assert silent == []


def test_the_examples_of_the_page_on_sources_are_valid_and_show_every_kind(tmp_path: Path) -> None:
    blocks = re.findall(r"(?ms)^```yaml\n(.*?)^```$", SOURCES_PAGE.read_text(encoding="utf-8"))
    shown = set()
    for block in blocks:
        (tmp_path / "marsad.yaml").write_text(block, encoding="utf-8")
        shown |= {source.kind for source in load(tmp_path / "marsad.yaml", KINDS, {}).sources}
    assert shown == set(KINDS.sources)


def test_the_page_on_sources_tells_rightly_which_kinds_need_a_secret(tmp_path: Path) -> None:
    row = SOURCES_PAGE.read_text(encoding="utf-8").partition("| needs a secret |")[2].splitlines()[2]
    needed, _, _ = (set(re.findall(r"`(\w+)`", cell)) for cell in row.strip("|").split("|"))
    told = {kind for cell in row.split("|") for kind in re.findall(r"`(\w+)`", cell)}
    assert told == set(KINDS.sources)
    required = {
        kind
        for kind, options in KINDS.sources.items()
        if any(field.is_required() and field.annotation is Secret for field in options.model_fields.values())
    }
    assert required <= needed
