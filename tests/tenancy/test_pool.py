from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pytest

from tenancy.connection import connect
from tenancy.pool import ConnectionPool, PoolClosedError
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import tenant_scope
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tenancy.connection import PooledConnection
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith

    Opener = Callable[[], Awaitable[PooledConnection]]


class MakePool(Protocol):
    def __call__(self, size: int, tenants: int = 100, opener: Opener | None = None) -> ConnectionPool: ...


@pytest.fixture
async def make_pool(database: Database) -> AsyncIterator[MakePool]:
    pools: list[ConnectionPool] = []

    def make(size: int, tenants: int = 100, opener: Opener | None = None) -> ConnectionPool:
        pools.append(
            ConnectionPool(opener or partial(connect, database.url), size=size, tenants_per_connection=tenants)
        )
        return pools[-1]

    yield make
    for pool in pools:
        await pool.close(grace_seconds=1)


async def pid_of(pool: ConnectionPool, tenant: str) -> int:
    connection = await pool.acquire(tenant)
    pool.release(connection)
    pid: int = connection.get_server_pid()
    return pid


async def test_a_tenant_gets_the_connection_that_served_it_last(make_pool: MakePool) -> None:
    pool = make_pool(3)
    first = {tenant: await pid_of(pool, tenant) for tenant in ("a", "b", "c")}
    assert len(set(first.values())) == 3
    for tenant in ("c", "a", "b", "a", "c"):
        assert await pid_of(pool, tenant) == first[tenant]


async def test_a_tenant_never_waits_for_its_favourite(make_pool: MakePool) -> None:
    pool = make_pool(2)
    favourite = await pool.acquire("a")
    assert await pid_of(pool, "a") != favourite.get_server_pid()
    pool.release(favourite)


async def test_a_tenant_returns_to_a_connection_that_has_served_others_since(make_pool: MakePool) -> None:
    pool = make_pool(3)
    first = {tenant: await pid_of(pool, tenant) for tenant in ("a", "b", "c")}
    for tenant in ("d", "e", "f", "g", "h", "i"):
        first[tenant] = await pid_of(pool, tenant)
    for tenant in "dgbeahfci":
        assert await pid_of(pool, tenant) == first[tenant]


async def kept_from_home(pool: ConnectionPool) -> PooledConnection:
    """The connection that served "a", in use by "c", while that of "b" is idle; of a pool of two."""
    await pid_of(pool, "a")
    other = await pool.acquire("b")
    taken = await pool.acquire("c")
    pool.release(other)
    assert "a" in taken.tenants
    return taken


async def test_who_was_on_a_connection_that_is_busy_with_others_waits_for_it_a_moment(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenancy.pool.RETURN_SECONDS", 60)
    pool = make_pool(2)
    taken = await kept_from_home(pool)
    returning = asyncio.create_task(pid_of(pool, "a"))
    await asyncio.sleep(0)
    # Nobody else waits for what it waits for.
    assert await pid_of(pool, "b") != taken.get_server_pid()
    assert await pid_of(pool, "d") != taken.get_server_pid()
    assert not returning.done()
    pool.release(taken)
    assert await returning == taken.get_server_pid()


async def test_who_does_not_get_it_back_in_time_is_served_elsewhere_and_there_as_well_from_then_on(
    make_pool: MakePool,
) -> None:
    pool = make_pool(2)
    taken = await kept_from_home(pool)
    elsewhere = await pid_of(pool, "a")
    assert elsewhere != taken.get_server_pid()
    async with asyncio.timeout(5):
        assert await pid_of(pool, "a") == elsewhere
    pool.release(taken)


async def test_a_tenant_never_waits_for_its_own(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenancy.pool.RETURN_SECONDS", 60)
    pool = make_pool(3)
    for tenant in "abc":
        await pid_of(pool, tenant)
    async with asyncio.timeout(5):
        own = [await pool.acquire("a") for _ in range(3)]
    assert len(set(own)) == 3
    for connection in own:
        pool.release(connection)


async def test_only_one_of_a_tenants_requests_waits_to_return(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenancy.pool.RETURN_SECONDS", 60)
    pool = make_pool(2)
    taken = await kept_from_home(pool)
    returning = asyncio.create_task(pid_of(pool, "a"))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        elsewhere = await pid_of(pool, "a")
        assert elsewhere != taken.get_server_pid()
        # Where the other one is known by now, so it need not wait any longer.
        assert await returning == elsewhere
    pool.release(taken)


async def test_who_is_cancelled_while_it_waits_to_return_loses_nothing(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenancy.pool.RETURN_SECONDS", 60)
    pool = make_pool(2)
    taken = await kept_from_home(pool)
    too_early = asyncio.create_task(pool.acquire("a"))
    await asyncio.sleep(0)
    too_early.cancel()
    await asyncio.wait([too_early])
    too_late = asyncio.create_task(pool.acquire("a"))
    await asyncio.sleep(0)
    pool.release(taken)  # handed over to it, which has not run yet
    too_late.cancel()
    await asyncio.wait([too_late])
    assert too_early.cancelled()
    assert too_late.cancelled()
    async with asyncio.timeout(5):
        assert await pid_of(pool, "a") == taken.get_server_pid()


async def test_closing_the_pool_refuses_who_waits_to_return(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenancy.pool.RETURN_SECONDS", 60)
    pool = make_pool(2)
    taken = await kept_from_home(pool)
    returning = asyncio.create_task(pool.acquire("a"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close())
    with pytest.raises(PoolClosedError):
        await returning
    pool.release(taken)
    await closing


async def test_a_new_tenant_takes_the_connection_unused_for_longest(make_pool: MakePool) -> None:
    pool = make_pool(2)
    await pid_of(pool, "a")
    longest_unused = await pid_of(pool, "b")
    await pid_of(pool, "a")
    assert await pid_of(pool, "c") == longest_unused


async def test_a_connection_goes_after_so_many_tenants(make_pool: MakePool) -> None:
    # A backend never gives back the memory of a tenant's tables.
    pool = make_pool(1, tenants=3)
    pids = [await pid_of(pool, tenant) for tenant in ("a", "b", "a", "c", "a", "d", "e")]
    assert len(set(pids[:6])) == 1
    assert pids[6] != pids[0]


async def test_scopes_recycle_connections_too(
    acme: TenantPlacement, globex: TenantPlacement, open_with: OpenWith
) -> None:
    async with open_with(database_pool_size=1, database_tenants_per_connection=1) as database:
        pids = []
        for placement in (acme, acme, globex, acme):
            async with tenant_scope(placement, authorization_version=None) as session:
                pids.append((await session.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"])
        assert pids[0] == pids[1] == pids[2] != pids[3]
        assert database.pools.of(PRIMARY_DATABASE).size_now == 1


async def test_those_who_wait_are_served_in_order(make_pool: MakePool) -> None:
    pool = make_pool(1)
    served: list[str] = []

    async def use(name: str) -> None:
        connection = await pool.acquire(name)
        served.append(name)
        pool.release(connection)

    held = await pool.acquire("held")
    waiting = [asyncio.create_task(use(name)) for name in ("first", "second", "third")]
    await asyncio.sleep(0)
    pool.release(held)
    await asyncio.gather(*waiting)
    assert served == ["first", "second", "third"]


async def test_what_a_cancelled_waiter_was_given_goes_to_the_next(make_pool: MakePool) -> None:
    pool = make_pool(1)
    held = await pool.acquire("a")
    cancelled, next_one = (asyncio.create_task(pool.acquire(name)) for name in ("b", "c"))
    await asyncio.sleep(0)
    pool.release(held)  # handed over to the first, which has not run yet
    cancelled.cancel()
    async with asyncio.timeout(5):
        connection = await next_one
    assert cancelled.cancelled()
    pool.release(connection)


async def test_a_connection_that_cannot_be_opened_frees_its_place(make_pool: MakePool, database: Database) -> None:
    failures = iter([OSError("refused"), OSError("refused"), None])

    async def unreliable() -> PooledConnection:
        failure = next(failures)
        if failure is not None:
            raise failure
        return await connect(database.url)

    pool = make_pool(1, opener=unreliable)
    for _ in range(2):
        with pytest.raises(OSError, match="refused"):
            await pool.acquire("a")
    pool.release(await pool.acquire("a"))
    assert pool.size_now == 1


async def test_a_waiter_may_open_the_place_that_a_broken_connection_left(make_pool: MakePool) -> None:
    pool = make_pool(1)
    held = await pool.acquire("a")
    waiting = asyncio.create_task(pool.acquire("b"))
    await asyncio.sleep(0)
    held.terminate()
    pool.mend(held)
    async with asyncio.timeout(5):
        connection = await waiting
    assert connection.get_server_pid()
    pool.release(connection)


async def test_closing_waits_for_what_is_in_use_and_refuses_the_rest(make_pool: MakePool) -> None:
    pool = make_pool(1)
    held = await pool.acquire("a")
    waiting = asyncio.create_task(pool.acquire("b"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close())
    with pytest.raises(PoolClosedError):
        await waiting
    with pytest.raises(PoolClosedError):
        await pool.acquire("c")
    assert not closing.done()
    pool.release(held)
    await closing
    assert held.is_closed()
    assert pool.size_now == 0


async def test_closing_cuts_off_what_does_not_come_back(make_pool: MakePool) -> None:
    pool = make_pool(1)
    held = await pool.acquire("a")
    await pool.close(grace_seconds=0.01)
    assert held.is_closed()


async def test_a_read_that_is_soon_followed_is_not_ended_by_itself(
    acme: TenantPlacement, open_with: OpenWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenancy.pool.UNENDED_SECONDS", 1.0)
    async with open_with(database_pool_size=1):
        with recorded_statements() as sent:
            for _ in range(5):
                async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
                    await session.fetch("SELECT 1")
                await asyncio.sleep(0.3)
            assert "COMMIT" not in sent
            await asyncio.sleep(2.5)
    assert sent.count("COMMIT") == 1
