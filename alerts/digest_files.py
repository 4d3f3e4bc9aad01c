"""A digest as files: the page, the plain text, the charts, and every number with its ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alerts.render.digest import digest_html, digest_images, digest_text, inline_images


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
