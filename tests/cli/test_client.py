from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import httpx2
import pytest

from auth.opening import open_authentication
from auth.roles import BUILT_IN_ROLES
from models.tenant import AuditActorKind, AuditEvent, OrgUnit
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope
from tests.auth.browser import gateway

if TYPE_CHECKING:
    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

ROOT: Final = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
async def placement(database: Database) -> TenantPlacement:
    placement = await create_tenant(database, f"client-{uuid4().hex[:8]}", "Clients", built_in_roles=BUILT_IN_ROLES)
    async with tenant_scope(placement, authorization_version=None):
        await OrgUnit.create(name="Head office")
    return placement


async def run(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    assert settings.database_url is not None
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "client", *arguments),
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "FIELDGATE_ENVIRONMENT": "development",
            "FIELDGATE_DATABASE_URL": settings.database_url.get_secret_value(),
            "FIELDGATE_PUBLIC_URL": settings.public_url,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_client_that_was_created_gets_tokens_until_it_is_disabled(
    settings: Settings, database: Database, placement: TenantPlacement
) -> None:
    tenant = ("--tenant", placement.slug)
    code, out, err = await run(
        settings, "create", *tenant, "--name", "ERP", "--role", "auditor", "--scope", "company:read", "--json"
    )
    assert (code, err) == (0, "")
    made: dict[str, Any] = json.loads(out)
    client_id, secrets = made["clientId"], [made["clientSecret"]]
    _, out, _ = await run(settings, "rotate", client_id, *tenant, "--json")
    secrets.append(json.loads(out)["clientSecret"])
    async with open_authentication(settings, database.directory) as authentication:
        transport = httpx2.ASGITransport(gateway(authentication))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as http:

            async def asked(secret: str) -> httpx2.Response:
                body = {"grant_type": "client_credentials"}
                return await http.post("/auth/token", data=body, auth=(client_id, secret))

            answers = [await asked(secret) for secret in secrets]
            assert [answer.json()["scope"] for answer in answers] == ["company:read", "company:read"]
            assert (await run(settings, "disable", client_id, *tenant))[0] == 0
            assert (await asked(secrets[1])).status_code == 401
            assert (await run(settings, "enable", client_id, *tenant))[0] == 0
            assert (await asked(secrets[1])).status_code == 200
    _, out, _ = await run(settings, "list", *tenant, "--json")
    assert [each["clientId"] for each in json.loads(out)] == [client_id]
    assert not any(secret in out for secret in secrets)
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        events = await AuditEvent.all().order_by("id")
    assert [event.action for event in events] == [
        "client:create",
        "client:rotate_secret",
        "client:disable",
        "client:enable",
    ]
    assert {event.actor_kind for event in events} == {AuditActorKind.OPERATOR}


async def test_what_is_not_there_or_makes_no_sense_is_said(
    settings: Settings, placement: TenantPlacement, tmp_path: Path
) -> None:
    tenant = ("--tenant", placement.slug)
    made = ("create", *tenant, "--name", "X", "--role")
    private = tmp_path / "keys.json"
    private.write_text('{"keys": []}', encoding="utf-8")
    for arguments, expected in (
        ((*made, "nobody"), 1),
        ((*made, "auditor", "--scope", "company:fly"), 2),
        ((*made, "auditor", "--keys", str(private)), 2),
        (("disable", str(uuid4()), *tenant), 1),
        (("rotate", str(uuid4()), *tenant), 1),
        (("list", "--tenant", "nobody-at-all"), 1),
    ):
        code, out, err = await run(settings, *arguments)
        assert (code, out) == (expected, ""), arguments
        assert err.startswith("fieldgate: ")
