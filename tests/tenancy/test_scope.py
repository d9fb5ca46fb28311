from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.tenant import OrgUnit, Role
from tenancy.scope import NoTenantError, StaleAuthorizationError, tenant_scope

if TYPE_CHECKING:
    from tenancy.placement import TenantPlacement


async def test_a_scope_reads_and_writes_its_own_tenant_only(tenants: dict[str, TenantPlacement]) -> None:
    async with tenant_scope(tenants["acme"], authorization_version=None):
        unit = await OrgUnit.create(name="Acme only")
    async with tenant_scope(tenants["globex"], authorization_version=None) as session:
        assert await OrgUnit.filter(name="Acme only").count() == 0
        assert await session.fetch("SELECT 1 FROM org_unit WHERE id = $1", unit.id) == []
    async with tenant_scope(tenants["acme"], authorization_version=None):
        await OrgUnit.filter(id=unit.id).delete()


async def test_a_tenant_starts_with_the_built_in_roles(tenants: dict[str, TenantPlacement]) -> None:
    async with tenant_scope(tenants["acme"], authorization_version=None, read_only=True):
        assert {role.key for role in await Role.filter(built_in=True)} == {"owner", "auditor", "analyst", "approver"}


async def test_a_model_outside_a_scope_is_refused(tenants: dict[str, TenantPlacement]) -> None:
    del tenants
    with pytest.raises(NoTenantError):
        await OrgUnit.all()


async def test_a_scope_at_another_authorization_version_is_stale(tenants: dict[str, TenantPlacement]) -> None:
    with pytest.raises(StaleAuthorizationError):
        async with tenant_scope(tenants["acme"], authorization_version=0) as session:
            await session.fetch("SELECT 1")
