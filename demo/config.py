"""The `marsad.yaml` of the demo's world."""

from __future__ import annotations

from typing import Any

_HASHTAGS = ["لوزي", "lawzy", "تمراجو", "tamrago"]
_SLACK = ["marketing", "marketing-ar"]
_EVERYONE = [*_SLACK, "team", "team-ar"]


def configuration(site_url: str, slack_url: str, smtp_port: int, database: str) -> dict[str, Any]:
    """Return the content of `marsad.yaml` for a running site, Slack sink, mail sink and a database URL."""
    return {
        "timezone": "Asia/Riyadh",
        "week_starts": "sunday",
        "language": "en",
        "languages": ["ar", "en"],
        "database": database,
        "allow_private_networks": ["127.0.0.0/8"],
        "health_port": None,
        "brands": [
            {"name": "Lawzy", "aliases": ["Lawzy", "لوزي", "@lawzy"]},
            {"name": "Tamrago", "aliases": ["Tamrago", "تمراجو", "@tamrago"], "competitor": True},
        ],
        "sources": _sources(site_url),
        "channels": [
            {"name": "marketing", "kind": "slack", "webhook_url": slack_url},
            {"name": "marketing-ar", "kind": "slack", "language": "ar", "webhook_url": slack_url},
            _mailbox("team", "en", smtp_port),
            _mailbox("team-ar", "ar", smtp_port),
        ],
        "alerts": [
            {"name": "angry customers", "kind": "negative_spike", "brands": ["Lawzy"], "to": _EVERYONE},
            {
                "name": "big voices",
                "kind": "influencer_post",
                "brands": ["Lawzy"],
                "min_followers": 50_000,
                "to": _SLACK,
            },
            {"name": "rival posts", "kind": "competitor_post", "brands": ["Tamrago"], "to": _SLACK},
            {"name": "ratings", "kind": "rating_drop", "brands": ["Lawzy"], "window": "2d", "to": _EVERYONE},
        ],
        "digests": [
            {"name": "weekly", "brands": ["Lawzy"], "at": "sunday 09:00", "to": ["team"]},
            {"name": "weekly-ar", "brands": ["Lawzy"], "at": "sunday 09:00", "to": ["team-ar"]},
        ],
    }


def _mailbox(name: str, language: str, port: int) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "email",
        "language": language,
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "from": "Marsad <marsad@lawzy.example>",
        "to": [f"{name}@lawzy.example"],
    }


def _sources(site: str) -> list[dict[str, Any]]:
    return [
        {"name": "news-ar", "kind": "feed", "url": f"{site}/news/ar.rss", "every": "1d"},
        {"name": "news-en", "kind": "feed", "url": f"{site}/news/en.atom", "every": "1d"},
        {"name": "forum", "kind": "feed", "url": f"{site}/forum/comments.rss", "every": "1d"},
        {"name": "press", "kind": "feed", "url": f"{site}/press/feed.json", "every": "1d"},
        {"name": "stars", "kind": "reviews", "url": f"{site}/stars/lawzy", "brand": "Lawzy", "every": "1d"},
        {"name": "souq", "kind": "reviews", "url": f"{site}/souq/lawzy", "brand": "Lawzy", "every": "1d"},
        {
            "name": "tamrago-blog",
            "kind": "competitor_posts",
            "sitemap": f"{site}/sitemap.xml",
            "brand": "Tamrago",
            "every": "1d",
        },
        {"name": "mastodon", "kind": "mastodon", "base_url": site, "hashtags": _HASHTAGS, "every": "1d"},
    ]
