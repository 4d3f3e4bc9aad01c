"""Statuses of the old API of X (v1.1, until 2023), which archives and look-alike servers still hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crawlers.json_values import mapping, objects, string
from crawlers.text_of_html import text_of_html

_REFERENCES = (
    ("replied_to", "in_reply_to_status_id_str"),
    ("quoted", "quoted_status_id_str"),
)


def as_v2(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return a status of v1.1 with the names that v2 has for what it holds."""
    whole = mapping(status.get("extended_tweet"))
    links = [
        *objects(mapping(status.get("entities")).get("urls")),
        *objects(mapping(whole.get("entities")).get("urls")),
        *({**one, "media_key": ""} for one in objects(mapping(status.get("entities")).get("media"))),
    ]
    return {
        "id": status.get("id_str"),
        "created_at": status.get("created_at"),
        "text": string(whole.get("full_text")) or string(status.get("full_text")) or status.get("text"),
        "lang": status.get("lang"),
        "source": text_of_html(string(status.get("source"))[:500]),
        "entities": {"urls": links},
        "author": _user(mapping(status.get("user"))),
        "referenced_tweets": _references(status),
        "public_metrics": {
            "like_count": status.get("favorite_count"),
            "retweet_count": status.get("retweet_count"),
            "reply_count": status.get("reply_count"),
            "quote_count": status.get("quote_count"),
        },
    }


def _user(user: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "username": user.get("screen_name"),
        "name": user.get("name"),
        "verified": user.get("verified"),
        "public_metrics": {"followers_count": user.get("followers_count")},
    }


def _references(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = [{"type": kind, "id": status.get(key)} for kind, key in _REFERENCES if status.get(key)]
    repeated = mapping(status.get("retweeted_status"))
    return [*found, {"type": "retweeted", "id": repeated.get("id_str")}] if repeated else found
