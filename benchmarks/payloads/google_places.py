"""A recorded answer of the legacy Place Details."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from benchmarks.payloads.case import Answer, Asked, Case
from storage.records import Mention

_PLACE = "ChIJ442GNENu5kcRGYUrvgqHw88"
_SECRETS = {"PLACES_KEY": "a-key-for-recorded-answers"}


def _options(base: str) -> dict[str, Any]:
    key = {"env": "PLACES_KEY"}
    return {"base_url": base, "api": "legacy", "places": [_PLACE], "languages": ["fr"], "key": key}


def _details(asked: Asked, content: bytes) -> Answer | None:
    wanted = {"place_id": _PLACE, "language": "fr", "reviews_sort": "newest", **_key()}
    right = asked.path == "/maps/api/place/details/json" and asked.query.items() >= wanted.items()
    return Answer(content) if right else None


def _key() -> dict[str, str]:
    return {"key": _SECRETS["PLACES_KEY"]}


def _reviews(mentions: list[Mention]) -> None:
    by_name = {one.author.name: one for one in mentions if one.author is not None}
    known = by_name["VIHO GBEASSOR"]
    assert (known.rating, known.rating_scale, known.language_hint) == (5.0, 5.0, "fr")
    assert known.published_at == datetime.fromtimestamp(1_497_657_494, UTC)
    assert known.external_id == f"{_PLACE}:106415011320657515581"
    assert known.item == "Sacré-Cœur" and known.extra["place_rating"] == 4.5
    assert [one.rating for one in mentions] == [5.0, 5.0, 3.0, 4.0, 1.0]


CASES = [
    Case(
        kind="google_places",
        file="reviews/google-maps-services-java__PlacesApiDetailsInFrenchResponse.json",
        items=5,
        options=_options,
        answer=_details,
        known=_reviews,
        secrets=_SECRETS,
    ),
]
