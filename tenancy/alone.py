"""One statement that writes, as a transaction of its own: committed when its answer is there, in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg

from tenancy.errors import NotWrittenError, SentAheadError
from tenancy.messages import SERVER_GONE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenancy.reads import Pinned

# A statement that fails for one of these has changed nothing, and may well succeed in another way.
_REFUSED: Final = (asyncpg.IntegrityConstraintViolationError, asyncpg.InvalidCachedStatementError)


async def run_alone(
    pinned: Pinned,
    sql: str,
    arguments: Sequence[object],
    *,
    settled: bool,
    explain: Callable[[Exception], Exception],
) -> list[asyncpg.Record]:
    """Run a statement as a transaction of its own. It is committed when this returns.

    Not for what sets anything for the session: the connection goes back to its pool as it is.

    Args:
        pinned: where.
        sql: the statement.
        arguments: its parameters.
        settled: there is one best way to run it, whatever their values, so PostgreSQL need not plan it again.
        explain: what a failure to open means to the caller.

    Raises:
        NotWrittenError: it has changed nothing, but may if it is tried in another way.
        asyncpg.InternalClientError: somebody had left a transaction open on the connection; nothing is committed.
    """
    pool = pinned.pool
    connection = pool.take(pinned.tenant) or await pool.acquire(pinned.tenant)
    try:
        rows: list[asyncpg.Record] = await connection.fetch_alone(
            pinned.opening, sql, pinned.tag, arguments, settled=settled
        )
    except SentAheadError as failed:
        pool.mend(connection)
        if isinstance(failed.problem, SERVER_GONE):
            raise NotWrittenError from failed.problem
        raise explain(failed.problem) from failed.problem
    except BaseException as problem:
        pool.mend(connection)
        if isinstance(problem, _REFUSED):
            raise NotWrittenError from problem
        # When the connection was lost, nobody knows what became of the statement, so it is not tried again.
        raise
    if connection.is_in_transaction():
        pool.mend(connection)
        message = "a statement that was to be a transaction of its own ran inside another one"
        raise asyncpg.InternalClientError(message)
    pool.release(connection)
    return rows
