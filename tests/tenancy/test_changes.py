"""Who is told of a change, and what becomes of those who are told more than they take."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest

from tenancy.changes import Change, Changes, TooSlowError, Topic, Verb, Waiting
from tenancy.notifications import APPLICATION_NAME, Channel, Notifications

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.database import Database

HERE, ELSEWHERE = "t_0000000000000001", "t_0000000000000002"


def change(key: UUID, verb: Verb = Verb.UPDATE) -> Change:
    return Change(HERE, "Company", key, verb)


@pytest.fixture
async def speaker(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.url)
    yield connection
    await connection.close()


async def say(speaker: asyncpg.Connection, channel: Channel, payload: str) -> None:
    await speaker.execute("SELECT pg_notify($1, $2)", channel.value, payload)


@contextlib.asynccontextmanager
async def connected(database: Database) -> AsyncIterator[tuple[Notifications, asyncio.Queue[None]]]:
    notifications = Notifications(database.url)
    connections: asyncio.Queue[None] = asyncio.Queue()
    notifications.on_connected(lambda: connections.put_nowait(None))
    async with notifications.listening():
        await asyncio.wait_for(connections.get(), 5)
        yield notifications, connections


async def nothing_more(waiting: Waiting) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(waiting.next(), 0.3)
        return False
    return True


async def test_t12_a_change_reaches_only_who_waits_for_its_tenant_its_type_and_its_row(
    database: Database, speaker: asyncpg.Connection
) -> None:
    key = uuid4()
    async with connected(database) as (notifications, _):
        changes = Changes(notifications)
        everything = changes.wait(Topic(HERE, "Company", None))
        this_row = changes.wait(Topic(HERE, "Company", frozenset({key})))
        others = [
            changes.wait(Topic(ELSEWHERE, "Company", None)),
            changes.wait(Topic(ELSEWHERE, "Company", frozenset({key}))),
            changes.wait(Topic(HERE, "Contact", None)),
            changes.wait(Topic(HERE, "Company", frozenset({uuid4()}))),
            changes.wait(Topic(HERE, "Company", frozenset())),
            changes.wait(Topic("*", "Company", None)),
            changes.wait(Topic("%", "%", None)),
            changes.wait(Topic("", "", None)),
        ]
        await say(speaker, Channel.CHANGE, f"{HERE}:Company:{key}:update")
        for waiting in (everything, this_row):
            assert await asyncio.wait_for(waiting.next(), 5) == change(key)
        assert all([await nothing_more(waiting) for waiting in others])


@pytest.mark.parametrize(
    "payload",
    [
        "",
        ":::",
        f"{HERE}:Company:x:update",
        f"{HERE}:Company:00000000-0000-4000-8000-000000000000:drop",
        f"{HERE}:Company",
        "{}" * 2_000,
    ],
)
async def test_what_is_no_change_is_left_out_and_the_next_one_is_heard(
    database: Database, speaker: asyncpg.Connection, payload: str
) -> None:
    key = uuid4()
    async with connected(database) as (notifications, _):
        waiting = Changes(notifications).wait(Topic(HERE, "Company", None))
        await say(speaker, Channel.CHANGE, payload)
        await say(speaker, Channel.CHANGE, f"{HERE}:Company:{key}:insert")
        assert await asyncio.wait_for(waiting.next(), 5) == change(key, Verb.INSERT)


async def test_listening_begins_anew_when_its_connection_is_killed(
    database: Database, speaker: asyncpg.Connection
) -> None:
    key = uuid4()
    async with connected(database) as (notifications, connections):
        waiting = Changes(notifications).wait(Topic(HERE, "Company", None))
        killed = await speaker.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = $1 AND datname = current_database()",
            APPLICATION_NAME,
        )
        assert killed
        await asyncio.wait_for(connections.get(), 5)
        await say(speaker, Channel.CHANGE, f"{HERE}:Company:{key}:update")
        assert await asyncio.wait_for(waiting.next(), 5) == change(key)


async def test_who_has_stopped_is_told_nothing(database: Database, speaker: asyncpg.Connection) -> None:
    async with connected(database) as (notifications, _):
        changes = Changes(notifications)
        stopped, waiting = (changes.wait(Topic(HERE, "Company", None)) for _ in range(2))
        changes.stop(stopped)
        changes.stop(stopped)
        await say(speaker, Channel.CHANGE, f"{HERE}:Company:{uuid4()}:update")
        await asyncio.wait_for(waiting.next(), 5)
        assert await nothing_more(stopped)


async def test_a_row_that_changes_often_is_told_once_and_a_new_one_as_new() -> None:
    waiting = Waiting(Topic(HERE, "Company", None))
    old, new = uuid4(), uuid4()
    for _ in range(5_000):
        waiting.add(change(old))
    for verb in (Verb.INSERT, Verb.UPDATE, Verb.UPDATE):
        waiting.add(change(new, verb))
    assert [await waiting.next(), await waiting.next()] == [change(old), change(new, Verb.INSERT)]
    assert await nothing_more(waiting)


async def test_a_row_that_is_deleted_at_last_is_told_as_deleted() -> None:
    waiting = Waiting(Topic(HERE, "Company", None))
    key = uuid4()
    for verb in (Verb.INSERT, Verb.UPDATE, Verb.DELETE):
        waiting.add(change(key, verb))
    assert await waiting.next() == change(key, Verb.DELETE)


async def test_g19_who_takes_too_little_holds_a_bounded_number_and_is_told_to_begin_anew() -> None:
    waiting = Waiting(Topic(HERE, "Company", None), maximum=3)
    for _ in range(4):
        waiting.add(change(uuid4()))
    for _ in range(100):
        waiting.add(change(uuid4()))
        with pytest.raises(TooSlowError):
            await waiting.next()
