"""The text of `marsad.yaml` as plain values, each with the line it stands on.

The written form is YAML 1.2's core schema, in which `no` is a word, `09:00` is a word and a date is a
word: YAML 1.1, which PyYAML follows by itself, would make them false, 540 and an object. What could
exhaust memory or the stack (aliases of aliases, deep nesting, a huge file) is refused before any
value is made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from config.errors import ConfigError, Problem

if TYPE_CHECKING:
    from yaml import SafeLoader as _Base
else:
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

SIZE_LIMIT = 1_048_576  # bytes
DEPTH_LIMIT = 32
NODE_LIMIT = 100_000  # after every alias has been written out
_TAG = "tag:yaml.org,2002:"
_CORE = {
    "null": (re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF")),
    # No leading zero, plus sign or more than 18 digits: those are telephone and account numbers.
    "int": (re.compile(r"-?(0|[1-9][0-9]{0,17})"), list("-0123456789")),
    "float": (re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}([eE][-+]?[0-9]{1,3})?"), list("-0123456789")),
}
_HINTS = (
    (
        re.compile(r"cannot start any token|found unknown escape"),
        "Put a value with such a character in quotes; indent with spaces",
    ),
    (
        re.compile(r"undefined alias|could not determine|tag"),
        "Put a value that begins with * & or ! in quotes",
    ),
    (
        re.compile(r"mapping values are not allowed"),
        "Put a value with a colon in quotes, and check the indent",
    ),
    (re.compile(r"quoted scalar|unexpected end"), "Close the quotes"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says: `values` by key, `lines` (from 1) by written key path, and mistakes of form."""

    values: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, key: str) -> int | None:
        """Return the line of a key path or, where the key is absent, of what should hold it."""
        while key not in self.lines:
            shorter = re.sub(r"(\[\d+\]|\.?[^.\[\]]+|.)$", "", key)
            if not shorter:
                return None
            key = shorter
        return self.lines[key]


def joined(path: str, key: object) -> str:
    """Return the written form of a key path with one more part: `sources` and 2 make `sources[2]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def read(path: Path) -> Document:
    """Read a file of at most 1 MiB.

    Raises:
        ConfigError: the file cannot be read, or it is not UTF-8, not YAML, empty, or not a mapping.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        fix = "`marsad init` writes a new one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError(str(path), [Problem("", f"cannot be read: {error.strerror}", fix)]) from None
    return parse(raw, str(path))


def parse(raw: bytes, name: str) -> Document:
    """Make a document of a file's bytes; `name` stands for the file in messages. Raises as `read` does."""
    problem: Problem | None = None
    found: Document | None = None
    try:
        found = _document(_text(raw))
    except _Refused as refusal:
        problem = refusal.problem
    except yaml.MarkedYAMLError as error:
        problem = _syntax(error)
    except yaml.YAMLError:
        problem = Problem("", "holds a control character", "Remove it, or save the file anew as plain text")
    if problem is not None:
        # Raised here, outside the handlers, so that no traceback carries the text of the file.
        raise ConfigError(name, [problem])
    assert found is not None
    return found


class _Refused(Exception):
    def __init__(self, what: str, fix: str = "", line: int | None = None) -> None:
        self.problem = Problem("", what, fix, line)
        super().__init__(what)


class _Loader(_Base):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  PyYAML's own form


for _kind, (_pattern, _first) in _CORE.items():
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(f"(?:{_pattern.pattern})$"), _first)


def _text(raw: bytes) -> str:
    if len(raw) > SIZE_LIMIT:
        raise _Refused(
            "is larger than 1 MiB", "Keep long lists of mentions out of it; `marsad import` reads them"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
    raise _Refused("is not UTF-8 text", "Save it as UTF-8", line)


def _document(text: str) -> Document:
    _measure(text)
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    finally:
        loader.dispose()
    if root is None or root.tag == _TAG + "null":
        raise _Refused("is empty", "`marsad init` writes a commented one")
    if not isinstance(root, yaml.MappingNode):
        raise _Refused("must begin with keys such as `brands:`, not with a list or a single value", "", 1)
    document = Document({})
    document.values.update(_value(root, "", document))
    return document


def _measure(text: str) -> None:
    """Refuse what would grow beyond the limits once aliases are written out. Runs in linear time."""
    anchors: dict[str, tuple[int, int] | None] = {}
    open_nodes: list[tuple[str | None, int, int]] = []  # anchor, nodes, depth below
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1, 0))
            if event.anchor:
                anchors[event.anchor] = None
            size, depth = 0, len(open_nodes)
        elif isinstance(event, yaml.AliasEvent):
            known = anchors.get(event.anchor or "", (1, 0))
            if known is None:
                raise _Refused("an alias refers to what it stands in", "Write the values out", line)
            size, depth = known[0], known[1] + len(open_nodes)
            _add(open_nodes, *known)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size, below = open_nodes.pop()
            if anchor:
                anchors[anchor] = (size, below + 1)
            _add(open_nodes, size, below + 1)
            depth = 0
        elif isinstance(event, yaml.ScalarEvent):
            if event.anchor:
                anchors[event.anchor] = (1, 0)
            _add(open_nodes, 1, 0)
            size, depth = 1, 0
        else:
            continue
        if depth > DEPTH_LIMIT:
            raise _Refused(f"is nested more than {DEPTH_LIMIT} levels deep", "Check the brackets", line)
        if size > NODE_LIMIT:
            raise _Refused(f"holds more than {NODE_LIMIT} values", "Write fewer aliases", line)


def _add(open_nodes: list[tuple[str | None, int, int]], size: int, depth: int) -> None:
    if open_nodes:
        anchor, nodes, below = open_nodes[-1]
        open_nodes[-1] = (anchor, nodes + size, max(below, depth))


def _value(node: yaml.Node, path: str, into: Document) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, into)
    if isinstance(node, yaml.SequenceNode):
        found = []
        for index, item in enumerate(node.value):
            into.lines.setdefault(joined(path, index), item.start_mark.line + 1)
            found.append(_value(item, joined(path, index), into))
        return found
    return _scalar(node, path, into)


def _mapping(node: yaml.MappingNode, path: str, into: Document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, yaml.ScalarNode) or not key_node.value:
            into.problems.append(Problem(path, f"has a key that is no word (column {column})", "", line))
            continue
        key = key_node.value
        where = joined(path, shown_key(key))
        if key in found:
            first = into.lines[where]
            what = f"is written twice, in line {first} and in line {line}, column {column}"
            into.problems.append(Problem(where, what, "Keep one of them", line))
            continue
        into.lines[where] = line
        found[key] = _value(value_node, where, into)
    return found


def shown_key(key: str) -> str:
    """Return a key fit for one line of a message: at most 60 printable characters."""
    return "".join(sign if sign.isprintable() else "?" for sign in key[:60])


def _scalar(node: yaml.Node, path: str, into: Document) -> Any:
    text, kind = node.value, node.tag.removeprefix(_TAG)
    if kind in ("str", "!"):
        return text
    if kind not in _CORE:
        fix = "Write the value without a tag, in quotes where it begins with !"
        into.problems.append(Problem(path, "has a YAML tag", fix, node.start_mark.line + 1))
        return None
    if not _CORE[kind][0].fullmatch(text):
        into.problems.append(Problem(path, "has a YAML tag that its value does not fit", "Leave the tag out"))
        return None
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    return int(text) if kind == "int" else float(text)


def _syntax(error: yaml.MarkedYAMLError) -> Problem:
    # The library's message may quote the file, where a secret may stand: long quotations are left out.
    said = error.problem or error.context or "it cannot be read"
    what = re.sub(r"'(?!<[a-z ]+>')[^'\s]{2,}'", "it", said)
    fix = next((hint for pattern, hint in _HINTS if pattern.search(said)), "Check the indent and the quotes")
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Problem("", f"is not valid YAML: {what}", fix)
    return Problem("", f"is not valid YAML (column {mark.column + 1}): {what}", fix, mark.line + 1)
