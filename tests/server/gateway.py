"""The whole server as a process of its own, with two tenants and real tokens of their owners."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx2
import orjson

from auth.roles import BUILT_IN_ROLES
from auth.sessions.access_token import Subject, issue
from auth.sessions.signing_keys import SigningKeys
from models.tenant import Member, OrgUnit, Role, RoleAssignment
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope
from tests.server.command import ROOT, fieldgate
from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

GRAPHQL = "application/graphql-response+json"


@dataclass(frozen=True)
class Gateway:
    """A running server.

    Attributes:
        url: its origin.
        tenants: where its two tenants are, first and second.
        tokens: an access token of an owner of each, in the same order.
        log: the file that its log goes to.
        process: for signals.
        environment: of every command that works on the same database.
    """

    url: str
    tenants: tuple[TenantPlacement, TenantPlacement]
    tokens: tuple[str, str]
    log: Path
    process: asyncio.subprocess.Process
    environment: dict[str, str]

    async def command(self, *arguments: str) -> str:
        """What ``fieldgate`` prints; fails when the command fails."""
        return await fieldgate(self.environment, *arguments)

    def client(self, token: str | None = None) -> httpx2.AsyncClient:
        """A client with a bearer token: that of the first tenant's owner where no other is given."""
        headers = {"authorization": f"Bearer {token or self.tokens[0]}", "accept": GRAPHQL}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=60)

    def logged(self) -> list[dict[str, object]]:
        return [orjson.loads(line) for line in self.log.read_bytes().splitlines()]


@contextlib.asynccontextmanager
async def running_gateway(
    settings: Settings, database: Database, folder: Path, *, program: str = "cli serve", **environment: str
) -> AsyncIterator[Gateway]:
    """Start the server on the tests' database, and stop it at the end. ``environment`` is added to its variables."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = settings.model_copy(update={"public_url": url})
    one, other = [await _tenant(database, settings) for _ in range(2)]
    assert settings.database_url is not None
    assert settings.key_encryption_key is not None
    variables = {
        "PATH": os.environ["PATH"],
        "FIELDGATE_ENVIRONMENT": "development",
        "FIELDGATE_DATABASE_URL": settings.database_url.get_secret_value(),
        "FIELDGATE_KEY_ENCRYPTION_KEY": settings.key_encryption_key.get_secret_value(),
        "FIELDGATE_LISTEN": f"127.0.0.1:{port}",
        "FIELDGATE_PUBLIC_URL": url,
        "FIELDGATE_LOG_FORMAT": "json",
        **environment,
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *program.split(), cwd=ROOT, env=variables, stdout=output, stderr=output
        )
    try:
        await _until_ready(process, url, log)
        yield Gateway(url, (one[0], other[0]), (one[1], other[1]), log, process, variables)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _tenant(database: Database, settings: Settings) -> tuple[TenantPlacement, str]:
    slug = f"wire-{secrets.token_hex(4)}"
    placement = await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES)
    async with tenant_scope(placement, authorization_version=None):
        unit = await OrgUnit.create(name="Head office")
        member = await Member.create(email=f"owner@{slug}.example", full_name="An Owner", org_unit_id=unit.id)
        role = await Role.get(key="owner")
        await RoleAssignment.create(member_id=member.id, role_id=role.id)
    subject = Subject(
        tenant_id=placement.tenant_id, member_id=member.id, session_id=uuid4(), authenticated_at=int(time.time())
    )
    return placement, issue(settings, await SigningKeys(settings).signer(), subject)


async def _until_ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    """Ask until it is; the test's own timeout is the bound."""
    async with httpx2.AsyncClient(base_url=url) as client:
        while process.returncode is None:
            with contextlib.suppress(httpx2.HTTPError):
                if (await client.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    message = f"the server ended before it was ready; its log is {log}"
    raise AssertionError(message)
