"""What a parsed query is made of, and what each part finds among the places of its terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """Where a term stands: which field (0 title, 1 body), its first and last word, and whose hit it is."""

    field: int
    first: int
    last: int
    hit: int


Places = Mapping[int, Sequence[Place]]
"""The places of each term, by its index."""


@dataclass(frozen=True, slots=True)
class Term:
    """One string to look for, by its index among the query's terms."""

    index: int

    def evidence(self, places: Places) -> Sequence[Place] | None:
        """Return where it holds, or None where it does not."""
        return places.get(self.index) or None


@dataclass(frozen=True, slots=True)
class Adjacent:
    """Terms that follow one another word by word: a phrase with a wildcard in it."""

    terms: tuple[Term, ...]

    def evidence(self, places: Places) -> Sequence[Place] | None:
        """Return the places of the whole, each with the hit of its first term."""
        found = list(places.get(self.terms[0].index, ()))
        for term in self.terms[1:]:
            following = {(place.field, place.first): place.last for place in places.get(term.index, ())}
            found = [
                place._replace(last=following[place.field, place.last + 1])
                for place in found
                if (place.field, place.last + 1) in following
            ]
        return found or None


@dataclass(frozen=True, slots=True)
class Near:
    """Both within `distance` words of one another, in either order; neighbours are 1 apart."""

    left: Node
    right: Node
    distance: int

    def evidence(self, places: Places) -> Sequence[Place] | None:
        """Return the places of the left one that have a right one near."""
        left, right = self.left.evidence(places), self.right.evidence(places)
        if not left or not right:
            return None
        return [one for one in left if any(self._are_near(one, other) for other in right)] or None

    def _are_near(self, one: Place, other: Place) -> bool:
        apart = max(other.first - one.last, one.first - other.last)
        return one.field == other.field and 1 <= apart <= self.distance


@dataclass(frozen=True, slots=True)
class Both:
    """All of its parts hold."""

    parts: tuple[Node, ...]

    def evidence(self, places: Places) -> Sequence[Place] | None:
        """Return the places of the first part that is not a NOT: the custom is to name the subject first."""
        found: Sequence[Place] = ()
        for part in self.parts:
            places_of_part = part.evidence(places)
            if places_of_part is None:
                return None
            found = found or places_of_part
        return found


@dataclass(frozen=True, slots=True)
class Either:
    """One of its parts holds, or more."""

    parts: tuple[Node, ...]

    def evidence(self, places: Places) -> Sequence[Place] | None:
        """Return the places of all parts that hold."""
        found = [part.evidence(places) for part in self.parts]
        return sorted({place for some in found for place in some or ()}) or None


@dataclass(frozen=True, slots=True)
class Negation:
    """Its part does not hold."""

    part: Node

    def evidence(self, places: Places) -> Sequence[Place] | None:
        """Return no place where its part does not hold, None where it does."""
        return () if self.part.evidence(places) is None else None


Node = Term | Adjacent | Near | Both | Either | Negation
