"""The audit suite of the npm package ``graphql-http`` against a running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.acceptance import npm
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from settings import Settings
    from tenancy.database import Database

FOLDER: Final = "graphql_http_audit"


async def test_the_audit_finds_no_error_and_no_warning_that_is_not_known(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    await npm.install(FOLDER)
    async with running_gateway(settings, database, tmp_path) as gateway:
        status, output = await npm.run(
            FOLDER, "node", "audit.mjs", f"{gateway.url}/graphql", FIELDGATE_TOKEN=gateway.tokens[0]
        )
    assert status == 0, output
    outcomes: dict[str, dict[str, Any]] = json.loads(output)
    assert len(outcomes) == 61
    assert not [each for each in outcomes.values() if each["status"] == "error"]
    groups = json.loads((Path(__file__).parent / FOLDER / "known.json").read_text(encoding="utf-8"))
    known = {audit: group["status"] for group in groups for audit in group["audits"]}
    assert {audit: each["status"] for audit, each in outcomes.items() if each["status"] != "ok"} == known
