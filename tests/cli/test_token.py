from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import uuid4

import pytest

from auth.opening import open_authentication
from auth.roles import BUILT_IN_ROLES
from models.tenant import Member, OrgUnit
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

ROOT: Final = Path(__file__).parent.parent.parent


class Printed(NamedTuple):
    code: int
    out: str
    err: str


class Command:
    """The command as somebody types it, with the settings of the tests."""

    def __init__(self, settings: Settings) -> None:
        assert settings.database_url is not None
        self.environment = {
            "PATH": os.environ["PATH"],
            "FIELDGATE_ENVIRONMENT": "development",
            "FIELDGATE_DATABASE_URL": settings.database_url.get_secret_value(),
            "FIELDGATE_PUBLIC_URL": settings.public_url,
        }

    async def __call__(self, *arguments: str, **environment: str) -> Printed:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli",
            "token",
            *arguments,
            cwd=ROOT,
            env=self.environment | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Printed(process.returncode, out.decode(), err.decode())


@pytest.fixture
def command(settings: Settings) -> Command:
    return Command(settings)


@pytest.fixture(scope="module")
async def placement(database: Database) -> TenantPlacement:
    placement = await create_tenant(database, f"token-{uuid4().hex[:8]}", "Token", built_in_roles=BUILT_IN_ROLES)
    async with tenant_scope(placement, authorization_version=None):
        unit = await OrgUnit.create(name="Head office")
        await Member.create(email="owner@token.example", full_name="An Owner", org_unit_id=unit.id)
        await Member.create(email="gone@token.example", full_name="Gone", org_unit_id=unit.id, active=False)
    return placement


async def test_the_token_is_one_that_the_server_believes(
    command: Command, settings: Settings, database: Database, placement: TenantPlacement
) -> None:
    printed = await command("--tenant", placement.slug, "--as", "owner@token.example")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.count("\n") == 1
    async with open_authentication(settings, database.directory) as authentication:
        viewer = await authentication.authenticator.viewer(printed.out.strip())
    assert viewer.tenant == placement


async def test_for_a_program_there_is_json_with_a_token_to_go_on_with(
    command: Command, settings: Settings, database: Database, placement: TenantPlacement
) -> None:
    body = json.loads((await command("--tenant", placement.slug, "--as", "owner@token.example", "--json")).out)
    assert (body["token_type"], body["tenant"]) == ("Bearer", str(placement.tenant_id))
    async with open_authentication(settings, database.directory) as authentication:
        tokens = await authentication.sessions.refresh(body["refresh_token"])
    assert str(tokens.subject.member_id) == body["member"]


@pytest.mark.parametrize("email", ["nobody@token.example", "gone@token.example"])
async def test_somebody_who_is_not_there_gets_none(command: Command, placement: TenantPlacement, email: str) -> None:
    printed = await command("--tenant", placement.slug, "--as", email)
    assert (printed.code, printed.out) == (1, "")
    assert "no active member" in printed.err


async def test_a_tenant_that_is_not_there_is_said(command: Command) -> None:
    printed = await command("--tenant", "x'--", "--as", "owner@token.example")
    assert (printed.code, printed.out) == (1, "")
    assert "there is no tenant" in printed.err


async def test_there_are_none_in_production(command: Command, placement: TenantPlacement) -> None:
    printed = await command(
        "--tenant",
        placement.slug,
        "--as",
        "owner@token.example",
        FIELDGATE_ENVIRONMENT="production",
        FIELDGATE_PUBLIC_URL="https://gateway.example",
        FIELDGATE_KEY_ENCRYPTION_KEY="MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    )
    assert (printed.code, printed.out) == (1, "")
    assert "in production people sign in" in printed.err
