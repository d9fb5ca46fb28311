"""The operations in ``tests/operations``: documents, and in a comment on top their variables, which name rows.

``id:company`` is the id of some company, ``cursor:Query.companies name desc`` the cursor of some company for that field
and order. What each name means is below.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from engine.cursors import purpose
from engine.request import Request
from models.tenant import BankAccount, Company, Contact, Member, OnboardingCase, OrgUnit, Role, RoleAssignment
from tests.oracle.reading import encode

if TYPE_CHECKING:
    from tortoise.models import Model

    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from tests.oracle.tenant_rows import Row, TenantRows

FOLDER: Final = Path(__file__).parent.parent / "operations"
NAMES: Final = sorted(path.stem for path in FOLDER.glob("*.graphql"))

# What the items of a connection are.
_PAGES: Final[dict[str, type[Model]]] = {
    "Query.companies": Company,
    "Query.members": Member,
    "Company.contacts": Contact,
    "OrgUnit.companies": Company,
}


class Operations:
    """Reads operations, over the rows that they speak of."""

    def __init__(self, rows: TenantRows, foreign: TenantRows, cursors: Cursors) -> None:
        self._rows = rows
        self._ids = {name: encode(model.__name__, row) for name, (model, row) in _named_rows(rows, foreign).items()}
        self._cursors = cursors

    def request(self, name: str, viewer: Viewer, among: TenantRows) -> Request:
        """One operation for a viewer; its cursors are of rows ``among`` those of the viewer's tenant."""
        document = (FOLDER / f"{name}.graphql").read_text(encoding="utf-8")
        first = document.partition("\n")[0]
        given = json.loads(first.removeprefix("#")) if first.startswith("#") else {}
        variables = {key: self._meant(value, viewer, among) for key, value in given.items()}
        return Request(document, name, variables=variables)

    def _meant(self, value: Any, viewer: Viewer, among: TenantRows) -> object:  # noqa: ANN401 - any JSON
        if isinstance(value, list):
            return [self._meant(each, viewer, among) for each in value]
        if not isinstance(value, str):
            return value
        kind, colon, rest = value.partition(":")
        if colon and kind == "id":
            return self._ids[rest]
        return self._cursor(kind, rest, viewer, among) if colon and kind.endswith("cursor") else value

    def _cursor(self, kind: str, place: str, viewer: Viewer, among: TenantRows) -> str:
        coordinate, column, direction = place.split(" ")
        rows = sorted(among.tables[_PAGES[coordinate]], key=lambda row: row["id"])
        row = rows[-1] if kind.startswith("last") else rows[len(rows) // 2]
        bound_to = purpose(viewer, coordinate, f"{column} {direction}")
        return self._cursors.encode(bound_to, None if column == "id" else row[f"{column}::text"], str(row["id"]))


def _named_rows(rows: TenantRows, foreign: TenantRows) -> dict[str, tuple[type[Model], Row]]:
    north, south = rows.units_below("North"), rows.units_below("South")
    companies, cases = rows.tables[Company], rows.tables[OnboardingCase]
    company = next(row for row in companies if row["org_unit_id"] in north)
    child = next(row for row in companies if row["org_unit_id"] in north and row["parent_id"] is not None)
    case = next(row for row in cases if row["assignee_id"] is not None)
    units = rows.keys[OrgUnit]
    return {
        "company": (Company, company),
        "company in the south": (Company, next(row for row in companies if row["org_unit_id"] in south)),
        "company with a case": (Company, rows.keys[Company][case["company_id"]]),
        "child": (Company, child),
        "parent": (Company, rows.keys[Company][child["parent_id"]]),
        "contact": (Contact, rows.tables[Contact][0]),
        "account": (BankAccount, rows.tables[BankAccount][0]),
        "case": (OnboardingCase, case),
        "assignee": (Member, rows.keys[Member][case["assignee_id"]]),
        "member": (Member, rows.tables[Member][0]),
        "unit": (OrgUnit, units[company["org_unit_id"]]),
        "unit in the south": (OrgUnit, units[rows.named_unit("South")]),
        "role": (Role, rows.tables[Role][0]),
        "assignment": (RoleAssignment, rows.tables[RoleAssignment][0]),
        "foreign": (Company, foreign.tables[Company][0]),
        "nothing": (Company, {"id": UUID(int=1)}),
    }
