"""Pictures for the README, of what a play of the demo really sent: `python -m demo.pictures FROM TO`.

Needs Chromium, as `chromium` on the path or named by the variable CHROMIUM.
"""

from __future__ import annotations

import email.policy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from demo.preview import page

# What the pictures show: a subject of the rule `angry customers` when it began.
_WANTED = {"en": "Unusual rise", "ar": "ارتفاع غير معتاد"}


def main(source: Path, target: Path) -> None:
    """Take a picture of the first spike alert in Slack and mail, and of the digest, in both languages."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, markup, size in _pages(source):
            file = Path(folder) / f"{name}.html"
            file.write_text(markup, encoding="utf-8")
            _shoot(file, target / f"{name}.png", size)


def _pages(source: Path) -> Iterator[tuple[str, str, tuple[int, int]]]:
    payloads = [json.loads(path.read_bytes()) for path in sorted((source / "alerts").glob("*.json"))]
    mails = [_read(path) for path in sorted((source / "mail").glob("*.eml"))]
    for language, wanted in _WANTED.items():
        slack = next(payload for payload in payloads if wanted in payload["text"])
        yield f"slack-{language}", page(slack), (720, 640)
        mail = next(mail for mail in mails if wanted in str(mail["Subject"]))
        yield f"mail-{language}", _markup(mail), (640, 1240)
        digest = (source / f"digest-{language}.html").read_text(encoding="utf-8")
        yield f"digest-{language}", digest, (620, 1180)


def _read(path: Path) -> EmailMessage:
    message: Any = BytesParser(policy=email.policy.default).parsebytes(path.read_bytes())
    return message  # type: ignore[no-any-return]


def _markup(mail: EmailMessage) -> str:
    """Return the page of a mail, with its pictures inside."""
    markup = ""
    pictures = {}
    for part in mail.walk():
        if part.get_content_type() == "text/html":
            markup = part.get_content()
        elif part.get_content_maintype() == "image":
            data = b64encode(part.get_payload(decode=True)).decode()  # type: ignore[arg-type]
            pictures[str(part["Content-ID"]).strip("<>")] = f"data:{part.get_content_type()};base64,{data}"
    for cid, address in pictures.items():
        markup = markup.replace(f"cid:{cid}", address)
    return markup


def _shoot(file: Path, picture: Path, size: tuple[int, int]) -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
    quiet = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *quiet]
    window = f"--window-size={size[0]},{size[1]}"
    subprocess.run(  # noqa: S603 - a browser of this machine on files that we wrote
        [*command, window, f"--screenshot={picture}", file.as_uri()],
        check=True,
        capture_output=True,
        timeout=60,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
