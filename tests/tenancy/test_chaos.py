"""Row 6 of acceptance: one connection, two tenants, 10,000 requests, most of which go wrong somehow."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest

from models.tenant import OrgUnit
from tenancy.database import database_url
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import current_scope, tenant_scope
from tests.tenancy.chaos import READ, Observed, run_chaos

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith
    from tests.tenancy.chaos import Reader

REQUESTS = 10_000
CONTROL_REQUESTS = 1_000
SEED = 6


class Pinned:
    """The real way. Reads alternate between the engine's path and the ORM's."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pools.of(PRIMARY_DATABASE)
        self._units = OrgUnit.all().values("name")  # one query set for all requests
        self._turn = 0

    @asynccontextmanager
    async def scope(self, placement: TenantPlacement) -> AsyncIterator[Reader]:
        self._turn += 1
        async with tenant_scope(placement, authorization_version=None) as session:
            yield session if self._turn % 3 else self

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        if sql == READ:
            return await self._units
        return await current_scope().fetch(sql, *arguments)

    async def forgotten(self) -> list[asyncpg.Record]:
        """Past every wall of ours: the bare connection that has served some tenant a moment ago."""
        connection = await self._pool.acquire("")
        try:
            rows: list[asyncpg.Record] = await connection.fetch(READ)
        finally:
            self._pool.mend(connection)
        return rows


class SetForTheSession:
    """How it must not be done: SET for the session, on a pool that does not reset it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def scope(self, placement: TenantPlacement) -> AsyncIterator[Reader]:
        async with self._pool.acquire() as connection:
            await connection.execute(f'SET search_path TO "{placement.schema}";SET ROLE "{placement.role}"')
            async with connection.transaction():
                yield OneAtATime(connection)

    async def forgotten(self) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._pool.fetch(READ)
        return rows


class OneAtATime:
    """A connection that several tasks may use in turn."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        async with self._lock:
            rows: list[asyncpg.Record] = await self._connection.fetch(sql, *arguments)
        return rows


@pytest.fixture
async def marked(tenants: dict[str, TenantPlacement]) -> AsyncIterator[list[TenantPlacement]]:
    """Two tenants whose org units carry the tenant's name."""
    placements = list(tenants.values())
    for placement in placements:
        async with tenant_scope(placement, authorization_version=None):
            await OrgUnit.bulk_create([OrgUnit(name=placement.slug) for _ in range(3)])
    yield placements
    for placement in placements:
        async with tenant_scope(placement, authorization_version=None):
            await OrgUnit.filter(name=placement.slug).delete()


def assert_no_leak(observed: Observed) -> None:
    assert (observed.foreign, observed.unscoped) == (0, 0)


async def test_t4_nothing_of_another_tenant_is_seen_whatever_goes_wrong(
    open_with: OpenWith, marked: list[TenantPlacement]
) -> None:
    async with open_with(database_pool_size=1) as database:
        way = Pinned(database)
        observed = await run_chaos(way, marked, requests=REQUESTS, seed=SEED)
        assert_no_leak(observed)
        assert observed.requests == REQUESTS
        assert observed.own > REQUESTS
        # Forgetting the tenant is an error each time, never an empty answer.
        assert observed.outcomes.keys() & {"_forgets_the_tenant: answered"} == set()
        assert observed.outcomes["_forgets_the_tenant: UndefinedTableError"] > REQUESTS / 20
        # The one connection was never lost, and is clean.
        assert database.pools.of(PRIMARY_DATABASE).size_now == 1
        async with way.scope(marked[0]) as reader:
            assert [row["name"] for row in await reader.fetch(READ)] == [marked[0].slug] * 3


async def test_t4_the_same_requests_leak_where_the_tenant_is_set_for_the_session(
    settings: Settings, marked: list[TenantPlacement]
) -> None:
    class Unreset(asyncpg.Connection):  # type: ignore[misc]  # asyncpg ships no types
        def get_reset_query(self) -> str:
            return ""

    async with asyncpg.create_pool(database_url(settings), min_size=1, max_size=1, connection_class=Unreset) as pool:
        observed = await run_chaos(SetForTheSession(pool), marked, requests=CONTROL_REQUESTS, seed=SEED)
    with pytest.raises(AssertionError):
        assert_no_leak(observed)
