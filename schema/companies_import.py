"""Taking in many companies at once."""

from __future__ import annotations

import strawberry

from auth.permissions import PUBLIC, Permission
from models.tenant import CompanyStatus
from schema.company_changes import CompanyKeys
from schema.fields import field, input_field, required_input_field
from schema.user_error import UserError


@strawberry.input
class CompanyImportRow(CompanyKeys):
    reference: str = required_input_field(
        requires=Permission.COMPANY_WRITE,
        description="What the row is matched by: known, it is changed; new, it is made.",
    )
    name: str | None = input_field(requires=Permission.COMPANY_WRITE, description="A new company needs one.")
    status: CompanyStatus | None = input_field(requires=Permission.COMPANY_WRITE)


@strawberry.input
class CompaniesImportInput:
    org_unit_id: strawberry.ID = required_input_field(
        requires=Permission.COMPANY_IMPORT, description="Where new companies go. Known ones stay where they are."
    )
    rows: list[CompanyImportRow] = required_input_field(requires=Permission.COMPANY_IMPORT)
    dry_run: bool | None = input_field(
        requires=Permission.COMPANY_IMPORT, description="Say what would become of the rows, and keep nothing."
    )


@strawberry.type
class CompaniesImportPayload:
    created: int = field(requires=PUBLIC, attribute=True)
    updated: int = field(requires=PUBLIC, attribute=True)
    unchanged: int = field(requires=PUBLIC, attribute=True, description="Rows that say what is known already.")
    rejected: int = field(requires=PUBLIC, attribute=True, description="Rows that were left out; the errors say why.")
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
