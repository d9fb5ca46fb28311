"""A scope that ends while somebody still uses it gives its one connection back all the same."""

# ruff: noqa: PT012 - a transaction is a block, and what goes wrong inside it is what is tested

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tenancy.connection import ROLLBACK_AND_RESET, PooledConnection
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import ScopeClosedError, TenantSession, tenant_scope
from tests.tenancy.units import DeliberateError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith


@pytest.fixture
async def one(open_with: OpenWith) -> AsyncIterator[Database]:
    """The database, with one connection for tenants."""
    async with open_with(database_pool_size=1) as database:
        yield database


async def backend_of(session: TenantSession) -> int:
    pid: int = (await session.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"]
    return pid


async def backend_afterwards(placement: TenantPlacement) -> int:
    async with asyncio.timeout(10), tenant_scope(placement, authorization_version=None) as session:
        return await backend_of(session)


@pytest.mark.usefixtures("one")
async def test_an_error_does_not_interrupt_a_statement_that_still_runs(acme: TenantPlacement) -> None:
    with pytest.raises(DeliberateError):
        async with tenant_scope(acme, authorization_version=None) as session:
            pid = await backend_of(session)
            running = asyncio.create_task(session.fetch("SELECT 42 AS answer, pg_sleep(0.05)"))
            await asyncio.sleep(0)
            raise DeliberateError
    assert (await running)[0]["answer"] == 42
    assert await backend_afterwards(acme) == pid


async def test_a_scope_that_ends_while_its_connection_is_being_opened_keeps_none(
    one: Database, acme: TenantPlacement
) -> None:
    pool = one.pools.of(PRIMARY_DATABASE)
    held = await pool.acquire("")
    with pytest.raises(DeliberateError):
        async with tenant_scope(acme, authorization_version=None) as session:
            opening = asyncio.create_task(session.fetch("SELECT 1"))
            await asyncio.sleep(0)
            raise DeliberateError
    pool.release(held)
    with pytest.raises(ScopeClosedError):
        await opening
    assert await backend_afterwards(acme) == held.get_server_pid()


@pytest.mark.usefixtures("one")
async def test_a_request_cancelled_while_it_waits_for_its_own_task_loses_nothing(acme: TenantPlacement) -> None:
    started = asyncio.Event()
    running: list[asyncio.Task[object]] = []
    pids: list[int] = []

    async def request() -> None:
        async with tenant_scope(acme, authorization_version=None) as session:
            pids.append(await backend_of(session))
            running.append(asyncio.create_task(session.fetch("SELECT pg_sleep(0.05)")))
            await asyncio.sleep(0)
            started.set()

    task = asyncio.create_task(request())
    await started.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait(running)
    assert [await backend_afterwards(acme)] == pids


@pytest.mark.usefixtures("one")
async def test_a_cancelled_request_does_not_wait_for_a_database_that_is_silent(
    acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = PooledConnection.execute
    answers = asyncio.Event()

    async def silent(connection: PooledConnection, sql: str, *arguments: object) -> object:
        if sql == ROLLBACK_AND_RESET:
            await answers.wait()
        return await execute(connection, sql, *arguments)

    monkeypatch.setattr(PooledConnection, "execute", silent)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), tenant_scope(acme, authorization_version=None) as session:
            await session.fetch("SELECT 1")
            await asyncio.Event().wait()
    answers.set()
    assert await backend_afterwards(acme) > 0
