"""scim2-tester against the running server: it reads what we say about ourselves, and tries all of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import CheckResult, Status, check_server

from auth.scim.token import create_token
from tests.auth.conftest import add_provider
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from pathlib import Path

    from settings import Settings
    from tenancy.database import Database


async def test_every_check_succeeds(settings: Settings, database: Database, tmp_path: Path) -> None:
    async with running_gateway(settings, database, tmp_path) as gateway:
        _, token = await create_token(await add_provider(gateway.tenants[0]), "tester")
        base = f"{gateway.url}/scim/{gateway.tenants[0].slug}/v2"

        def check() -> list[CheckResult]:
            with httpx2.Client(base_url=base, headers={"authorization": f"Bearer {token}"}) as http:
                return list(check_server(SyncSCIMClient(http)))

        results = await asyncio.to_thread(check)
    failed = [(str(each.title), str(each.reason)) for each in results if each.status is not Status.SUCCESS]
    assert not failed
    assert len(results) > 100, len(results)
