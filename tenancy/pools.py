"""The connection pools of each open database, found by the event loop that they belong to.

A pool works in one event loop only, so the loop is the natural key: requests run in tasks and contexts that know
nothing of the one that opened the database, but always in its loop.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from tenancy.errors import NoTenantError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenancy.pool import ConnectionPool

# The database that holds the directory. A tenant's placement names the database that holds its schema.
PRIMARY_DATABASE: Final = "primary"


@dataclass(frozen=True, slots=True, eq=False)
class Pools:
    """Where connections come from.

    Attributes:
        shared: to the directory. A pool of its own: a request inside a tenant's scope may need the directory too,
            and with one pool, as many such requests as it has connections would wait for each other for ever.
        tenants: by database, to the tenants' schemas.
        statement_timeout_ms: how long one statement may take.
    """

    shared: ConnectionPool
    tenants: Mapping[str, ConnectionPool]
    statement_timeout_ms: int

    def of(self, database: str) -> ConnectionPool:
        """The pool for the tenants of a database.

        Raises:
            NoTenantError: the settings know no database of that name.
        """
        pool = self.tenants.get(database)
        if pool is None:
            message = f"no database {database!r} is configured"
            raise NoTenantError(message)
        return pool

    async def close(self) -> None:
        """Wait for connections in use, then close all."""
        await asyncio.gather(self.shared.close(), *(pool.close() for pool in self.tenants.values()))


_open: WeakKeyDictionary[asyncio.AbstractEventLoop, list[Pools]] = WeakKeyDictionary()


class _Found:
    """What was found last, and in which loop. A process that serves has one loop."""

    loop: asyncio.AbstractEventLoop | None = None
    pools: Pools | None = None

    @classmethod
    def forget(cls) -> None:
        cls.loop = cls.pools = None


def register(pools: Pools) -> None:
    """Make these the pools of the running event loop, until they are removed."""
    _open.setdefault(asyncio.get_running_loop(), []).append(pools)
    _Found.forget()


def remove(pools: Pools) -> None:
    """Undo :func:`register`."""
    _open[asyncio.get_running_loop()].remove(pools)
    _Found.forget()


def current_pools() -> Pools:
    """The pools opened last in the running event loop.

    Raises:
        NoTenantError: no database is open in this loop (another thread's, perhaps).
    """
    loop = asyncio.get_running_loop()
    if loop is _Found.loop and _Found.pools is not None:
        return _Found.pools
    opened = _open.get(loop)
    if not opened:
        message = "no database is open in this event loop"
        raise NoTenantError(message)
    _Found.loop, _Found.pools = loop, opened[-1]
    return opened[-1]
