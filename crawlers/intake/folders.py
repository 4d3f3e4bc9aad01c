"""A watched folder: which of its files are to be read, and how far each has been. No file is opened here."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawlers.errors import CrawlError
from crawlers.intake.table_files import FORMATS, Mark, Print

MOST_FILES = 2_000
_BEGINNING = Mark()


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the folder: its name from there on, where it really is, and its print."""

    name: str
    path: Path
    print: Print


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a file has been read; `digest` is that of its bytes, `problem` why nothing in it was usable."""

    size: int
    changed: int
    digest: str
    mark: Mark = _BEGINNING
    done: bool = False
    rows: int = 0
    bad: int = 0
    problem: str | None = None

    def is_of(self, seen: Print) -> bool:
        """Tell whether the file is, by size and time, the one that was read."""
        return (self.size, self.changed) == (seen.size, seen.changed)

    def to_json(self) -> list[Any]:
        """Return it as JSON values."""
        where = [self.mark.offset, self.mark.line]
        return [self.size, self.changed, self.digest, *where, self.done, self.rows, self.bad, self.problem]

    @classmethod
    def from_json(cls, raw: Any) -> Progress | None:
        """Return what `to_json` wrote, None for anything else."""
        try:
            size, changed, digest, offset, line, done, rows, bad, problem = raw
        except (TypeError, ValueError):
            return None
        return cls(
            size=size,
            changed=changed,
            digest=digest,
            mark=Mark(offset, line),
            done=done,
            rows=rows,
            bad=bad,
            problem=problem,
        )


def listing(folder: Path, patterns: Sequence[str]) -> tuple[list[Listed], list[str]]:
    """Return the files of a folder that match, oldest first, and the names of those that lead out of it.

    What is no regular file (a pipe, a device), is hidden or is the lock file of an office program is left
    out. Links are followed within the folder alone.

    Raises:
        CrawlError: there is no such folder, it may not be looked into, or it holds too many files.
    """
    try:
        root = folder.resolve(strict=True)
        if not root.is_dir():
            raise CrawlError(f"{folder} is no folder")
        found = {name: path for pattern in patterns for name, path in _matching(root, pattern)}
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be looked into"
        raise CrawlError(f"the folder {folder} cannot be read: {reason}") from None
    if len(found) > MOST_FILES:
        raise CrawlError(f"the folder holds more than {MOST_FILES:,} files; move away what was read")
    files, outside, known = [], [], set()
    for name, path in sorted(found.items()):
        real = _within(root, path)
        if real is None:
            outside.append(name)
        elif real not in known and (seen := print_of(real)) is not None:
            known.add(real)
            files.append(Listed(name, real, seen))
    return sorted(files, key=lambda file: (file.print.changed, file.name)), outside


def _matching(root: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    for path in root.glob(pattern):
        name = path.relative_to(root).as_posix()
        hidden = any(part.startswith((".", "~$")) for part in name.split("/"))
        if not hidden and path.suffix.lower() in FORMATS:
            yield name, path


def _within(root: Path, path: Path) -> Path | None:
    """Return where a path really is, None where that is outside of the folder or nowhere."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return real if real.is_relative_to(root) else None


def print_of(path: Path) -> Print | None:
    """Return the print of a regular file, None where there is none."""
    try:
        found = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return Print.of(found) if stat.S_ISREG(found.st_mode) else None


def kept(progress: Mapping[str, Any], files: Sequence[Listed]) -> dict[str, Any]:
    """Return the progress of the files that are still there."""
    return {file.name: progress[file.name] for file in files if file.name in progress}
