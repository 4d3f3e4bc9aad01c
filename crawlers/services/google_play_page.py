"""Reviews as Google Play's own web page asks for them: the call `UsvDTd` of `batchexecute`. Pure.

The call is documented nowhere and known only from what the page sends. An answer begins with `)]}'`, holds
JSON in which the payload is a string of JSON again, and names nothing: every fact has its place in a list.
So whatever is not in its place says that the page has changed, and nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from crawlers.errors import UnreadableError
from crawlers.items import Item, Page
from crawlers.json_values import count, integer, name, string
from crawlers.pages import believable
from crawlers.review_values import facts, identity, moment_of, once, stars, words
from storage.records import Author, Engagement

CALL = "UsvDTd"
PER_PAGE = 100
CHANGED = "Google Play's page has changed, and its reviews cannot be read"
_NEWEST_FIRST = 2
_LONGEST_TOKEN = 4000
_WHITE_SPACE = re.compile(r"\s*")
# Of a review: where each fact stands.
_ID, _USER, _STARS, _TEXT, _WRITTEN, _THUMBS, _ANSWER, _ACCOUNT, _VERSION = 0, 1, 2, 4, 5, 6, 7, 9, 10


class CallRefusedError(UnreadableError):
    """Google Play refused the call: it knows no such app, or the token of a page no longer."""


def call_for(app: str, token: str | None) -> str:
    """Return the form value `f.req` that asks for a page of an app's reviews, the newest first."""
    asked = [None, None, [2, _NEWEST_FIRST, [PER_PAGE, None, token], None, []], [app, 7]]
    call = [CALL, json.dumps(asked, separators=(",", ":")), None, "generic"]
    return json.dumps([[call]], separators=(",", ":"))


def read_play_page(body: bytes, app: str, language: str) -> Page:
    """Return a page of reviews; `language` (BCP 47) is the one that they were asked for in.

    Raises:
        CallRefusedError: Google Play answers with an error.
        UnreadableError: the answer has another shape than it had; the message says so.
    """
    payload = _payload(body)
    if not payload:
        return Page(items=())
    listed = payload[0]
    if listed is None:
        return Page(items=())
    if not isinstance(listed, list):
        raise UnreadableError(CHANGED)
    read = [_review(raw, app, language) for raw in listed]
    items = once(item for item in read if item is not None)
    if listed and all(item.published_at is None for item in items):
        raise UnreadableError(CHANGED)
    return Page(items=items, next=_token(payload))


def _payload(body: bytes) -> Sequence[Any]:
    for part in _parts(body):
        if not (isinstance(part, list) and len(part) > 2 and part[:2] == ["wrb.fr", CALL]):
            continue
        if part[2] is None:
            code = integer(_at(part, 5, 0))
            raise CallRefusedError(f"Google Play refused{'' if code is None else f' with error {code}'}")
        try:
            payload = json.loads(part[2])
        except (ValueError, TypeError, RecursionError):
            raise UnreadableError(CHANGED) from None
        if isinstance(payload, list):
            return payload
        break
    raise UnreadableError(CHANGED)


def _parts(body: bytes) -> Iterator[Any]:
    """Yield the parts of an answer: one list of them, or several with their lengths in between."""
    text = body.decode("utf-8", "replace")
    # What stands before the first list keeps browsers from running the answer as a script.
    decoder, at = json.JSONDecoder(), max(0, text.find("["))
    # Lengths stand between the parts of a long answer: numbers, which are passed over.
    while (space := _WHITE_SPACE.match(text, at)) and space.end() < len(text):
        try:
            found, at = decoder.raw_decode(text, space.end())
        except (ValueError, RecursionError):
            return
        if isinstance(found, list):
            yield from found


def _token(payload: Sequence[Any]) -> str | None:
    """Return the token of the next page: the string at the end of the first list after the reviews."""
    for part in payload[1:]:
        if isinstance(part, list) and part and isinstance(part[-1], str):
            return part[-1] if 0 < len(part[-1]) <= _LONGEST_TOKEN else None
    return None


def _at(raw: object, *places: int) -> Any:
    """Return what stands at these places in lists within lists, None where there is nothing."""
    for place in places:
        if not isinstance(raw, list) or len(raw) <= place:
            return None
        raw = raw[place]
    return raw


def _review(raw: object, app: str, language: str) -> Item | None:
    external_id, rating = identity(string(_at(raw, _ID))), stars(_at(raw, _STARS))
    if external_id is None or rating is None:
        return None
    text = words(_at(raw, _TEXT))
    answered = moment_of(_at(raw, _ANSWER, 2, 0))
    return Item(
        external_id=external_id,
        url=f"https://play.google.com/store/apps/details?id={app}&reviewId={external_id}",
        text=text,
        author=_author(raw),
        rating=rating.value,
        rating_scale=rating.scale,
        engagement=Engagement(likes=count(_at(raw, _THUMBS))),
        published_at=moment_of(_at(raw, _WRITTEN, 0)),
        item=app,
        language_hint=believable(language, text),
        extra=facts(
            version=name(_at(raw, _VERSION)),
            answer=words(_at(raw, _ANSWER, 1)),
            answered_at=answered.isoformat() if answered else None,
        ),
    )


def _author(raw: object) -> Author | None:
    """Return who wrote a review, by the number of the account, since names are not unique."""
    shown = name(_at(raw, _USER, 0))
    if shown is None:
        return None
    account = identity(_at(raw, _ACCOUNT, 0))
    return Author("google_play", account or shown, name=shown)
