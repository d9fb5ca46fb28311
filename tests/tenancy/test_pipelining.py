"""A transaction and its first statement go out together, and whatever fails in one of them is told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import uuid4

import asyncpg
import pytest

from tenancy.connection import PooledConnection, connect
from tenancy.errors import SentAheadError
from tenancy.messages import SERVER_GONE
from tenancy.opening import Opening, Step
from tenancy.pipelining import PipelinedTransport, _PipelinedProtocol
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import NoTenantError, StaleAuthorizationError, tenant_scope

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tenancy.scope import TenantSession
    from tests.conftest import OpenWith

OPENING = Opening("BEGIN;SELECT 1/1", (Step("BEGIN"), Step("SELECT 1/$1::int", ("1",))))
BEGINNING = Opening("BEGIN", (Step("BEGIN"),))
SQL = "SELECT $1::int8 AS given"


@pytest.fixture
async def connection(empty_database_url: str) -> AsyncIterator[PooledConnection]:
    opened = await connect(empty_database_url)
    yield opened
    await opened.close()


async def begin(connection: PooledConnection, opening: Opening, value: object) -> object:
    rows = await connection.begin_and_fetch(opening, SQL, "", [value])
    await connection.execute("ROLLBACK")
    return rows[0]["given"]


async def test_a_statement_that_was_run_before_goes_out_with_the_opening(
    connection: PooledConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await begin(connection, OPENING, 1) == 1
    written: list[bytes] = []
    transport = cast("PipelinedTransport", connection._transport)  # noqa: SLF001 - what is sent is the question
    send = transport._send  # noqa: SLF001 - as above

    def recording(data: bytes) -> None:
        written.append(bytes(data))
        send(data)

    monkeypatch.setattr(transport, "_send", recording)
    assert await connection.begin_and_fetch(OPENING, SQL, "", [2])
    assert len(written) == 1
    assert written[0].startswith(b"P")
    assert connection.is_in_transaction()


@pytest.mark.parametrize(
    "steps", [("BEGIN", "SELECT 1/0"), ("SELECT 1/0", "BEGIN"), ("BEGIN", "SET LOCAL ROLE t_0"), ("BEGIN", "SELEC")]
)
async def test_nothing_is_read_when_the_opening_fails(connection: PooledConnection, steps: tuple[str, ...]) -> None:
    opening = Opening(";".join(steps), tuple(map(Step, steps)))
    await begin(connection, OPENING, 1)
    with pytest.raises(SentAheadError) as failed:
        await connection.begin_and_fetch(opening, SQL, "", [2])
    assert isinstance(failed.value.problem, _REFUSALS)
    await connection.execute("ROLLBACK")
    assert await begin(connection, OPENING, 3) == 3
    assert await begin(connection, OPENING, 4) == 4


async def test_a_value_that_cannot_be_sent_keeps_the_opening_back(connection: PooledConnection) -> None:
    await begin(connection, OPENING, 1)
    with pytest.raises(asyncpg.DataError):
        await connection.begin_and_fetch(OPENING, SQL, "", ["no number"])
    assert not connection.is_in_transaction()
    assert await begin(connection, OPENING, 2) == 2


async def test_a_statement_that_fails_is_not_taken_for_the_opening(connection: PooledConnection) -> None:
    for value in (1, 1):
        rows = await connection.begin_and_fetch(BEGINNING, "SELECT 1/$1::int8", "", [value])
        assert rows[0][0] == 1
        await connection.execute("ROLLBACK")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connection.begin_and_fetch(BEGINNING, "SELECT 1/$1::int8", "", [0])
    await connection.execute("ROLLBACK")


async def test_the_answer_to_fewer_statements_is_not_taken_for_that_to_more(connection: PooledConnection) -> None:
    checks = [Step("SELECT 1/$1::int", ("1",))] * 3
    openings = [Opening("BEGIN", (Step("BEGIN"), *checks[:count])) for count in (0, 1, 2, 3, 2, 1, 0, 3)]
    for opening in openings * 2:
        assert await begin(connection, opening, 42) == 42


async def test_a_lost_connection_is_told(connection: PooledConnection, empty_database_url: str) -> None:
    await begin(connection, OPENING, 1)
    other = await asyncpg.connect(empty_database_url)
    await other.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
    await other.close()
    with pytest.raises((*SERVER_GONE, SentAheadError)) as told:
        await begin(connection, OPENING, 2)
    assert isinstance(getattr(told.value, "problem", told.value), SERVER_GONE)


_REFUSALS = (asyncpg.DivisionByZeroError, asyncpg.InvalidParameterValueError, asyncpg.PostgresSyntaxError)


class Inner:
    """Stands where asyncpg's protocol would."""

    def __init__(self) -> None:
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data


def message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


ANSWER = (
    message(b"2", b"") + message(b"C", b"BEGIN\0") + message(b"S", b"search_path\0x\0") + message(b"C", b"SELECT 1\0")
)
REST = message(b"2", b"") + message(b"D", b"\0\1\0\0\0\1x")


@pytest.mark.parametrize("size", range(1, len(ANSWER + REST) + 1))
def test_an_answer_may_come_in_pieces_of_any_size(size: int) -> None:
    inner = Inner()
    protocol = _PipelinedProtocol(cast("asyncio.Protocol", inner))
    for _ in range(3):
        inner.received = b""
        protocol.expect(("BEGIN", "SELECT 1"))
        stream = ANSWER + REST
        for start in range(0, len(stream), size):
            protocol.data_received(stream[start : start + size])
        protocol.refuse_if_unanswered()
        protocol.refuse_if_failed()
        assert inner.received.endswith(REST)
        assert message(b"C", b"BEGIN\0") not in inner.received


def test_an_answer_that_has_not_ended_is_none() -> None:
    protocol = _PipelinedProtocol(cast("asyncio.Protocol", Inner()))
    protocol.expect(("BEGIN", "SELECT 1"))
    protocol.data_received(ANSWER[:-1])
    with pytest.raises(asyncpg.InternalClientError):
        protocol.refuse_if_unanswered()


async def statements_like(session: TenantSession, part: str) -> list[str]:
    rows = await session.fetch("SELECT statement FROM pg_prepared_statements WHERE position($1 in statement) > 0", part)
    return sorted(row["statement"] for row in rows if "pg_prepared" not in row["statement"])


@pytest.mark.usefixtures("one")
async def test_what_a_tenant_runs_again_is_a_statement_of_its_own(
    acme: TenantPlacement, globex: TenantPlacement
) -> None:
    # PostgreSQL analyses a statement anew whenever the search path is another one than the last time.
    asked = "SELECT count(*) AS again FROM role"
    for placement in (acme, globex, acme, globex, acme, globex):
        async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
            assert (await session.fetch(asked))[0]["again"]
    async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
        found = await statements_like(session, "AS again")
    marks = [f" /*{schema}*/" for schema in sorted((acme.schema, globex.schema))]
    tag = f" /*s{acme.schema_version}*/"
    assert found == sorted([asked + tag, *(asked + tag + mark for mark in marks)])


async def test_tenants_have_half_of_the_statements_that_are_kept_for_themselves(
    open_with: OpenWith, acme: TenantPlacement
) -> None:
    async with open_with(database_pool_size=1, database_statements_per_connection=16):
        for number in [*range(6), *range(6)]:
            async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
                assert (await session.fetch(f"SELECT {number} AS kept"))[0]["kept"] == number
        async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
            found = await statements_like(session, "AS kept")
        assert sum(acme.schema in statement for statement in found) == 4
        assert len(found) <= 8


@pytest.fixture
async def one(open_with: OpenWith) -> AsyncIterator[Database]:
    async with open_with(database_pool_size=1) as database:
        yield database


async def test_an_outdated_version_is_refused_before_anything_is_read(one: Database, acme: TenantPlacement) -> None:
    async with tenant_scope(acme, authorization_version=None, read_only=True) as session:
        version = (await session.fetch("SELECT version FROM authorization_state"))[0]["version"]
    for _ in range(2):
        async with tenant_scope(acme, authorization_version=version, read_only=True) as session:
            assert (await session.fetch("SELECT count(*) AS n FROM role"))[0]["n"]
        with pytest.raises(StaleAuthorizationError):
            async with tenant_scope(acme, authorization_version=version + 1, read_only=True) as session:
                await session.fetch("SELECT count(*) AS n FROM role")
    assert one.pools.of(PRIMARY_DATABASE).size_now == 1


@pytest.mark.usefixtures("one")
async def test_a_tenant_that_is_gone_is_told(acme: TenantPlacement) -> None:
    gone = type(acme)(uuid4(), "gone", acme.database, "t_0000000000000000", "t_0000000000000000", acme.schema_version)
    for placement in (acme, gone, acme, gone):
        if placement is acme:
            async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
                await session.fetch("SELECT id FROM role")
        else:
            with pytest.raises(NoTenantError):
                async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
                    await session.fetch("SELECT id FROM role")
