from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from auth.permissions import Permission, Requirement
from auth.viewer import Viewer
from resolvers.company_import import ImportRow, ImportSummary, import_companies
from resolvers.company_ties import chosen_org_unit
from resolvers.user_error import UserError
from resolvers.writes import Problems, Written, forbidden_keys, refuse_forbidden_keys

MOST_ROWS: Final = 1_000

# Whether a row changes anything is said of what its importer may read, and of nothing else: "unchanged" would answer
# whether a guess is right. A permission that is not here shows nothing.
_SHOWN_BY: Final[Mapping[Requirement, Permission]] = MappingProxyType(
    {
        Permission.COMPANY_WRITE: Permission.COMPANY_READ,
        Permission.COMPANY_WRITE_TAX: Permission.COMPANY_READ_TAX,
        Permission.COMPANY_WRITE_CREDIT: Permission.COMPANY_READ_FINANCIALS,
    }
)


@dataclass(frozen=True, slots=True)
class CompaniesImport:
    """The attributes behind the fields of the payload; the four counts add up to the rows."""

    created: int
    updated: int
    unchanged: int
    rejected: int
    user_errors: list[UserError]


@dataclass(frozen=True, slots=True)
class _Member:
    """The importer that a request has."""

    viewer: Viewer
    rows: Sequence[Written]

    def may_see(self, org_unit_id: UUID) -> bool:
        return self.viewer.may(Permission.COMPANY_READ, org_unit_id)

    def may_write(self, row: ImportRow, org_unit_id: UUID) -> bool:
        may_import = self.viewer.may(Permission.COMPANY_IMPORT, org_unit_id)
        return may_import and not forbidden_keys(self.viewer, self.rows[row.number], org_unit_id)

    def may_compare(self, row: ImportRow, column: str, org_unit_id: UUID) -> bool:
        shown_by = _SHOWN_BY.get(self.rows[row.number].writers[column])
        return shown_by is not None and self.viewer.may(shown_by, org_unit_id)


async def import_rows(viewer: Viewer, written: Written) -> CompaniesImport:
    """Take companies by their references: new ones into one org unit, known ones where they are.

    Raises:
        GraphQLError: ``FORBIDDEN``: the viewer may not import into the unit, or not write some key there.
    """
    problems = Problems(written)
    org_unit_id = await chosen_org_unit(viewer, problems)
    if org_unit_id is not None:
        refuse_forbidden_keys(viewer, written, org_unit_id)
    rows: tuple[Written, ...] = written.values["rows"]
    if len(rows) > MOST_ROWS:
        problems.add("rows", f"At most {MOST_ROWS} rows are taken at a time.")
    if org_unit_id is None or problems.errors:
        return _answer(ImportSummary(), problems.errors)
    summary = await import_companies(
        [ImportRow(number, row.values) for number, row in enumerate(rows)],
        _Member(viewer, rows),
        org_unit_id=org_unit_id,
        dry_run=bool(written.values.get("dry_run")),
    )
    return _answer(summary, _errors(written, summary))


def _answer(summary: ImportSummary, errors: list[UserError]) -> CompaniesImport:
    return CompaniesImport(summary.created, summary.updated, summary.unchanged, summary.rejected, errors)


def _errors(written: Written, summary: ImportSummary) -> list[UserError]:
    rows: tuple[Written, ...] = written.values["rows"]
    errors = []
    for rejection in summary.rejections:
        whole = (*written.paths["rows"], str(rejection.row))
        for problem in rejection.problems:
            path = rows[rejection.row].paths.get(problem.column or "", whole)
            errors.append(UserError(problem.code, path, problem.message))
    return errors
