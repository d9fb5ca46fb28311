"""``fieldgate scim token …``: what it prints opens the tenant's SCIM endpoint, for as long as it is said to."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import httpx2
import pytest

from auth.roles import BUILT_IN_ROLES
from auth.scim.token import OVERLAP, PREFIX
from models.shared import IdentityProvider, ScimToken
from models.tenant import AuditActorKind, AuditEvent
from server.app import create_app
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope
from tests.auth.conftest import add_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

ROOT: Final = Path(__file__).parent.parent.parent


@pytest.fixture
async def placement(database: Database) -> TenantPlacement:
    placement = await create_tenant(database, f"scim-{uuid4().hex[:8]}", "SCIM", built_in_roles=BUILT_IN_ROLES)
    await add_provider(placement)
    return placement


@pytest.fixture
async def http(settings: Settings, database: Database) -> AsyncIterator[httpx2.AsyncClient]:  # noqa: ARG001 # migrated
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=settings.public_url) as client,
    ):
        yield client


async def run(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    assert settings.database_url is not None
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "scim", "token", *arguments),
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


async def done(settings: Settings, *arguments: str) -> str:
    code, out, err = await run(settings, *arguments)
    assert (code, err) == (0, ""), (arguments, err)
    return out


async def opens(http: httpx2.AsyncClient, placement: TenantPlacement, token: str) -> bool:
    path, headers = f"/scim/{placement.slug}/v2/ServiceProviderConfig", {"authorization": f"Bearer {token}"}
    status = (await http.get(path, headers=headers)).status_code
    assert status in {200, 401}
    return status == 200


async def test_a_token_opens_scim_until_it_is_revoked_and_its_successor_after_that(
    settings: Settings, placement: TenantPlacement, http: httpx2.AsyncClient
) -> None:
    tenant = ("--tenant", placement.slug)
    text = (await done(settings, "create", *tenant, "--name", "Entra", "--days", "30")).strip()
    assert text.startswith(PREFIX)
    assert await opens(http, placement, text)
    (listed,) = json.loads(await done(settings, "list", *tenant, "--json"))
    assert (listed["name"], listed["revokedAt"]) == ("Entra", None)
    assert datetime.fromisoformat(listed["expiresAt"]) < datetime.now(UTC) + timedelta(days=30)

    made: dict[str, Any] = json.loads(await done(settings, "rotate", listed["id"], *tenant, "--json"))
    assert made["name"] == "Entra"
    assert await opens(http, placement, text), "for a day both are good"
    assert await opens(http, placement, made["token"])
    assert (await ScimToken.get(id=listed["id"])).expires_at < datetime.now(UTC) + OVERLAP

    assert await done(settings, "revoke", listed["id"], *tenant) == ""
    assert not await opens(http, placement, text)
    assert await opens(http, placement, made["token"])
    shown = await done(settings, "list", *tenant)
    assert shown.count("Entra") == 2
    assert text not in shown
    assert made["token"] not in shown
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        events = await AuditEvent.filter(subject_kind="scim_token").order_by("id")
    assert [(each.action, each.subject_id) for each in events] == [
        ("scim_token:create", UUID(listed["id"])),
        ("scim_token:rotate", UUID(made["id"])),
        ("scim_token:revoke", UUID(listed["id"])),
    ]
    assert {each.actor_kind for each in events} == {AuditActorKind.OPERATOR}


async def test_what_is_not_there_is_a_failure_in_one_line(
    settings: Settings, database: Database, placement: TenantPlacement
) -> None:
    other = await create_tenant(database, f"scim-{uuid4().hex[:8]}", "Other", built_in_roles=BUILT_IN_ROLES)
    foreign = json.loads(await done(settings, "create", "--tenant", placement.slug, "--json"))["id"]
    for arguments, reason in (
        (("create", "--tenant", "nobody"), "there is no tenant 'nobody'"),
        (("create", "--tenant", other.slug), "has 0 such identity providers"),
        (("create", "--tenant", placement.slug, "--provider", str(uuid4())), "has 0 such identity providers"),
        (("rotate", foreign, "--tenant", other.slug), "has no such token"),
        (("revoke", foreign, "--tenant", other.slug), "has no such token"),
        (("revoke", str(uuid4()), "--tenant", placement.slug), "has no such token"),
    ):
        code, out, err = await run(settings, *arguments)
        assert (code, out) == (1, ""), arguments
        assert reason in err
        assert "Traceback" not in err
    assert (await ScimToken.get(id=foreign)).revoked_at is None


async def test_with_several_connections_one_has_to_be_named(settings: Settings, placement: TenantPlacement) -> None:
    second = await add_provider(placement)
    code, _, err = await run(settings, "create", "--tenant", placement.slug)
    assert code == 1
    assert "--provider" in err
    made = json.loads(
        await done(settings, "create", "--tenant", placement.slug, "--provider", str(second.id), "--json")
    )
    assert made["identityProvider"] == str(second.id)
    assert await IdentityProvider.filter(tenant_id=placement.tenant_id).count() == 2


async def test_a_command_that_is_not_understood_is_a_usage_error(settings: Settings) -> None:
    for arguments in (("create",), ("rotate", "no-uuid", "--tenant", "acme"), ("list",)):
        assert (await run(settings, *arguments))[0] == 2, arguments
