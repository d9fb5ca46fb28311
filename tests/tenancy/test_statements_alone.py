"""A statement that is a transaction of its own goes out in one write, and is kept or not as a whole."""

# ruff: noqa: PT012 - a transaction is a block, and what goes wrong inside it is what is tested

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast
from uuid import UUID

import asyncpg
import pytest

from tenancy.messages import SERVER_GONE
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import NoTenantError, NotWrittenError, StaleAuthorizationError, tenant_scope
from tests.tenancy.units import kill, remove_units, units_named, version_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.database import Database
    from tenancy.pipelining import PipelinedTransport
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith

NAME: Final = "Alone"
MAKE: Final = (
    "INSERT INTO org_unit (id, created_at, updated_at, version, name)"
    " VALUES (gen_random_uuid(), now(), now(), 1, 'Alone') RETURNING $1::int8 / $2::int8 AS quotient"
)
KEYED: Final = (
    "INSERT INTO org_unit (id, created_at, updated_at, version, name) VALUES ($1, now(), now(), 1, 'Alone')"
    " RETURNING id"
)
KEY: Final = UUID("0195e7a0-0000-7000-8000-00000000a10e")


@pytest.fixture(autouse=True)
async def one(open_with: OpenWith, acme: TenantPlacement) -> AsyncIterator[Database]:
    """The database, with one connection for tenants."""
    async with open_with(database_pool_size=1) as database:
        yield database
        await remove_units(acme, NAME)


async def make(placement: TenantPlacement, dividend: object = 6, divisor: int = 1) -> object:
    async with tenant_scope(placement, authorization_version=None) as session:
        rows = await session.fetch_alone(MAKE, dividend, divisor)
        return rows[0]["quotient"]


async def test_it_is_kept_when_it_returns_whatever_becomes_of_the_scope(acme: TenantPlacement) -> None:
    for count in (1, 2):  # prepared by then, it goes another way
        with pytest.raises(ZeroDivisionError):
            async with tenant_scope(acme, authorization_version=None) as session:
                assert (await session.fetch_alone(MAKE, 6, 2))[0]["quotient"] == 3
                raise ZeroDivisionError
        assert await units_named(acme, NAME) == count


async def test_it_goes_out_in_one_write_with_what_pins_it(
    one: Database, acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(acme)
    await make(acme)
    pool = one.pools.of(PRIMARY_DATABASE)
    connection = await pool.acquire(acme.schema)
    transport = cast("PipelinedTransport", connection._transport)  # noqa: SLF001 - what is sent is the question
    pool.release(connection)
    written: list[bytes] = []
    send = transport._send  # noqa: SLF001 - as above

    def recording(data: bytes) -> None:
        written.append(bytes(data))
        send(data)

    monkeypatch.setattr(transport, "_send", recording)
    await make(acme)
    assert len(written) == 1
    assert acme.schema.encode() in written[0]
    assert not connection.is_in_transaction()
    monkeypatch.undo()
    assert await units_named(acme, NAME) == 3


async def test_after_a_read_whose_end_nobody_waited_for_it_is_a_transaction_of_its_own(acme: TenantPlacement) -> None:
    for count in (1, 2, 3):
        async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
            await session.fetch("SELECT count(*) FROM role")
        await make(acme)
        assert await units_named(acme, NAME) == count


async def test_an_outdated_version_writes_nothing(acme: TenantPlacement) -> None:
    for count in (1, 2):
        version = await version_of(acme)
        async with tenant_scope(acme, authorization_version=version) as session:
            await session.fetch_alone(MAKE, 1, 1)
            await session.confirm()
        # An org unit more is a matter of grants, so the version is another one by now.
        with pytest.raises(StaleAuthorizationError):
            async with tenant_scope(acme, authorization_version=version) as session:
                await session.fetch_alone(MAKE, 1, 1)
        assert await units_named(acme, NAME) == count


@pytest.mark.parametrize("times_before", [0, 1, 2])
async def test_what_fails_is_not_kept_and_the_connection_is_good_again(
    one: Database, acme: TenantPlacement, times_before: int
) -> None:
    for _ in range(times_before):
        await make(acme)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await make(acme, divisor=0)
    with pytest.raises(asyncpg.DataError):
        await make(acme, "no number")
    assert await units_named(acme, NAME) == times_before
    await make(acme)
    assert await units_named(acme, NAME) == times_before + 1
    assert one.pools.of(PRIMARY_DATABASE).size_now == 1


async def test_what_a_constraint_refuses_may_be_tried_in_another_way(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None) as session:
        await session.fetch_alone(KEYED, KEY)
        for _ in range(2):
            with pytest.raises(NotWrittenError):
                await session.fetch_alone(KEYED, KEY)
        await session.fetch("SELECT 1")
    assert await units_named(acme, NAME) == 1


async def test_there_is_none_in_a_transaction_nor_where_only_reading_is_done(acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None) as session:
        await session.fetch("SELECT 1")
        with pytest.raises(NoTenantError):
            await session.fetch_alone(MAKE, 1, 1)
    async with tenant_scope(acme, authorization_version=None) as session, session.savepoint():
        with pytest.raises(NoTenantError):
            await session.fetch_alone(MAKE, 1, 1)
    async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
        with pytest.raises(NoTenantError):
            await session.fetch_alone(MAKE, 1, 1)
    assert await units_named(acme, NAME) == 0


async def test_on_a_connection_that_was_left_in_a_transaction_nothing_is_said_to_be_kept(
    one: Database, acme: TenantPlacement
) -> None:
    await make(acme)
    await make(acme)
    pool = one.pools.of(PRIMARY_DATABASE)
    connection = await pool.acquire(acme.schema)
    await connection.execute("BEGIN")
    pool.release(connection)
    with pytest.raises(asyncpg.InternalClientError):
        await make(acme)
    assert await units_named(acme, NAME) == 2


async def test_a_lost_connection_is_told_and_the_statement_not_tried_again(
    one: Database, acme: TenantPlacement
) -> None:
    await make(acme)
    pool = one.pools.of(PRIMARY_DATABASE)
    connection = await pool.acquire(acme.schema)
    pid = connection.get_server_pid()
    pool.release(connection)
    await kill(one, pid)
    # Whether the loss was seen before or only now, at most one org unit more is there.
    with suppress(NotWrittenError, *SERVER_GONE):
        await make(acme)
    assert await units_named(acme, NAME) in {1, 2}
    count = await units_named(acme, NAME)
    await make(acme)
    assert await units_named(acme, NAME) == count + 1


async def test_one_that_is_cancelled_gives_its_connection_back(one: Database, acme: TenantPlacement) -> None:
    await make(acme)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), tenant_scope(acme, authorization_version=None) as session:
            await session.fetch_alone("SELECT pg_sleep(60)")
    await make(acme)
    assert await units_named(acme, NAME) == 2
    assert one.pools.of(PRIMARY_DATABASE).size_now == 1
