"""A sign-in that is too old, by every way to the endpoint; and what satisfies it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect

from auth.sessions.access_token import Subject, issue
from auth.sessions.signing_keys import SigningKeys
from models.shared import PersonalAccessToken
from models.tenant import Member
from tenancy.scope import tenant_scope
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

CREATE = 'mutation { personalAccessTokenCreate(input: { name: "A script", days: 1 }) { token } }'
PROTOCOL = "graphql-transport-ws"


@pytest.fixture(scope="module")
async def gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    async with running_gateway(settings, database, tmp_path_factory.mktemp("fresh")) as running:
        yield running


@pytest.fixture
async def stale(gateway: Gateway, settings: Settings) -> str:
    """A good access token of the first tenant's owner, who signed in an hour ago."""
    async with tenant_scope(gateway.tenants[0], authorization_version=None, read_only=True):
        owner = await Member.get(email__startswith="owner@")
    subject = Subject(gateway.tenants[0].tenant_id, owner.id, uuid4(), authenticated_at=int(time.time()) - 3600)
    settings = settings.model_copy(update={"public_url": gateway.url})
    return issue(settings, await SigningKeys(settings).signer(), subject)


async def tokens(gateway: Gateway) -> int:
    return await PersonalAccessToken.filter(tenant_id=gateway.tenants[0].tenant_id).count()


async def test_over_http_it_is_a_401_that_says_what_helps_and_a_recent_one_does(gateway: Gateway, stale: str) -> None:
    before = await tokens(gateway)
    async with gateway.client(stale) as client:
        refused = await client.post("/graphql", json={"query": CREATE})
        assert (await client.post("/graphql", json={"query": "{ viewer { email } }"})).status_code == 200
    assert refused.status_code == 401
    assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
    assert 'max_age="900"' in refused.headers["www-authenticate"]
    (error,) = refused.json()["errors"]
    assert (error["extensions"]["reason"], error["extensions"]["maxAge"]) == ("sign_in_too_old", 900)
    assert await tokens(gateway) == before
    async with gateway.client() as client:
        made = (await client.post("/graphql", json={"query": CREATE})).json()["data"]["personalAccessTokenCreate"]
    assert await tokens(gateway) == before + 1
    async with gateway.client(made["token"]) as script:
        again = await script.post("/graphql", json={"query": CREATE})
    assert (again.status_code, again.json()["errors"]) == (401, refused.json()["errors"])
    assert await tokens(gateway) == before + 1


async def test_over_a_stream_and_a_socket_it_is_an_error_and_nothing_runs(gateway: Gateway, stale: str) -> None:
    before = await tokens(gateway)
    async with gateway.client(stale) as client:
        streamed = await client.post("/graphql/stream", json={"query": CREATE}, headers={"accept": "text/event-stream"})
    assert "sign_in_too_old" in streamed.text
    address = gateway.url.replace("http:", "ws:") + "/graphql"
    async with connect(address, subprotocols=[PROTOCOL]) as socket:  # type: ignore[list-item] # a NewType of str
        await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {stale}"}}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": CREATE}}))
        answer = json.loads(await socket.recv())
    assert (answer["type"], answer["payload"][0]["extensions"]["reason"]) == ("error", "sign_in_too_old")
    assert await tokens(gateway) == before
