"""Org units as marks: cheap to make, to count and to remove again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from models.tenant import AuthorizationState, OrgUnit
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import (
    tenant_scope,
)

if TYPE_CHECKING:
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement


class DeliberateError(Exception):
    """A test's own failure."""


async def version_of(placement: TenantPlacement) -> int:
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        state = await AuthorizationState.get(id=1)
    version: int = state.version
    return version


async def units_named(placement: TenantPlacement, name: str) -> int:
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        return await OrgUnit.filter(name=name).count()


async def remove_units(placement: TenantPlacement, name: str) -> None:
    async with tenant_scope(placement, authorization_version=None):
        await OrgUnit.filter(name=name).delete()


async def on_the_bare_connection(database: Database, sql: str) -> list[asyncpg.Record]:
    """Past the scope, on the tenants' connections."""
    pool = database.pools.of(PRIMARY_DATABASE)
    connection = await pool.acquire("")
    try:
        rows: list[asyncpg.Record] = await connection.fetch(sql)
    except BaseException:
        pool.mend(connection)
        raise
    pool.release(connection)
    return rows


async def kill(database: Database, pid: int) -> None:
    server = await asyncpg.connect(database.url)
    await server.execute("SELECT pg_terminate_backend($1, 5000)", pid)
    await server.close()
