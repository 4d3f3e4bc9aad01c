"""How well brands are found in texts of which is known whom they speak of: precision, recall, misses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nlp.brands import BrandMatcher
from nlp.errors import BadLine
from nlp.text import fold


@dataclass(frozen=True, slots=True)
class ExpectedBrands:
    """A text, where it stands (line number), and the names of the brands that it does speak of."""

    number: int
    text: str
    brands: frozenset[str]
    title: str | None = None


@dataclass(slots=True)
class Tally:
    """Counts of texts: `hits` where the brand was found rightly, `wrong` where it is none, `missed`."""

    hits: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float | None:
        """The share, 0…1, of findings that are right; None where nothing was found."""
        return _share(self.hits, self.hits + self.wrong)

    @property
    def recall(self) -> float | None:
        """The share, 0…1, of what is there that was found; None where nothing is there."""
        return _share(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where nothing is there and nothing was found."""
        return _share(2 * self.hits, 2 * self.hits + self.wrong + self.missed)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A brand that was missed in a text, or wrongly found in it, then with the alias that was taken."""

    line: ExpectedBrands
    brand: str
    alias: str | None = None


@dataclass(slots=True)
class BrandCheck:
    """What became of all texts. `brands` has a tally for each brand, `whole` the sum of all."""

    texts: int = 0
    whole: Tally = field(default_factory=Tally)
    brands: dict[str, Tally] = field(default_factory=dict)
    missed: list[Mistake] = field(default_factory=list)
    wrong: list[Mistake] = field(default_factory=list)


def check(matcher: BrandMatcher, names: Sequence[str], lines: Iterable[ExpectedBrands]) -> BrandCheck:
    """Match every line and return what was found, missed and wrong; `names` are those of all brands."""
    result = BrandCheck(brands={name: Tally() for name in names})
    for line in lines:
        found = {match.name: match.alias for match in matcher.find(line.text, line.title)}
        result.texts += 1
        for name in names:
            for tally in (result.whole, result.brands[name]):
                tally.hits += name in line.brands and name in found
                tally.missed += name in line.brands and name not in found
                tally.wrong += name not in line.brands and name in found
        result.missed += [Mistake(line, name) for name in names if name in line.brands - found.keys()]
        result.wrong += [Mistake(line, name, found[name]) for name in found if name not in line.brands]
    return result


def expected(
    rows: Iterable[tuple[int, Mapping[str, object] | str]], names: Sequence[str]
) -> Iterator[ExpectedBrands | tuple[int, BadLine]]:
    """Yield what each row expects, or its number and what is wrong with it.

    A row has `text`, maybe `title`, and `brands` (a list of names, or names parted by `;` or `|`) or
    `brand`; both may be empty. Names count as they do in texts: case and spelling variants do not matter.
    """
    known = {fold(name).strip(): name for name in names}
    for number, row in rows:
        try:
            yield _expected(number, row, known)
        except BadLine as wrong:
            yield number, wrong


def _expected(number: int, row: Mapping[str, object] | str, known: Mapping[str, str]) -> ExpectedBrands:
    if isinstance(row, str):
        raise BadLine(row)
    text, title = row.get("text"), row.get("title")
    if not isinstance(text, str) or not text.strip():
        raise BadLine('no text; write {"text": "…", "brands": ["…"]}')
    given = row.get("brands", row.get("brand"))
    parts = given.replace("|", ";").split(";") if isinstance(given, str) else given or []
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise BadLine("brands is not a list of names")
    wanted = [part for part in parts if part.strip()]
    strange = [part for part in wanted if fold(part).strip() not in known]
    if strange:
        raise BadLine(f"no brand is named {strange[0]!r}; there are: {', '.join(known.values()) or 'none'}")
    names = frozenset(known[fold(part).strip()] for part in wanted)
    return ExpectedBrands(number, text, names, title if isinstance(title, str) else None)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
