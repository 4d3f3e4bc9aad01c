"""The example in docs/adding-a-source.md is a whole kind that reads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from scrapy.http import TextResponse

from crawlers.errors import UnreadableError
from crawlers.items import Checkpoint
from storage.records import Mention
from storage.sources import SourceState

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-source.md"


@pytest.fixture
def example() -> dict:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[1]
    made = {"__name__": "example"}
    exec(compile(code, str(PAGE), "exec", dont_inherit=True), made)
    return made


class Service:
    """Answers as the service would; 5 notes, two a page."""

    hosts = None

    async def fetch(self, request, visit, *, obey_robots):
        before = int(request.url.partition("before=")[2] or 6)
        notes = [
            {"id": str(number), "text": "x", "at": 1_700_000_000 + number}
            for number in range(before - 1, max(0, before - 3), -1)
        ]
        return TextResponse(request.url, body=json.dumps({"notes": notes}).encode(), request=request)


def test_the_example_reads_to_the_end(example, run, clock):
    async def here(self, function, *given):
        return function(*given)

    kind = example["NotesReader"]
    kind.parse_apart = here
    options = kind.Options(base_url="https://notes.example")
    source = SimpleNamespace(name="notes of docs", options=options, audience=None)
    reader = kind(source=source, state=SourceState(source=source.name), clock=clock, downloads=Service())

    async def all_of_it():
        return [found async for found in reader.read()]

    found = run(all_of_it)
    assert [one.external_id for one in found if isinstance(one, Mention)] == ["5", "4", "3", "2", "1"]
    assert isinstance(found[-1], Checkpoint)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"notes": 1}', b"\xff", b'{"notes"'])
def test_the_example_says_what_it_cannot_read(example, body):
    with pytest.raises(UnreadableError):
        example["read_notes"](body)
