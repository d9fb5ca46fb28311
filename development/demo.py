"""The demo: two tenants with people, companies and what belongs to them. All of it is made up, and always the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auth.roles import BUILT_IN_ROLES
from development.demo_acme import ACME
from development.demo_filling import DemoFilling
from development.demo_globex import GLOBEX
from models.shared import Tenant
from models.tenant import OrgUnit
from tenancy.directory import placement_of
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from development.demo_tenant import DemoTenant
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

DEMO_TENANTS: Final = (ACME, GLOBEX)


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What ``ensure_demo`` found to do.

    Attributes:
        made: slugs of the tenants that were not there before.
        filled: slugs of the tenants that were empty before.
    """

    made: tuple[str, ...]
    filled: tuple[str, ...]


async def ensure_demo(database: Database) -> DemoSummary:
    """Have both tenants there. What is there already is left alone, whatever has been done to it."""
    made, filled = [], []
    for demo in DEMO_TENANTS:
        tenant = await Tenant.get_or_none(slug=demo.slug)
        if tenant is None:
            made.append(demo.slug)
            placement = await create_tenant(database, demo.slug, demo.name, built_in_roles=BUILT_IN_ROLES)
        else:
            placement = placement_of(tenant)
        if await _fill(placement, demo):
            filled.append(demo.slug)
    return DemoSummary(tuple(made), tuple(filled))


async def _fill(placement: TenantPlacement, demo: DemoTenant) -> bool:
    # One transaction: a demo that was interrupted has not begun. Nobody is acting who could lose a permission.
    async with tenant_scope(placement, authorization_version=None):
        if await OrgUnit.exists():
            return False
        await DemoFilling(demo).fill()
    return True
