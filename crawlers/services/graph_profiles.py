"""Who a page on Facebook or an account on Instagram is, by the Graph API. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crawlers.json_values import count, mapping, name, string
from crawlers.services.graph_answers import id_of
from crawlers.urls import web_url
from storage.records import Author


@dataclass(frozen=True, slots=True)
class Profile:
    """A page or an account. `followers` are a page's followers or, where not told, those who like it."""

    platform: str
    id: str
    username: str | None = None
    name: str | None = None
    url: str | None = None
    followers: int | None = None
    verified: bool | None = None

    def author(self) -> Author:
        """Return the profile as the author of what it publishes."""
        return Author(
            self.platform,
            self.username or self.id,
            name=self.name,
            profile_url=self.url,
            followers=self.followers,
            verified=self.verified,
        )


def profile_of(raw: Mapping[str, Any], platform: str, asked: str) -> Profile:
    """Return the profile that an object describes; `asked` is the id or name that it was asked by."""
    username = name(raw.get("username"))
    url = web_url(string(raw.get("link")))
    if platform == "instagram" and username:
        url = f"https://www.instagram.com/{username}/"
    status = string(raw.get("verification_status"))
    followers = count(raw.get("followers_count"))
    return Profile(
        platform,
        id_of(raw) or asked,
        username=username,
        name=name(raw.get("name")),
        url=url,
        followers=count(raw.get("fan_count")) if followers is None else followers,
        verified=status != "not_verified" if status in _VERIFICATION else None,
    )


def person(raw: object, platform: str) -> Author | None:
    """Return the author that a `from` or `reviewer` object names, None where it names nobody."""
    told = mapping(raw)
    handle = name(told.get("username")) or id_of(told)
    return Author(platform, handle, name=name(told.get("name"))) if handle else None


_VERIFICATION = frozenset({"blue_verified", "gray_verified", "not_verified"})
