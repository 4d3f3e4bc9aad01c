"""A watched folder of surveys and exports: CSV, JSON, JSON Lines and XLSX, dropped there by anything."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b, file_digest
from pathlib import Path
from time import monotonic, time
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from config.values import Duration
from crawlers.base import SourceOptions
from crawlers.errors import CrawlError, ParsingError, UnreadableError
from crawlers.intake.folders import Listed, Progress, kept, listing, print_of
from crawlers.intake.pseudonym_key import PlacedPath
from crawlers.intake.row_items import RowRules
from crawlers.intake.row_options import RowOptions
from crawlers.intake.table_files import FileChangedError, Mark, Piece, read_piece
from crawlers.items import Found, Item
from crawlers.reader import SourceReader
from storage.records import MentionKind

_ROWS = 2_000
# A workbook is unpacked from its beginning for every piece.
_ROWS_OF_A_WORKBOOK = 20_000
_LONGEST_VISIT_SECONDS = 300.0
_SHOWN_BAD = 5
# A look at the names and times of files costs next to nothing.
_EVERY = timedelta(minutes=1)
_pause = asyncio.sleep
_logger = logging.getLogger(__name__)


def _pattern(raw: str) -> str:
    if (
        not raw.strip()
        or raw.startswith("/")
        or ".." in raw.split("/")
        or not re.fullmatch(r"[^\x00\\]+", raw)
    ):
        raise ValueError("write a pattern such as *.csv or surveys/*.xlsx, within the folder")
    return raw


class FileOptions(RowOptions):
    """Options of a watched folder."""

    folder: PlacedPath = Field(description="The folder; a relative one begins at the configuration's own.")
    patterns: list[Annotated[str, AfterValidator(_pattern)]] = Field(
        default=["*.csv", "*.tsv", "*.jsonl", "*.ndjson", "*.json", "*.xlsx"],
        min_length=1,
        description="Which files of it to read, such as *.csv or **/*.xlsx.",
    )
    sheet: str | None = Field(default=None, description="The sheet of a workbook to read; else the first.")
    settle: Duration = Field(
        default=timedelta(seconds=3), description="How long a file must not have changed before it is read."
    )
    pages: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        description="How many pieces of 2,000 rows of a file to read at a visit.",
    )


class FileReader(SourceReader):
    """Reads every file that is new or has changed, from its first row to its last.

    How far it came is kept after every piece, so that a crash goes on from there; a file that changes
    meanwhile is begun again. Rows that hold nothing are told of by number. A file in which no row can be
    used fails the visit, every time, until it is mended or taken away; the other files are read all the same.
    """

    kind: ClassVar[str] = "file"
    Options: ClassVar[type[SourceOptions]] = FileOptions
    summary: ClassVar[str] = "A watched folder of surveys and exports: CSV, JSON Lines, XLSX."
    secrets_help: ClassVar[str] = (
        "pseudonym_key (optional, with pseudonymise): 16 letters or more of your own; else one is made."
    )
    terms: ClassVar[str] = (
        "What is in the files is yours to answer for: keep no more of your customers than they agreed to."
    )
    mention_kind: ClassVar[MentionKind] = MentionKind.TICKET

    async def read(self) -> AsyncIterator[Found]:
        """Yield the rows of new and changed files, with a checkpoint after every piece."""
        began = monotonic()
        rules = await asyncio.to_thread(self.options.rules)
        files, outside = await asyncio.to_thread(listing, self.options.folder, self.options.patterns)
        for name in outside:
            self.fail(f"{name} leads out of the folder and is not read")
        self._progress = self._remembered(files, rules)
        self.visit.unchanged, self.visit.every = True, _EVERY
        waiting = [file for file in files if not await self._is_known(file)]
        for file in await self._settled(waiting[-1:] if self._newest_only else waiting):
            try:
                async for found in self._file(file, rules, began):
                    self.visit.unchanged = False
                    yield found
            except FileChangedError:
                _logger.info("%s: %s changes while it is read", self.source.name, file.name)
            except ParsingError as error:
                # Perhaps the machine was too busy: it is tried again.
                self.fail(f"{file.name}: {error}")
            except CrawlError as error:
                yield self._give_up(file, str(error))
            if monotonic() - began > _LONGEST_VISIT_SECONDS:
                break
        self.remember(files=self._progress)

    def _remembered(self, files: list[Listed], rules: RowRules) -> dict[str, Any]:
        """Return the progress of the files there are; other rules make every file a new one."""
        told = (replace(rules, key=b"x" if rules.key else b""), self.options.sheet)
        as_read = blake2b(repr(told).encode(), digest_size=8).hexdigest()
        same = self.state.cursor.get("rules") == as_read
        self.remember(rules=as_read)
        return kept(self.state.cursor.get("files", {}), files) if same else {}

    async def _is_known(self, file: Listed) -> bool:
        """Tell whether a file was read already, as it is; say again what was wrong with it."""
        known = Progress.from_json(self._progress.get(file.name))
        if known is None or not known.done:
            return False
        if not known.is_of(file.print):
            with suppress(UnreadableError):
                if await asyncio.to_thread(_digest, file.path) != known.digest:
                    return False
            # Touched or copied anew, but the same to the last byte.
            known = replace(known, size=file.print.size, changed=file.print.changed)
            self._progress[file.name] = known.to_json()
        if known.problem is not None:
            self.fail(f"{file.name}: {known.problem}")
        return True

    async def _settled(self, files: list[Listed]) -> list[Listed]:
        """Return the files that nobody seems to be writing; the others are left for the next visit."""
        patience = self.options.settle.total_seconds()
        # The time of a file is the system's, whatever clock the sources are given.
        fresh = {file.name for file in files if not time() - file.print.changed / 1e9 >= patience}
        if not fresh:
            return files
        await _pause(patience)
        still = [file for file in files if file.name not in fresh or print_of(file.path) == file.print]
        if len(still) < len(files):
            _logger.info("%s: %d files are being written", self.source.name, len(files) - len(still))
        return still

    async def _file(self, file: Listed, rules: RowRules, began: float) -> AsyncIterator[Found]:
        place = await self._begun(file)
        for _ in range(1 if self._newest_only else self.options.pages):
            piece = await self._piece(file, rules, place.mark)
            self.visit.bytes += max(0, (piece.next or Mark(file.print.size)).offset - place.mark.offset)
            self._tell_bad(file, piece)
            for item in self._wanted(piece):
                yield self.keep(item)
            place = _after(place, piece)
            if place.problem is not None:
                self.fail(f"{file.name}: {place.problem}")
            self._progress[file.name] = place.to_json()
            yield self.checkpoint(files=dict(self._progress))
            if place.done or monotonic() - began > _LONGEST_VISIT_SECONDS:
                return

    async def _begun(self, file: Listed) -> Progress:
        """Return where to go on in a file: at its beginning, unless it is the one that was begun."""
        known = Progress.from_json(self._progress.get(file.name))
        if known is not None and not known.done and known.is_of(file.print):
            return known
        digest = await asyncio.to_thread(_digest, file.path)
        return Progress(size=file.print.size, changed=file.print.changed, digest=digest)

    async def _piece(self, file: Listed, rules: RowRules, mark: Mark) -> Piece:
        most = _ROWS_OF_A_WORKBOOK if file.path.suffix.lower().startswith(".xls") else _ROWS
        return await self.parse_apart(
            read_piece, str(file.path), file.print, mark, rules, most, self.options.sheet
        )

    def _wanted(self, piece: Piece) -> list[Item]:
        since = self.options.backfill_from(self.clock())
        return [
            item
            for item in piece.items
            if since is None or item.published_at is None or item.published_at >= since
        ]

    def _tell_bad(self, file: Listed, piece: Piece) -> None:
        if piece.bad:
            shown = "; ".join(f"row {number}: {why}" for number, why in piece.bad[:_SHOWN_BAD])
            _logger.warning(
                "%s: %s: %d rows cannot be used: %s", self.source.name, file.name, len(piece.bad), shown
            )

    def _give_up(self, file: Listed, why: str) -> Found:
        """Remember that nothing can be read of a file as it is, so that it is not tried over and over."""
        self.fail(f"{file.name}: {why}")
        known = Progress.from_json(self._progress.get(file.name))
        begun = known if known is not None and known.is_of(file.print) else _blank(file)
        self._progress[file.name] = replace(begun, done=True, problem=why[:300]).to_json()
        return self.checkpoint(files=dict(self._progress))


def _after(place: Progress, piece: Piece) -> Progress:
    rows, bad, done = place.rows + piece.rows, place.bad + len(piece.bad), piece.next is None
    problem = None
    if done and rows and bad == rows and piece.bad:
        number, why = piece.bad[0]
        problem = f"none of its {rows:,} rows can be used; row {number}: {why}"
    mark = piece.next or place.mark
    return replace(place, mark=mark, done=done, rows=rows, bad=bad, problem=problem)


def _blank(file: Listed) -> Progress:
    return Progress(size=file.print.size, changed=file.print.changed, digest="")


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return file_digest(stream, lambda: blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise UnreadableError(f"it cannot be read: {error.strerror}") from None
