"""One transaction on one connection: opened by its first statement, shared by a request's tasks, ended exactly once.

PostgreSQL runs one statement at a time on a connection, and a savepoint is a stack, so tasks of one request take turns.
Each :class:`Block` (the transaction, or a savepoint in it) has a lock: a statement holds the lock of its block while
it runs, and a savepoint holds the lock of the block around it for its whole life. Tasks started inside a savepoint
inherit it through the context variable; tasks started outside wait until it is over.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Final, Self

import asyncpg

from tenancy.alone import run_alone
from tenancy.connection import COMMIT_AND_RESET, ROLLBACK_AND_RESET
from tenancy.errors import (
    NoTenantError,
    ScopeClosedError,
    SentAheadError,
    TransactionLostError,
)
from tenancy.messages import SERVER_GONE
from tenancy.reads import Pinned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextvars import ContextVar, Token
    from types import TracebackType

    from tenancy.connection import PooledConnection
    from tenancy.opening import Opening
    from tenancy.pool import ConnectionPool

_OUTLIVED: Final = "the transaction has ended; await what you start inside its scope"
_ASTRAY: Final = "a statement on the shared schema failed, or was cut off, and its block is not undone yet"

_savepoints: Final = itertools.count(1)


class Block:
    """A part of a transaction that is kept or undone as one.

    Attributes:
        finished: no statement may run in it any more.
        lock: held by whoever is talking to the connection.
        transaction: what it is a part of.
    """

    __slots__ = ("finished", "lock", "transaction")

    def __init__(self, transaction: Transaction) -> None:
        self.finished = False
        self.lock = asyncio.Lock()
        self.transaction = transaction

    async def connection(self) -> PooledConnection:
        """The pinned connection, opened if it is not yet. Call it with the lock held only.

        Raises:
            ScopeClosedError: the block, or the transaction, is over.
            TransactionLostError: it may be in another role than its own.
        """
        if self.finished or self.transaction.finished:
            raise ScopeClosedError(_OUTLIVED)
        if self.transaction.astray:
            raise TransactionLostError(_ASTRAY)
        return await self.transaction.connection()


class Transaction:
    """What one request does in one database, all or nothing.

    Attributes:
        astray: it may be in another role than the one it was pinned to, so nothing runs until its block is undone.
        block: the outermost block.
        doomed: a savepoint could not be undone, so nothing may be kept.
        finished: no statement may run any more.
        joined: what its tasks do in the shared schema is a part of it (``both_schemas.py``).
        preceded: a statement has been committed before it, as a transaction of its own.
        quiet: nothing but the engine's own reads has run in a read-only transaction, and none of them failed, so its
            end can change nothing and the session has nothing to forget.
        role: a tenant's, which its opening puts in force.
        tag: a comment appended to every statement.
    """

    def __init__(
        self, pool: ConnectionPool, *, opening: Opening, tenant: str, tag: str, read_only: bool = False
    ) -> None:
        """Nothing is sent yet.

        Args:
            pool: where the connection comes from and goes back to.
            opening: what begins the transaction and pins it.
            tenant: whose data; connections prefer the tenant that they served last.
            tag: a comment appended to every statement.
            read_only: whether the opening says so.
        """
        self.astray = False
        self.block = Block(self)
        self.doomed = False
        self.finished = False
        self.joined = False
        self.preceded = False
        self.quiet = read_only
        self.role = ""
        self.tag = tag
        self._pool = pool
        self._opening = opening
        self._tenant = tenant
        self._connection: PooledConnection | None = None

    @property
    def begins_quietly(self) -> bool:
        """Whether nothing was sent yet, and the first statement may go out with what begins the transaction."""
        return self.quiet and self._connection is None and not self.finished

    @property
    def has_begun(self) -> bool:
        """Whether PostgreSQL has begun it."""
        return self._connection is not None

    async def connection(self) -> PooledConnection:
        """For :class:`Block` only, which knows whose turn it is."""
        return self._connection or await self._attach()

    async def begin_and_fetch(self, sql: str, arguments: Sequence[object], *, settled: bool) -> list[asyncpg.Record]:
        """Begin with this statement, which reads. Call it with the lock of the outermost block held, and only if quiet.

        Raises:
            ScopeClosedError: the transaction ended while its connection was being opened.
        """
        try:
            return await self._begin_and_fetch(sql, arguments, settled=settled)
        except SERVER_GONE:
            # As below. That the statement may have run before the connection was lost changes nothing: it only reads.
            if self._connection is not None:
                raise
            return await self._begin_and_fetch(sql, arguments, settled=settled)

    async def commit_alone(self, sql: str, arguments: Sequence[object], *, settled: bool) -> list[asyncpg.Record]:
        """Run a statement as a transaction of its own, before this one begins. It is committed when this returns.

        Not for what sets anything for the session: the connection goes back to its pool as it is.

        Raises:
            NotWrittenError: it has changed nothing, but may if it is tried in another way.
        """
        pinned = Pinned(self._pool, self._opening, self._tenant, self.tag)
        rows = await run_alone(pinned, sql, arguments, settled=settled, explain=self.explain)
        self.preceded = True
        return rows

    def ended_quietly(self) -> bool:
        """Give the connection back with nothing to wait for, if it may be, and whether it was."""
        connection = self._connection
        if connection is None:
            self.finished = True
            return True
        if not self.quiet or self.doomed or self.block.lock.locked() or not connection.is_in_transaction():
            return False
        # Waiting for the end of a read would cost a round trip and tell nothing: the message that begins the next
        # transaction on the connection ends this one.
        self.finished = True
        self._connection = None
        self._pool.release_unended(connection)
        return True

    async def commit(self) -> None:
        """Keep everything, and give the connection back.

        Raises:
            TransactionLostError: nothing was kept: a statement had failed and somebody went on as if it hadn't.
        """
        if self.ended_quietly():
            return
        self.finished = True
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await self.block.lock.acquire()  # a task that outlived the scope may still be in a statement
        except BaseException:
            self._pool.mend(connection, self.block.lock)
            raise
        try:
            self._refuse_if_lost(connection)
            await connection.execute(COMMIT_AND_RESET)
        except BaseException as problem:
            self._pool.mend(connection)
            if isinstance(problem, asyncpg.InFailedSQLTransactionError):
                message = "a statement failed and the failure was ignored; nothing was kept"
                raise TransactionLostError(message) from problem
            raise
        finally:
            self.block.lock.release()
        self._pool.release(connection)

    async def rollback(self, reason: BaseException) -> None:
        """Undo everything. When the caller was cancelled, or others still use the connection, that happens later."""
        self.finished = True
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self.block.lock.locked() or not isinstance(reason, Exception):
            self._pool.mend(connection, self.block.lock)
            return
        try:
            await connection.execute(ROLLBACK_AND_RESET)
        except BaseException as problem:
            self._pool.mend(connection)
            if not isinstance(problem, Exception):
                raise
            return  # the reason says more than that the connection broke as well
        self._pool.release(connection)

    def explain(self, problem: Exception) -> Exception:
        """What a failure to open means to the caller."""
        return problem

    def refuse_if_ended(self, connection: PooledConnection) -> None:
        """Look whether somebody sent COMMIT as a statement. What follows would run unpinned; it ends here.

        Raises:
            TransactionLostError: somebody did.
        """
        if not connection.is_in_transaction():
            self.doomed = True
            message = "a statement ended the transaction that the scope owns"
            raise TransactionLostError(message)

    def _refuse_if_lost(self, connection: PooledConnection) -> None:
        if self.doomed or self.astray or not connection.is_in_transaction():
            message = "the transaction was ended or undone by a part of it; nothing was kept"
            raise TransactionLostError(message)

    async def _attach(self) -> PooledConnection:
        connection = await self._open()
        self._keep(connection)
        if self.finished:
            raise ScopeClosedError(_OUTLIVED)
        return connection

    async def _open(self) -> PooledConnection:
        try:
            return await self._begin()
        except SERVER_GONE:
            # The server was restarted since the connection was last used. Nothing has happened yet, so one more try.
            return await self._begin()

    async def _begin_and_fetch(self, sql: str, arguments: Sequence[object], *, settled: bool) -> list[asyncpg.Record]:
        connection = self._pool.take(self._tenant) or await self._pool.acquire(self._tenant)
        try:
            rows = await connection.begin_and_fetch(self._opening, sql, self.tag, arguments, settled=settled)
        except SentAheadError as failed:
            self._pool.mend(connection)
            raise self.explain(failed.problem) from failed.problem
        except SERVER_GONE:
            self._pool.mend(connection)
            raise
        except BaseException:
            # The transaction may have begun, or still be beginning. Whoever ends it will find out.
            self.quiet = False
            self._keep(connection)
            raise
        self._keep(connection)
        if self.finished:
            raise ScopeClosedError(_OUTLIVED)
        self.refuse_if_ended(connection)
        return rows

    def _keep(self, connection: PooledConnection) -> None:
        if self.finished:  # it ended while the connection was being opened
            self._pool.mend(connection)
        else:
            self._connection = connection

    async def _begin(self) -> PooledConnection:
        connection = await self._pool.acquire(self._tenant)
        try:
            await connection.execute(f"COMMIT;{self._opening.text}" if connection.unended else self._opening.text)
            connection.unended = False
        except BaseException as problem:
            self._pool.mend(connection)
            if isinstance(problem, Exception):
                raise self.explain(problem) from problem
            raise
        return connection


class Turn:
    """A block's lock, held for one statement: ``async with Turn(block) as connection``."""

    __slots__ = ("_block", "_connection")

    def __init__(self, block: Block) -> None:
        self._block = block

    async def __aenter__(self) -> PooledConnection:
        await self._block.lock.acquire()
        try:
            self._connection = await self._block.connection()
        except BaseException:
            self._block.lock.release()
            raise
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                self._block.transaction.quiet = False
            else:
                self._block.transaction.refuse_if_ended(self._connection)
        finally:
            self._block.lock.release()


class Savepoint:
    """A block inside a block: ``async with Savepoint(variable)``. What raises out of it is undone, and only that."""

    def __init__(self, variable: ContextVar[Block | None]) -> None:
        self._variable = variable

    async def __aenter__(self) -> Self:
        outer = self._variable.get()
        if outer is None:
            message = "a savepoint outside any transaction"
            raise NoTenantError(message)
        self._outer = outer
        await outer.lock.acquire()
        outer.transaction.quiet = False
        try:
            self._connection = await outer.connection()
            self._name = f"block_{next(_savepoints)}"
            await self._connection.execute(f"SAVEPOINT {self._name}")
        except BaseException:
            outer.lock.release()
            raise
        self._block = Block(outer.transaction)
        self._token: Token[Block | None] = self._variable.set(self._block)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._block.finished = True  # for tasks that were started inside and not awaited
        try:
            async with self._block.lock:
                transaction = self._outer.transaction
                kept = kind is None and not transaction.astray and await self._keep()
                if not kept:
                    await self._undo()
                    # The role is undone with the block, to what it was when the block began.
                    transaction.astray = False
        except BaseException:
            # Half of the block may still be there: the transaction around it must never be kept.
            self._outer.transaction.doomed = True
            raise
        finally:
            self._variable.reset(self._token)
            self._outer.lock.release()
        if kind is None and not kept:
            message = "a statement failed and the failure was ignored; the block was undone"
            raise TransactionLostError(message)

    async def _keep(self) -> bool:
        try:
            await self._connection.execute(f"RELEASE SAVEPOINT {self._name}")
        except asyncpg.InFailedSQLTransactionError:
            return False
        return True

    async def _undo(self) -> None:
        await self._connection.execute(f"ROLLBACK TO SAVEPOINT {self._name};RELEASE SAVEPOINT {self._name}")
