"""Two workers, two hundred sessions, fifty streams: twenty members are deprovisioned, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
import httpx2
import pytest

from auth.scim.token import create_token
from tenancy.notifications import APPLICATION_NAME, Channel
from tests.acceptance.crowd import OPENING_SECONDS, Stream, crowd
from tests.acceptance.redis_server import running_redis
from tests.auth.conftest import add_provider
from tests.server.gateway import GRAPHQL, running_gateway
from tests.subscriptions.test_streams import company

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from settings import Settings
    from tenancy.database import Database
    from tests.acceptance.crowd import Person
    from tests.server.gateway import Gateway

PEOPLE: Final = 100  # with two sessions each
STREAMS: Final = 50
KILLED: Final = 20
PROMISED_SECONDS: Final = 5

# As many requests per token as make it certain enough that each worker had one of them.
_TIMES: Final = 4
_AT_ONCE: Final = 16
# As many connections as the test needs: the server's are shared with whatever else is tested at the time.
_ENVIRONMENT: Final = {"FIELDGATE_WORKERS": "2", "FIELDGATE_DATABASE_POOL_SIZE": "4"}
_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_KILL: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = $1 AND datname = current_database()"
)


@pytest.mark.parametrize("circumstance", ["all is well", "Redis is stopped", "NOTIFY is killed again and again"])
@pytest.mark.timeout(300)
async def test_twenty_deprovisioned_members_are_out_in_five_seconds_and_the_others_go_on(
    settings: Settings,
    database: Database,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    circumstance: str,
) -> None:
    async with contextlib.AsyncExitStack() as opened:
        redis = await opened.enter_async_context(running_redis(tmp_path))
        gateway = await opened.enter_async_context(
            running_gateway(settings, database, tmp_path, **_ENVIRONMENT, FIELDGATE_REDIS_URL=redis.url)
        )
        server = await asyncpg.connect(database.url)
        opened.push_async_callback(server.close)
        provider = await add_provider(gateway.tenants[0])
        people = await crowd(gateway, settings, database, provider, PEOPLE)
        killed, others = people[:KILLED], people[KILLED:]
        await answered(gateway, [each for person in killed for each in person.access_tokens], 200)

        streams = [
            Stream(gateway, _opens(person, number), by_socket=bool(number % 2))
            for number, person in enumerate(people[:STREAMS])
        ]
        for stream in streams:
            opened.push_async_callback(stream.close)
        async with asyncio.timeout(OPENING_SECONDS):
            await asyncio.gather(*(stream.has("200 open") for stream in streams))
        await until_all_see(gateway, database, streams, "Before")

        if circumstance == "Redis is stopped":
            await redis.stop()
        committed = await opened.enter_async_context(commits(database))
        killing = killing_listeners(server) if circumstance.startswith("NOTIFY") else contextlib.nullcontext()
        async with killing:
            _, token = await create_token(provider, "test")
            await deprovision(gateway, token, killed)
            await asyncio.wait_for(asyncio.gather(*(stream.over() for stream in streams[:KILLED])), 60)
            await asyncio.sleep(max(0.0, max(committed.values()) + PROMISED_SECONDS - time.monotonic()))
            await answered(gateway, [each for person in killed for each in person.access_tokens] * _TIMES, 401)
            await answered(gateway, [each for person in others for each in person.access_tokens], 200)
            assert not any(stream.is_over for stream in streams[KILLED:])

        late = [
            stream.heard_at - min(committed[session.subject.session_id] for session in person.sessions)
            for person, stream in zip(killed, streams, strict=False)
        ]
        record_property("last byte after the commit", f"{max(late):.2f} s")
        assert max(late) < PROMISED_SECONDS
        for stream in streams[:KILLED]:
            assert "UNAUTHENTICATED" in stream.text or "closed with 4401" in stream.text

        assert await refreshed(gateway, killed) == {(400, "invalid_grant")}
        assert await refreshed(gateway, others) == {(200, None)}
        await until_all_see(gateway, database, streams[KILLED:], "After")
        assert not any("After" in stream.text for stream in streams[:KILLED])
        assert not any(stream.is_over for stream in streams[KILLED:])


def _opens(person: Person, number: int) -> str:
    """Every fifth pair of streams is opened by a personal access token."""
    return person.personal if number % 10 < 2 else person.sessions[0].access_token


async def answered(gateway: Gateway, tokens: Sequence[str], status: int) -> None:
    """Ask with each token, on a connection of its own, and be answered like that."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(token: str) -> int:
        headers = {"authorization": f"Bearer {token}", "accept": GRAPHQL}
        async with turns:
            return (await client.post("/graphql", json={"query": "{viewer{email}}"}, headers=headers)).status_code

    async with _new_connections(gateway) as client:
        statuses = Counter(await asyncio.gather(*(ask(token) for token in tokens)))
    assert statuses == {status: len(tokens)}


def _new_connections(gateway: Gateway) -> httpx2.AsyncClient:
    """A client that opens one for each request, so that any worker may get it."""
    return httpx2.AsyncClient(base_url=gateway.url, limits=httpx2.Limits(max_keepalive_connections=0), timeout=60)


async def deprovision(gateway: Gateway, token: str, people: Sequence[Person]) -> None:
    """What an identity provider says when people have left."""
    change = {"schemas": [_PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]}
    async with _new_connections(gateway) as client:
        for person in people:
            path = f"/scim/{gateway.tenants[0].slug}/v2/Users/{person.member_id}"
            response = await client.patch(path, json=change, headers={"authorization": f"Bearer {token}"})
            assert response.status_code == 204, response.text


async def refreshed(gateway: Gateway, people: Sequence[Person]) -> set[tuple[int, str | None]]:
    """The answers that people get who want to continue a session."""
    answers = set()
    async with _new_connections(gateway) as client:
        for person in people:
            body = {"grant_type": "refresh_token", "refresh_token": person.sessions[1].refresh_token}
            response = await client.post("/auth/token", data=body)
            answers.add((response.status_code, response.json().get("error")))
    return answers


@contextlib.asynccontextmanager
async def commits(database: Database) -> AsyncIterator[dict[UUID, float]]:
    """When the end of each session was committed: PostgreSQL tells at that moment. On the monotonic clock."""
    told: dict[UUID, float] = {}
    connection = await asyncpg.connect(database.url)
    await connection.add_listener(
        Channel.SESSION.value, lambda *heard: told.setdefault(UUID(heard[-1]), time.monotonic())
    )
    try:
        yield told
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def killing_listeners(server: asyncpg.Connection) -> AsyncIterator[None]:
    """As often as they come back; in the end they may."""
    stop = asyncio.Event()

    async def kill() -> None:
        while not stop.is_set():
            await server.fetch(_KILL, APPLICATION_NAME)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.1)

    killing = asyncio.create_task(kill())
    try:
        yield
    finally:
        stop.set()
        await killing


async def until_all_see(gateway: Gateway, database: Database, streams: Sequence[Stream], name: str) -> None:
    """Make companies until each stream has told of one: what happens while nothing can be heard is not told later."""
    async with asyncio.timeout(60):
        seen = asyncio.gather(*(stream.has(name) for stream in streams))
        while not seen.done():
            await company(gateway, database, name)
            await asyncio.wait({seen}, timeout=2)
        await seen
