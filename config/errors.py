"""What can be wrong with a configuration, one type for each thing a caller can do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the key path (`sources[2].url`), what is wrong with its value, and what to write.

    `key` is empty where the whole file is meant; `line` counts from 1 and is None outside the file.
    """

    key: str
    what: str
    fix: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """Return the one line that a person reads."""
        where = f"{self.key}: " if self.key else ""
        return f"{where}{self.what}. {self.fix}" if self.fix else f"{where}{self.what}."


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds every mistake in it, not only the first."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(self._place(problem) + str(problem) for problem in problems))

    def _place(self, problem: Problem) -> str:
        return f"{self.path}: " if problem.line is None else f"{self.path}:{problem.line}: "


class SecretUnavailable(Exception):
    """A secret is named but not there. The message names the place, never the value."""


class SharedEnvironmentError(Exception):
    """Another distribution in this environment owns one of our top-level names."""
