"""Taking in many companies at once: what an operator's file and a member's mutation have in common.

A row is matched by its reference. It is taken whole or not at all, and one that can't be taken does not keep the others
back. Rows that change nothing are not written, so the same import twice leaves every version as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from models.tenant import Company
from resolvers.company_bulk import insert_companies, update_companies
from resolvers.company_values import LACKS_CURRENCY, checked, lacks_currency
from resolvers.refused_value import RefusedValueError
from resolvers.rehearsal import savepoint
from resolvers.text import NOTHING, line
from resolvers.turns import take_turn
from resolvers.user_error import UserErrorCode

# How many rows go into one statement.
_CHUNK: Final = 100
_LONGEST_REFERENCE: Final = 64
_CREDIT: Final = frozenset({"credit_limit", "credit_currency"})
_TAKEN: Final = "Another company has this reference."


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One company as somebody wants it.

    Attributes:
        number: what the row is called in messages.
        values: column to value, not checked yet. Columns that are not named stay as they are.
    """

    number: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row; ``column`` is ``None`` where it is not one value's fault."""

    column: str | None
    message: str
    code: UserErrorCode = UserErrorCode.BAD_USER_INPUT


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not taken, and everything that is wrong with it."""

    row: int
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class ImportSummary:
    """What became of the rows; the four counts add up to their number."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """How many rows were not taken."""
        return len(self.rejections)


class Importer(Protocol):
    """For whom rows are taken, and what they may do."""

    def may_see(self, org_unit_id: UUID) -> bool:
        """Whether a company of this org unit exists for them."""

    def may_write(self, row: ImportRow, org_unit_id: UUID) -> bool:
        """Whether they may write what the row names on a company of this org unit."""

    def may_compare(self, row: ImportRow, column: str, org_unit_id: UUID) -> bool:
        """Whether they may learn that a company of this org unit has the row's value in this column already."""


class Operator:
    """Whoever has the database itself. Never the importer of a request."""

    def may_see(self, _org_unit_id: UUID) -> bool:
        return True

    def may_write(self, _row: ImportRow, _org_unit_id: UUID) -> bool:
        return True

    def may_compare(self, _row: ImportRow, _column: str, _org_unit_id: UUID) -> bool:
        return True


async def import_companies(
    rows: Sequence[ImportRow],
    importer: Importer,
    *,
    org_unit_id: UUID,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportSummary:
    """Take rows into the tenant whose scope is open.

    Args:
        rows: in their order.
        importer: for whom.
        org_unit_id: where new companies go. The importer's right to put them there is settled before.
        dry_run: find out what would become of the rows, and keep nothing.
        progress: told how many rows more are done.
    """
    importing = _Importing(importer, org_unit_id)
    async with savepoint(keep=not dry_run):
        # Of two imports of one file at once, the second finds what the first has made.
        await take_turn("import of companies")
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            await importing.take(chunk)
            progress(len(chunk))
    importing.summary.rejections.sort(key=lambda rejection: rejection.row)
    return importing.summary


class _RejectedError(Exception):
    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


class _Importing:
    def __init__(self, importer: Importer, org_unit_id: UUID) -> None:
        self.summary = ImportSummary()
        self._importer = importer
        self._org_unit_id = org_unit_id
        self._seen: dict[str, int] = {}

    async def take(self, rows: Sequence[ImportRow]) -> None:
        """Take some rows, with three statements whatever their number."""
        referred = dict(self._referred(rows))
        existing = await _held(list(referred))
        created: dict[UUID, tuple[ImportRow, Company]] = {}
        updated: list[Company] = []
        for reference, row in referred.items():
            before = existing.get(reference)
            try:
                if before is None:
                    company = self._new(row, reference)
                    created[company.id] = (row, company)
                elif self._change(row, before):
                    updated.append(before)
                else:
                    self.summary.unchanged += 1
            except _RejectedError as rejected:
                self._reject(row, *rejected.problems)
        await self._write(created, updated)

    def _referred(self, rows: Sequence[ImportRow]) -> Iterator[tuple[str, ImportRow]]:
        """The rows with a reference that no row before them has."""
        for row in rows:
            try:
                reference = line(str(row.values.get("reference") or ""), _LONGEST_REFERENCE)
            except RefusedValueError as problem:
                self._reject(row, Problem("reference", str(problem)))
                continue
            if reference is None:
                self._reject(row, Problem("reference", NOTHING))
            elif reference in self._seen:
                self._reject(row, Problem("reference", f"Row {self._seen[reference]} has this reference already."))
            else:
                self._seen[reference] = row.number
                yield reference, row

    def _new(self, row: ImportRow, reference: str) -> Company:
        values = _valid({"name": None, **row.values}, None)
        return Company(**{**values, "reference": reference}, org_unit_id=self._org_unit_id)

    def _change(self, row: ImportRow, company: Company) -> bool:
        """Set what the row changes; whether that is anything."""
        unit = company.org_unit_id
        if not self._importer.may_see(unit):
            raise _RejectedError(Problem("reference", _TAKEN))
        if not self._importer.may_write(row, unit):
            raise _RejectedError(Problem(None, "You may not change this company.", UserErrorCode.FORBIDDEN))
        values = _valid(row.values, company)
        changed = [
            column
            for column, value in values.items()
            if value != getattr(company, column) or not self._importer.may_compare(row, column, unit)
        ]
        for column in changed:
            setattr(company, column, values[column])
        return bool(changed)

    async def _write(self, created: Mapping[UUID, tuple[ImportRow, Company]], updated: Sequence[Company]) -> None:
        inserted = await insert_companies([company for _, company in created.values()])
        for key, (row, _) in created.items():
            if key not in inserted:  # made by somebody else since it was looked for
                self._reject(row, Problem("reference", _TAKEN))
        await update_companies(updated)
        self.summary.created += len(inserted)
        self.summary.updated += len(updated)

    def _reject(self, row: ImportRow, *problems: Problem) -> None:
        self.summary.rejections.append(Rejection(row.number, problems))


async def _held(references: list[str]) -> dict[str, Company]:
    """The companies with these references, which nobody else can change until the transaction ends."""
    if not references:
        return {}
    # In one order, so that two who hold several don't wait for each other.
    found = await Company.filter(reference__in=references).order_by("id").select_for_update(no_key=True)
    return {company.reference: company for company in found if company.reference is not None}


def _valid(given: Mapping[str, object], before: Company | None) -> dict[str, object]:
    kept, refused = checked(given, country=None if before is None else before.address_country)
    problems = [Problem(column, str(problem)) for column, problem in refused.items()]
    after = kept if before is None else {column: getattr(before, column) for column in _CREDIT} | kept
    if not problems and _CREDIT & kept.keys() and lacks_currency(after):
        problems.append(Problem("credit_limit" if "credit_limit" in kept else "credit_currency", LACKS_CURRENCY))
    if problems:
        raise _RejectedError(*problems)
    return kept
