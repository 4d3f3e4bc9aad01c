"""A digest as files: the page, the plain text, the charts, and every number with its ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from alerts.digest import Json, build
from alerts.digest_period import following, period_of
from alerts.render.digest import digest_html, digest_images, digest_text, inline_images
from config.settings import Settings
from storage.engine import reading


def write(directory: Path, data: Mapping[str, Any], language: str) -> list[Path]:
    """Write a digest in a language (`ar` or `en`) into a folder, and return the files, the page first.

    They are `digest-ar.html` (pictures inside), `digest-ar.txt`, one PNG for each chart and shade
    (`digest-ar-trend-1-light.png`), and `digest.json`. The folder is made; files of these names are
    replaced. Raises OSError where they cannot be written.
    """
    images = digest_images(data, language)
    stem = f"digest-{language}"
    page = digest_html(data, language, images, inline_images(images))
    numbers = json.dumps({**data, "language": language}, ensure_ascii=False, indent=1)
    files = {
        f"{stem}.html": page.encode(),
        f"{stem}.txt": digest_text(data, language).encode(),
        "digest.json": numbers.encode(errors="replace"),
        **{f"{stem}-{name}.png": picture for name, picture in images.items()},
    }
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in files]


def make(
    engine: Engine,
    settings: Settings,
    now: datetime,
    *,
    out: Path,
    brands: Sequence[str] = (),
    period: str | None = None,
    language: str | None = None,
) -> tuple[Json, list[Path]]:
    """Build a digest from the database and write it into the folder `out`; return it and the files.

    `brands` are one's own if none are named, `period` (`2026-W47`) the last week that is over, and
    `language` the top one. Raises UnknownPeriod where no week has that name.
    """
    zone, starts = settings.zone, settings.week_starts
    week = period_of(period, starts, zone) if period else following(period_of(now, starts, zone), zone, -1)
    names = list(brands) or [brand.name for brand in settings.own_brands]
    with reading(engine) as conn:
        data = build(conn, settings, names, week, now)
    return data, write(out, data, language or settings.language)
