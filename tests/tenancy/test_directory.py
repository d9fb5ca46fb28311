from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from models.shared import Tenant, TenantStatus
from tenancy.directory import Directory
from tenancy.errors import UnknownTenantError
from tenancy.provisioning import delete_tenant, set_tenant_status
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement


async def test_a_tenant_is_found_by_id_and_by_slug(database: Database, acme: TenantPlacement) -> None:
    assert await database.directory.by_id(acme.tenant_id) == acme
    assert await database.directory.by_slug("acme") == acme


@pytest.mark.parametrize(
    "slug", ["nobody", "ACME", "acme ", "acm\N{CYRILLIC SMALL LETTER IE}", "", "%", "a' OR 'a'='a"]
)
async def test_t8_no_other_spelling_finds_a_tenant(database: Database, acme: TenantPlacement, slug: str) -> None:
    del acme
    with pytest.raises(UnknownTenantError):
        await database.directory.by_slug(slug)


async def test_an_unknown_id_is_unknown(database: Database) -> None:
    with pytest.raises(UnknownTenantError):
        await database.directory.by_id(uuid.uuid4())


async def test_a_suspended_tenant_is_as_unknown_as_a_missing_one(database: Database, doomed: TenantPlacement) -> None:
    assert await database.directory.by_slug(doomed.slug) == doomed
    await set_tenant_status(database, doomed.slug, TenantStatus.SUSPENDED)
    for lookup in (database.directory.by_slug(doomed.slug), database.directory.by_id(doomed.tenant_id)):
        with pytest.raises(UnknownTenantError):
            await lookup
    await set_tenant_status(database, doomed.slug, TenantStatus.ACTIVE)
    assert await database.directory.by_id(doomed.tenant_id) == doomed


async def test_a_deleted_tenant_is_unknown(database: Database, doomed: TenantPlacement) -> None:
    await delete_tenant(database, doomed.slug)
    with pytest.raises(UnknownTenantError):
        await database.directory.by_id(doomed.tenant_id)
    with pytest.raises(UnknownTenantError):
        await delete_tenant(database, doomed.slug)


async def test_placements_are_remembered_for_a_moment(acme: TenantPlacement) -> None:
    directory = Directory()
    await directory.by_id(acme.tenant_id)
    with recorded_statements() as sent:
        assert await directory.by_id(acme.tenant_id) == acme
    assert sent == []


async def test_after_that_moment_the_directory_is_read_again(acme: TenantPlacement, doomed: TenantPlacement) -> None:
    directory = Directory(seconds=0)
    await directory.by_id(doomed.tenant_id)
    await Tenant.filter(id=doomed.tenant_id).update(status=TenantStatus.SUSPENDED)
    with pytest.raises(UnknownTenantError):
        await directory.by_id(doomed.tenant_id)
    assert await directory.by_id(acme.tenant_id) == acme


async def test_absence_is_not_remembered_and_memory_is_bounded(acme: TenantPlacement, globex: TenantPlacement) -> None:
    directory = Directory(capacity=1)
    for placement in (acme, globex, acme, globex):
        with recorded_statements() as sent:
            assert await directory.by_id(placement.tenant_id) == placement
        assert len(sent) == 1 or placement is acme


async def test_tenants_at_work_are_read_again_together_and_idle_ones_not(
    acme: TenantPlacement, globex: TenantPlacement, doomed: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, now = Directory(), [1_000.0]
    monkeypatch.setattr("tenancy.directory.time.monotonic", lambda: now[0])
    for placement in (acme, globex, doomed):
        await directory.by_id(placement.tenant_id)
    now[0] += 4.5
    assert await directory.by_id(globex.tenant_id) == globex
    now[0] += 1
    with recorded_statements() as sent:
        assert await directory.by_id(acme.tenant_id) == acme
        assert len(sent) == 1
        assert await directory.by_id(globex.tenant_id) == globex
        assert len(sent) == 1, "it was at work"
        assert await directory.by_id(doomed.tenant_id) == doomed
        assert len(sent) == 2, "it was not"


async def test_a_tenant_read_along_is_no_longer_served_once_it_is_suspended(
    acme: TenantPlacement, doomed: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, now = Directory(), [1_000.0]
    monkeypatch.setattr("tenancy.directory.time.monotonic", lambda: now[0])
    await directory.by_id(acme.tenant_id)
    now[0] += 0.5
    for _ in range(2):
        await directory.by_id(doomed.tenant_id)
    await Tenant.filter(id=doomed.tenant_id).update(status=TenantStatus.SUSPENDED)
    now[0] += 4.6
    assert await directory.by_id(acme.tenant_id) == acme
    with pytest.raises(UnknownTenantError):
        await directory.by_id(doomed.tenant_id)
