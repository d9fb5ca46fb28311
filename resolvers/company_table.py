"""From the rows of a table to companies as its author wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from resolvers.company_columns import FIELDS
from resolvers.company_import import ImportRow, Problem, Rejection
from resolvers.company_values import checked
from resolvers.csv_table import Table, TableRow
from resolvers.refused_value import RefusedValueError


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a person should know about a row that was taken."""

    row: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class CompanyTable:
    """A file of companies, read.

    Attributes:
        rows: those whose every cell makes sense by itself.
        rejections: the others.
        notes: cells that say more than was taken.
        cells: the title and the text behind a value, by the number of the row and the column of the database.
    """

    rows: list[ImportRow] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    cells: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)


def read_companies(table: Table, mapped: Mapping[int, str]) -> CompanyTable:
    """Read every row. An empty cell says nothing: what is known stays.

    Args:
        table: the file.
        mapped: position of a column to the field that it says.
    """
    companies = CompanyTable()
    for row in table.rows:
        if len(row.cells) == len(table.header):
            _read_row(companies, table.header, row, mapped)
        else:
            message = f"This row has {len(row.cells)} cells, and the header has {len(table.header)}."
            companies.rejections.append(Rejection(row.number, (Problem(None, message),)))
    return companies


def _read_row(companies: CompanyTable, header: Sequence[str], row: TableRow, mapped: Mapping[int, str]) -> None:
    values: dict[str, object] = {}
    problems = []
    for position, name in mapped.items():
        columns, text = FIELDS[name].columns, row.cells[position].strip()
        companies.cells.update({(row.number, column): (header[position], text) for column in columns})
        if not text:
            continue
        try:
            reading = FIELDS[name].read(text)
        except RefusedValueError as problem:
            problems.append(Problem(columns[0], str(problem)))
            continue
        values |= reading.values
        if reading.note is not None:
            companies.notes.append(Note(row.number, columns[0], reading.note))
    if problems:
        # Rejected already, so whatever else is wrong is said now and not after the next attempt.
        problems += [Problem(column, str(problem)) for column, problem in checked(values)[1].items()]
        companies.rejections.append(Rejection(row.number, tuple(problems)))
    else:
        companies.rows.append(ImportRow(row.number, values))
