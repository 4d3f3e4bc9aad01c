"""What can go wrong in understanding texts, one type for each thing a caller can do about it."""

from __future__ import annotations


class NlpError(Exception):
    """The base of the errors of this room."""


class BrandConfigError(NlpError):
    """A brand's matching options cannot be used; `key` is the option, the message says what to write."""

    def __init__(self, brand: str, key: str, problem: str) -> None:
        self.brand = brand
        self.key = key
        super().__init__(f"brand {brand!r}: {key}: {problem}")


class ModelUnavailable(NlpError):
    """A model file or package is missing or unreadable; the message names it and how to get it."""


class BadLine(NlpError):
    """A line of JSON Lines input is not a text to analyse; the message says why."""


class LearnedModelUnusable(NlpError):
    """What was learned from corrections is damaged or belongs to another shipped model; learn it again."""
