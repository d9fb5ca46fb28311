# ruff: noqa: PT012 - a transaction is a block, and what goes wrong inside it is what is tested

from __future__ import annotations

import asyncio
import contextvars
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from models.shared import Tenant
from models.tenant import Member, OrgUnit, Role
from tenancy.connection import COMMIT_AND_RESET, DEFAULT_SEARCH_PATH, ROLLBACK_AND_RESET
from tenancy.pool import UNENDED_SECONDS
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import (
    NoTenantError,
    TenantSession,
    TransactionLostError,
    current_scope,
    tenant_scope,
)
from tests.statements import recorded_statements
from tests.tenancy.units import DeliberateError, kill, on_the_bare_connection, remove_units, units_named, version_of

if TYPE_CHECKING:
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith


async def test_a_scope_reads_and_writes_its_own_tenant_only(acme: TenantPlacement, globex: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None):
        unit = await OrgUnit.create(name="Acme only")
    async with tenant_scope(globex, authorization_version=None) as session:
        assert await OrgUnit.filter(name="Acme only").count() == 0
        assert await session.fetch("SELECT 1 FROM org_unit WHERE id = $1", unit.id) == []
    await remove_units(acme, "Acme only")


async def test_opening_and_closing_are_one_message_each(acme: TenantPlacement) -> None:
    version = await version_of(acme)
    with recorded_statements() as sent:
        async with tenant_scope(acme, authorization_version=version) as session:
            await session.fetch("SELECT 1")
    opening, statement, closing = sent
    assert opening.startswith("BEGIN;")
    assert "SET LOCAL ROLE" in opening
    assert f"version={version}" in opening
    assert statement == f"SELECT 1 /*s{acme.schema_version}*/"
    assert closing == COMMIT_AND_RESET


async def test_nobody_waits_for_the_end_of_a_read(
    acme: TenantPlacement, globex: TenantPlacement, open_with: OpenWith
) -> None:
    async with open_with(database_pool_size=1):
        with recorded_statements() as sent:
            for tenant in (acme, globex):
                async with tenant_scope(tenant, authorization_version=None, read_only=True) as session:
                    ((schema,),) = await session.fetch("SELECT current_schema()")
                    assert schema == tenant.schema
    messages = [each for each in sent if "search_path'" not in each]  # what a new connection is asked
    assert len(messages) == 4
    assert messages[0].startswith("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;")
    assert messages[2].startswith("COMMIT;BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;")


async def test_a_read_that_nobody_follows_is_ended_by_the_pool(acme: TenantPlacement, open_with: OpenWith) -> None:
    async with open_with(database_pool_size=1) as database:
        async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
            await session.fetch("SELECT 1")
        pool = database.pools.of(PRIMARY_DATABASE)
        async with asyncio.timeout(5):
            connection = await pool.acquire("")
            while connection.unended:
                pool.release(connection)
                await asyncio.sleep(UNENDED_SECONDS)
                connection = await pool.acquire("")
        assert not connection.is_in_transaction()
        assert await connection.fetchval("SELECT current_setting('search_path')") == DEFAULT_SEARCH_PATH
        pool.release(connection)


@pytest.mark.parametrize("loud", ["the ORM", "a savepoint", "a failure"])
async def test_a_read_that_could_have_left_something_behind_is_reset(acme: TenantPlacement, loud: str) -> None:
    with recorded_statements() as sent, suppress(asyncpg.UndefinedTableError):
        async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
            if loud == "the ORM":
                await Role.all().count()
            if loud == "a savepoint":
                async with in_transaction("tenant"):
                    await session.fetch("SELECT 1")
            if loud == "a failure":
                await session.fetch("SELECT * FROM no_such_table")
    assert sent[-1] in {COMMIT_AND_RESET, ROLLBACK_AND_RESET}


async def test_the_orm_tags_its_statements_with_the_schema_version(acme: TenantPlacement) -> None:
    with recorded_statements() as sent:
        async with tenant_scope(acme, authorization_version=None):
            await Role.all().count()
            await OrgUnit.bulk_create([OrgUnit(name="Tagged")])
            await OrgUnit.filter(name="Tagged").delete()
    assert len(sent) == 5
    assert all(statement.endswith(f"/*s{acme.schema_version}*/") for statement in sent[1:-1])


async def test_a_scope_without_a_statement_takes_no_connection(acme: TenantPlacement, open_with: OpenWith) -> None:
    async with open_with(database_pool_size=1) as database:
        async with tenant_scope(acme, authorization_version=0):
            pass
        assert database.pools.of(PRIMARY_DATABASE).size_now == 0


async def test_time_limits_and_role_hold_inside_and_are_gone_after(acme: TenantPlacement, open_with: OpenWith) -> None:
    seen = (
        "SELECT current_user, current_setting('search_path') AS path, current_setting('statement_timeout') AS"
        " statement, current_setting('idle_in_transaction_session_timeout') AS idle"
    )
    async with open_with(database_pool_size=1, statement_timeout_ms=7_000) as database:
        async with tenant_scope(acme, authorization_version=None) as session:
            inside = (await session.fetch(seen))[0]
        assert tuple(inside) == (acme.role, f"{acme.schema}, pg_temp", "7s", "14s")
        after = (await on_the_bare_connection(database, seen))[0]
        assert tuple(after)[1:] == ("pg_catalog, pg_temp", "0", "0")
        assert after["current_user"] != acme.role


async def test_a_statement_that_takes_too_long_is_stopped(acme: TenantPlacement, open_with: OpenWith) -> None:
    async with open_with(statement_timeout_ms=20):
        with pytest.raises(asyncpg.QueryCanceledError):
            async with tenant_scope(acme, authorization_version=None) as session:
                await session.fetch("SELECT pg_sleep(10)")


async def test_a_read_only_scope_cannot_write(acme: TenantPlacement) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
            await session.fetch("DELETE FROM org_unit")


async def test_a_read_only_scope_sees_one_snapshot(acme: TenantPlacement) -> None:
    async def write_elsewhere() -> None:
        async with tenant_scope(acme, authorization_version=None):
            await OrgUnit.create(name="Meanwhile")

    async with tenant_scope(acme, authorization_version=None, read_only=True):
        before = await OrgUnit.all().count()
        await asyncio.create_task(write_elsewhere(), context=contextvars.Context())
        assert await OrgUnit.all().count() == before
    await remove_units(acme, "Meanwhile")


async def test_an_error_undoes_everything(acme: TenantPlacement) -> None:
    with pytest.raises(DeliberateError):
        async with tenant_scope(acme, authorization_version=None):
            await OrgUnit.create(name="Undone")
            raise DeliberateError
    assert await units_named(acme, "Undone") == 0


async def test_a_failure_that_was_ignored_is_not_reported_as_done(acme: TenantPlacement) -> None:
    with pytest.raises(TransactionLostError):
        async with tenant_scope(acme, authorization_version=None) as session:
            await OrgUnit.create(name="Half")
            with pytest.raises(asyncpg.UndefinedColumnError):
                await session.fetch("SELECT no_such_column FROM org_unit")
    assert await units_named(acme, "Half") == 0


async def test_scopes_do_not_nest(acme: TenantPlacement, globex: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None):
        with pytest.raises(NoTenantError):
            async with tenant_scope(globex, authorization_version=None):
                pytest.fail("opened")


async def test_the_current_scope_is_the_one_around(acme: TenantPlacement) -> None:
    with pytest.raises(NoTenantError):
        current_scope()
    async with tenant_scope(acme, authorization_version=None) as session:
        assert current_scope() is session
        assert await asyncio.create_task(_current_scope()) is session
    with pytest.raises(NoTenantError):
        current_scope()


async def _current_scope() -> TenantSession:
    return current_scope()


async def test_a_backend_killed_while_idle_is_not_noticed_by_the_next_request(
    acme: TenantPlacement, open_with: OpenWith, database: Database
) -> None:
    async with open_with(database_pool_size=1):
        async with tenant_scope(acme, authorization_version=None) as session:
            pid = (await session.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"]
        await kill(database, pid)
        assert await units_named(acme, "x") == 0


async def test_a_backend_killed_in_a_transaction_fails_it_and_is_replaced(
    acme: TenantPlacement, open_with: OpenWith, database: Database
) -> None:
    async with open_with(database_pool_size=1):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            async with tenant_scope(acme, authorization_version=None) as session:
                pid = (await session.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"]
                await kill(database, pid)
                await session.fetch("SELECT 1")
        assert await units_named(acme, "x") == 0


async def test_the_directory_can_be_asked_inside_a_scope_with_one_connection(
    acme: TenantPlacement, open_with: OpenWith
) -> None:
    async with open_with(database_pool_size=1), tenant_scope(acme, authorization_version=None):
        await Role.all()
        assert await Tenant.filter(id=acme.tenant_id).exists()


async def test_the_orm_can_store_and_find_people(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None):
        unit = await OrgUnit.create(name="People")
        member = await Member.create(email="a@acme.example", full_name="A", org_unit=unit)
        assert (await Member.get(id=member.id).select_related("org_unit")).org_unit.name == "People"
        await member.delete()
    await remove_units(acme, "People")
