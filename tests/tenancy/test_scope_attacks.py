"""Rows T4 to T11 of the security cases, as far as the way to the database is concerned."""

# ruff: noqa: PT012 - a transaction is a block, and what goes wrong inside it is what is tested

from __future__ import annotations

import asyncio
import contextvars
import uuid
from typing import TYPE_CHECKING

import asyncpg
import pytest
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from models.tenant import OrgUnit, Role
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import (
    NoTenantError,
    ScopeClosedError,
    TenantSession,
    TransactionLostError,
    tenant_scope,
)
from tests.statements import recorded_statements
from tests.tenancy.units import DeliberateError, on_the_bare_connection, remove_units, units_named

if TYPE_CHECKING:
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith


async def test_t10_a_query_set_shared_by_two_tenants_reads_each_its_own(
    acme: TenantPlacement, globex: TenantPlacement
) -> None:
    # Tortoise keeps the connection of the first use with the query set.
    shared = OrgUnit.filter(name__in=["acme", "globex"]).values_list("name", flat=True)
    for placement in (acme, globex):
        async with tenant_scope(placement, authorization_version=None):
            await OrgUnit.create(name=placement.slug)
    for placement in (acme, globex, acme):
        async with tenant_scope(placement, authorization_version=None, read_only=True):
            assert [str(name) for name in await shared] == [placement.slug]
    for placement in (acme, globex):
        await remove_units(placement, placement.slug)


async def test_t10_one_key_in_two_tenants_is_two_rows(
    acme: TenantPlacement, globex: TenantPlacement, open_with: OpenWith
) -> None:
    key = uuid.uuid4()
    async with open_with(database_pool_size=1):
        for placement in (acme, globex):
            async with tenant_scope(placement, authorization_version=None):
                await OrgUnit.create(id=key, name=placement.slug)
        for placement in (acme, globex, acme, globex):
            async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
                assert (await OrgUnit.get(id=key)).name == placement.slug
                rows = await session.fetch("SELECT name FROM org_unit WHERE id = $1", key)
                assert [row["name"] for row in rows] == [placement.slug]
        for placement in (acme, globex):
            await remove_units(placement, placement.slug)


async def test_t11_without_its_context_a_task_has_no_tenant(acme: TenantPlacement) -> None:
    async def read(session: TenantSession) -> object:
        return await session.fetch("SELECT 1")

    async def read_by_orm() -> object:
        return await OrgUnit.all()

    async with tenant_scope(acme, authorization_version=None) as session:
        for work in (read(session), read_by_orm()):
            with pytest.raises(NoTenantError):
                await asyncio.create_task(work, context=contextvars.Context())


async def test_t11_in_another_thread_there_is_no_database(acme: TenantPlacement) -> None:
    def in_thread() -> None:
        asyncio.run(units_named(acme, "x"))

    with pytest.raises(NoTenantError):
        await asyncio.to_thread(in_thread)


async def test_t11_a_task_that_outlives_its_scope_is_stopped(acme: TenantPlacement) -> None:
    scope_is_over = asyncio.Event()

    async def late(session: TenantSession) -> None:
        await scope_is_over.wait()
        await session.fetch("SELECT 1")

    async with tenant_scope(acme, authorization_version=None) as session:
        await session.fetch("SELECT 1")
        task = asyncio.create_task(late(session))
    scope_is_over.set()
    with pytest.raises(ScopeClosedError):
        await task


async def test_t11_a_model_outside_a_scope_is_refused(acme: TenantPlacement) -> None:
    del acme
    with pytest.raises(NoTenantError):
        await OrgUnit.all()
    with pytest.raises(NoTenantError):
        await OrgUnit.create(name="Nowhere")
    with pytest.raises(NoTenantError):
        async with in_transaction("tenant"):
            pytest.fail("opened")


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_t4_cancelling_at_any_step_never_loses_the_connection(
    acme: TenantPlacement, open_with: OpenWith, steps: int
) -> None:
    # Tortoise's own client loses it when BEGIN is cancelled.
    async with open_with(database_pool_size=1) as database:
        task = asyncio.create_task(units_named(acme, "x"))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        async with asyncio.timeout(10):
            assert await units_named(acme, "x") == 0
        assert database.pools.of(PRIMARY_DATABASE).size_now == 1


async def test_t4_after_a_cancelled_request_the_connection_is_nobodys(
    acme: TenantPlacement, open_with: OpenWith
) -> None:
    started = asyncio.Event()

    async def slow() -> None:
        async with tenant_scope(acme, authorization_version=None) as session:
            await session.fetch("SELECT 1")
            started.set()
            await session.fetch("SELECT pg_sleep(60)")

    async with open_with(database_pool_size=1) as database:
        task = asyncio.create_task(slow())
        await started.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(asyncpg.UndefinedTableError):
            await on_the_bare_connection(database, "SELECT 1 FROM org_unit")


async def test_t5_what_was_set_for_the_session_is_gone_with_the_transaction(
    acme: TenantPlacement, globex: TenantPlacement, open_with: OpenWith
) -> None:
    async with open_with(database_pool_size=1) as database:
        async with tenant_scope(acme, authorization_version=None) as session:
            await session.fetch(f"SET search_path TO {globex.schema}")
            await session.fetch("SET statement_timeout TO 12345")
            await session.fetch("SELECT pg_advisory_lock(42)")
        with recorded_statements() as sent, pytest.raises(asyncpg.UndefinedTableError):
            await on_the_bare_connection(database, "SELECT 1 FROM org_unit")
        assert sent[0] == "SELECT 1 FROM org_unit"
        state = (
            "SELECT current_setting('statement_timeout'),"
            " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
        )
        assert tuple((await on_the_bare_connection(database, state))[0]) == ("0", 0)


async def test_t6_a_raw_commit_inside_is_noticed_and_nothing_runs_unpinned(
    acme: TenantPlacement, open_with: OpenWith
) -> None:
    async with open_with(database_pool_size=1):
        with pytest.raises(TransactionLostError):
            async with tenant_scope(acme, authorization_version=None) as session:
                with pytest.raises(TransactionLostError):
                    await session.fetch("COMMIT")
                with pytest.raises(asyncpg.UndefinedTableError):
                    await session.fetch("SELECT 1 FROM org_unit")


async def test_t6_a_new_transaction_begun_by_hand_has_no_tenant(acme: TenantPlacement, open_with: OpenWith) -> None:
    async with open_with(database_pool_size=1):
        with pytest.raises(OperationalError):
            async with tenant_scope(acme, authorization_version=None):
                await Role._meta.db.execute_script("COMMIT; BEGIN")  # noqa: SLF001  # Tortoise's way to a client
                await OrgUnit.all()


async def test_t6_a_rolled_back_savepoint_stays_in_the_tenant(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None) as session:
        with pytest.raises(DeliberateError):
            async with in_transaction("tenant"):
                await session.fetch("SET LOCAL search_path TO pg_catalog")
                raise DeliberateError
        assert len(await Role.all()) == 4


async def test_t7_a_missing_schema_is_an_error_and_never_public(
    acme: TenantPlacement, database: Database, doomed: TenantPlacement
) -> None:
    server = await asyncpg.connect(database.url)
    try:
        await server.execute("CREATE TABLE public.org_unit (name text); INSERT INTO public.org_unit VALUES ('bait')")
        await server.execute("GRANT SELECT ON public.org_unit TO PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC")
        await server.execute(f'DROP SCHEMA "{doomed.schema}" CASCADE')
        with pytest.raises(NoTenantError):
            async with tenant_scope(doomed, authorization_version=1) as session:
                await session.fetch("SELECT name FROM org_unit")
        with pytest.raises(asyncpg.UndefinedTableError):
            async with tenant_scope(doomed, authorization_version=None) as session:
                await session.fetch("SELECT name FROM org_unit")
        assert await units_named(acme, "bait") == 0
    finally:
        await server.execute("DROP TABLE public.org_unit")
        await server.close()


async def test_t7_a_missing_role_is_an_error(database: Database, doomed: TenantPlacement) -> None:
    server = await asyncpg.connect(database.url)
    await server.execute(f'DROP OWNED BY "{doomed.role}"; DROP ROLE "{doomed.role}"')
    await server.close()
    with pytest.raises(NoTenantError):
        async with tenant_scope(doomed, authorization_version=None) as session:
            await session.fetch("SELECT 1")


async def test_t9_a_tenants_role_makes_no_temporary_table(acme: TenantPlacement) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_scope(acme, authorization_version=None) as session:
            await session.fetch("CREATE TEMPORARY TABLE org_unit (name text)")


async def test_t9_a_temporary_table_shadows_nothing(acme: TenantPlacement, open_with: OpenWith) -> None:
    async with open_with(database_pool_size=1) as database:
        await on_the_bare_connection(database, "CREATE TEMPORARY TABLE role AS SELECT 'bait' AS key")
        async with tenant_scope(acme, authorization_version=None, read_only=True):
            assert {role.key for role in await Role.all()} == {"owner", "auditor", "analyst", "approver"}
