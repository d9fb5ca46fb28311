"""Reads that keep what PostgreSQL answers, as text; and what becomes of connections meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

import asyncpg

from tenancy.connection import PooledConnection
from tenancy.messages import HEADER_BYTES, counted_formats, counted_values, framed
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import read_in_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from tenancy.database import Database
    from tenancy.opening import Opening
    from tenancy.pipelining import PipelinedTransport
    from tenancy.placement import TenantPlacement
    from tenancy.reads import Read

# In a tenant's scope it says whose.
WHERE: Final = "SELECT pg_catalog.current_schema() || ' ' || $1::text"
SLEEP: Final = "SELECT pg_catalog.pg_sleep($1::float8)::text"
DIVIDE: Final = "SELECT (10 / $1::int8)::text"

_BEFORE_ROWS = frozenset(b"12")
_ROW, _COMPLETE = ord("D"), ord("C")


def row_of(body: bytes) -> list[str | None]:
    """The columns of a row."""
    values: list[str | None] = []
    at = 2
    for _ in range(int.from_bytes(body[:2], "big")):
        length = int.from_bytes(body[at : at + 4], "big", signed=True)
        at += 4
        values.append(None if length < 0 else body[at : at + length].decode())
        at += max(0, length)
    return values


class Taking:
    """A read (``tenancy/reads.py``).

    Attributes:
        rows: of the last answer; ``None`` before there was one.
        taken: how many there were.
    """

    def __init__(self, sql: str, *values: str | None, settled: bool = True) -> None:
        self.sql = sql
        self.values = counted_values([None if each is None else each.encode() for each in values])
        self.formats = counted_formats(())
        self.is_settled = settled
        self.rows: list[list[str | None]] | None = None
        self.taken = 0

    def take(self, answer: bytes, start: int) -> int:
        rows: list[list[str | None]] = []
        for kind, begin, end in framed(answer, start):
            if kind == _COMPLETE:
                self.rows = rows
                self.taken += 1
                return end
            if kind == _ROW:
                rows.append(row_of(answer[begin + HEADER_BYTES : end]))
            else:
                assert kind in _BEFORE_ROWS
        message = "no answer"
        raise AssertionError(message)

    @property
    def value(self) -> str | None:
        """The only one."""
        assert self.rows is not None
        ((value,),) = self.rows
        return value


def sent_together(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What goes to PostgreSQL in one transaction each, from now on: the statements' texts."""
    groups: list[list[str]] = []
    read_whole = PooledConnection.read_whole

    def recording(
        connection: PooledConnection,
        opening: Opening,
        tag: str,
        reads: Sequence[Read],
        ended: Callable[[Exception | None], None],
    ) -> None:
        groups.append([each.sql for each in reads])
        read_whole(connection, opening, tag, reads, ended)

    monkeypatch.setattr(PooledConnection, "read_whole", recording)
    return groups


def written(connection: PooledConnection, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is written to a connection, from now on."""
    transport = cast("PipelinedTransport", connection._transport)  # noqa: SLF001 - what is sent is the question
    writes: list[bytes] = []
    send = transport._send  # noqa: SLF001 - as above

    def recording(data: bytes) -> None:
        writes.append(bytes(data))
        send(data)

    monkeypatch.setattr(transport, "_send", recording)
    return writes


async def ask(placement: TenantPlacement, *reads: Taking, version: int) -> str | None:
    """The first one's value."""
    await read_in_tenant(placement, reads, authorization_version=version)
    return reads[0].value


async def the_connection(database: Database) -> PooledConnection:
    """The only one, idle."""
    pool = database.pools.of(PRIMARY_DATABASE)
    connection = await pool.acquire("")
    pool.release(connection)
    return connection


async def running(url: str, text: str) -> int:
    """How many statements run on the server that contain this, and are not this one."""
    server = await asyncpg.connect(url)
    count: int = await server.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE position($1 in query) > 0 AND state = 'active'"
        " AND pid <> pg_backend_pid() AND datname = current_database()",
        text,
    )
    await server.close()
    return count


async def until_running(url: str, text: str, count: int = 1) -> None:
    async with asyncio.timeout(5):
        while await running(url, text) != count:  # noqa: ASYNC110 - nobody tells when it does
            await asyncio.sleep(0.01)


async def settled(database: Database, size: int) -> None:
    """Every connection is back, and there are no more than there may be."""
    pool = database.pools.of(PRIMARY_DATABASE)
    async with asyncio.timeout(5):
        while len(pool._idle) != pool.size_now:  # noqa: ASYNC110, SLF001 - whether one is lost is the question
            await asyncio.sleep(0.01)
    assert pool.size_now <= size
