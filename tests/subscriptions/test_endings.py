"""What a client hears over both ways when its stream ends, or is one too many."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect

from models.tenant import RoleAssignment
from tenancy.scope import tenant_scope
from tests.server.gateway import running_gateway
from tests.subscriptions.test_streams import DOCUMENT, PROTOCOL, closed, company, hear, say, subscribe, url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx2
    from websockets.asyncio.client import ClientConnection

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

MAKE = (
    'mutation{personalAccessTokenCreate(input:{name:"A script",days:1})'
    "{token personalAccessToken{id} userErrors{code}}}"
)
REVOKE = "mutation($id:ID!){personalAccessTokenRevoke(input:{id:$id}){userErrors{code}}}"


@pytest.fixture
async def gateway(settings: Settings, database: Database, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway(settings, database, tmp_path, FIELDGATE_LIMIT_STREAMS_PER_MEMBER="2") as running:
        yield running


@contextlib.asynccontextmanager
async def socket_of(gateway: Gateway, token: str) -> AsyncIterator[ClientConnection]:
    async with connect(url(gateway), subprotocols=[PROTOCOL]) as socket:  # type: ignore[list-item] # a NewType of str
        await say(socket, type="connection_init", payload={"Authorization": f"Bearer {token}"})
        yield socket


@contextlib.asynccontextmanager
async def events_of(gateway: Gateway, token: str) -> AsyncIterator[httpx2.Response]:
    asked = {"accept": "text/event-stream"}
    async with (
        gateway.client(token) as client,
        client.stream("POST", "/graphql/stream", json={"query": DOCUMENT}, headers=asked) as response,
    ):
        yield response


async def last_words(response: httpx2.Response) -> dict[str, Any]:
    """What comes before the server says that nothing more does."""
    async with asyncio.timeout(5):
        lines = [line async for line in response.aiter_lines() if line]
    assert lines[-2:] == ["event: complete", "data:"]
    words: dict[str, Any] = json.loads(lines[-3].removeprefix("data: "))
    return words


def code(words: dict[str, Any]) -> str:
    (error,) = words["errors"]
    return str(error["extensions"]["code"])


async def made(gateway: Gateway) -> tuple[str, str]:
    """A personal access token of the first tenant's owner: its id and text."""
    async with gateway.client() as client:
        payload = (await client.post("/graphql", json={"query": MAKE})).json()["data"]["personalAccessTokenCreate"]
    assert payload["userErrors"] == []
    return payload["personalAccessToken"]["id"], payload["token"]


async def test_g21_streams_of_a_personal_access_token_say_that_they_end_when_it_is_revoked(
    gateway: Gateway, database: Database
) -> None:
    identifier, token = await made(gateway)
    async with socket_of(gateway, token) as socket, events_of(gateway, token) as response:
        assert await hear(socket) == {"type": "connection_ack"}
        await subscribe(socket)
        await company(gateway, database, "Seen by a script")
        assert (await hear(socket))["payload"]["data"]["companyChanged"]["company"] == {"name": "Seen by a script"}
        async with gateway.client() as client:
            answer = await client.post("/graphql", json={"query": REVOKE, "variables": {"id": identifier}})
        assert answer.json()["data"]["personalAccessTokenRevoke"]["userErrors"] == []
        assert code(await last_words(response)) == "UNAUTHENTICATED"
        assert await closed(socket) == 4401
    async with socket_of(gateway, token) as socket:
        assert await closed(socket) == 4403


async def test_g21_who_may_not_see_the_events_any_more_is_told_so_and_the_operation_ends(
    gateway: Gateway, database: Database
) -> None:
    token = gateway.tokens[0]
    async with socket_of(gateway, token) as socket, events_of(gateway, token) as response:
        assert await hear(socket) == {"type": "connection_ack"}
        await subscribe(socket)
        await asyncio.sleep(0.5)  # until the other one's subscription has begun too
        async with tenant_scope(gateway.tenants[0], authorization_version=None):
            await RoleAssignment.all().delete()
        refused = await hear(socket)
        assert (refused["type"], refused["id"]) == ("error", "1")
        assert code({"errors": refused["payload"]}) == "FORBIDDEN"
        assert code(await last_words(response)) == "FORBIDDEN"
        await company(gateway, database, "Not theirs any more")
        await say(socket, type="ping")
        assert await hear(socket) == {"type": "pong"}, "the connection goes on, and no event came"


async def test_g19_one_stream_too_many_is_refused_over_both_ways(gateway: Gateway) -> None:
    token = gateway.tokens[0]
    async with contextlib.AsyncExitStack() as opened:
        socket = await opened.enter_async_context(socket_of(gateway, token))
        assert await hear(socket) == {"type": "connection_ack"}
        assert (await opened.enter_async_context(events_of(gateway, token))).status_code == 200
        async with socket_of(gateway, token) as refused, events_of(gateway, token) as response:
            assert await closed(refused) == 4429
            assert response.status_code == 429
            assert response.headers["retry-after"] == "5"
        other = await opened.enter_async_context(socket_of(gateway, gateway.tokens[1]))
        assert await hear(other) == {"type": "connection_ack"}
