"""The only way to a tenant's data.

Inside ``async with tenant_scope(...)`` one transaction is pinned to the tenant: its schema is the search path, its role
is in force, and its authorization version was checked, all in the message that begins the transaction. Outside there
is no table to read: the login's search path holds none, and the ORM refuses.

Reads run REPEATABLE READ, so the authorization version is checked in the very snapshot that the data comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from tenancy.alone import run_alone
from tenancy.clients import tenant_block
from tenancy.errors import (
    NoTenantError,
    NotWrittenError,
    ScopeClosedError,
    SentAheadError,
    StaleAuthorizationError,
    TransactionLostError,
)
from tenancy.opening import pinned_to_read, pinned_to_write
from tenancy.pools import current_pools
from tenancy.reads import pinned_at, read, tag
from tenancy.transaction import Savepoint, Transaction, Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence
    from types import TracebackType

    from tenancy.placement import TenantPlacement
    from tenancy.reads import Read
    from tenancy.transaction import Block

__all__ = [
    "NoTenantError",
    "NotWrittenError",
    "ScopeClosedError",
    "StaleAuthorizationError",
    "TenantSession",
    "TransactionLostError",
    "change_in_tenant",
    "current_scope",
    "read_in_tenant",
    "tenant_scope",
]


class TenantSession(Transaction):
    """One tenant's transaction. Nothing is sent before the first statement."""

    def __init__(self, placement: TenantPlacement, *, authorization_version: int | None, read_only: bool) -> None:
        pools = current_pools()
        pinned = pinned_to_read if read_only else pinned_to_write
        super().__init__(
            pools.of(placement.database),
            opening=pinned(placement.schema, placement.role, authorization_version, pools.statement_timeout_ms),
            tenant=placement.schema,
            tag=tag(placement.schema_version),
            read_only=read_only,
        )
        self.placement = placement
        self.role = placement.role

    async def fetch(self, sql: str, *arguments: object, settled: bool = False) -> list[asyncpg.Record]:
        """Run one statement and return its rows. The engine's way: no ORM between it and the connection.

        Args:
            sql: the statement.
            arguments: its parameters.
            settled: there is one best way to run it, whatever their values, so PostgreSQL need not plan it again.

        Raises:
            NoTenantError: the running task is not inside this scope.
            StaleAuthorizationError: this was the first statement, and grants must be resolved again.
        """
        block = self._own_block()
        if self.begins_quietly and block is self.block:
            await block.lock.acquire()
            try:
                if self.begins_quietly:  # nobody else began while this task waited for its turn
                    return await self.begin_and_fetch(sql, arguments, settled=settled)
            finally:
                block.lock.release()
        async with Turn(block) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql + self.tag, *arguments)
            return rows

    async def fetch_alone(self, sql: str, *arguments: object, settled: bool = False) -> list[asyncpg.Record]:
        """Run one statement of the engine's as a transaction of its own, while the scope's has not begun.

        It is committed when this returns, in one round trip, and the scope is as unused as it was.

        Raises:
            NoTenantError: the running task is not inside this scope; its transaction has begun, or only reads.
            StaleAuthorizationError: grants must be resolved again.
            NotWrittenError: it has changed nothing, but may if it is tried in another way.
        """
        block = self._own_block()
        async with block.lock:
            if self.has_begun or self.quiet or block is not self.block or block.finished:
                message = "a statement of its own inside a transaction, or in a scope that only reads"
                raise NoTenantError(message)
            return await self.commit_alone(sql, arguments, settled=settled)

    def savepoint(self) -> Savepoint:
        """A part of the transaction that is undone when something is raised out of it."""
        return Savepoint(tenant_block)

    @property
    def is_confirmed(self) -> bool:
        """Whether PostgreSQL has compared the version of the grants already."""
        return self.has_begun or self.preceded

    async def confirm(self) -> None:
        """Begin, if nothing was sent yet: an answer without a statement relies on the version of the grants too.

        Raises:
            NoTenantError: the running task is not inside this scope.
            StaleAuthorizationError: grants must be resolved again.
        """
        block = self._own_block()
        if not self.is_confirmed:
            async with Turn(block):
                pass

    def _own_block(self) -> Block:
        block = tenant_block.get()
        if block is None or block.transaction is not self:
            message = "a tenant session used by a task that is not inside its scope"
            raise NoTenantError(message)
        return block

    def explain(self, problem: Exception) -> Exception:
        return _explained(problem)


async def read_in_tenant(placement: TenantPlacement, reads: Sequence[Read], *, authorization_version: int) -> None:
    """Run some statements that only read, in a transaction of their own; they see one snapshot.

    What a scope does, in one round trip and without the driver between: whoever takes an answer takes its bytes.

    Args:
        placement: as for :class:`tenant_scope`.
        reads: the statements, one at least.
        authorization_version: as for :class:`tenant_scope`, but never absent.

    Raises:
        NoTenantError: the running task is in a scope already; or the tenant's database, schema or role is missing.
        StaleAuthorizationError: the version is another one by now. Nothing was read.
    """
    _refuse_to_nest()
    pools = current_pools()
    schema = placement.schema
    opening = pinned_to_read(schema, placement.role, authorization_version, pools.statement_timeout_ms)
    try:
        await read(pinned_at(pools.of(placement.database), opening, schema, placement.schema_version), reads)
    except SentAheadError as failed:
        raise _explained(failed.problem) from failed.problem


def change_in_tenant(
    placement: TenantPlacement, sql: str, arguments: Sequence[object], *, authorization_version: int, settled: bool
) -> Awaitable[list[asyncpg.Record]]:
    """Run one statement that writes as a transaction of its own. It is committed when this returns.

    What a scope's :meth:`TenantSession.fetch_alone` does, without the scope.

    Args:
        placement: as for :class:`tenant_scope`.
        sql: the statement.
        arguments: its parameters.
        authorization_version: as for :class:`tenant_scope`, but never absent.
        settled: there is one best way to run it, whatever their values, so PostgreSQL need not plan it again.

    Raises:
        NoTenantError: the running task is in a scope already; or the tenant's database, schema or role is missing.
        StaleAuthorizationError: the version is another one by now. Nothing was written.
        NotWrittenError: it has changed nothing, but may if it is tried in another way.
    """
    _refuse_to_nest()
    pools = current_pools()
    schema = placement.schema
    opening = pinned_to_write(schema, placement.role, authorization_version, pools.statement_timeout_ms)
    pinned = pinned_at(pools.of(placement.database), opening, schema, placement.schema_version)
    return run_alone(pinned, sql, arguments, settled=settled, explain=_explained)


class tenant_scope:  # noqa: N801 - it is used as a function is: ``async with tenant_scope(...)``
    """Act inside one tenant, all or nothing.

    Args:
        placement: from the directory, by the tenant of the verified token.
        authorization_version: the version that the viewer's grants were resolved at. ``None`` means that nobody's
            grants are relied on (resolving them, provisioning, an operator's import). Never pass ``None`` while acting
            on a viewer's decision: a permission taken away a second ago would still be honoured.
        read_only: nothing can be written, and all statements see one snapshot.

    Raises:
        NoTenantError: scopes don't nest; or the tenant's database, schema or role is missing.
        StaleAuthorizationError: at the first statement, when the version is another one by now.
        TransactionLostError: at the end, when a failed statement was ignored: nothing was kept.
    """

    __slots__ = ("_authorization_version", "_placement", "_read_only", "_session", "_token")

    def __init__(
        self, placement: TenantPlacement, *, authorization_version: int | None, read_only: bool = False
    ) -> None:
        self._placement = placement
        self._authorization_version = authorization_version
        self._read_only = read_only

    async def __aenter__(self) -> TenantSession:
        _refuse_to_nest()
        session = self._session = TenantSession(
            self._placement, authorization_version=self._authorization_version, read_only=self._read_only
        )
        self._token = tenant_block.set(session.block)
        return session

    async def __aexit__(
        self, _kind: type[BaseException] | None, problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        tenant_block.reset(self._token)
        if problem is not None:
            await self._session.rollback(problem)
        elif not self._session.ended_quietly():
            await self._session.commit()


def current_scope() -> TenantSession:
    """The session of the scope that the running task is in.

    Raises:
        NoTenantError: it is in none. There is no default.
    """
    block = tenant_block.get()
    if block is None or not isinstance(block.transaction, TenantSession):
        message = "no tenant scope here"
        raise NoTenantError(message)
    return block.transaction


def _refuse_to_nest() -> None:
    outer = tenant_block.get()
    if outer is not None and not outer.transaction.finished:
        message = "tenant scopes do not nest"
        raise NoTenantError(message)


def _explained(problem: Exception) -> Exception:
    """Opening failed: because of a changed version, or because the tenant is not there."""
    if isinstance(problem, asyncpg.DivisionByZeroError):
        return StaleAuthorizationError()
    if isinstance(problem, (asyncpg.UndefinedTableError, asyncpg.InvalidParameterValueError)):
        # The role is gone, or the schema: suspended or deleted since the directory was last read.
        message = "the tenant's schema or role does not exist"
        return NoTenantError(message)
    return problem
