"""The people that every operation is run as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auth.grants import Grants
from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from auth.viewer import Viewer
from models.tenant import Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from tests.oracle.tenant_rows import TenantRows

NO_GRANTS: Final = Grants(frozenset(), {})
_READING: Final = BUILT_IN_ROLES["auditor"]


def viewer_of(rows: TenantRows, grants: Grants) -> Viewer:
    """A member of the tenant with any grants at all."""
    member = min(row["id"] for row in rows.tables[Member])
    return Viewer(rows.placement, member, member, grants, rows.version)


def in_units(permissions: Iterable[Permission], units: frozenset[UUID]) -> dict[Permission, frozenset[UUID]]:
    """Permissions held in some org units."""
    return dict.fromkeys(permissions, units)


def personas(rows: TenantRows) -> Mapping[str, Viewer]:
    """Every kind of grant there is, by name."""
    north, south = rows.units_below("North"), rows.units_below("South")
    mixed = Grants(
        everywhere=frozenset({Permission.COMPANY_READ, Permission.ONBOARDING_CASE_READ, Permission.ROLE_READ}),
        in_units={
            **in_units((Permission.COMPANY_READ_TAX, Permission.MEMBER_READ, Permission.CONTACT_READ), north),
            **in_units((Permission.COMPANY_READ_FINANCIALS, Permission.CONTACT_READ_PERSONAL), south),
            **in_units((Permission.BANK_ACCOUNT_READ, Permission.ORG_UNIT_READ), north | south),
            **in_units((Permission.BANK_ACCOUNT_READ_NUMBER,), frozenset({rows.named_unit("North")})),
        },
    )
    grants = {
        "owner": Grants(BUILT_IN_ROLES["owner"], {}),
        "auditor": Grants(_READING, {}),
        "analyst": Grants(BUILT_IN_ROLES["analyst"], {}),
        "analyst in the north": Grants(frozenset(), in_units(BUILT_IN_ROLES["analyst"], north)),
        "auditor in the south": Grants(frozenset(), in_units(_READING, south)),
        "mixed": mixed,
        "without any role": NO_GRANTS,
    }
    return {name: viewer_of(rows, each) for name, each in grants.items()}
