"""A shop's page of reviews with schema.org markup, simulated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.payloads.case import Answer, Asked
from tests.contract.world import BASE, World

PER_PAGE = 10


def review(number: int) -> dict[str, Any]:
    """Return one review."""
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": f"Lina {number}"},
        "datePublished": (BASE + timedelta(minutes=number)).isoformat(),
        "reviewBody": f"We saw item {number}.",
        "reviewRating": {"@type": "Rating", "ratingValue": str(1 + number % 5), "bestRating": "5"},
    }


def _answer(asked: Asked, items: Sequence[int]) -> Answer | None:
    if asked.path != "/kettle/reviews":
        return None
    number = int(asked.query.get("page", "1"))
    shown = items[(number - 1) * PER_PAGE : number * PER_PAGE]
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": "Kettle",
        "aggregateRating": {"@type": "AggregateRating", "ratingValue": "4.1", "reviewCount": len(items)},
        "review": [review(one) for one in shown],
    }
    following = f'<a rel="next" href="?page={number + 1}">Next</a>' if number * PER_PAGE < len(items) else ""
    text = (
        "<!DOCTYPE html><html lang=en><head><title>Kettle</title>"
        f'<script type="application/ld+json">{json.dumps(product)}</script></head>'
        f"<body><h1>Kettle</h1>{following}</body></html>"
    )
    return Answer(text.encode(), type="text/html; charset=utf-8")


WORLD = World(
    kind="reviews",
    options=lambda base: {"url": f"{base}/kettle/reviews"},
    answer=_answer,
    per_page=PER_PAGE,
    keeps_pages=False,
    status_routes=("/robots.txt",),
)
