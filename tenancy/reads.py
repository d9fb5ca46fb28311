"""Reads of the engine's, in whole transactions past the driver: those of one tenant that come together go together.

A transaction costs a few messages, some system calls and a connection, whatever is read in it. Requests that come in
the same turn of the loop, for the same tenant at the same version of its grants, share one: they see one snapshot, as
each of them would have seen one of about the same moment. Nothing else is shared. Each has its own statements with its
own parameters, and one that fails is asked again by itself, so it fails nobody else.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakKeyDictionary

import asyncpg

from tenancy.errors import SentAheadError
from tenancy.messages import SERVER_GONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenancy.connection import PooledConnection
    from tenancy.opening import Opening
    from tenancy.pool import ConnectionPool

# How many share a transaction at most: the first has to wait for the last.
MOST_TOGETHER: Final = 8

# Reads may be sent twice, so what says nothing about them is worth another try: the server was restarted, or a table
# has another shape than when its statement was prepared.
_WORTH_ANOTHER_TRY: Final = (*SERVER_GONE, asyncpg.InvalidCachedStatementError, asyncpg.InvalidSQLStatementNameError)


class Read(Protocol):
    """One statement that only reads.

    Attributes:
        sql: its text.
        values: its parameters (``tenancy/messages.py``, ``counted_values``).
        formats: of its columns (``counted_formats``).
        is_settled: whether one plan is the best for it whatever the parameters.
    """

    @property
    def sql(self) -> str: ...

    @property
    def values(self) -> bytes: ...

    @property
    def formats(self) -> bytes: ...

    @property
    def is_settled(self) -> bool: ...

    def take(self, answer: bytes, start: int) -> int:
        """Take the answer, which begins there; where it ends. If it raises, it may be given one again."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Pinned:
    """Where reads run. There is one object for each, so it can be told by what it is; its reads can run together.

    Attributes:
        pool: where the connection comes from.
        opening: what begins the transaction and pins it.
        tenant: whose data.
        tag: a comment behind each statement.
    """

    pool: ConnectionPool
    opening: Opening
    tenant: str
    tag: str


class _Asked:
    """What one request reads.

    Attributes:
        answered: done once it was read, or will not be.
        reads: the statements.
        together: what it shares a transaction with.
    """

    __slots__ = ("answered", "reads", "together")

    def __init__(self, reads: Sequence[Read], answered: asyncio.Future[None]) -> None:
        self.answered = answered
        self.reads = reads
        self.together: _Together | None = None


# Those to which others may still be added: they have not been sent.
_Open = dict["Pinned", "_Together"]
_open: WeakKeyDictionary[asyncio.AbstractEventLoop, _Open] = WeakKeyDictionary()


class _Together:
    """Requests that share a transaction, from when the first has asked until all are answered."""

    __slots__ = ("_again", "_asked", "_cancelled", "_connection", "_open", "_pinned", "_waiting")

    def __init__(self, pinned: Pinned, open_ones: _Open, *, again: bool = False) -> None:
        self._pinned = pinned
        self._open = open_ones
        self._asked: list[_Asked] = []
        self._cancelled = False
        self._connection: PooledConnection | None = None
        # Whether it was tried before, so that it is not tried for ever.
        self._again = again

    def add(self, asked: _Asked) -> None:
        """Take one more, and no others once there are enough."""
        asked.together = self
        self._asked.append(asked)
        if len(self._asked) == MOST_TOGETHER:
            self._shut()

    def begin(self) -> None:
        connection = self._pinned.pool.take(self._pinned.tenant)
        if connection is not None:
            self._send(connection)
        else:
            self._waiting = asyncio.get_running_loop().create_task(self._wait())

    def cancel(self) -> None:
        """Somebody who waited does so no more. When nobody does, PostgreSQL need not go on."""
        if self._connection is None or self._cancelled or not all(each.answered.done() for each in self._asked):
            return
        self._cancelled = True
        self._connection.cancel_running()

    async def _wait(self) -> None:
        try:
            connection = await self._pinned.pool.acquire(self._pinned.tenant)
        except Exception as problem:  # noqa: BLE001 - whoever waits is told
            self._shut()
            self._failed(problem)
        else:
            self._send(connection)

    def _shut(self) -> None:
        if self._open.get(self._pinned) is self:
            del self._open[self._pinned]

    def _send(self, connection: PooledConnection) -> None:
        self._shut()
        self._asked = [each for each in self._asked if not each.answered.done()]
        if not self._asked:
            self._pinned.pool.release(connection)
            return
        self._connection = connection
        reads = [read for each in self._asked for read in each.reads]
        try:
            connection.read_whole(self._pinned.opening, self._pinned.tag, reads, self._ended)
        except Exception as problem:  # noqa: BLE001 - whoever waits is told
            self._ended(problem)

    def _ended(self, problem: Exception | None) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if problem is None:
            if self._cancelled:
                self._pinned.pool.mend(connection)
            else:
                self._pinned.pool.release(connection)
            for each in self._asked:
                if not each.answered.done():
                    each.answered.set_result(None)
            return
        self._pinned.pool.mend(connection)
        if isinstance(problem, SentAheadError):
            self._failed(problem)  # they all began alike
        elif len(self._asked) > 1 or (isinstance(problem, _WORTH_ANOTHER_TRY) and not self._again):
            self._each_alone()
        else:
            self._failed(problem)

    def _each_alone(self) -> None:
        loop = asyncio.get_running_loop()
        for asked in self._asked:
            if not asked.answered.done():
                alone = _Together(self._pinned, {}, again=len(self._asked) == 1)
                alone.add(asked)
                # Not at once: of several connections that are lost together, the others hear of it only now.
                loop.call_soon(alone.begin)

    def _failed(self, problem: Exception) -> None:
        for each in self._asked:
            if not each.answered.done():
                each.answered.set_exception(problem)


@lru_cache(maxsize=10_000)
def pinned_at(pool: ConnectionPool, opening: Opening, schema: str, schema_version: int) -> Pinned:
    """Where reads of one tenant run.

    Args:
        pool: of its database.
        opening: what begins the transaction and pins it.
        schema: the tenant's.
        schema_version: of its tables.
    """
    return Pinned(pool, opening, schema, tag(schema_version))


def tag(schema_version: int) -> str:
    """A comment behind each statement.

    One text over two shapes of a table fails inside a transaction, so tenants at different versions of the schema must
    not share a prepared statement.
    """
    return f" /*s{schema_version}*/"


async def read(pinned: Pinned, reads: Sequence[Read]) -> None:
    """Run one request's statements in one transaction. Their answers are taken when this returns.

    Raises:
        SentAheadError: what begins the transaction failed.
    """
    loop = asyncio.get_running_loop()
    asked = _Asked(reads, loop.create_future())
    for each in reads:
        if not each.is_settled:
            # Others would have to wait, and what PostgreSQL plans for its parameters changes how the rest is planned.
            together = _Together(pinned, {})
            together.add(asked)
            together.begin()
            break
    else:
        open_ones = _open_in(loop)
        known = open_ones.get(pinned)
        if known is None:
            known = open_ones[pinned] = _Together(pinned, open_ones)
            loop.call_soon(known.begin)
        known.add(asked)
    try:
        await asked.answered
    except asyncio.CancelledError:
        if asked.together is not None:
            asked.together.cancel()
        raise


class _Found:
    """What was found last, and in which loop. A process that serves has one loop."""

    loop: asyncio.AbstractEventLoop | None = None
    open_ones: _Open | None = None


def _open_in(loop: asyncio.AbstractEventLoop) -> _Open:
    if loop is not _Found.loop or _Found.open_ones is None:
        _Found.loop, _Found.open_ones = loop, _open.setdefault(loop, {})
    return _Found.open_ones
