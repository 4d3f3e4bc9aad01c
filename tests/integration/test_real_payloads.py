"""Every recorded payload of every kind, through the real reader, over HTTP from loopback."""

from __future__ import annotations

import csv

import pytest

from benchmarks.payloads.run import all_cases, read_case
from crawlers.base import kinds

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{case.kind}-{case.file}" for case in CASES])
def test_a_recorded_payload_gives_what_it_holds(case, shared):
    event, found = read_case(case, shared)
    assert len(found) == case.items, event.error
    case.known(found)
    assert len({one.external_id for one in found}) == len(found)
    for one in found:
        assert one.published_at is None or one.published_at.tzinfo is not None
        assert one.url is None or one.url.startswith(("http://", "https://"))


def test_where_we_count_otherwise_than_the_index_a_note_says_why(shared):
    with (shared / "fixtures" / "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        expected = {row["file"]: row["items_expected"] for row in rows}
    unexplained = [c.file for c in CASES if str(c.items) != expected.get(c.file, "") and not c.note]
    assert unexplained == []


def test_every_case_is_of_a_kind_that_there_is():
    assert {case.kind for case in CASES} <= set(kinds())
