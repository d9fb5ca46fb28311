"""Opening and closing the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tenancy import pools
from tenancy.connection import connect
from tenancy.directory import Directory
from tenancy.orm import start_orm
from tenancy.pool import ConnectionPool

if TYPE_CHECKING:
    from settings import Settings


class DatabaseNotConfiguredError(Exception):
    """The settings name no database."""


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """The open database of this event loop. One per server process; tests may open several, the last one counts.

    Attributes:
        url: where it is. May hold a password, so it is never shown.
        directory: which tenant is where.
        pools: the connections.
    """

    url: str = field(repr=False)
    directory: Directory
    pools: pools.Pools

    async def ping(self) -> None:
        """Ask the database for a sign of life; raises whatever is wrong with it."""
        pool = self.pools.shared
        connection = await pool.acquire("")
        try:
            await connection.execute("SELECT 1")
        except BaseException:
            pool.mend(connection)
            raise
        pool.release(connection)

    async def close(self) -> None:
        """Wait for what is running (ten seconds at most), then close every connection."""
        pools.remove(self.pools)
        await self.pools.close()


async def open_database(settings: Settings) -> Database:
    """Make models, directory and tenant scopes usable in the running event loop. Connections are opened when needed.

    Raises:
        DatabaseNotConfiguredError: ``database_url`` is not set.
    """
    url = database_url(settings)
    await start_orm()
    size = settings.database_pool_size
    opened = pools.Pools(
        shared=ConnectionPool(partial(connect, url), size=max(2, size // 2), tenants_per_connection=size),
        tenants={
            pools.PRIMARY_DATABASE: ConnectionPool(
                partial(connect, url, statements=settings.database_statements_per_connection),
                size=size,
                tenants_per_connection=settings.database_tenants_per_connection,
            )
        },
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    pools.register(opened)
    return Database(url=url, directory=Directory(), pools=opened)


def database_url(settings: Settings) -> str:
    """The address, password included.

    Raises:
        DatabaseNotConfiguredError: none is set.
    """
    if settings.database_url is None:
        message = "FIELDGATE_DATABASE_URL is not set"
        raise DatabaseNotConfiguredError(message)
    return settings.database_url.get_secret_value()
