# ruff: noqa: PT012 - a transaction is a block, and what goes wrong inside it is what is tested

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from models.shared import Tenant
from models.tenant import OrgUnit, Role
from tenancy.scope import (
    ScopeClosedError,
    TenantSession,
    TransactionLostError,
    tenant_scope,
)
from tests.tenancy.units import DeliberateError, remove_units, units_named

if TYPE_CHECKING:
    from tenancy.placement import TenantPlacement


async def test_tasks_inside_a_scope_take_turns(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
        answers = await asyncio.gather(
            *(session.fetch("SELECT $1::int AS n", number) for number in range(20)), *(Role.all() for _ in range(5))
        )
    assert [rows[0]["n"] for rows in answers[:20]] == list(range(20))
    assert all(len(roles) == 4 for roles in answers[20:])


async def test_a_nested_transaction_is_undone_alone(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None):
        await OrgUnit.create(name="Kept")
        with pytest.raises(IntegrityError):
            async with in_transaction("tenant"):
                await OrgUnit.create(name="Undone")
                await Role.create(key="owner", name="Twice")
        async with in_transaction("tenant"):
            await OrgUnit.create(name="Kept")
    assert (await units_named(acme, "Kept"), await units_named(acme, "Undone")) == (2, 0)
    await remove_units(acme, "Kept")


async def test_nested_transactions_at_once_take_turns(acme: TenantPlacement) -> None:
    async def nested(number: int) -> None:
        async with in_transaction("tenant"):
            await OrgUnit.create(name="Nested")
            await asyncio.gather(OrgUnit.all().count(), OrgUnit.all().count())
            if number % 2:
                raise DeliberateError

    async with tenant_scope(acme, authorization_version=None):
        outcomes = await asyncio.gather(*(nested(number) for number in range(6)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), DeliberateError] * 3
    assert await units_named(acme, "Nested") == 3
    await remove_units(acme, "Nested")


async def test_a_failure_ignored_in_a_nested_transaction_undoes_it(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None) as session:
        with pytest.raises(TransactionLostError):
            async with in_transaction("tenant"):
                await OrgUnit.create(name="Half")
                with pytest.raises(asyncpg.UndefinedColumnError):
                    await session.fetch("SELECT no_such_column FROM org_unit")
        await OrgUnit.create(name="Whole")
    assert (await units_named(acme, "Half"), await units_named(acme, "Whole")) == (0, 1)
    await remove_units(acme, "Whole")


async def test_a_nested_transaction_cut_off_halfway_dooms_the_whole(
    acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenancy import transaction  # noqa: PLC0415  # patched below

    async def cut_off(_self: object) -> None:
        raise asyncio.CancelledError

    with pytest.raises(TransactionLostError):
        async with tenant_scope(acme, authorization_version=None):
            monkeypatch.setattr(transaction.Savepoint, "_undo", cut_off)
            with pytest.raises(asyncio.CancelledError):
                async with in_transaction("tenant"):
                    await OrgUnit.create(name="Half")
                    raise DeliberateError
    assert await units_named(acme, "Half") == 0


async def test_the_shared_schema_has_transactions_of_its_own(acme: TenantPlacement) -> None:
    with pytest.raises(DeliberateError):
        async with in_transaction("shared"):
            await Tenant.filter(id=acme.tenant_id).update(name="Changed")
            async with in_transaction("shared"):
                await Tenant.filter(id=acme.tenant_id).update(name="Changed again")
            assert (await Tenant.get(id=acme.tenant_id)).name == "Changed again"
            raise DeliberateError
    assert (await Tenant.get(id=acme.tenant_id)).name == "Acme"


async def test_a_task_that_outlives_its_nested_transaction_is_stopped(acme: TenantPlacement) -> None:
    is_over = asyncio.Event()

    async def late(session: TenantSession) -> None:
        await is_over.wait()
        await session.fetch("SELECT 1")

    async with tenant_scope(acme, authorization_version=None) as session:
        async with in_transaction("tenant"):
            task = asyncio.create_task(late(session))
        is_over.set()
        with pytest.raises(ScopeClosedError):
            await task
        assert len(await session.fetch("SELECT 1")) == 1


async def test_a_nested_transaction_waits_for_the_statements_started_inside(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None) as session:
        async with in_transaction("tenant"):
            task = asyncio.create_task(session.fetch("SELECT pg_sleep(0.05)"))
            await asyncio.sleep(0)
        assert task.done() or await task
        assert len(await session.fetch("SELECT 1")) == 1
