# ruff: noqa: PT012 - a transaction is a block, and what goes wrong inside it is what is tested

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tortoise.exceptions import OperationalError

from models.tenant import AuthorizationState, OrgUnit
from tenancy.scope import (
    StaleAuthorizationError,
    tenant_scope,
)
from tests.tenancy.units import DeliberateError, remove_units, units_named, version_of

if TYPE_CHECKING:
    from tenancy.placement import TenantPlacement


async def test_another_authorization_version_is_stale_before_anything_happens(acme: TenantPlacement) -> None:
    version = await version_of(acme)
    async with tenant_scope(acme, authorization_version=version):
        await OrgUnit.create(name="Newer")
    for stale in (version, version + 1_000_000):
        with pytest.raises(StaleAuthorizationError):
            async with tenant_scope(acme, authorization_version=stale):
                await OrgUnit.create(name="Refused")
    assert await units_named(acme, "Refused") == 0
    await remove_units(acme, "Newer")


async def test_a_version_is_never_used_twice(acme: TenantPlacement) -> None:
    # Else grants cached under a version that was rolled back would come to hold for other assignments.
    inside = 0
    with pytest.raises(DeliberateError):
        async with tenant_scope(acme, authorization_version=None):
            await OrgUnit.create(name="Undone")
            inside = (await AuthorizationState.get(id=1)).version
            raise DeliberateError
    async with tenant_scope(acme, authorization_version=None):
        await OrgUnit.create(name="Newer")
    assert await version_of(acme) > inside
    await remove_units(acme, "Newer")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO org_unit SELECT * FROM org_unit WHERE false",
        "UPDATE org_unit SET parent_id = NULL WHERE false",
        "DELETE FROM org_unit WHERE false",
        "UPDATE member SET active = false WHERE false",
        "UPDATE member SET subject = 'x' WHERE false",
        "DELETE FROM member WHERE false",
        "UPDATE role SET permissions = '[]' WHERE false",
        "DELETE FROM role WHERE false",
        "UPDATE role_inclusion SET version = 1 WHERE false",
        "DELETE FROM role_inclusion WHERE false",
        "UPDATE role_assignment SET version = 1 WHERE false",
        "DELETE FROM role_assignment WHERE false",
        "DELETE FROM member_group WHERE false",
        "INSERT INTO group_membership SELECT * FROM group_membership WHERE false",
        "DELETE FROM group_membership WHERE false",
    ],
)
async def test_what_decides_grants_gives_a_new_version(acme: TenantPlacement, statement: str) -> None:
    before = await version_of(acme)
    async with tenant_scope(acme, authorization_version=None) as session:
        await session.fetch(statement)
    assert await version_of(acme) > before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE org_unit SET name = name",
        "UPDATE member SET full_name = full_name",
        "UPDATE member_group SET display_name = 'x'",
        "UPDATE company SET name = name",
    ],
)
async def test_what_does_not_decide_grants_keeps_the_version(acme: TenantPlacement, statement: str) -> None:
    before = await version_of(acme)
    async with tenant_scope(acme, authorization_version=None) as session:
        await session.fetch(statement)
    assert await version_of(acme) == before


async def test_the_version_cannot_be_written_by_the_tenants_role(acme: TenantPlacement) -> None:
    with pytest.raises(OperationalError, match="permission denied"):
        async with tenant_scope(acme, authorization_version=None):
            await AuthorizationState.filter(id=1).update(version=1)
