"""Reads past the driver and every way by it may follow each other on a connection, which is clean behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from tenancy.errors import StaleAuthorizationError
from tenancy.scope import tenant_scope
from tests.tenancy.taking import DIVIDE, WHERE, Taking, ask, settled, the_connection
from tests.tenancy.units import version_of

if TYPE_CHECKING:
    from tenancy.connection import PooledConnection
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

SETTINGS: Final = ("role", "search_path", "plan_cache_mode", "statement_timeout", "transaction_read_only")


async def as_it_was(connection: PooledConnection) -> None:
    """Nothing of a transaction is left on a connection."""
    found = [await connection.fetchval(f"SELECT current_setting('{each}')") for each in SETTINGS]
    assert found == ["none", "pg_catalog, pg_temp", "auto", "0", "off"]
    assert not connection.is_in_transaction()
    assert await connection.fetchval("SELECT pg_current_xact_id_if_assigned() IS NULL")


async def whole(placement: TenantPlacement, version: int) -> None:
    assert await ask(placement, Taking(WHERE, "x"), version=version) == f"{placement.schema} x"


async def driver(placement: TenantPlacement, version: int) -> None:
    async with tenant_scope(placement, authorization_version=version, read_only=True) as session:
        assert (await session.fetch(WHERE, "x"))[0][0] == f"{placement.schema} x"


async def written_by_driver(placement: TenantPlacement, version: int) -> None:
    async with tenant_scope(placement, authorization_version=version) as session:
        assert (await session.fetch(WHERE, "x"))[0][0] == f"{placement.schema} x"


async def alone(placement: TenantPlacement, version: int) -> None:
    async with tenant_scope(placement, authorization_version=version) as session:
        assert (await session.fetch_alone(WHERE, "x"))[0][0] == f"{placement.schema} x"


async def failed(placement: TenantPlacement, version: int) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        await ask(placement, Taking(DIVIDE, "0"), version=version)


async def stale(placement: TenantPlacement, version: int) -> None:
    with pytest.raises(StaleAuthorizationError):
        await ask(placement, Taking(WHERE, "0"), version=version + 1)


WAYS: Final = (whole, driver, written_by_driver, alone, failed, stale)


@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("first", WAYS)
async def test_every_way_to_use_a_connection_may_follow_every_other(
    first: Any,  # noqa: ANN401 - one of the above
    second: Any,  # noqa: ANN401 - the same
    one: Database,
    acme: TenantPlacement,
    globex: TenantPlacement,
) -> None:
    versions = {each: await version_of(each) for each in (acme, globex)}
    for placement, other in ((acme, acme), (acme, globex), (globex, globex)):
        for _ in range(2):
            await first(placement, versions[placement])
            await second(other, versions[other])
            await first(placement, versions[placement])
    await whole(acme, versions[acme])
    await settled(one, 1)
    await as_it_was(await the_connection(one))


async def test_what_a_transaction_left_open_is_ended_by_a_whole_one(one: Database, acme: TenantPlacement) -> None:
    version = await version_of(acme)
    for way in (driver, driver, whole, driver, whole, whole, driver, failed, driver, whole):
        await way(acme, version)
        connection = await the_connection(one) if way is whole else None
        if connection is not None:
            assert not connection.unended
            await as_it_was(connection)


async def test_failures_leave_no_prepared_statements_behind(
    one: Database, acme: TenantPlacement, globex: TenantPlacement
) -> None:
    for placement in (acme, globex):
        version = await version_of(placement)
        for _ in range(20):
            await failed(placement, version)
            await stale(placement, version)
    await whole(acme, await version_of(acme))
    connection = await the_connection(one)
    names = await connection.fetch("SELECT name FROM pg_prepared_statements WHERE name LIKE 'fieldgate%'")
    assert len(names) < 20
