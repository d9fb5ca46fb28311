"""``fieldgate serve``, the whole of it, from start to end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from pathlib import Path

    from settings import Settings
    from tenancy.database import Database


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_the_server_answers_until_it_is_asked_to_stop_and_then_ends_well(
    workers: str, settings: Settings, database: Database, tmp_path: Path
) -> None:
    async with running_gateway(settings, database, tmp_path, FIELDGATE_WORKERS=workers) as gateway:
        async with gateway.client() as client:
            for _ in range(4):
                response = await client.post("/graphql", json={"query": "{viewer{__typename}}"})
                assert response.json() == {"data": {"viewer": {"__typename": "Viewer"}}}
        gateway.process.send_signal(signal.SIGTERM)
        assert await gateway.process.wait() == 0
        lines = gateway.logged()
        requests = [line for line in lines if line.get("path") == "/graphql"]
        assert [(line["operation"], line["tenant"]) for line in requests] == [
            ("query", str(gateway.tenants[0].tenant_id))
        ] * 4
        assert not [line for line in lines if line["level"] in {"warning", "error"}]
