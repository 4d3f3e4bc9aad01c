"""The key that makes pseudonyms of people: a secret of one's own, or one made once and kept in a file."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo

from config.secret import Secret, SecretPlaces
from config.settings import Strict
from crawlers.errors import CrawlError

_SHORTEST, _MADE_BYTES, _LONGEST = 16, 32, 4096


def _placed(raw: object, info: ValidationInfo) -> object:
    if not isinstance(raw, str | Path) or not str(raw).strip() or "\x00" in str(raw):
        raise ValueError("write a path")
    places = info.context
    return (places.folder if isinstance(places, SecretPlaces) else Path.cwd()) / raw


PlacedPath = Annotated[Path, BeforeValidator(_placed)]
"""A path of the configuration; a relative one begins at the configuration's folder."""


class PseudonymKeyOptions(Strict):
    """Where the key is."""

    pseudonym_key: Secret | None = Field(
        default=None, description="A key of 16 letters or more that makes pseudonyms; else one is made."
    )
    pseudonym_key_file: PlacedPath = Field(
        default=Path("var/pseudonyms.key"),
        validate_default=True,
        description="Where the key that is made is kept. Without it nobody can link old authors and new.",
    )


def key_of(options: PseudonymKeyOptions) -> bytes:
    """Return the key of the options; where neither secret nor file is there, make the file.

    Raises:
        CrawlError: the secret is too short, or the file can be neither read nor made.
        config.errors.SecretUnavailable: the secret cannot be had.
    """
    if options.pseudonym_key is not None:
        key = options.pseudonym_key.reveal().encode()
        if len(key) < _SHORTEST:
            raise CrawlError(f"pseudonym_key is shorter than {_SHORTEST} letters")
        return key
    file = options.pseudonym_key_file
    try:
        if not file.exists():
            _make(file)
        with file.open("rb") as stream:
            key = stream.read(_LONGEST).strip()
    except OSError as error:
        raise CrawlError(
            f"the key {file.name} can be neither read nor made ({error.strerror}); set pseudonym_key"
        ) from None
    if len(key) < _SHORTEST:
        raise CrawlError(f"the key {file.name} is broken; restore it, or set pseudonym_key")
    return key


def _make(file: Path) -> None:
    """Make the file whole or not at all, whoever else makes it at the same time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_hex(_MADE_BYTES).encode())
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        fresh.unlink()
