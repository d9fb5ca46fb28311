"""What an import says of itself: progress while it runs, then every row that was left out, and the counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from resolvers.company_import import ImportSummary, Rejection
from resolvers.company_table import CompanyTable
from resolvers.csv_table import Table

_LONGEST_VALUE = 60


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where that is a terminal; the function that it is moved by."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with Progress(
        TextColumn("Importing"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    ) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.advance(task, done)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """One import of one file.

    Attributes:
        file: that was read.
        tenant: slug of the tenant.
        dry_run: whether nothing was kept.
        table: the file's cells.
        mapped: position of a column to its field.
        read: the rows, and those that could not be read.
        summary: what became of the rows that could.
    """

    file: Path
    tenant: str
    dry_run: bool
    table: Table
    mapped: Mapping[int, str]
    read: CompanyTable
    summary: ImportSummary

    @property
    def rejections(self) -> list[Rejection]:
        """Every row that was not taken, in the file's order."""
        return sorted([*self.read.rejections, *self.summary.rejections], key=lambda rejection: rejection.row)

    def tell(self, *, as_json: bool) -> int:
        """Print it, and give the exit code."""
        if as_json:
            print(json.dumps(self._document(), ensure_ascii=False))
        else:
            self._tell_people()
        return 1 if self.rejections else 0

    def _document(self) -> dict[str, object]:
        return {
            "file": str(self.file),
            "tenant": self.tenant,
            "dryRun": self.dry_run,
            "rows": len(self.table.rows),
            "created": self.summary.created,
            "updated": self.summary.updated,
            "unchanged": self.summary.unchanged,
            "rejected": len(self.rejections),
            "rejections": [{"row": each.row, "problems": self._cells(each)} for each in self.rejections],
            "notes": [{"row": note.row, **self._cell(note.row, note.column, note.message)} for note in self.read.notes],
            "columnsLeftOut": self._columns_left_out(),
        }

    def _columns_left_out(self) -> list[str]:
        return [_shortened(title) for position, title in enumerate(self.table.header) if position not in self.mapped]

    def _cells(self, rejection: Rejection) -> list[dict[str, str | None]]:
        return [self._cell(rejection.row, problem.column, problem.message) for problem in rejection.problems]

    def _cell(self, row: int, column: str | None, message: str) -> dict[str, str | None]:
        title, text = self.read.cells.get((row, column or ""), (None, None))
        return {
            "column": None if title is None else _shortened(title),
            "value": None if text is None else _shortened(text),
            "message": message,
        }

    def _tell_people(self) -> None:
        for rejection in self.rejections:
            said = " ".join(map(_sentence, self._cells(rejection)))
            print(f"row {rejection.row} rejected: {said}", file=sys.stderr)
        for note in self.read.notes:
            print(f"row {note.row}: {_sentence(self._cell(note.row, note.column, note.message))}", file=sys.stderr)
        if left_out := self._columns_left_out():
            print(f"columns without a field: {', '.join(left_out)}", file=sys.stderr)
        counts = self.summary
        print(
            f"{self.tenant}: {len(self.table.rows)} rows: {counts.created} created, {counts.updated} updated,"
            f" {counts.unchanged} unchanged, {len(self.rejections)} rejected"
            f"{' (dry run: nothing was kept)' if self.dry_run else ''}"
        )


def _sentence(cell: Mapping[str, str | None]) -> str:
    if cell["column"] is None:
        return str(cell["message"])
    return f'{cell["column"]} "{cell["value"]}": {cell["message"]}'


def _shortened(text: str) -> str:
    """The text as one short line. What is not printable is escaped: a file must not command the terminal."""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 1]}…"
