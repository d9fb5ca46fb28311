"""Published documents on a running server, over every way in: published by command, asked for, retired."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from websockets.asyncio.client import connect

from models.tenant import Member, RoleAssignment
from tenancy.scope import tenant_scope
from tests.server.gateway import running_gateway
from tests.server.operations.forgetting import forget_operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

WITHIN_SECONDS: Final = 5.0

TWO: Final = "query Names { companies(first: 1) { nodes { name } } } query Type { __typename }"
CHANGE: Final = "mutation Change($input: CompanyUpdateInput!) { companyUpdate(input: $input) { userErrors { code } } }"
WATCH: Final = "subscription Watch { companyChanged { kind } }"
EMAILS: Final = "query Emails { members(first: 5) { nodes { email } } }"
NOT_FOUND: Final = "PERSISTED_QUERY_NOT_FOUND"


def named(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@pytest.fixture(scope="module")
async def gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    async with running_gateway(settings, database, folder) as running:
        manifest = folder / "manifest.json"
        manifest.write_text(json.dumps({named(each): each for each in (TWO, CHANGE, WATCH, EMAILS)}), encoding="utf-8")
        await running.command("operations", "publish", str(manifest))
        async with running.client() as client:
            await until(client, named(TWO), 200)
        yield running
    await forget_operations()


async def until(client: httpx2.AsyncClient, document_id: str, status: int) -> None:
    """Ask for a document until it is answered so, for five seconds at most."""
    deadline = time.monotonic() + WITHIN_SECONDS
    body = {"documentId": document_id, "operationName": "Type"}
    while (await client.post("/graphql", json=body)).status_code != status:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_g25_only_the_operation_that_is_named_runs(gateway: Gateway) -> None:
    async with gateway.client() as client:

        async def asked(name: str | None) -> httpx2.Response:
            return await client.post("/graphql", json={"documentId": named(TWO), "operationName": name})

        assert (await asked("Type")).json() == {"data": {"__typename": "Query"}}
        assert (await asked("Names")).json() == {"data": {"companies": {"nodes": []}}}
        for name in ("Nobody", "names", None):
            refused = await asked(name)
            assert refused.status_code == 422
            assert "data" not in refused.json()


async def test_a_mutation_by_its_id_needs_a_post(gateway: Gateway) -> None:
    async with gateway.client() as client:
        refused = await client.get("/graphql", params={"documentId": named(CHANGE)})
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        coerced = await client.post("/graphql", json={"documentId": named(CHANGE)})
        assert coerced.status_code == 422  # it was looked up: what is missing is the variable


async def test_g22_streams_take_ids_and_refuse_what_is_not_published(gateway: Gateway) -> None:
    headers = {"accept": "text/event-stream"}
    async with gateway.client() as client:
        for method in ("GET", "POST"):
            parameters = {"documentId": named(TWO), "operationName": "Type"}
            given: dict[str, Any] = {"params": parameters} if method == "GET" else {"json": parameters}
            answer = await client.request(method, "/graphql/stream", headers=headers, **given)
            assert 'data: {"data":{"__typename":"Query"}}' in answer.text
            given = {"params": {"documentId": "nobody"}} if method == "GET" else {"json": {"documentId": "nobody"}}
            refused = await client.request(method, "/graphql/stream", headers=headers, **given)
            assert (refused.status_code, NOT_FOUND in refused.text) == (400, True)
    url = gateway.url.replace("http:", "ws:") + "/graphql"
    async with connect(url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item] # a NewType of str
        initial = {"type": "connection_init", "payload": {"Authorization": f"Bearer {gateway.tokens[0]}"}}
        await socket.send(json.dumps(initial))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        for identifier, payload in (
            ("known", {"documentId": named(TWO), "operationName": "Type"}),
            ("unknown", {"documentId": named("{a}")}),
            ("registering", {"query": "{a}", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0"}}}),
        ):
            await socket.send(json.dumps({"id": identifier, "type": "subscribe", "payload": payload}))
        heard: dict[tuple[str, str], Any] = {}
        while len(heard) < 4:
            message = json.loads(await socket.recv())
            heard[message["id"], message["type"]] = message.get("payload")
    assert heard["known", "next"] == {"data": {"__typename": "Query"}}
    assert heard["unknown", "error"][0]["extensions"]["code"] == NOT_FOUND
    assert heard["registering", "error"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_subscription_begins_by_its_id(gateway: Gateway) -> None:
    headers = {"accept": "text/event-stream"}
    async with (
        gateway.client() as client,
        client.stream("GET", "/graphql/stream", params={"documentId": named(WATCH)}, headers=headers) as response,
    ):
        assert response.status_code == 200
        lines = response.aiter_lines()
        assert await anext(lines) == ":"  # and not the refusal that would have come first


async def test_p14_an_id_grants_nothing_and_says_what_the_text_says(gateway: Gateway) -> None:
    """Two tenants send the same id; and who loses a permission loses it for the ids it has sent before."""
    async with gateway.client() as one, gateway.client(gateway.tokens[1]) as other:
        body = {"documentId": named(EMAILS)}
        before = [
            (await client.post("/graphql", json=body)).json()["data"]["members"]["nodes"] for client in (one, other)
        ]
        slugs = [placement.slug for placement in gateway.tenants]
        assert before == [[{"email": f"owner@{slug}.example"}] for slug in slugs]
        async with tenant_scope(gateway.tenants[1], authorization_version=None):
            assignment = await RoleAssignment.get(member_id=(await Member.first()).id)  # type: ignore[union-attr] # there is one
            await assignment.delete()
        after = await other.post("/graphql", json=body)
        assert after.status_code in {294, 403}
        assert "owner@" not in after.text
        assert after.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert (await one.post("/graphql", json=body)).json()["data"]["members"]["nodes"] == before[0]


async def test_nobody_publishes_by_asking(gateway: Gateway) -> None:
    text = "query Mine { __typename }"
    digest = named(text).removeprefix("sha256:")
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    async with gateway.client() as client:
        for _ in range(2):
            missed = await client.post("/graphql", json={"extensions": extensions})
            assert (missed.status_code, missed.json()["errors"][0]["message"]) == (400, "PersistedQueryNotFound")
            assert (await client.post("/graphql", json={"query": text, "extensions": extensions})).status_code == 200


async def test_a_retired_document_stops_within_five_seconds_and_comes_back(gateway: Gateway) -> None:
    async with gateway.client() as client:
        await until(client, named(TWO), 200)
        await gateway.command("operations", "retire", named(TWO))
        await until(client, named(TWO), 400)
        refused = await client.post("/graphql", json={"documentId": named(TWO)})
        assert refused.json()["errors"][0]["extensions"] == {"code": NOT_FOUND}
        manifest = gateway.log.parent / "manifest.json"
        await gateway.command("operations", "publish", str(manifest))
        await until(client, named(TWO), 200)


async def test_the_log_knows_a_document_by_its_hash_however_it_was_asked_for(gateway: Gateway) -> None:
    async with gateway.client() as client:
        for document in ({"query": EMAILS}, {"documentId": named(EMAILS)}):
            await client.post("/graphql", json=document, headers={"x-request-id": "asked-twice"})
    await asyncio.sleep(0.2)
    lines = [each for each in gateway.logged() if each.get("request_id") == "asked-twice"]
    assert [each["document"] for each in lines] == [named(EMAILS).removeprefix("sha256:")[:12]] * 2
