"""A connection that is lost, whenever it is, costs another try; a pool that closes leaves nobody waiting."""

from __future__ import annotations

import asyncio
from threading import Thread
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from tenancy.messages import SERVER_GONE
from tenancy.pool import PoolClosedError
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import read_in_tenant
from tests.tenancy.taking import SLEEP, WHERE, Taking, ask, settled, the_connection, until_running
from tests.tenancy.units import kill, version_of

if TYPE_CHECKING:
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith

PID: Final = "SELECT pg_catalog.pg_backend_pid()::text"


def kill_unnoticed(database: Database, pids: list[int]) -> None:
    """End connections before this event loop can hear of any."""

    async def all_of_them() -> None:
        for pid in pids:
            await kill(database, pid)

    thread = Thread(target=lambda: asyncio.run(all_of_them()))
    thread.start()
    thread.join()


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("together", [1, 3])
async def test_a_connection_that_was_lost_while_idle_is_noticed_and_it_is_asked_again(
    together: int, size: int, open_with: OpenWith, acme: TenantPlacement
) -> None:
    async with open_with(database_pool_size=size) as database:
        version = await version_of(acme)
        for _ in range(3):
            # Not settled, so that each takes one of its own.
            opened = [Taking(PID + ", pg_catalog.pg_sleep(0.05)::text", settled=False) for _ in range(size)]
            tasks = [read_in_tenant(acme, [each], authorization_version=version) for each in opened]
            await asyncio.gather(*tasks)
            await settled(database, size)
            pids = {int(str(rows[0][0])) for each in opened if (rows := each.rows)}
            assert len(pids) == size
            kill_unnoticed(database, sorted(pids))
            answers = await asyncio.gather(*(ask(acme, Taking(WHERE, "x"), version=version) for _ in range(together)))
            assert answers == [f"{acme.schema} x"] * together
        await settled(database, size)


@pytest.mark.parametrize("together", [1, 3])
async def test_a_connection_that_is_lost_while_it_runs_is_replaced(
    together: int, one: Database, acme: TenantPlacement
) -> None:
    version = await version_of(acme)
    for _ in range(2):
        pid = (await the_connection(one)).get_server_pid()
        tasks = [asyncio.create_task(ask(acme, Taking(SLEEP, "0.2"), version=version)) for _ in range(together)]
        await until_running(one.url, "pg_sleep")
        await kill(one, pid)
        assert await asyncio.gather(*tasks) == [""] * together
    await settled(one, 1)


async def test_a_connection_that_is_always_lost_is_an_error(one: Database, acme: TenantPlacement) -> None:
    version = await version_of(acme)
    asked = [Taking(SLEEP + " AS always_lost", "1"), Taking(WHERE, "x")]
    tasks = [asyncio.create_task(ask(acme, each, version=version)) for each in asked]
    server = await asyncpg.connect(one.url)
    async with asyncio.timeout(10):
        while not tasks[0].done():
            await server.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE query LIKE '%always_lost%' AND state = 'active' AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.01)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    await server.close()
    assert isinstance(answers[0], SERVER_GONE)
    assert answers[1] == f"{acme.schema} x"
    await settled(one, 1)


@pytest.mark.parametrize("together", [1, 3])
async def test_a_connection_that_is_lost_as_it_is_handed_over_is_replaced(
    together: int, one: Database, acme: TenantPlacement
) -> None:
    version = await version_of(acme)
    pool = one.pools.of(PRIMARY_DATABASE)
    held = await pool.acquire(acme.schema)
    tasks = [asyncio.create_task(ask(acme, Taking(WHERE, "x"), version=version)) for _ in range(together)]
    await asyncio.sleep(0.05)
    held._transport.abort()  # noqa: SLF001 - the driver hears of it a moment later
    pool.release(held)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*tasks) == [f"{acme.schema} x"] * together
    await settled(one, 1)


async def test_a_pool_that_closes_answers_what_is_under_way_and_refuses_the_rest(
    open_with: OpenWith, acme: TenantPlacement
) -> None:
    async with open_with(database_pool_size=1) as database:
        version = await version_of(acme)
        under_way = asyncio.create_task(ask(acme, Taking(SLEEP, "0.1", settled=False), version=version))
        await until_running(database.url, "pg_sleep")
        waiting = asyncio.create_task(ask(acme, Taking(WHERE, "waiting"), version=version))
        await asyncio.sleep(0.01)
        closing = asyncio.create_task(database.pools.of(PRIMARY_DATABASE).close())
        await asyncio.sleep(0)
        late = asyncio.create_task(ask(acme, Taking(WHERE, "late"), version=version))
        async with asyncio.timeout(5):
            answers = await asyncio.gather(under_way, waiting, late, return_exceptions=True)
            await closing
        assert answers[0] == ""
        assert [type(each) for each in answers[1:]] == [PoolClosedError] * 2


@pytest.mark.parametrize("together", [1, 3])
async def test_a_pool_that_cannot_wait_cuts_off_and_leaves_nobody_waiting(
    together: int, open_with: OpenWith, acme: TenantPlacement
) -> None:
    # The server hears of it only once its statement has come to an end, so that is soon.
    async with open_with(database_pool_size=1, statement_timeout_ms=1_000) as database:
        version, sleep = await version_of(acme), f"{SLEEP} AS cut_off_{together}"
        tasks = [asyncio.create_task(ask(acme, Taking(sleep, "30"), version=version)) for _ in range(together)]
        await until_running(database.url, f"cut_off_{together}")
        await database.pools.of(PRIMARY_DATABASE).close(grace_seconds=0.05)
        async with asyncio.timeout(5):
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, (*SERVER_GONE, PoolClosedError)) for each in answers)
