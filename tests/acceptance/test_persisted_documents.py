"""A frontend's documents, from Apollo's manifest to Apollo Client and urql, which send ids in place of texts."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from models.tenant import Company, OrgUnit
from tenancy.scope import tenant_scope
from tests.acceptance import npm
from tests.server.gateway import running_gateway
from tests.server.operations.forgetting import forget_operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

FOLDER: Final = "persisted_documents"

BY_ID: Final = {"text": False, "status": 200}
MISS: Final = {"text": False, "status": 400}
BY_TEXT: Final = {"text": True, "status": 200}


@pytest.fixture
async def gateway(settings: Settings, database: Database, tmp_path: Path) -> AsyncIterator[Gateway]:
    await npm.install(FOLDER)
    async with running_gateway(settings, database, tmp_path) as running:
        async with tenant_scope(running.tenants[0], authorization_version=None):
            unit = await OrgUnit.get(parent_id=None)
            await Company.create(name="Named", org_unit_id=unit.id)
        yield running
    await forget_operations()


async def manifest_of_the_frontend(folder: Path) -> Path:
    """Written by Apollo's tool, as its build would."""
    configuration, manifest = folder / "configuration.json", folder / "manifest.json"
    configuration.write_text(json.dumps({"documents": ["source/*.js"], "output": str(manifest)}), encoding="utf-8")
    status, said = await npm.run(FOLDER, "npx", "generate-persisted-query-manifest", "--config", str(configuration))
    assert status == 0, said
    return manifest


async def asked(gateway: Gateway, client: str, *manifest: Path) -> list[dict[str, Any]]:
    """The requests that a client made until it had the answer."""
    url = f"{gateway.url}/graphql"
    status, printed = await npm.run(
        FOLDER, "node", "drive.mjs", client, url, gateway.tokens[0], *(str(each) for each in manifest)
    )
    assert status == 0, printed
    seen = json.loads(printed)
    assert seen["names"] == ["Named"]
    requests: list[dict[str, Any]] = seen["requests"]
    return requests


async def test_clients_name_what_was_published_and_send_no_text(gateway: Gateway, tmp_path: Path) -> None:
    manifest = await manifest_of_the_frontend(tmp_path)
    await gateway.command("operations", "publish", str(manifest))
    await asyncio.sleep(5)
    assert await asked(gateway, "apollo", manifest) == [{"method": "POST", **BY_ID}]
    assert await asked(gateway, "urql", manifest) == [{"method": "GET", **BY_ID}]


async def test_clients_that_would_register_a_text_get_their_answer_and_register_nothing(gateway: Gateway) -> None:
    for client, method in (("apollo", "POST"), ("urql", "GET")):
        for _ in range(2):
            assert await asked(gateway, client) == [{"method": method, **MISS}, {"method": method, **BY_TEXT}]
    assert json.loads(await gateway.command("operations", "list", "--json")) == []
