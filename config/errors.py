"""What can be wrong with a configuration, one type for each thing a caller can do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the key path (`sources[2].url`), what is wrong with its value, and what to write."""

    key: str
    what: str
    fix: str

    def __str__(self) -> str:
        """Return the one line that a person reads."""
        return f"{self.key}: {self.what}. {self.fix}" if self.fix else f"{self.key}: {self.what}"


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds every mistake in it, not only the first."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))


class SecretUnavailable(Exception):
    """A secret is named but not there. The message names the place, never the value."""
