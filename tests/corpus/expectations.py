"""The corpus: small documents that each hold one oddity, and the language of what is expected of them.

Each document begins with a comment (JSON: a key `_expect`; where bytes allow neither, a file of the same
name with `.expect` after it) of up to three lines:

    Oddity: what is strange about it, in one line.
    Served: url=https://…; charset=iso-8859-1; link=<…>; rel=next
    Expect: items == 2; [0].title == "…"; [1].published_at == 2026-01-02T03:04:05+00:00

Clauses are separated by semicolons. On the left stands a path into the result: `items` are what was read,
`[0]` is the first of them, `[-1]` the last, names are fields. A list is compared with a number by its length.
On the right stands a JSON value, `none`, a time with a zone, or another path. Between them stands `==`,
`!=`, `contains` or `lacks`. `error contains "…"` expects the error of a document that cannot be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent
_COMMENT = re.compile(rb"<!--\s*(Oddity:.*?)-->|\A(?:#[^\n]*\n)+", re.DOTALL)
_LINE = re.compile(r"^[# ]*(Oddity|Served|Expect): *(.*?) *$", re.MULTILINE)
_CLAUSE = re.compile(r'((?:"(?:\\.|[^"\\])*"|[^";])+)(?:;|\Z)')
_PARTS = re.compile(r'\s*(?P<left>[^\s"=!]+)\s*(?P<verb>==|!=|contains|lacks)\s*(?P<right>.+?)\s*')
_STEP = re.compile(r"\[(-?\d+)\]|([a-z_]\w*)")
_PATH = re.compile(r"(?:\[-?\d+\]|[a-z_]\w*)(?:\[-?\d+\]|\.[a-z_]\w*)*")
_VERBS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "contains": lambda left, right: left is not None and right in left,
    "lacks": lambda left, right: left is not None and right not in left,
}


@dataclass(frozen=True, slots=True)
class Specimen:
    """One document of the corpus. `name` is its path in the corpus, `served` what came with its bytes."""

    name: str
    body: bytes
    oddity: str
    served: Mapping[str, str]
    expect: str

    @property
    def category(self) -> str:
        """The folder that it is in."""
        return self.name.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that is expected."""

    left: str
    verb: str
    right: str

    def holds(self, result: Any) -> bool:
        """Tell whether it is true of what was read."""
        return _VERBS[self.verb](_compared(_followed(result, self.left), self.right), self._wanted(result))

    def _wanted(self, result: Any) -> Any:
        if self.right == "none":
            return None
        if re.match(r"\d{4}-\d\d-\d\dT", self.right):
            return datetime.fromisoformat(self.right)
        if _PATH.fullmatch(self.right) and self.right not in ("true", "false"):
            return _followed(result, self.right)
        return json.loads(self.right)


def specimens() -> Iterator[Specimen]:
    """Yield every document of the corpus, in the order of their names. Raises ValueError for a bad one."""
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file() and path.name[0] != "." and path.suffix not in (".py", ".pyc", ".expect"):
            yield _specimen(path)


def clauses(expect: str) -> list[Clause]:
    """Return the clauses of an expectation. Raises ValueError for one that cannot be understood."""
    found = []
    for written in _CLAUSE.findall(expect):
        parts = _PARTS.fullmatch(written)
        if parts is None or _PATH.fullmatch(parts["left"]) is None:
            raise ValueError(f"not understood: {written}")
        found.append(Clause(parts["left"], parts["verb"], parts["right"]))
    return found


def _specimen(path: Path) -> Specimen:
    body = path.read_bytes()
    name = path.relative_to(CORPUS).as_posix()
    lines = dict(_LINE.findall(_header(path, body)))
    if not lines.get("Oddity") or not lines.get("Expect"):
        raise ValueError(f"{name} does not say what is odd about it and what is expected")
    pairs = (
        part.partition("=") for part in re.split(r"; (?=(?:url|charset|type|link)=)", lines.get("Served", ""))
    )
    served = {key.strip(): value.strip() for key, _, value in pairs if key.strip()}
    return Specimen(name, body, lines["Oddity"], served, lines["Expect"])


def _header(path: Path, body: bytes) -> str:
    beside = path.with_name(path.name + ".expect")
    if beside.exists():
        return beside.read_text("utf-8")
    if path.suffix == ".json":
        return "\n".join(json.loads(body)["_expect"])
    found = _COMMENT.search(body)
    return found[0].decode("utf-8", "replace").replace("<!--", "").replace("-->", "") if found else ""


def _followed(result: Any, path: str) -> Any:
    at = result
    for index, name in _STEP.findall(path):
        if name:
            at = at.get(name) if isinstance(at, Mapping) else getattr(at, name)
        else:
            at = at["items"][int(index)] if isinstance(at, Mapping) else at[int(index)]
    return at


def _compared(value: Any, right: str) -> Any:
    return len(value) if isinstance(value, list | tuple) and right.isdigit() else value
