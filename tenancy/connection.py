"""A connection to PostgreSQL as Fieldgate wants it: no table in sight until a transaction is pinned to a tenant."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from tenancy.errors import DatabaseUnsafeError, SentAheadError
from tenancy.exchange import MalformedAnswerError
from tenancy.messages import EXECUTE, bind
from tenancy.opening import END
from tenancy.pipelining import PipeliningLoop
from tenancy.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tenancy.opening import Opening, Step
    from tenancy.pipelining import PipelinedTransport
    from tenancy.reads import Read

# What an unpinned statement sees. Naming pg_temp last matters: unnamed, it would be searched before everything.
DEFAULT_SEARCH_PATH: Final = "pg_catalog, pg_temp"

# Of as many that tenants have run once here it is remembered.
_REMEMBERED_ONCE: Final = 10_000
LARGEST_CACHED_STATEMENT_BYTES: Final = 100_000

# Everything that a session can remember. It rides on the message that ends a transaction, so it costs no round trip;
# asyncpg's own reset is one, and it forgets roles. What SET LOCAL set is gone already: this is for what somebody
# might have set for the session by mistake.
RESET: Final = "RESET SESSION AUTHORIZATION;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_catalog.pg_advisory_unlock_all()"
# COMMIT of a failed transaction rolls back without an error. The statement before it can't: it raises, so a mutation
# that swallowed a failure is never reported as done. (It also runs deferred checks while the tenant's role holds.)
COMMIT_AND_RESET: Final = f"SET CONSTRAINTS ALL IMMEDIATE;COMMIT;{RESET}"
ROLLBACK_AND_RESET: Final = f"ROLLBACK;{RESET}"


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg ships no types
    """A connection that remembers whom it served: backends never give back the memory of a tenant's tables."""

    __slots__ = (
        "_cancelling",
        "_own",
        "_own_once",
        "_reads",
        "_returning",
        "_shared",
        "_statements",
        "last_tenant",
        "tenants",
        "unended",
        "unended_since",
    )

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self.tenants: set[str] = set()
        # Statements that asyncpg has prepared here, by text and tag: those that tenants share, those that are a
        # tenant's own, and of the latter those that it has run once in the form that is shared.
        self._shared: dict[tuple[str, str], Any] = {}
        self._own: dict[tuple[str, str], Any] = {}
        self._own_once: set[tuple[str, str]] = set()
        self._statements: int = self._config.statement_cache_size
        self._reads = Statements(self._statements)
        self.last_tenant = ""
        self._returning = False
        # The way of a request to give up what runs, once there was one.
        self._cancelling: asyncio.Future[None] | None = None
        # A read-only transaction is still open on it, of which nobody waits for the end; and since when.
        self.unended = False
        self.unended_since = 0.0

    def serve(self, tenant: str) -> None:
        """Be taken by a tenant."""
        self.last_tenant = tenant
        self._returning = tenant in self.tenants
        self.tenants.add(tenant)

    def begin_and_fetch(
        self, opening: Opening, sql: str, tag: str, arguments: Sequence[object], *, settled: bool = False
    ) -> Awaitable[list[asyncpg.Record]]:
        """Begin a transaction and run its first statement, in one round trip where the statement was run here before.

        Args:
            opening: what begins it.
            sql: the first one inside.
            tag: a comment that goes behind it.
            arguments: of ``sql``.
            settled: one plan is the best for all of them.

        Raises:
            SentAheadError: the opening failed. The statement has not run, whatever else is the matter.
        """
        tag, prepared = self._prepared(opening, sql, tag)
        if prepared is None:
            return self._begin_then_fetch(opening, sql, tag, arguments)
        steps = self._steps(opening, tag, settled=settled)
        return self._fetch_behind(steps, prepared, (sql, tag), arguments)

    def read_whole(
        self, opening: Opening, tag: str, reads: Sequence[Read], ended: Callable[[Exception | None], None]
    ) -> None:
        """Run a transaction that only reads, past asyncpg, in one round trip. The connection is clean behind it.

        Args:
            opening: what begins it.
            tag: a comment that goes behind each statement.
            reads: the statements.
            ended: called once, when all of it was answered or the connection was lost, with what went wrong:
                :class:`SentAheadError` when it is the opening. The connection has to be mended then.

        Raises:
            asyncpg.ConnectionDoesNotExistError: it was lost already, and nobody will ever hear of its end again.
        """
        pipeline: PipelinedTransport = self._transport
        if self.is_closed() or pipeline.is_closing():
            message = "the connection was lost before anything was sent"
            raise asyncpg.ConnectionDoesNotExistError(message)
        # Taken first: what has to make room for these statements may be one of them, and is closed the next time.
        closing = self._reads.closing()
        parts: list[bytes] = []
        statements = []
        for read in reads:
            prepared, preparing = self._reads.prepared(read.sql, tag, opening.mark)
            parts += (preparing, bind(prepared.name, read.values, read.formats), EXECUTE)
            statements.append(prepared)
        steps = opening.steps
        if self._returning:
            is_settled = all(read.is_settled for read in reads) and all(each.is_own for each in statements)
            steps = opening.settled_steps if is_settled else opening.own_steps
        if self.unended:
            self.unended = False
            steps = (END, *steps)

        def answered(problem: Exception | None) -> None:
            if problem is not None:
                self._reads.give_up(statements)
                if isinstance(problem, MalformedAnswerError):
                    self.terminate()
            ended(problem)

        pipeline.exchange(closing, steps, b"".join(parts), takes=[read.take for read in reads], ended=answered)

    def cancel_running(self) -> None:
        """Have PostgreSQL give up what it is doing for :meth:`read_whole`. That is told how it ended, as always.

        The request takes a way of its own and may come late. The connection has to be mended, also if all went well.
        """
        self._cancelling = asyncio.get_running_loop().create_future()
        self._cancel_current_command(self._cancelling)

    async def cancelled(self) -> None:
        """Wait until what :meth:`cancel_running` has asked for can hit nothing any more."""
        if self._cancelling is not None:
            await self._cancelling
            self._cancelling = None

    def fetch_alone(
        self, opening: Opening, sql: str, tag: str, arguments: Sequence[object], *, settled: bool = False
    ) -> Awaitable[list[asyncpg.Record]]:
        """Run a statement as a transaction of its own, in one round trip where it was run here before.

        It is committed when this returns, unless the connection is in a transaction then: somebody had left one open
        here. What the statement may have set for the session stays set.

        Args:
            opening: what pins the transaction.
            sql: the statement.
            tag: a comment that goes behind it.
            arguments: of ``sql``.
            settled: one plan is the best for all of them.

        Raises:
            SentAheadError: the opening failed. The statement has not run, whatever else is the matter.
        """
        tag, prepared = self._prepared(opening, sql, tag)
        if prepared is None:
            return self._begin_fetch_and_commit(opening, sql, tag, arguments)
        # Without a BEGIN: what comes in one write, with nothing in between that waits for an answer, PostgreSQL runs as
        # one transaction of its own accord, and commits it at the end.
        steps = self._steps(opening, tag, settled=settled)
        return self._fetch_behind(steps[1:], prepared, (sql, tag), arguments)

    async def _begin_fetch_and_commit(
        self, opening: Opening, sql: str, tag: str, arguments: Sequence[object]
    ) -> list[asyncpg.Record]:
        rows = await self._begin_then_fetch(opening, sql, tag, arguments)
        await super().execute("COMMIT")
        return rows

    def _prepared(self, opening: Opening, sql: str, tag: str) -> tuple[str, Any]:
        """A statement's tag, and what asyncpg has prepared under it; ``None``: nothing yet.

        What a tenant runs here for the first time is a statement that it shares with the others; what it runs again is
        prepared for it alone, for half of the statements that are kept at most.
        """
        own = tag + opening.mark
        known = self._own.get((sql, own))
        if known is None:
            if (sql, own) in self._own_once and len(self._own) < self._statements // 2:
                return own, None
            if opening.mark:
                if len(self._own_once) >= _REMEMBERED_ONCE:
                    self._own_once.clear()
                self._own_once.add((sql, own))
            own, known = tag, self._shared.get((sql, tag))
        return own, None if known is None or known.closed else known

    def _steps(self, opening: Opening, tag: str, *, settled: bool) -> tuple[Step, ...]:
        if not self._returning:
            return opening.steps
        # A statement that all tenants share is planned at each change of tenant anyway.
        return opening.settled_steps if settled and tag.endswith(opening.mark) else opening.own_steps

    async def _fetch_behind(
        self,
        steps: tuple[Step, ...],
        prepared: Any,  # noqa: ANN401 - asyncpg's own
        key: tuple[str, str],
        arguments: Sequence[object],
    ) -> list[asyncpg.Record]:
        unended, self.unended = self.unended, False
        pipeline: PipelinedTransport = self._transport
        pipeline.send_ahead((END, *steps) if unended else steps)
        try:
            rows: list[asyncpg.Record] = await self._protocol.bind_execute(prepared, arguments, "", 0, False, None)  # noqa: FBT003  # asyncpg takes them by position
        except Exception as problem:
            # Whatever it was, asyncpg is to look at the statement again before it is used again.
            self._own.pop(key, None)
            self._shared.pop(key, None)
            if isinstance(problem, asyncpg.InvalidCachedStatementError):
                self._drop_local_statement_cache()
            if not pipeline.keep_back():
                pipeline.refuse_if_failed()
            raise
        pipeline.refuse_if_unanswered()
        pipeline.refuse_if_failed()
        return rows

    async def _begin_then_fetch(
        self, opening: Opening, sql: str, tag: str, arguments: Sequence[object]
    ) -> list[asyncpg.Record]:
        """The same in two round trips. A statement is prepared inside the transaction: outside there is no table."""
        unended, self.unended = self.unended, False
        try:
            await super().execute(f"COMMIT;{opening.text}" if unended else opening.text)
        except asyncpg.PostgresError as problem:
            raise SentAheadError(problem) from problem
        text = sql + tag
        rows: list[asyncpg.Record] = await super().fetch(text, *arguments)
        prepared = self._stmt_cache.get((text, self._protocol.get_record_class(), False))
        if prepared is not None:  # asyncpg keeps none that is very long
            kept = self._own if opening.mark and tag.endswith(opening.mark) else self._shared
            if len(kept) >= self._statements:
                for key in [key for key, each in kept.items() if each.closed]:
                    del kept[key]
            kept[sql, tag] = prepared
        return rows


async def connect(url: str, *, statements: int = 1_000) -> PooledConnection:
    """Open a connection whose search path holds no tenant's table and no ``public``.

    Args:
        url: of the database.
        statements: how many are kept prepared.

    Raises:
        DatabaseUnsafeError: something between here and the database dropped the search path.
    """
    loop = asyncio.get_running_loop()
    connection: PooledConnection = await asyncpg.connect(
        url,
        loop=PipeliningLoop(loop),
        connection_class=PooledConnection,
        server_settings={"search_path": DEFAULT_SEARCH_PATH, "DateStyle": "ISO", "application_name": "fieldgate"},
        # As many again are kept for reads that go past asyncpg.
        statement_cache_size=max(2, statements // 2),
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=LARGEST_CACHED_STATEMENT_BYTES,
    )
    # asyncpg asks the loop which task is running, and the loop knows itself by no other name.
    connection._loop = loop  # noqa: SLF001 - as above
    try:
        await _refuse_unsafe_path(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _refuse_unsafe_path(connection: PooledConnection) -> None:
    # The last column is for the driver, which looks up the types of a statement's own columns and none further in:
    # without it the first statement of a connection failed that has a list of rows in a row in a row only.
    path, dates, _ = await connection.fetchrow(
        "SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_setting('DateStyle'),"
        " ARRAY(SELECT ROW(1))"
    )
    if path != DEFAULT_SEARCH_PATH or not dates.startswith("ISO"):
        message = (
            f"the database answers with search_path {path!r} and DateStyle {dates!r}. A pooler that ignores startup "
            f"parameters needs: ALTER ROLE <login> SET search_path = {DEFAULT_SEARCH_PATH}, and the same for "
            "DateStyle = ISO"
        )
        raise DatabaseUnsafeError(message)
