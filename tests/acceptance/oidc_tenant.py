"""A tenant whose people sign in at an OpenID provider of other people's making, connected as its operators would."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.tenant import Member, OrgUnit, Role, RoleAssignment
from tenancy.scope import tenant_scope
from tests.acceptance import npm
from tests.acceptance.visitor import Visitor
from tests.server.ports import free_port

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path
    from uuid import UUID

    from tenancy.placement import TenantPlacement
    from tests.server.gateway import Gateway

FOLDER: Final = "oidc_provider"

_SECRET: Final = "not a secret beyond this test"


@dataclass
class OidcTenant:
    """One tenant, its connection and its provider.

    Attributes:
        placement: the tenant.
        connection: the identifier of its connection.
        issuer: the address of its provider.
        members: identifiers of its members, by what they type at the provider.
    """

    placement: TenantPlacement
    connection: str
    issuer: str
    members: Mapping[str, UUID]
    options: dict[str, object]
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the provider, with new keys and with nobody signed in there."""
        self.process = await npm.start(FOLDER, "node", "serve.mjs", json.dumps(self.options))
        assert self.process.stdout is not None
        said = b""
        while not said.endswith(b"ready\n"):
            line = await self.process.stdout.readline()
            assert line, await self._problems()
            said += line

    async def stop(self) -> None:
        """Stop it; what it complained of fails the test."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        problems = await self._problems()
        await self.process.wait()
        assert "Error" not in problems, problems

    async def _problems(self) -> str:
        assert self.process is not None
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()


@contextlib.asynccontextmanager
async def connected(
    gateway: Gateway, folder: Path, number: int, people: Mapping[str, str], members: Sequence[str], **options: object
) -> AsyncIterator[OidcTenant]:
    """The tenant of that number, its connection tested and switched on by the project's own commands.

    Args:
        gateway: the running server.
        folder: for a file with the client secret.
        number: which of its tenants.
        people: who can sign in at the provider: what they type there, and their e-mail addresses.
        members: which of them are members of the tenant.
        options: of ``oidc_provider/serve.mjs``.
    """
    placement, port = gateway.tenants[number], free_port()
    secret = folder / f"secret-{number}"
    secret.write_text(f"{_SECRET}\n", encoding="utf-8")
    issuer = f"http://localhost:{port}"
    output = await gateway.command(
        *("identity-provider", "create", f"Provider {number}", "--tenant", placement.slug, "--issuer", issuer),
        *("--client-id", "fieldgate", "--client-secret-file", str(secret), "--json"),
    )
    connection = json.loads(output)[0]["id"]
    options = {
        "name": f"provider{number}",
        "issuer": issuer,
        "port": port,
        "gateway": gateway.url,
        "connection": connection,
        "clientId": "fieldgate",
        "clientSecret": _SECRET,
        "people": {login: {"email": email, "name": login.title()} for login, email in people.items()},
        **options,
    }
    tenant = OidcTenant(
        placement, connection, issuer, await _members(placement, {name: people[name] for name in members}), options
    )
    await tenant.start()
    try:
        await _switch_on(gateway, connection, members[0])
        yield tenant
    finally:
        await tenant.stop()


async def _members(placement: TenantPlacement, people: Mapping[str, str]) -> dict[str, UUID]:
    async with tenant_scope(placement, authorization_version=None):
        unit, role = await OrgUnit.get(parent_id=None), await Role.get(key="owner")
        made = {}
        for login, email in people.items():
            member = await Member.create(email=email, full_name=login.title(), org_unit_id=unit.id)
            await RoleAssignment.create(member_id=member.id, role_id=role.id)
            made[login] = member.id
        return made


async def _switch_on(gateway: Gateway, connection: str, tester: str) -> None:
    address = (await gateway.command("identity-provider", "test", connection)).strip()
    async with Visitor(gateway.url, tester) as visitor:
        page = await visitor.through(address)
        assert page.status_code == 200, page.text
        assert "This member would be signed in. Nobody has been signed in." in page.text
        assert not await visitor.is_signed_in()
    await gateway.command("identity-provider", "enable", connection)
