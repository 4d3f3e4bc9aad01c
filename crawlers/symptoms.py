"""Whether a source that answered looks ill beside its own past. Pure.

A site that has changed often answers 200 with nothing in it, or without the field that the readers need.
No status tells; only the source's own past does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from storage.records import FetchEvent, FetchStatus, Symptom

# How many visits make a past, and how many of them have to agree that something is usual.
PAST = 20
_ENOUGH = 4
_USUALLY = 0.8
# A field that usually is filled on half of the items, and of a few items now on none.
_FILLED, _ITEMS = 0.5, 3
_FIELDS = {
    "author": Symptom.NO_AUTHOR,
    "date": Symptom.NO_DATE,
    "rating": Symptom.NO_RATING,
    "text": Symptom.NO_TEXT,
}


def symptoms(items: int, fill_rates: Mapping[str, float], past: Sequence[FetchEvent]) -> tuple[str, ...]:
    """Return what is wrong with a visit that gave `items`, in words; empty where all is as usual.

    `past` are earlier visits, in any order; those that failed or found nothing changed do not count.
    """
    read = [event for event in past if event.status is FetchStatus.OK and not event.symptoms]
    if len(read) < _ENOUGH:
        return ()
    if items == 0:
        with_items = [event.items_seen for event in read if event.items_seen]
        if len(with_items) >= _USUALLY * len(read):
            return (f"{Symptom.NOTHING}, and usually gives {median(with_items):.0f} items",)
        return ()
    if items < _ITEMS:
        return ()
    return tuple(_emptied(fill_rates, [event for event in read if event.items_seen]))


def _emptied(now: Mapping[str, float], past: Sequence[FetchEvent]) -> list[str]:
    found = []
    for field, symptom in _FIELDS.items():
        usual = median([event.fill_rates.get(field, 0.0) for event in past]) if past else 0.0
        if usual >= _FILLED and now.get(field, 0.0) == 0.0:
            found.append(f"{symptom}, and usually {usual:.0%} do")
    return found
