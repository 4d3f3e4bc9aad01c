"""Which kinds of source there are, how sure we are of each, and what they make of recorded payloads.

    python -m benchmarks.sources [--write]

prints the table of `docs/sources.md`; `--write` puts it there. The payloads stand in the folder `shared`
beside the repository (or where MARSAD_SHARED says).
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.payloads.case import Case
from benchmarks.payloads.run import all_cases, read_case, shared_folder
from crawlers import parsing
from crawlers.base import kinds
from storage.records import Mention

_PAGE = Path(__file__).parents[1] / "docs" / "sources.md"
_BEGIN, _END = "<!-- table: python -m benchmarks.sources --write -->", "<!-- end of table -->"


@dataclass(slots=True)
class Tally:
    """What a kind made of its payloads."""

    passed: int = 0
    payloads: int = 0
    items: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, case: Case, found: Sequence[Mention], error: str | None) -> None:
        """Count one payload."""
        self.payloads += 1
        self.items += len(found)
        for mention in found:
            self.filled.update(filled(mention))
        try:
            assert len(found) == case.items, f"{len(found)} items, {case.items} expected ({error})"
            case.known(list(found))
        except AssertionError as failure:
            self.wrong.append(f"{case.file}: {failure}")
        else:
            self.passed += 1


def filled(mention: Mention) -> Iterator[str]:
    """Yield the names of the fields that a mention has."""
    author, engagement = mention.author, mention.engagement
    told = {
        "author": author is not None,
        "followers": author is not None and author.followers is not None,
        "date": mention.published_at is not None,
        "text": bool(mention.text.strip()),
        "rating": mention.rating is not None,
        "likes": engagement.likes is not None,
        "replies": engagement.replies is not None,
        "views": engagement.views is not None,
        "parent": mention.parent_id is not None,
        "language": mention.language_hint is not None,
    }
    yield from (name for name, has in told.items() if has)
    yield from mention.extra


def tallies(shared: Path) -> dict[str, Tally]:
    """Return what each kind made of its payloads."""
    found: dict[str, Tally] = defaultdict(Tally)
    for case in all_cases():
        event, mentions = read_case(case, shared)
        found[case.kind].add(case, mentions, event.error)
    return found


def table(counted: dict[str, Tally]) -> Iterator[str]:
    """Yield the table in Markdown."""
    yield "| kind | status | recorded payloads passed | items | fields filled, % of items |"
    yield "|---|---|---|---|---|"
    for name, kind in kinds().items():
        tally = counted.get(name, Tally())
        share = (
            f"{field} {round(100 * count / tally.items)}"
            for field, count in sorted(tally.filled.items(), key=lambda pair: (-pair[1], pair[0]))
        )
        passed = f"{tally.passed} of {tally.payloads}" if tally.payloads else "none recorded"
        status = "stable" if kind.beta is None else f"beta: {kind.beta}"
        yield f"| `{name}` | {status} | {passed} | {tally.items} | {', '.join(share)} |"


def main() -> None:
    """Print the table, and put it into the page if asked to."""
    counted = tallies(shared_folder())
    parsing.close()
    lines = list(table(counted))
    print("\n".join(lines))
    if "--write" in sys.argv[1:]:
        before, _, rest = _PAGE.read_text("utf-8").partition(_BEGIN)
        _, _, after = rest.partition(_END)
        _PAGE.write_text(f"{before}{_BEGIN}\n" + "\n".join(lines) + f"\n{_END}{after}", "utf-8")
    wrong = [line for tally in counted.values() for line in tally.wrong]
    for line in wrong:
        print(f"WRONG {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
