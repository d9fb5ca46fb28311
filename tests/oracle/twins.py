"""Two tenants that differ in nothing but what one caller may not read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Final
from uuid import UUID

from auth.grants import Grants
from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from auth.viewer import Viewer
from models.tenant import Company, Member
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope
from tests.oracle.personas import in_units
from tests.oracle.seeding import seed
from tests.oracle.tenant_rows import load_rows

if TYPE_CHECKING:
    from tenancy.database import Database
    from tests.oracle.tenant_rows import TenantRows

_HELD_IN_THE_NORTH: Final = (
    Permission.ORG_UNIT_READ,
    Permission.MEMBER_READ,
    Permission.COMPANY_READ,
    Permission.CONTACT_READ,
    Permission.BANK_ACCOUNT_READ,
    Permission.ONBOARDING_CASE_READ,
)

_SAME_TIMES: Final = tuple(
    f"UPDATE {table} SET updated_at = '2024-01-01'"  # noqa: S608 - names of tables
    for table in ("org_unit", "member", "company", "contact", "bank_account", "onboarding_case")
)

# What the caller may not read, changed or gone; and what each statement needs to know.
_CHANGES: Final = (
    ("UPDATE company SET tax_id = 'SECRET', vat_number = NULL", ()),
    ("UPDATE company SET credit_limit = 666, risk_score = 66 WHERE NOT org_unit_id = ANY($1)", ("units with money",)),
    ("UPDATE contact SET email = 'secret@example.org', phone = NULL", ()),
    ("UPDATE bank_account SET iban = 'SECRET' || right(id::text, 12), bic = NULL", ()),
    ("UPDATE member SET email = 'secret-' || id WHERE id <> $1", ("caller",)),
    ("UPDATE company SET parent_id = NULL WHERE NOT parent_id = ANY($1)", ("companies",)),
    ("UPDATE onboarding_case SET assignee_id = NULL WHERE NOT assignee_id = ANY($1)", ("members",)),
    ("DELETE FROM company WHERE NOT id = ANY($1)", ("companies",)),
    ("DELETE FROM role_assignment", ()),
    ("DELETE FROM member WHERE NOT id = ANY($1)", ("members",)),
    ("UPDATE org_unit SET parent_id = NULL WHERE NOT parent_id = ANY($1) OR NOT id = ANY($1)", ("units",)),
    ("DELETE FROM org_unit WHERE NOT id = ANY($1)", ("units",)),
)


@dataclass(frozen=True)
class Twins:
    """The tenants, and the caller in each.

    Attributes:
        rows: of the first one, before anything was changed in the other.
        callers: one of the first, one of the second.
    """

    rows: TenantRows
    callers: tuple[Viewer, Viewer]


async def make_twins(database: Database) -> Twins:
    """Make two tenants, and change in the second whatever its caller may not read."""
    first, second = [await _twin(database, slug) for slug in ("twin-one", "twin-two")]
    there, money = first.units_below("North"), first.units_below("North coast")
    companies, members = (
        [row["id"] for row in first.tables[model] if row["org_unit_id"] in there] for model in (Company, Member)
    )
    caller = min(members)
    values: dict[str, object] = {
        "units": [*there],
        "units with money": [*money],
        "companies": companies,
        "members": members,
        "caller": caller,
    }
    async with tenant_scope(second.placement, authorization_version=None) as session:
        for statement, names in _CHANGES:
            await session.fetch(statement, *(values[name] for name in names))
    grants = Grants(
        frozenset(),
        {**in_units(_HELD_IN_THE_NORTH, there), **in_units((Permission.COMPANY_READ_FINANCIALS,), money)},
    )
    return Twins(first, (_caller(first, caller, grants), _caller(await load_rows(second.placement), caller, grants)))


async def _twin(database: Database, slug: str) -> TenantRows:
    placement = await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES)
    await seed(placement, Random(3), companies=30)  # noqa: S311 - the same rows in both
    async with tenant_scope(placement, authorization_version=None) as session:
        for statement in _SAME_TIMES:
            await session.fetch(statement)
    return await load_rows(placement)


def _caller(rows: TenantRows, member: UUID, grants: Grants) -> Viewer:
    # Under one name and id the two give out the same cursors, so whole answers can be compared.
    placement = replace(rows.placement, tenant_id=UUID(int=1), slug="twin")
    return Viewer(placement, member, member, grants, rows.version)
