# ruff: noqa: PT012 - a transaction is a block, and what goes wrong inside it is what is tested
"""A tenant's tables and the shared schema's, written as one: all of it is kept, or nothing, whatever goes wrong."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING

import asyncpg
import pytest
from tortoise import connections
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from models.shared import Domain, Tenant
from models.tenant import OrgUnit
from tenancy.asked_together import AskedTogether
from tenancy.both_schemas import in_both_schemas
from tenancy.login_turn import LoginTurn
from tenancy.scope import NoTenantError, TransactionLostError, current_scope, tenant_scope
from tests.tenancy.units import DeliberateError, kill, remove_units, units_named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

NAME = "both.example"


@pytest.fixture(autouse=True)
async def cleared(acme: TenantPlacement) -> AsyncIterator[None]:
    yield
    await Domain.filter(name__endswith=NAME).delete()
    await remove_units(acme, "Both")


async def write_both(tenant: TenantPlacement, name: str = NAME) -> None:
    await OrgUnit.create(name="Both")
    await Domain.create(tenant_id=tenant.tenant_id, name=name, verification_token=name)


async def kept(tenant: TenantPlacement) -> tuple[int, int]:
    """As anybody else sees it."""
    return await units_named(tenant, "Both"), await Domain.filter(name__endswith=NAME).count()


async def role_now() -> str:
    ((role,),) = await current_scope().fetch("SELECT current_user::text")
    return str(role)


async def test_both_are_kept_when_the_scope_is(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None), in_both_schemas():
        await write_both(acme)
    assert await kept(acme) == (1, 1)


async def test_nothing_is_kept_before_the_scope_is(acme: TenantPlacement) -> None:
    async def seen_by_others() -> int:
        return await Domain.filter(name=NAME).count()

    async with tenant_scope(acme, authorization_version=None):
        async with in_both_schemas():
            await write_both(acme)
        # A context of its own is somebody else's.
        assert await asyncio.create_task(seen_by_others(), context=Context()) == 0
        assert await Domain.filter(name=NAME).count() == 1
    assert await kept(acme) == (1, 1)


@pytest.mark.parametrize("within", [True, False])
async def test_what_goes_wrong_undoes_both(acme: TenantPlacement, within: bool) -> None:  # noqa: FBT001 - a parameter of the test
    with pytest.raises(DeliberateError):
        async with tenant_scope(acme, authorization_version=None):
            async with in_both_schemas():
                await write_both(acme)
                if within:
                    raise DeliberateError
            raise DeliberateError
    assert await kept(acme) == (0, 0)


async def test_a_block_that_is_undone_leaves_what_was_before(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None):
        async with in_both_schemas():
            await write_both(acme)
        with pytest.raises(IntegrityError):
            async with in_both_schemas():
                await write_both(acme, f"second.{NAME}")
                await write_both(acme)
        assert await role_now() == acme.role
        assert await Domain.filter(name__endswith=NAME).count() == 1
    assert await kept(acme) == (1, 1)


async def test_a_lost_connection_keeps_neither(acme: TenantPlacement, database: Database) -> None:
    with pytest.raises(Exception, match=r"."):
        async with tenant_scope(acme, authorization_version=None) as session:
            async with in_both_schemas():
                await write_both(acme)
            ((pid,),) = await session.fetch("SELECT pg_backend_pid()")
            await kill(database, pid)
    assert await kept(acme) == (0, 0)


async def test_the_tenants_own_statements_stay_the_tenants(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None):
        async with in_both_schemas():
            await write_both(acme)
            assert await role_now() == acme.role
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with current_scope().savepoint():
                    await current_scope().fetch("SELECT FROM fieldgate.tenant")
            with pytest.raises(OperationalError, match="permission denied"):
                async with in_transaction("tenant") as client:
                    await client.execute_query("SELECT FROM fieldgate.tenant")
        assert await role_now() == acme.role
    assert await kept(acme) == (1, 1)


async def test_shared_transactions_within_are_parts_of_it(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None):
        async with in_both_schemas():
            await write_both(acme)
            with pytest.raises(DeliberateError):
                async with in_transaction("shared"):
                    await write_both(acme, f"second.{NAME}")
                    raise DeliberateError
            async with in_transaction("shared"):
                await write_both(acme, f"third.{NAME}")
        assert await role_now() == acme.role
    assert await kept(acme) == (2, 2)


async def test_an_ignored_failure_undoes_the_block(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None):
        with pytest.raises(TransactionLostError):
            async with in_both_schemas():
                await write_both(acme)
                with pytest.raises(OperationalError):
                    await connections.get("shared").execute_query("SELECT no_such_column FROM fieldgate.tenant")
        assert await role_now() == acme.role
    assert await kept(acme) == (0, 0)


async def test_after_an_ignored_failure_nothing_runs_as_anybody(acme: TenantPlacement) -> None:
    """Who swallows a failure of the shared schema's, past any block, has no statement left in this transaction."""
    with pytest.raises(TransactionLostError):
        async with tenant_scope(acme, authorization_version=None) as session:
            async with in_both_schemas():
                await write_both(acme)
            with pytest.raises(OperationalError):
                await connections.get("shared").execute_query("SELECT no_such_column FROM fieldgate.tenant")
            with pytest.raises(TransactionLostError):
                await session.fetch("SELECT 1")
            with pytest.raises(TransactionLostError):
                await Domain.all().count()
    assert await kept(acme) == (0, 0)


async def test_being_cut_off_in_between_dooms_the_whole(acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody knows whose role is in force, no statement runs."""

    async def cut_off(_self: object, *_arguments: object) -> None:
        raise asyncio.CancelledError

    with pytest.raises(TransactionLostError):
        async with tenant_scope(acme, authorization_version=None) as session:
            async with in_both_schemas():
                await write_both(acme)
            with monkeypatch.context() as patched:
                patched.setattr(LoginTurn, "_return", cut_off)
                with pytest.raises(asyncio.CancelledError):
                    await Domain.all().count()
            with pytest.raises(TransactionLostError):
                await session.fetch("SELECT 1")
    assert await kept(acme) == (0, 0)


async def test_a_statement_that_is_given_up_on_is_undone(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None):
        with pytest.raises(TimeoutError):
            async with in_both_schemas(), asyncio.timeout(0.1):
                await write_both(acme)
                await connections.get("shared").execute_query("SELECT pg_sleep(5)")
        assert await role_now() == acme.role
        await OrgUnit.create(name="Both")
    assert await kept(acme) == (1, 0)


async def test_tasks_take_turns(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None), in_both_schemas():
        await write_both(acme)
        roles = await asyncio.gather(*(role_now() for _ in range(5)), *(Domain.all().count() for _ in range(5)))
    assert roles[:5] == [acme.role] * 5


async def test_it_is_asked_for_in_a_scope_only(acme: TenantPlacement) -> None:
    with pytest.raises(NoTenantError):
        async with in_both_schemas():
            await write_both(acme)
    async with tenant_scope(acme, authorization_version=None):
        with pytest.raises(NoTenantError, match="open already"):
            async with in_transaction("shared"), in_both_schemas():
                await write_both(acme)
    assert await kept(acme) == (0, 0)


async def test_a_scope_that_only_reads_writes_neither(acme: TenantPlacement) -> None:
    with pytest.raises(TransactionManagementError, match="read-only"):
        async with tenant_scope(acme, authorization_version=None, read_only=True), in_both_schemas():
            await write_both(acme)
    assert await kept(acme) == (0, 0)


async def test_the_next_scope_is_as_any(acme: TenantPlacement, globex: TenantPlacement) -> None:
    for tenant in (acme, globex, acme):
        async with tenant_scope(tenant, authorization_version=None):
            assert await role_now() == tenant.role
            assert await Domain.filter(name=NAME).count() == 0
            with pytest.raises(DeliberateError):
                async with in_both_schemas():
                    await write_both(tenant)
                    raise DeliberateError


async def test_what_others_ask_for_as_well_is_not_answered_by_this_transaction(acme: TenantPlacement) -> None:
    """What is not kept yet is nobody else's business."""
    asked: list[int] = []

    async def look_up(_key: UUID) -> int:
        asked.append(await Domain.filter(name=NAME).count())
        return asked[-1]

    together = AskedTogether(look_up)
    async with tenant_scope(acme, authorization_version=None):
        async with in_both_schemas():
            await write_both(acme)
        inside = together(acme.tenant_id)
        outside = asyncio.create_task(_await(together, acme), context=Context())
        assert (await inside, await outside) == (1, 0)


async def _await(together: AskedTogether[UUID, int], tenant: TenantPlacement) -> int:
    return await together(tenant.tenant_id)


async def test_a_task_that_outlives_the_scope_is_not_in_it(acme: TenantPlacement) -> None:
    is_over = asyncio.Event()

    async def late() -> int:
        await is_over.wait()
        return await Tenant.filter(id=acme.tenant_id).count()

    async with tenant_scope(acme, authorization_version=None):
        async with in_both_schemas():
            await write_both(acme)
        task = asyncio.create_task(late())
    is_over.set()
    assert await task == 1
