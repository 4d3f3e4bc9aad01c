"""A recorded payload, how it is served again, and what a right reader makes of it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from storage.records import Mention


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the simulated service sees it; header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the simulated service answers."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = "application/json"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One recorded payload.

    `file` stands below `shared/fixtures`. `items` is what a right reader gives; where that is not what
    INDEX.tsv expects, `note` says why. `options` makes the source's options, as in marsad.yaml, from the
    address of the simulated service. `answer` is given each request and the recorded bytes (not gzipped any
    more); None is 404. `known` asserts what is known of the mentions. `secrets` are environment variables.
    """

    kind: str
    file: str
    items: int
    options: Callable[[str], dict[str, Any]]
    answer: Callable[[Asked, bytes], Answer | None]
    known: Callable[[list[Mention]], None]
    secrets: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def recorded(content: bytes) -> bytes:
    """Return the bytes of a recorded file as they were served, before compression."""
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def betamax(content: bytes, number: int) -> Answer:
    """Return the answer of one exchange of a Betamax cassette; exchanges count from 0, -1 is the last.

    Some tools write the same form under the name `interactions`.
    """
    cassette = json.loads(content)
    exchanges = cassette["http_interactions" if "http_interactions" in cassette else "interactions"]
    response = exchanges[number]["response"]
    body = response["body"]
    raw = base64.b64decode(body["base64_string"]) if "base64_string" in body else body["string"].encode()
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    return Answer(raw, response["status"]["code"], _kept(response["headers"]))


def vcr(content: bytes, number: int) -> Answer:
    """Return the answer of one exchange of a VCR cassette; exchanges count from 0, -1 is the last."""
    response = yaml.safe_load(content)["interactions"][number]["response"]
    body = response["body"]["string"]
    raw = body if isinstance(body, bytes) else body.encode()
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    return Answer(raw, response["status"]["code"], _kept(response["headers"]))


def _kept(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that still hold: not those of the old connection and encoding."""
    gone = {"content-length", "content-encoding", "transfer-encoding", "connection", "content-type"}
    found = {name: value[0] if isinstance(value, list) else value for name, value in headers.items()}
    return {name: str(value) for name, value in found.items() if name.lower() not in gone}
