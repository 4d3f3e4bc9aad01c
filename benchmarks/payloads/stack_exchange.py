"""Recorded answers of the Stack Exchange API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case, recorded
from storage.records import Mention

_NOTE = "the repository gave both questions the number 1, so that they are one; what is in them is optional"


def _options(base_url: str) -> dict[str, Any]:
    return {"base_url": base_url, "tags": ["python;pandas"], "answers": False}


def _answer(asked: Asked, content: bytes) -> Answer | None:
    if asked.path != "/questions" or asked.query.get("site") != "stackoverflow":
        return None
    if "max" not in asked.query:
        return Answer(recorded(content))
    # It says that there is more, which was not recorded.
    return Answer(json.dumps({"items": [], "has_more": False, "quota_remaining": 9988}).encode())


def _known(mentions: list[Mention]) -> None:
    (first,) = mentions
    assert first.external_id == "stackoverflow/1"
    assert first.author is not None
    assert (first.author.handle, first.author.name) == ("3", "zhquan_example_3")
    assert first.author.profile_url == "http://stackoverflow.com/users/3/zhquan_example_3"
    assert first.published_at == datetime(2016, 4, 6, 2, 1, 16, tzinfo=UTC)
    assert (first.engagement.views, first.engagement.replies, first.engagement.likes) == (17, 1, 1)
    assert (first.extra["score"], first.extra["answered"]) == (1, False)
    assert first.extra["tags"] == ["python", "pandas"]


CASES = [
    Case(
        kind="stack_exchange",
        file=f"social/grimoirelab-perceval__stackexchange_question_{form}",
        items=1,
        options=_options,
        answer=_answer,
        known=_known,
        note=_NOTE,
    )
    for form in ("page", "backoff_page")
]
