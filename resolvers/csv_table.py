"""A table in a CSV file (RFC 4180), as spreadsheets write it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Final

_DELIMITERS: Final = (",", ";", "\t")
_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class UnreadableTableError(Exception):
    """The file as a whole can't be read. The message says why, and where."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row; ``number`` is the one that a spreadsheet shows beside it, in which the header is 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The titles of the columns, and the rows below them that are not empty."""

    header: tuple[str, ...]
    rows: tuple[TableRow, ...]


def read_table(content: bytes) -> Table:
    """Read a whole file: UTF-8, with or without a byte order mark; columns parted by commas, semicolons or tabs.

    Raises:
        UnreadableTableError: it is empty, not UTF-8, or its quotes don't match.
    """
    text = _text(content)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        records = [(number, tuple(record)) for number, record in enumerate(reader, start=1)]
    except csv.Error as problem:
        message = f"line {reader.line_num} is not CSV: {problem}"
        raise UnreadableTableError(message) from problem
    filled = [(number, cells) for number, cells in records if any(cell.strip() for cell in cells)]
    if not filled:
        message = "the file is empty"
        raise UnreadableTableError(message)
    header = tuple(title.strip() for title in filled[0][1])
    return Table(header, tuple(TableRow(number, cells) for number, cells in filled[1:]))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        kind = "UTF-16" if content.startswith(_BYTE_ORDER_MARKS) else "in another encoding"
        message = f"the file is not UTF-8 but {kind} (line {line}); save it as CSV UTF-8"
        raise UnreadableTableError(message) from problem


def _delimiter(text: str) -> str:
    """The one that parts the first line into the most columns; spreadsheets choose it by their language."""
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(_DELIMITERS, key=lambda delimiter: len(next(csv.reader([first], delimiter=delimiter), [])))
