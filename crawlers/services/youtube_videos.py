"""Videos and channels as YouTube's Data API gives them (developers.google.com/youtube/v3/docs). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

from crawlers.dates import parse_moment
from crawlers.errors import UnreadableError
from crawlers.feed_entries import LONGEST_TITLE, language_tag
from crawlers.items import Item, Page
from crawlers.json_values import count, json_document, mapping, name, objects, string
from crawlers.text_of_html import one_line, text_of_html, tidy
from storage.records import Author, Engagement

WATCH = "https://www.youtube.com/watch?v="
CHANNEL = "https://www.youtube.com/channel/"
CHANNEL_ID = re.compile(r"UC[\w-]{22}", re.ASCII)
_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
# The code of what has no language, such as music.
_NO_LANGUAGE = "zxx"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel; `subscribers` is rounded by YouTube to three digits, None where the owner hides it."""

    id: str
    subscribers: int | None
    uploads: str | None


def listed(body: bytes) -> tuple[list[Mapping[str, Any]], str | None]:
    """Return the resources in an answer to any `list` method, and the token of the next page.

    Raises:
        UnreadableError: it is no such answer; what the API says instead is passed on.
    """
    document = mapping(json_document(body, "an answer of YouTube's API"))
    if not isinstance(document.get("items"), list):
        told = problem(body)[1]
        # An answer without results may come without the key.
        if not string(document.get("kind")).endswith("Response"):
            raise UnreadableError(f"not an answer of YouTube's API{f': {told}' if told else ''}")
    return objects(document.get("items")), string(document.get("nextPageToken"))[:1000] or None


def problem(body: bytes) -> tuple[str, str]:
    """Return what an answer that is an error says: the reason's code and the words; empty if nothing."""
    try:
        error = mapping(mapping(json_document(body, "an error")).get("error"))
    except UnreadableError:
        return "", ""
    reasons = [string(one.get("reason")) for one in objects(error.get("errors"))]
    details = [string(one.get("reason")) for one in objects(error.get("details"))]
    reason = next((one for one in [*reasons, *details] if one), string(error.get("status")))
    return reason[:100], one_line(text_of_html(string(error.get("message"))[:2000]))[:300]


def read_search(body: bytes) -> Page:
    """Return the videos that a search found, with the beginnings of their descriptions.

    Channels and playlists among the results are left out. `totalResults` is an estimate up to a million,
    no count.

    Raises:
        UnreadableError: it is no answer of the API.
    """
    found, following = listed(body)
    items = (_video(string(mapping(one.get("id")).get("videoId")), one, escaped=True) for one in found)
    return Page(items=distinct(items), next=following)


def read_playlist(body: bytes) -> Page:
    """Return the videos of a page of a playlist, such as a channel's uploads.

    The date is the video's own, where the answer has it; the snippet's is when it joined the playlist.

    Raises:
        UnreadableError: it is no answer of the API.
    """
    found, following = listed(body)
    items = []
    for one in found:
        details, snippet = mapping(one.get("contentDetails")), mapping(one.get("snippet"))
        video = string(details.get("videoId")) or string(mapping(snippet.get("resourceId")).get("videoId"))
        owner = {"channelId": snippet.get("videoOwnerChannelId") or snippet.get("channelId")}
        owner["channelTitle"] = snippet.get("videoOwnerChannelTitle") or snippet.get("channelTitle")
        date = {"publishedAt": details.get("videoPublishedAt") or snippet.get("publishedAt")}
        items.append(_video(video, {"snippet": {**snippet, **owner, **date}}))
    return Page(items=distinct(items), next=following)


def read_videos(body: bytes) -> tuple[Item, ...]:
    """Return the videos in an answer of `videos.list`, with what statistics their owners show.

    Raises:
        UnreadableError: it is no answer of the API.
    """
    return distinct(_video(string(one.get("id")), one) for one in listed(body)[0])


def read_channels(body: bytes) -> tuple[Channel, ...]:
    """Return the channels in an answer of `channels.list`.

    Raises:
        UnreadableError: it is no answer of the API.
    """
    channels = []
    for one in listed(body)[0]:
        statistics = mapping(one.get("statistics"))
        hidden = statistics.get("hiddenSubscriberCount") is True
        playlists = mapping(mapping(one.get("contentDetails")).get("relatedPlaylists"))
        if _ID.fullmatch(string(one.get("id"))):
            channels.append(
                Channel(
                    one["id"],
                    None if hidden else count(statistics.get("subscriberCount")),
                    string(playlists.get("uploads")) or None,
                )
            )
    return tuple(channels)


def completed(
    found: Sequence[Item], full: Mapping[str, Item], followers: Mapping[str, int | None]
) -> tuple[Item, ...]:
    """Return the videos found with what `videos.list` says of them, and their channels' subscribers.

    One that it leaves out (made private or deleted since) stays as it was found.
    """
    items = []
    for item in found:
        whole = full.get(item.external_id)
        if whole is not None and whole.title is None:
            # Only statistics were given.
            whole = replace(item, engagement=whole.engagement)
        item = whole or item
        if item.author is not None and followers.get(item.author.handle) is not None:
            item = replace(item, author=replace(item.author, followers=followers[item.author.handle]))
        items.append(item)
    return tuple(items)


def distinct(items: Iterable[Item | None]) -> tuple[Item, ...]:
    """Return the items without those that are None and without repetitions, the first of each kept."""
    found: dict[str, Item] = {}
    for item in items:
        if item is not None:
            found.setdefault(item.external_id, item)
    return tuple(found.values())


def channel_author(channel: object, title: object) -> Author | None:
    """Return a channel as an author; its id is the handle, since titles change and are not unique."""
    shown, known = name(title), string(channel)
    if _ID.fullmatch(known):
        return Author("youtube", known, name=shown, profile_url=CHANNEL + known)
    return Author("youtube", shown, name=shown) if shown else None


def _video(video: str, raw: Mapping[str, Any], *, escaped: bool = False) -> Item | None:
    if not _ID.fullmatch(video):
        return None
    snippet, statistics = mapping(raw.get("snippet")), mapping(raw.get("statistics"))
    title, text = string(snippet.get("title")), string(snippet.get("description"))
    if escaped:
        # Search alone writes titles and descriptions as HTML text.
        title, text = unescape(title), unescape(text)
    language = language_tag(snippet.get("defaultAudioLanguage") or snippet.get("defaultLanguage"))
    live = string(snippet.get("liveBroadcastContent"))[:20]
    return Item(
        external_id=video,
        url=WATCH + video,
        title=one_line(title)[:LONGEST_TITLE] or None,
        text=tidy(text),
        author=channel_author(snippet.get("channelId"), snippet.get("channelTitle")),
        engagement=Engagement(
            likes=count(statistics.get("likeCount")),
            replies=count(statistics.get("commentCount")),
            views=count(statistics.get("viewCount")),
        ),
        published_at=parse_moment(snippet.get("publishedAt")),
        language_hint=None if language == _NO_LANGUAGE else language,
        extra={"live": live} if live in ("live", "upcoming") else {},
    )
