"""Which reviews are the same one: across syntaxes of a page, across pages, across visits. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from hashlib import blake2b
from urllib.parse import urljoin, urlsplit

_NAMELESS = frozenset(
    {
        *(
            "anonymous",
            "anonym",
            "anonyme",
            "anonimo",
            "anónimo",
            "anônimo",
            "anoniem",
            "аноним",
            "guest",
            "user",
        ),
        *(
            "a google user",
            "amazon customer",
            "kunde",
            "amazon kunde",
            "customer",
            "client",
            "unknown",
            "n/a",
            "-",
        ),
        *("مجهول", "زائر", "مستخدم", "عميل", "عميل أمازون", "مستخدم مجهول", "غير معروف", "אנונימי", "ناشناس"),
    }
)
_NUMBER_AT_END = re.compile(r"\A(.*?)(\d{1,18})\D{0,2}\Z", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDraft:
    """A review as a page shows it; `own_ids` is what the page calls it, `external_id` what we do.

    `own_ids` has one place for each way of naming (`@id`, address, identifier), empty where unused.
    `rating` is on the scale 0…`rating_scale`, as published. `published_at` is aware UTC; where `from_now` is
    true the page tells it from the moment of reading ("3 days ago"), and it is another at the next visit.
    """

    text: str
    own_ids: tuple[str, ...] = ()
    url: str | None = None
    author: str | None = None
    author_url: str | None = None
    title: str | None = None
    rating: float | None = None
    rating_scale: float | None = None
    published_at: datetime | None = None
    from_now: bool = False
    item: str | None = None
    language: str | None = None
    external_id: str = ""


def merged(by_syntax: Sequence[Sequence[ReviewDraft]]) -> list[ReviewDraft]:
    """Return the reviews of all syntaxes, each once; what one syntax leaves out another fills in."""
    kept: list[ReviewDraft] = []
    places: dict[tuple[str, ...], int] = {}
    for number, drafts in enumerate(by_syntax):
        for draft in drafts:
            keys = _same_in_page(draft) if number == 0 else [*_same_in_page(draft), *_same_across(draft)]
            at = next((places[key] for key in keys if key in places), None)
            if at is None:
                at = len(kept)
                kept.append(draft)
            else:
                kept[at] = _filled(kept[at], draft)
            for key in (*_same_in_page(draft), *_same_across(draft)):
                places.setdefault(key, at)
    return kept


def _squeezed(text: str | None) -> str:
    folded = unicodedata.normalize("NFKC", text or "").casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def _same_in_page(draft: ReviewDraft) -> list[tuple[str, ...]]:
    """Return keys that two copies of one review in one syntax share (a carousel repeats its slides)."""
    when = draft.published_at.isoformat() if draft.published_at else ""
    stars = repr(draft.rating)
    return [
        (
            "copy",
            *(_squeezed(draft.author), when, stars, _squeezed(draft.title), _squeezed(draft.text)),
            *(draft.own_ids if not draft.text else ()),
        )
    ]


def _same_across(draft: ReviewDraft) -> list[tuple[str, ...]]:
    """Return keys that a review shares between syntaxes, which differ in white space, zones and cuts."""
    text = _squeezed(draft.text)
    day = draft.published_at.date().isoformat() if draft.published_at else ""
    author = _squeezed(draft.author)
    keys: list[tuple[str, ...]] = []
    if len(text) >= 20 or (text and author):
        keys.append(("text", text, author if len(text) < 20 else ""))
    if author and day:
        keys.append(("author", author, day, text[:40]))
    return keys


def _filled(first: ReviewDraft, second: ReviewDraft) -> ReviewDraft:
    """Return `first` with its gaps filled from `second`; a rating comes with its scale."""
    given = {
        field.name: getattr(second, field.name)
        for field in fields(first)
        if getattr(first, field.name) in (None, "", ()) and getattr(second, field.name) is not None
    }
    if first.rating is not None:
        given.pop("rating_scale", None)
    if "published_at" in given:
        given["from_now"] = second.from_now
    return replace(first, **given)


def identified(drafts: Sequence[ReviewDraft], page_url: str) -> tuple[ReviewDraft, ...]:
    """Return the drafts with `external_id`s that are unique in the page and the same at the next visit.

    The page's own id or address of a review counts where it is truly the review's: not shared, not the
    page's, and not a mere position in the list. Else it is a hash of item, author and date, so that an
    edited review stays the same review; and of the words where author and date do not tell it apart.
    """
    own = _own_ids(drafts, page_url)
    by_author = [_author_key(draft) for draft in drafts]
    shared = Counter(key for key in by_author if key is not None)
    named = []
    for draft, own_id, key in zip(drafts, own, by_author, strict=True):
        if own_id is None:
            own_id = key if key is not None and shared[key] == 1 else text_key(draft)
        named.append(replace(draft, external_id=own_id))
    return _unique(named)


def _unique(drafts: Iterable[ReviewDraft]) -> tuple[ReviewDraft, ...]:
    return tuple({draft.external_id: draft for draft in drafts}.values())


def _hashed(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _lasting(draft: ReviewDraft) -> str:
    """Return the date of a review as far as it is the same at every visit."""
    return draft.published_at.isoformat() if draft.published_at and not draft.from_now else ""


def _author_key(draft: ReviewDraft) -> str | None:
    author = " ".join((draft.author or "").casefold().split())
    if draft.author_url is None and (not author or author in _NAMELESS):
        return None
    when = _lasting(draft)
    return _hashed("author", _squeezed(draft.item), draft.author_url or author, when)


def text_key(draft: ReviewDraft) -> str:
    """Return an id that is made of all that the review says, for those that nothing else tells apart."""
    when = _lasting(draft)
    said = (_squeezed(draft.title), _squeezed(draft.text), repr(draft.rating))
    return _hashed("text", _squeezed(draft.item), _squeezed(draft.author), when, *said)


def _own_ids(drafts: Sequence[ReviewDraft], page_url: str) -> list[str | None]:
    page = urlsplit(page_url)
    chosen: list[str | None] = [None] * len(drafts)
    for place in range(max((len(draft.own_ids) for draft in drafts), default=0)):
        found = [_own_id(draft, place, page_url) for draft in drafts]
        shared = Counter(one for one in found if one is not None)
        if _are_positions([one for one in found if one is not None], page.netloc + page.path):
            continue
        for at, one in enumerate(found):
            if one is not None and shared[one] == 1 and chosen[at] is None:
                chosen[at] = one
    return chosen


def _own_id(draft: ReviewDraft, place: int, page_url: str) -> str | None:
    """Return what the page calls the review, made whole, or None where that names something else."""
    raw = draft.own_ids[place].strip() if place < len(draft.own_ids) else ""
    if not raw or raw.startswith("_:"):
        return None
    try:
        whole = urlsplit(urljoin(page_url, raw) if raw.startswith(("http", "/", "#", "?")) else raw)
        page = urlsplit(page_url)
    except ValueError:
        return None
    if whole.scheme not in ("http", "https"):
        return raw[:500] if len(raw) > 1 else None
    here = (whole.netloc, whole.path) == (page.netloc, page.path)
    if here and not whole.fragment:
        # The page itself, or the page with a review's number in its query.
        return None if whole.query in ("", page.query) else whole.geturl()
    if whole.geturl() == draft.author_url:
        return None
    # The fragment is the review's on whichever page of the list it stands today.
    return f"{whole.netloc}{whole.path}#{whole.fragment}" if here else whole.geturl()


def _are_positions(ids: Sequence[str], page: str) -> bool:
    """Tell whether the ids only count the reviews of the page (`#review-1`, `#review-2` …)."""
    ends = [_NUMBER_AT_END.match(one) for one in ids]
    counted = [(end[1], int(end[2])) for end in ends if end is not None]
    if len(counted) != len(ids) or not counted or len({stem for stem, _ in counted}) != 1:
        return False
    numbers = [number for _, number in counted]
    if len(numbers) == 1:
        return ids[0].startswith(page) and "#" in ids[0] and numbers[0] in (0, 1)
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
