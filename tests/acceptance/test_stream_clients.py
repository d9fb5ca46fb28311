"""Subscriptions by the npm packages ``graphql-ws`` and ``graphql-sse``, and how those understand each ending."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
import time_machine

from auth.sessions.access_token import issue
from auth.sessions.session import Sessions
from auth.sessions.signing_keys import SigningKeys
from models.shared import IdentityProvider
from models.tenant import Company, Member, OrgUnit
from tenancy.scope import tenant_scope
from tests.acceptance import npm
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.sessions.session import SessionTokens
    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

FOLDER: Final = "stream_clients"
DOCUMENT: Final = "subscription { companyChanged { kind company { name } } }"
WAYS: Final = ("websocket", "events")

EVENT: Final = {"data": {"companyChanged": {"kind": "CREATED", "company": {"name": "Watched"}}}}


@pytest.fixture(scope="module")
async def gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    await npm.install(FOLDER)
    async with running_gateway(settings, database, tmp_path_factory.mktemp("gateway")) as running:
        yield running


class Subscriber:
    """A program that has subscribed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def sees(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert self._process.stderr is not None
        assert line, (await self._process.stderr.read()).decode()
        seen: dict[str, Any] = json.loads(line)
        return seen

    async def leave(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"leave\n")
        await self._process.stdin.drain()


@contextlib.asynccontextmanager
async def subscriber(gateway: Gateway, way: str, *tokens: str, query: str = DOCUMENT) -> AsyncIterator[Subscriber]:
    url = f"{gateway.url.replace('http', 'ws')}/graphql" if way == "websocket" else f"{gateway.url}/graphql/stream"
    process = await npm.start(FOLDER, "node", "drive.mjs", way, url, query, *tokens)
    try:
        yield Subscriber(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_event(gateway: Gateway, running: Subscriber) -> None:
    """Make companies until one is told of: nothing tells when a subscription has begun."""
    seeing = asyncio.create_task(running.sees())
    while not seeing.done():
        async with tenant_scope(gateway.tenants[0], authorization_version=None):
            unit = await OrgUnit.get(parent_id=None)
            await Company.create(name="Watched", org_unit_id=unit.id)
        await asyncio.wait([seeing], timeout=0.5)
        if seeing.done() and seeing.result() == {"connected": True}:
            seeing = asyncio.create_task(running.sees())
    assert seeing.result() == {"next": EVENT}


async def ending(running: Subscriber) -> list[dict[str, Any]]:
    """What it sees from now on beside events, to its end."""
    seen = [await running.sees()]
    while not seen[-1].keys() & {"completed", "failed"}:
        seen.append(await running.sees())
    return [each for each in seen if each not in ({"next": EVENT}, {"connected": True})]


async def signed_in(settings: Settings, database: Database, gateway: Gateway) -> SessionTokens:
    placement = gateway.tenants[0]
    async with tenant_scope(placement, authorization_version=None):
        member = await Member.get(email__startswith="owner@")
    provider = await IdentityProvider.create(
        tenant_id=placement.tenant_id,
        name="Provider",
        issuer=f"https://idp.example/{uuid4().hex}",
        client_id="x",
        enabled=True,
    )
    settings = settings.model_copy(update={"public_url": gateway.url})
    return await Sessions(settings, SigningKeys(settings), database.directory).begin(
        tenant_id=placement.tenant_id,
        member_id=member.id,
        identity_provider_id=provider.id,
        authenticated_at=int(time.time()),
    )


@pytest.mark.parametrize("way", WAYS)
async def test_it_is_told_of_changes_until_it_leaves(gateway: Gateway, way: str) -> None:
    async with subscriber(gateway, way, gateway.tokens[0]) as running:
        await until_event(gateway, running)
        await running.leave()
        seen = await ending(running)
        assert seen[-1] == {"completed": True}
        assert all(each in ({"completed": True}, {"closed": 1000}) for each in seen)


@pytest.mark.parametrize("way", WAYS)
async def test_a_query_is_answered_and_over(gateway: Gateway, way: str) -> None:
    async with subscriber(gateway, way, gateway.tokens[0], query="{ __typename }") as running:
        seen = await ending(running)
        assert [each for each in seen if "next" in each] == [{"next": {"data": {"__typename": "Query"}}}]
        assert seen[-1] == {"completed": True}


@pytest.mark.parametrize(
    ("way", "expected"), [("websocket", [{"closed": 4401}, {"failed": 4401}]), ("events", [{"failed": 401}])]
)
async def test_without_a_token_it_is_refused_and_does_not_try_again(
    gateway: Gateway, way: str, expected: list[dict[str, Any]]
) -> None:
    async with subscriber(gateway, way) as running:
        assert await ending(running) == expected


@pytest.mark.parametrize("way", WAYS)
async def test_the_end_of_the_session_is_the_end_of_the_stream_and_it_does_not_try_again(
    settings: Settings, database: Database, gateway: Gateway, way: str
) -> None:
    tokens = await signed_in(settings, database, gateway)
    async with subscriber(gateway, way, tokens.access_token) as running:
        await until_event(gateway, running)
        async with gateway.client() as client:
            assert (await client.post("/auth/revoke", data={"token": tokens.refresh_token})).status_code == 200
        async with asyncio.timeout(5):
            seen = await ending(running)
    if way == "websocket":
        assert seen == [{"closed": 4401}, {"failed": 4401}]
    else:
        assert [error["extensions"]["code"] for error in seen[0]["next"]["errors"]] == ["UNAUTHENTICATED"]
        assert seen[1:] == [{"completed": True}]


async def test_graphql_ws_connects_again_with_the_next_token_when_one_has_expired(
    settings: Settings, database: Database, gateway: Gateway
) -> None:
    tokens = await signed_in(settings, database, gateway)
    settings = settings.model_copy(update={"public_url": gateway.url})
    signer = await SigningKeys(settings).signer()
    with time_machine.travel(time.time() - settings.access_token_seconds + 5):
        nearly_over = issue(settings, signer, tokens.subject)
    async with subscriber(gateway, "websocket", nearly_over, tokens.access_token) as running:
        while await running.sees() != {"closed": 4403}:
            pass
        await until_event(gateway, running)
