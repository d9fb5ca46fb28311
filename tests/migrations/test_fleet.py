"""Bringing many tenants to a new version: what is interrupted goes on, what fails holds up nobody."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import asyncpg
import pytest

from models.shared import Tenant
from tenancy import migration
from tenancy.directory import placement_of
from tenancy.migration import UnknownSchemaError, migrate_shared, migrate_tenants
from tenancy.migration_line import Line, Migration, migrations_of
from tenancy.provisioning import create_tenant, delete_tenant
from tenancy.scope import tenant_scope
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith

FLEET = 5


class StoppedError(Exception):
    """Somebody stopped the run."""


@pytest.fixture
async def fleet(database: Database) -> AsyncIterator[list[TenantPlacement]]:
    """Tenants of the test's own."""
    slugs = [f"fleet-{secrets.token_hex(4)}" for _ in range(FLEET)]
    yield [await create_tenant(database, slug, slug, built_in_roles=()) for slug in slugs]
    for slug in slugs:
        await delete_tenant(database, slug)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database.url)
    yield opened
    await opened.close()


@pytest.fixture
async def others_up_to_date(database: Database, fleet: list[TenantPlacement]) -> AsyncIterator[None]:
    """Only the fleet is behind the version that a test invents."""
    own = [placement.tenant_id for placement in fleet]
    known = len(await migrations_of(Line.TENANT))
    await Tenant.exclude(id__in=own).update(schema_version=1_000)
    yield
    await Tenant.exclude(id__in=own).update(schema_version=known)
    del database


async def next_step(sql: str) -> list[Migration]:
    """The known steps and one more."""
    known = await migrations_of(Line.TENANT)
    return [*known, Migration(version=len(known) + 1, name="next", sql=sql)]


async def columns_of(connection: asyncpg.Connection, placement: TenantPlacement) -> set[str]:
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0", f"{placement.schema}.company"
    )
    return {row["attname"] for row in rows}


@pytest.mark.usefixtures("others_up_to_date")
async def test_every_tenant_gets_the_step_and_its_version(
    database: Database, fleet: list[TenantPlacement], connection: asyncpg.Connection
) -> None:
    steps = await next_step('ALTER TABLE "company" ADD COLUMN "motto" TEXT')
    told: list[tuple[int, int]] = []
    report = await migrate_tenants(
        database.url, steps=steps, progress=lambda done, total: told.append((done, total)), workers=2
    )
    assert (report.migrated, report.failures) == (FLEET, [])
    assert told == [(done, FLEET) for done in range(1, FLEET + 1)]
    for placement in fleet:
        assert "motto" in await columns_of(connection, placement)
        assert (await Tenant.get(id=placement.tenant_id)).schema_version == len(steps)


@pytest.mark.usefixtures("fleet", "others_up_to_date")
async def test_a_run_with_nothing_to_do_reads_one_table(database: Database) -> None:
    with recorded_statements() as sent:
        report = await migrate_tenants(database.url)
    assert report.migrated == 0
    assert [statement for statement in sent if "search_path" not in statement] == [
        "SELECT count(*) FROM fieldgate.tenant WHERE schema_version < $1 AND ($2::uuid IS NULL OR id = $2)"
    ]


@pytest.mark.usefixtures("others_up_to_date")
async def test_a_tenant_that_fails_is_named_and_left_as_it_was(
    database: Database, fleet: list[TenantPlacement], connection: asyncpg.Connection
) -> None:
    broken = fleet[2]
    await connection.execute(f'ALTER TABLE "{broken.schema}".company ADD COLUMN motto TEXT')
    steps = await next_step(
        'ALTER TABLE "company" ADD COLUMN "slogan" TEXT; ALTER TABLE "company" ADD COLUMN "motto" TEXT'
    )
    report = await migrate_tenants(database.url, steps=steps)
    assert report.migrated == FLEET - 1
    assert [failure.slug for failure in report.failures] == [broken.slug]
    assert "motto" in report.failures[0].error
    assert "slogan" not in await columns_of(connection, broken)
    assert (await Tenant.get(id=broken.tenant_id)).schema_version == broken.schema_version

    await connection.execute(f'ALTER TABLE "{broken.schema}".company DROP COLUMN motto')
    again = await migrate_tenants(database.url, steps=steps)
    assert (again.migrated, again.failures) == (1, [])
    assert {"slogan", "motto"} <= await columns_of(connection, broken)


@pytest.mark.usefixtures("others_up_to_date")
async def test_a_stopped_run_goes_on_where_it_was(
    database: Database, fleet: list[TenantPlacement], connection: asyncpg.Connection
) -> None:
    steps = await next_step('ALTER TABLE "company" ADD COLUMN "motto" TEXT')
    stopped: list[int] = []

    def stop_after_two(done: int, _total: int) -> None:
        stopped.append(done)
        if done == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        await migrate_tenants(database.url, steps=steps, workers=1, progress=stop_after_two)
    report = await migrate_tenants(database.url, steps=steps)
    assert (report.migrated, report.failures) == (FLEET - 2, [])
    for placement in fleet:
        assert "motto" in await columns_of(connection, placement)


@pytest.mark.usefixtures("others_up_to_date")
async def test_two_runs_at_once_share_the_work(database: Database, fleet: list[TenantPlacement]) -> None:
    del fleet
    steps = await next_step('ALTER TABLE "company" ADD COLUMN "motto" TEXT')
    reports = await asyncio.gather(*(migrate_tenants(database.url, steps=steps, workers=2) for _ in range(2)))
    assert sum(report.migrated for report in reports) == FLEET
    assert [report.failures for report in reports] == [[], []]


@pytest.mark.usefixtures("others_up_to_date")
async def test_a_tenant_in_use_holds_up_only_itself_and_is_tried_again(
    database: Database, fleet: list[TenantPlacement], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(migration, "FIRST_PAUSE_SECONDS", 0.01)
    busy = fleet[0]
    steps = await next_step('ALTER TABLE "company" ADD COLUMN "motto" TEXT')
    others_are_done, released = asyncio.Event(), asyncio.Event()

    def progress(done: int, _total: int) -> None:
        if done == FLEET - 1:
            others_are_done.set()

    async def use() -> None:
        async with tenant_scope(busy, authorization_version=None) as session:
            await session.fetch("SELECT name FROM company")
            await others_are_done.wait()
        released.set()

    using = asyncio.create_task(use())
    monkeypatch.setattr(migration, "ATTEMPTS", 1_000)
    report = await migrate_tenants(database.url, steps=steps, progress=progress, workers=2)
    await using
    assert released.is_set()
    assert (report.migrated, report.failures) == (FLEET, [])


@pytest.mark.usefixtures("others_up_to_date")
async def test_a_tenant_that_stays_in_use_is_set_aside(
    database: Database, fleet: list[TenantPlacement], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "LOCK_TIMEOUT", "10ms")
    monkeypatch.setattr(migration, "FIRST_PAUSE_SECONDS", 0.001)
    steps = await next_step('ALTER TABLE "company" ADD COLUMN "motto" TEXT')
    async with tenant_scope(fleet[0], authorization_version=None) as session:
        await session.fetch("SELECT name FROM company")
        report = await migrate_tenants(database.url, steps=steps)
    assert report.migrated == FLEET - 1
    assert [failure.slug for failure in report.failures] == [fleet[0].slug]
    assert "LockNotAvailable" in report.failures[0].error


@pytest.mark.usefixtures("others_up_to_date")
async def test_t16_one_text_over_two_versions_of_a_table_is_two_statements(
    database: Database, fleet: list[TenantPlacement], open_with: OpenWith
) -> None:
    old, migrating = fleet[:2]
    steps = await next_step('ALTER TABLE "company" ALTER COLUMN "risk_score" TYPE BIGINT')
    await migrate_tenants(database.url, only=migrating.tenant_id, steps=steps)
    new = placement_of(await Tenant.get(id=migrating.tenant_id))
    async with open_with(database_pool_size=1):
        for placement in (old, new, old, new):
            async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
                assert await session.fetch("SELECT id, risk_score FROM company") == []


async def test_a_database_of_a_newer_release_is_refused(database: Database, connection: asyncpg.Connection) -> None:
    await connection.execute("UPDATE fieldgate.schema_state SET version = version + 1000")
    try:
        with pytest.raises(UnknownSchemaError):
            await migrate_shared(database.url)
    finally:
        await connection.execute("UPDATE fieldgate.schema_state SET version = version - 1000")


async def test_migrating_the_shared_schema_again_does_nothing(database: Database) -> None:
    assert await asyncio.gather(*(migrate_shared(database.url) for _ in range(3))) == [0, 0, 0]
