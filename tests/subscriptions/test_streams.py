"""Streams of a running server, over both ways, with every way in which they end."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from models.tenant import Company, Member, OrgUnit
from tenancy.scope import tenant_scope
from tests.mutations.firm import global_id
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from uuid import UUID

    from websockets.asyncio.client import ClientConnection

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

DOCUMENT = "subscription($id:ID){companyChanged(id:$id){kind company{name}}}"
PROTOCOL = "graphql-transport-ws"


@pytest.fixture
async def gateway(settings: Settings, database: Database, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway(settings, database, tmp_path) as running:
        yield running


def url(gateway: Gateway) -> str:
    return gateway.url.replace("http:", "ws:") + "/graphql"


async def say(socket: ClientConnection, **message: object) -> None:
    await socket.send(json.dumps(message))


async def hear(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 10))
    return message


@contextlib.asynccontextmanager
async def signed_in(gateway: Gateway, tenant: int = 0) -> AsyncIterator[ClientConnection]:
    async with connect(url(gateway), subprotocols=[PROTOCOL]) as socket:  # type: ignore[list-item] # a NewType of str
        await say(socket, type="connection_init", payload={"Authorization": f"Bearer {gateway.tokens[tenant]}"})
        assert await hear(socket) == {"type": "connection_ack"}
        yield socket


async def subscribe(socket: ClientConnection, identifier: str = "1", **variables: object) -> None:
    await say(socket, id=identifier, type="subscribe", payload={"query": DOCUMENT, "variables": variables})
    # A query behind it on the same connection, so that the subscription has begun when this returns.
    await say(socket, id="probe", type="subscribe", payload={"query": "{__typename}"})
    assert [(await hear(socket))["type"] for _ in range(2)] == ["next", "complete"]
    await asyncio.sleep(0.2)


async def closed(socket: ClientConnection, seconds: float = 5) -> int | None:
    """The code that the server closes with, and that it does so in time."""
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(seconds):
            while True:
                await socket.recv()
    return socket.close_code


async def company(gateway: Gateway, database: Database, name: str, tenant: int = 0) -> UUID:
    """A company that is written and told of. The second telling, beside the trigger's, is one that must not matter."""
    placement = gateway.tenants[tenant]
    async with tenant_scope(placement, authorization_version=None):
        unit = await OrgUnit.first()
        assert unit is not None
        made = await Company.create(name=name, org_unit_id=unit.id)
    connection = await database.pools.shared.acquire("")
    try:
        text = f"{placement.schema}:Company:{made.id}:insert"
        await connection.execute("SELECT pg_catalog.pg_notify('fieldgate_change', $1)", text)
    finally:
        database.pools.shared.release(connection)
    return made.id


async def test_an_event_arrives_over_both_ways_and_t12_none_at_another_tenant(
    gateway: Gateway, database: Database
) -> None:
    async with signed_in(gateway) as socket, signed_in(gateway, 1) as other:
        await subscribe(socket)
        await subscribe(other)
        request = gateway.client().stream(
            "POST", "/graphql/stream", json={"query": DOCUMENT}, headers={"accept": "text/event-stream"}
        )
        async with request as response:
            assert response.status_code == 200
            await asyncio.sleep(0.5)
            key = await company(gateway, database, "Watched")
            expected = {"data": {"companyChanged": {"kind": "CREATED", "company": {"name": "Watched"}}}}
            assert await hear(socket) == {"id": "1", "type": "next", "payload": expected}
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    assert json.loads(line.removeprefix("data: ")) == expected
                    break
        await subscribe(other, "2", id=global_id("Company", key))
        await company(gateway, database, "Not theirs")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(other.recv(), 1)


async def test_g18_the_dead_protocol_is_refused(gateway: Gateway) -> None:
    async with connect(url(gateway), subprotocols=["graphql-ws"]) as socket:  # type: ignore[list-item] # as above
        assert await closed(socket) == 4406
    async with connect(url(gateway), subprotocols=[PROTOCOL]) as socket:  # type: ignore[list-item] # as above
        await say(socket, id="1", type="start", payload={"query": "{__typename}"})
        assert await closed(socket) == 4401


async def test_g19_operations_initialisations_and_ids_are_bounded(gateway: Gateway) -> None:
    async with signed_in(gateway) as socket:
        for number in range(1_000):
            await say(socket, id=str(number), type="subscribe", payload={"query": DOCUMENT})
        refused = [await hear(socket) for _ in range(900)]
        assert {each["payload"][0]["extensions"]["code"] for each in refused} == {"OPERATION_LIMIT_EXCEEDED"}
        await say(socket, id="1", type="subscribe", payload={"query": DOCUMENT})
        assert await closed(socket) == 4409
    async with signed_in(gateway) as socket:
        await say(socket, type="connection_init")
        assert await closed(socket) == 4429
    async with signed_in(gateway) as socket:
        await socket.send("[")
        assert await closed(socket) == 4400
    async with connect(url(gateway), subprotocols=[PROTOCOL]) as socket:  # type: ignore[list-item] # as above
        assert await closed(socket, 15) == 4408


async def test_g20_a_page_of_another_origin_gets_nothing_with_a_cookie(gateway: Gateway) -> None:
    headers = {"cookie": f"fieldgate-access={gateway.tokens[0]}"}
    for origin in ("https://evil.example", "null", None):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(
                url(gateway),
                subprotocols=[PROTOCOL],  # type: ignore[list-item] # as above
                origin=origin,  # type: ignore[arg-type] # as above
                additional_headers=headers,
            ):
                pass
        assert refused.value.response.status_code == 403
    async with connect(
        url(gateway),
        subprotocols=[PROTOCOL],  # type: ignore[list-item] # as above
        origin=gateway.url,  # type: ignore[arg-type] # as above
        additional_headers=headers,
    ) as socket:
        await say(socket, type="connection_init")
        assert await hear(socket) == {"type": "connection_ack"}


async def test_g21_a_stream_ends_with_its_member_within_five_seconds_over_both_ways(
    gateway: Gateway, database: Database
) -> None:
    async with signed_in(gateway) as socket, signed_in(gateway, 1) as other:
        await subscribe(socket)
        request = gateway.client().stream(
            "POST", "/graphql/stream", json={"query": DOCUMENT}, headers={"accept": "text/event-stream"}
        )
        async with request as response:
            await asyncio.sleep(0.5)
            async with tenant_scope(gateway.tenants[0], authorization_version=None):
                await Member.all().update(active=False)
            async with asyncio.timeout(5):
                lines = [line async for line in response.aiter_lines() if line.startswith(("event", "data"))]
        assert "UNAUTHENTICATED" in lines[-3]
        assert lines[-2] == "event: complete"
        assert await closed(socket) == 4401
        await company(gateway, database, "Of another tenant", 1)
        await say(other, type="ping")
        assert await hear(other) == {"type": "pong"}


async def test_g21_a_token_that_is_not_valid_opens_nothing(gateway: Gateway) -> None:
    async with connect(url(gateway), subprotocols=[PROTOCOL]) as socket:  # type: ignore[list-item] # as above
        await say(socket, type="connection_init", payload={"Authorization": "Bearer x"})
        assert await closed(socket) == 4403
    async with connect(url(gateway), subprotocols=[PROTOCOL]) as socket:  # type: ignore[list-item] # as above
        await say(socket, type="connection_init")
        assert await closed(socket) == 4401
    async with httpx2.AsyncClient(base_url=gateway.url) as client:
        for headers in ({}, {"authorization": "Bearer x"}):
            asked = {"accept": "text/event-stream", **headers}
            answer = await client.post("/graphql/stream", json={"query": DOCUMENT}, headers=asked)
            assert answer.status_code == 401


async def test_g22_what_is_refused_over_http_is_refused_over_streams(gateway: Gateway) -> None:
    documents = (
        "{",
        "{nothing}",
        "{" + " ".join(f"a{n}:__typename" for n in range(200)) + "}",
        '{node(id:"\\u0000"){id}}',
    )
    async with signed_in(gateway) as socket, gateway.client() as client:
        for number, document in enumerate(documents):
            plain = (await client.post("/graphql", json={"query": document})).json()["errors"]
            await say(socket, id=str(number), type="subscribe", payload={"query": document})
            message = await hear(socket)
            assert (message["type"], message["payload"]) == ("error", plain)
        refused = await client.post("/graphql", json={"query": DOCUMENT})
        assert refused.status_code == 422


async def test_a_server_that_goes_away_says_so(gateway: Gateway) -> None:
    async with signed_in(gateway) as socket:
        await subscribe(socket)
        gateway.process.terminate()
        assert await closed(socket) == 1001
