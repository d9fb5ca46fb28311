"""What Tortoise takes for database connections: two clients that hold none.

Tortoise keeps the client of a query set's first use with the query set, so a query set shared between requests would
go on reading through the first one's connection. These clients can be kept by anybody: each statement asks the
context which transaction it belongs to, and without an answer it is refused.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Never

from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.client import TransactionContext
from tortoise.backends.base_postgres.client import translate_exceptions

from tenancy.connection import DEFAULT_SEARCH_PATH
from tenancy.errors import NoTenantError
from tenancy.login_turn import LoginTurn
from tenancy.opening import plain
from tenancy.pools import current_pools
from tenancy.transaction import Block, Savepoint, Transaction, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from tenancy.connection import PooledConnection

TENANT_CONNECTION: Final = "tenant"
SHARED_CONNECTION: Final = "shared"

# The innermost block that the running task is in.
tenant_block: Final[ContextVar[Block | None]] = ContextVar("tenant_block", default=None)
shared_block: Final[ContextVar[Block | None]] = ContextVar("shared_block", default=None)

_SHARED_OPENING: Final = plain(f"BEGIN;SET LOCAL search_path TO {DEFAULT_SEARCH_PATH}")


def joined_block() -> Block | None:
    """The block of a tenant's transaction that statements on the shared schema are a part of, if there is one."""
    block = tenant_block.get()
    if block is None or not block.transaction.joined or block.transaction.finished:
        return None
    return block


class _Tagged:
    """The part of a connection that Tortoise uses, with the tag on every statement."""

    __slots__ = ("_connection", "_tag")

    def __init__(self, connection: PooledConnection, tag: str) -> None:
        self._connection = connection
        self._tag = tag

    async def fetch(self, sql: str, *values: object) -> object:
        return await self._connection.fetch(sql + self._tag, *values)

    async def fetchrow(self, sql: str, *values: object) -> object:
        return await self._connection.fetchrow(sql + self._tag, *values)

    async def execute(self, sql: str, *values: object) -> object:
        return await self._connection.execute(sql + self._tag, *values)

    async def executemany(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        await self._connection.executemany(sql + self._tag, rows)


class _InBlock:
    """A turn on a transaction's connection."""

    def __init__(self, turn: Turn, transaction: Transaction, tag: str) -> None:
        self._turn = turn
        self._transaction = transaction
        self._tag = tag

    async def __aenter__(self) -> _Tagged:
        # What the ORM or whoever uses it may have set for the session, the end of the transaction has to undo.
        self._transaction.quiet = False
        return _Tagged(await self._turn.__aenter__(), self._tag)

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._turn.__aexit__(kind, problem, trace)


class _OneStatement:
    """A connection of the shared pool, for one statement that is its own transaction."""

    async def __aenter__(self) -> _Tagged:
        self._pool = current_pools().shared
        self._connection = await self._pool.acquire("")
        return _Tagged(self._connection, "")

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._pool.release(self._connection)
        else:
            self._pool.mend(self._connection)


class _Nested(TransactionContext):
    """``in_transaction()`` inside a transaction: a savepoint."""

    def __init__(self, client: _Client, variable: ContextVar[Block | None]) -> None:
        self.client = client  # type: ignore[assignment]  # Tortoise hands it on as the connection; it needs no more
        self._savepoint = Savepoint(variable)

    async def __aenter__(self) -> _Client:  # type: ignore[override]  # as above
        await self._savepoint.__aenter__()
        return self.client  # type: ignore[return-value]  # as above

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._savepoint.__aexit__(kind, problem, trace)


class _Outermost(TransactionContext):
    """``in_transaction("shared")``."""

    def __init__(self, client: _Client) -> None:
        self.client = client  # type: ignore[assignment]  # as above
        self._transaction = Transaction(current_pools().shared, opening=_SHARED_OPENING, tenant="", tag="")

    async def __aenter__(self) -> _Client:  # type: ignore[override]  # as above
        self._token = shared_block.set(self._transaction.block)
        return self.client  # type: ignore[return-value]  # as above

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        shared_block.reset(self._token)
        if problem is None:
            await self._transaction.commit()
        else:
            await self._transaction.rollback(problem)


class _Client(AsyncpgDBClient):
    """What both have in common: statements go to the block of the running task."""

    @translate_exceptions
    async def execute_many(self, query: str, values: list[list[object]]) -> None:
        # Tortoise's own begins a transaction of its own on the connection, which is in one already. asyncpg's
        # executemany is all or nothing by itself.
        async with self.acquire_connection() as connection:
            await connection.executemany(query, values)

    async def create_connection(self, with_db: bool) -> Never:  # noqa: FBT001  # Tortoise's signature
        message = "connections are opened by tenancy.database"
        raise NotImplementedError(message)

    async def close(self) -> None:
        """Nothing is held."""


class TenantClient(_Client):
    """The tables of one tenant: the one whose scope the running task is in."""

    def acquire_connection(self) -> _InBlock:  # type: ignore[override]  # all that Tortoise uses of its own
        block = tenant_block.get()
        if block is None:
            message = "a tenant's table was asked for outside `async with tenant_scope(...)`"
            raise NoTenantError(message)
        return _InBlock(Turn(block), block.transaction, block.transaction.tag)

    def _in_transaction(self) -> TransactionContext:
        return _Nested(self, tenant_block)


class SharedClient(_Client):
    """The directory: every statement names its schema, so nothing is pinned.

    A statement is a transaction of its own, or a part of ``in_transaction("shared")``, or of the tenant's that the
    shared schema has joined (``both_schemas.py``).
    """

    def acquire_connection(self) -> _InBlock | _OneStatement:  # type: ignore[override]  # as above
        block = shared_block.get()
        if block is not None:
            return _InBlock(Turn(block), block.transaction, block.transaction.tag)
        block = joined_block()
        return _OneStatement() if block is None else _InBlock(LoginTurn(block), block.transaction, "")

    def _in_transaction(self) -> TransactionContext:
        if shared_block.get() is not None:
            return _Nested(self, shared_block)
        return _Outermost(self) if joined_block() is None else _Nested(self, tenant_block)
