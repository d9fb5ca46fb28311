"""A pool that prefers to give a tenant the connection that served it last.

Two things that asyncpg's pool can't do decide the cost of a request here. PostgreSQL analyses a cached statement anew
whenever the schema behind it changed, so a connection that stays with its tenant answers in a third of the time. And a
backend keeps the tables of every tenant that it ever touched in memory, so a connection has to go after so many.

A connection is handed back clean, or not at all: whatever interrupted its user, a background task first rolls back,
and a connection that can't be brought back is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Final

from tenancy.connection import ROLLBACK_AND_RESET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from tenancy.connection import PooledConnection

MEND_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 2.0
# How long a tenant that is new to every idle connection waits for one that has served it. To be new costs PostgreSQL
# about half a millisecond and the backend some memory for good, and it is paid where there is most to do already.
RETURN_SECONDS: Final = 0.02
# How long an idle connection may keep a finished read's transaction open: a snapshot holds back VACUUM. Under load a
# connection is taken again within a few milliseconds, and whoever takes it ends the transaction for nothing.
UNENDED_SECONDS: Final = 0.02


class PoolClosedError(Exception):
    """The server is stopping."""


class ConnectionPool:
    """At most ``size`` connections, opened when first needed, waited for in order of arrival."""

    def __init__(
        self, connect: Callable[[], Awaitable[PooledConnection]], *, size: int, tenants_per_connection: int
    ) -> None:
        self._connect = connect
        self._size = size
        self._tenants_per_connection = tenants_per_connection
        # Least recently used first.
        self._idle: list[PooledConnection] = []
        # A waiter gets a connection, or None: the right to open one.
        self._waiters: deque[asyncio.Future[PooledConnection | None]] = deque()
        # Those who wait for a connection that has served their tenant, although others are idle.
        self._returning: deque[tuple[str, asyncio.Future[PooledConnection | None]]] = deque()
        self._slots_taken = 0
        self._background: set[asyncio.Task[None]] = set()
        self._open_connections: set[PooledConnection] = set()
        self._closing = False
        self._ending: asyncio.TimerHandle | None = None
        self._drained = asyncio.Event()

    @property
    def size_now(self) -> int:
        """How many connections are open or being opened."""
        return self._slots_taken

    def take(self, tenant: str) -> PooledConnection | None:
        """The same as :meth:`acquire` at once, if a connection that has served the tenant is idle."""
        connection = None if self._closing else self._take_idle(tenant)
        if connection is not None:
            connection.serve(tenant)
        return connection

    async def acquire(self, tenant: str) -> PooledConnection:
        """A clean connection, for the caller alone until it gives it to :meth:`release` or :meth:`mend`.

        Raises:
            PoolClosedError: the pool is closing.
        """
        if self._closing:
            raise PoolClosedError
        connection = self._take_idle(tenant) or await self._wait_to_return(tenant)
        if connection is None:
            # Somebody else's, then.
            connection = self._take_idle(tenant, new=True)
        if connection is None:
            if self._slots_taken < self._size:
                self._slots_taken += 1
            else:
                connection = await self._wait()
            if connection is None:
                connection = await self._open()
        connection.serve(tenant)
        return connection

    def release(self, connection: PooledConnection) -> None:
        """Take back a connection that has been reset, outside any transaction unless it says otherwise itself."""
        if self._closing or connection.is_closed() or len(connection.tenants) > self._tenants_per_connection:
            self._in_background(self._retire(connection))
        elif not self._hand_over(connection) and not self._hand_back(connection):
            self._idle.append(connection)

    def release_unended(self, connection: PooledConnection) -> None:
        """Take back a connection on which a read-only transaction is still open.

        Whoever gets it next ends that transaction in the message that begins the next one; when nobody does within
        ``UNENDED_SECONDS``, the pool ends it.
        """
        loop = asyncio.get_running_loop()
        connection.unended = True
        connection.unended_since = loop.time()
        self.release(connection)
        if self._ending is None:
            self._ending = loop.call_later(UNENDED_SECONDS, self._end_idle)

    def mend(self, connection: PooledConnection, lock: asyncio.Lock | None = None) -> None:
        """Take back a connection in whatever state it is, without making the caller wait.

        Not awaiting is the point: a cancelled request may be cancelled again at each await, and would lose the
        connection for ever. ``lock`` is held by whoever may still be using the connection.
        """
        self._in_background(self._mend(connection, lock or asyncio.Lock()))

    async def close(self, *, grace_seconds: float = 10.0) -> None:
        """Close what is idle, and wait for the rest to be given back before it is cut off."""
        self._closing = True
        for waiter in (*self._waiters, *(each for _, each in self._returning)):
            if not waiter.done():
                waiter.set_exception(PoolClosedError())
        for connection in self._idle:
            self._in_background(self._retire(connection))
        self._idle.clear()
        if self._slots_taken:
            try:
                async with asyncio.timeout(grace_seconds):
                    await self._drained.wait()
            except TimeoutError:
                for connection in tuple(self._open_connections):
                    connection.terminate()

    def _take_idle(self, tenant: str, *, new: bool = False) -> PooledConnection | None:
        """An idle connection that has served the tenant; if it may be ``new`` there, the one unused for longest."""
        idle = self._idle
        if not idle:
            return None
        position = self._position(tenant)
        if position is None:
            # It was on none of these: open one more if the operator allows it.
            if not new or self._slots_taken < self._size:
                return None
            position = 0
        connection = idle.pop(position)
        if connection.is_closed():
            self._drop(connection)
            return self._take_idle(tenant, new=new)
        return connection

    async def _wait_to_return(self, tenant: str) -> PooledConnection | None:
        """A connection that has served the tenant, if one is given back soon; ``None``: there is none, or it is not."""
        if not self._idle or self._slots_taken < self._size:
            return None
        if not self._is_worth_waiting(tenant):
            return None
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[PooledConnection | None] = loop.create_future()
        self._returning.append((tenant, waiter))
        too_late = loop.call_later(RETURN_SECONDS, _give_up, waiter)
        try:
            connection = await waiter
        except asyncio.CancelledError:
            self._pass_on(waiter)
            raise
        finally:
            too_late.cancel()
            self._returning = deque(each for each in self._returning if each[1] is not waiter)
        if connection is None and self._closing:
            raise PoolClosedError
        return connection

    def _is_worth_waiting(self, tenant: str) -> bool:
        """Whether others keep the tenant from where it was.

        It never waits for its own: one that asks for several things at once comes to know as many connections.
        """
        if any(waiting == tenant for waiting, _ in self._returning):
            return False
        served = [connection for connection in self._open_connections if tenant in connection.tenants]
        return bool(served) and not any(connection.last_tenant == tenant for connection in served)

    def _hand_back(self, connection: PooledConnection) -> bool:
        """Give a connection to the first who waits for one that has served its tenant, if it has."""
        for place, (tenant, waiter) in enumerate(self._returning):
            if not waiter.done() and tenant in connection.tenants:
                del self._returning[place]
                waiter.set_result(connection)
                return True
        return False

    def _position(self, tenant: str) -> int | None:
        """Where the idle connection is that has least to do for a tenant: served it last, or served it before."""
        before = None
        for position in range(len(self._idle) - 1, -1, -1):
            connection = self._idle[position]
            if connection.last_tenant == tenant:
                return position
            if before is None and tenant in connection.tenants:
                before = position
        return before

    async def _wait(self) -> PooledConnection | None:
        waiter: asyncio.Future[PooledConnection | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None and waiter.result() is None:
                self._free_slot()
            self._pass_on(waiter)
            raise

    def _pass_on(self, waiter: asyncio.Future[PooledConnection | None]) -> None:
        """Who waited was cancelled, perhaps at the very moment when a connection was handed over."""
        if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
            connection = waiter.result()
            if connection is not None:
                self.release(connection)

    async def _open(self) -> PooledConnection:
        try:
            connection = await self._connect()
        except BaseException:
            self._free_slot()
            raise
        self._open_connections.add(connection)
        return connection

    def _hand_over(self, connection: PooledConnection | None) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    def _drop(self, connection: PooledConnection) -> None:
        connection.terminate()
        self._open_connections.discard(connection)
        self._free_slot()

    def _free_slot(self) -> None:
        if not self._hand_over(None):
            self._slots_taken -= 1
            if not self._slots_taken:
                self._drained.set()

    async def _mend(self, connection: PooledConnection, lock: asyncio.Lock) -> None:
        try:
            async with asyncio.timeout(MEND_SECONDS), lock:
                await connection.cancelled()
                await connection.execute(ROLLBACK_AND_RESET)
                connection.unended = False
        except BaseException as problem:  # whatever it was, this connection is not trusted again
            self._drop(connection)
            if not isinstance(problem, Exception):
                raise
        else:
            self.release(connection)

    def _end_idle(self) -> None:
        loop = asyncio.get_running_loop()
        # Timers may come a moment early.
        long_ago = loop.time() - 0.9 * UNENDED_SECONDS
        unended = [connection for connection in self._idle if connection.unended]
        for connection in unended:
            if connection.unended_since <= long_ago:
                self._idle.remove(connection)
                self._in_background(self._end(connection))
        # Those that came back since are looked at again.
        waits = any(connection.unended_since > long_ago for connection in unended)
        self._ending = loop.call_later(UNENDED_SECONDS, self._end_idle) if waits else None

    async def _end(self, connection: PooledConnection) -> None:
        try:
            async with asyncio.timeout(MEND_SECONDS):
                await connection.execute("COMMIT")
        except BaseException as problem:  # it has nothing to lose, and is not trusted again
            self._drop(connection)
            if not isinstance(problem, Exception):
                raise
        else:
            connection.unended = False
            self.release(connection)

    async def _retire(self, connection: PooledConnection) -> None:
        try:
            with contextlib.suppress(Exception):  # it is cut off instead
                await connection.close(timeout=CLOSE_SECONDS)
        finally:
            self._drop(connection)

    def _in_background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _give_up(waiter: asyncio.Future[PooledConnection | None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
