"""Which statements are prepared for reads past the driver: no more than so many, here and on the server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from tenancy.messages import close, parse
from tenancy.pools import PRIMARY_DATABASE
from tenancy.scope import read_in_tenant
from tenancy.statements import Statements
from tests.tenancy.taking import Taking
from tests.tenancy.units import version_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith

MARK: Final = " /*t_1*/"


def names(statements: Statements, *texts: str, mark: str = "") -> list[bytes]:
    return [statements.prepared(text, "", mark)[0].name for text in texts]


def test_what_was_prepared_is_not_prepared_again() -> None:
    statements = Statements(4)
    first, preparing = statements.prepared("SELECT 1", " /*s1*/", "")
    assert preparing == parse(first.name, "SELECT 1 /*s1*/")
    assert statements.prepared("SELECT 1", " /*s1*/", "") == (first, b"")
    assert statements.prepared("SELECT 1", " /*s2*/", "")[0].name != first.name
    assert statements.closing() == b""


def test_what_was_not_used_for_longest_is_closed_once() -> None:
    statements = Statements(3)
    a, b, _ = names(statements, "a", "b", "c")
    assert names(statements, "a") == [a]
    names(statements, "d")
    assert statements.closing() == close(b)
    assert statements.closing() == b""
    assert names(statements, "a") == [a]
    assert names(statements, "b") != [b]


def test_a_tenant_shares_first_and_then_has_its_own() -> None:
    statements = Statements(8)
    shared, own, again = names(statements, "a", "a", "a", mark=MARK)
    assert shared != own == again
    assert names(statements, "a", "a", mark=" /*t_2*/")[0] == shared
    assert statements.prepared("a", "", MARK)[0].is_own
    assert not statements.prepared("a", "", "")[0].is_own


@pytest.mark.parametrize("limit", [2, 3, 4, 8, 9])
def test_the_limit_is_kept_whatever_is_asked(limit: int) -> None:
    statements = Statements(limit)
    there: set[bytes] = set()
    own: set[bytes] = set()
    for number in range(20 * limit):
        mark = f" /*t_{number % 3}*/" if number % 4 else ""
        # Twice in a row, so that it becomes the tenant's own.
        for _ in range(2):
            prepared, preparing = statements.prepared(f"SELECT {number // 2 % (2 * limit)}", "", mark)
            assert bool(preparing) == (prepared.name not in there)
            there.add(prepared.name)
            own |= {prepared.name} if prepared.is_own else set()
            closing = statements.closing()
            there -= {each for each in there if close(each) in closing}
            assert len(there) <= limit
    assert len(own & there) <= limit * 3 // 4


@pytest.mark.parametrize("mark", ["", MARK])
def test_what_failed_is_closed_and_prepared_anew(mark: str) -> None:
    statements = Statements(8)
    statements.prepared("a", "", mark)
    failed, _ = statements.prepared("a", "", mark)
    statements.give_up([failed])
    statements.give_up([failed])
    assert statements.closing() == close(failed.name)
    again, preparing = statements.prepared("a", "", mark)
    assert again.name != failed.name
    assert preparing


def test_what_failed_after_it_was_given_up_does_not_take_its_successor_along() -> None:
    statements = Statements(2)
    first, _ = statements.prepared("a", "", "")
    names(statements, "b", "c")
    assert close(first.name) in statements.closing()
    successor = names(statements, "a")
    statements.give_up([first])
    assert close(first.name) not in statements.closing()
    assert names(statements, "a") == successor


@pytest.fixture
async def few(open_with: OpenWith) -> AsyncIterator[Database]:
    """One connection, on which the driver and reads past it keep eight statements each."""
    async with open_with(database_pool_size=1, database_statements_per_connection=16) as database:
        yield database


async def kept(database: Database) -> list[str]:
    """What PostgreSQL has prepared for reads."""
    pool = database.pools.of(PRIMARY_DATABASE)
    connection = await pool.acquire("")
    rows = await connection.fetch("SELECT statement FROM pg_prepared_statements WHERE name ~ '^fieldgate_read_'")
    pool.release(connection)
    return sorted(row["statement"] for row in rows)


async def ask(placement: TenantPlacement, version: int, *texts: str) -> None:
    reads = [Taking(text) for text in texts]
    await read_in_tenant(placement, reads, authorization_version=version)
    assert [each.value for each in reads] == [text.split("'")[1] for text in texts]


def literal(number: int) -> str:
    return f"SELECT '{number}'"


async def test_the_server_keeps_no_more_than_the_limit(
    few: Database, acme: TenantPlacement, globex: TenantPlacement
) -> None:
    versions = [(place, await version_of(place)) for place in (acme, globex)]
    for number in range(40):
        for placement, version in versions:
            await ask(placement, version, literal(number % 13))
            await ask(placement, version, literal(number % 13))
    found = await kept(few)
    # What made room is closed by the message behind.
    assert len(found) <= 8 + 1
    assert sum("/*t_" in each for each in found) == 6


async def test_more_statements_than_are_kept_may_go_in_one_transaction(few: Database, acme: TenantPlacement) -> None:
    version = await version_of(acme)
    for _ in range(4):
        await ask(acme, version, *(literal(number) for number in range(30)), literal(0))
    await ask(acme, version, literal(0))
    await ask(acme, version, literal(0))
    assert len(await kept(few)) <= 8


async def test_requests_that_need_more_than_are_kept_may_come_together(few: Database, acme: TenantPlacement) -> None:
    version = await version_of(acme)
    for _ in range(4):
        await asyncio.gather(*(ask(acme, version, *(literal(7 * n + m) for m in range(5))) for n in range(8)))
    await ask(acme, version, literal(0))
    await ask(acme, version, literal(0))
    assert len(await kept(few)) <= 8


async def test_failures_leave_nothing_prepared(few: Database, acme: TenantPlacement) -> None:
    version = await version_of(acme)
    for number in range(30):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await ask(acme, version, literal(1), f"SELECT (1 / 0)::text AS n{number}", literal(2))
        with pytest.raises(asyncpg.UndefinedTableError):
            await ask(acme, version, literal(1), f"SELECT '{number}' FROM nothing", literal(2))  # noqa: S608 - a number
    await ask(acme, version, literal(1))
    await ask(acme, version, literal(1))
    found = await kept(few)
    assert len(found) <= 8
    assert not any("nothing" in each or "1 / 0" in each for each in found)


async def test_a_statement_that_is_not_there_is_prepared_anew(few: Database, acme: TenantPlacement) -> None:
    version = await version_of(acme)
    for _ in range(3):
        await ask(acme, version, literal(1))
    pool = few.pools.of(PRIMARY_DATABASE)
    connection = await pool.acquire("")
    for row in await connection.fetch("SELECT name FROM pg_prepared_statements WHERE name ~ '^fieldgate_read_'"):
        await connection.execute(f"DEALLOCATE {row['name']}")
    pool.release(connection)
    for _ in range(3):
        await ask(acme, version, literal(1))
