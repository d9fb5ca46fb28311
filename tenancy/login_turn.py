"""A statement on the shared schema inside a tenant's transaction: run as the login, whose the shared tables are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from tenancy.transaction import Turn

if TYPE_CHECKING:
    from types import TracebackType

    from tenancy.connection import PooledConnection


class LoginTurn(Turn):
    """A block's lock, held for one such statement; then the tenant's role is in force again.

    Until it is, the transaction is astray: no statement of anybody's runs in it, and it is not kept.
    """

    __slots__ = ()

    async def __aenter__(self) -> PooledConnection:
        connection = await super().__aenter__()
        try:
            self._block.transaction.astray = True
            await connection.execute("SET LOCAL ROLE NONE")
        except BaseException:
            self._block.lock.release()
            raise
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # Who was cut off may be so again, at the next await.
            if problem is None or isinstance(problem, Exception):
                await self._return()
        except BaseException as failure:
            await super().__aexit__(type(failure), failure, failure.__traceback__)
            raise
        await super().__aexit__(kind, problem, trace)

    async def _return(self) -> None:
        transaction = self._block.transaction
        try:
            # A name of our own making, which no parameter can stand for: tenancy/placement.py admits no other.
            await self._connection.execute(f'SET LOCAL ROLE "{transaction.role}"')
        except asyncpg.InFailedSQLTransactionError:
            return  # the statement has failed, and undoing its block undoes the role
        transaction.astray = False
