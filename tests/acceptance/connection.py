"""A tenant's connection to an identity provider of other people's making, in a process of its own."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.tenant import Member, OrgUnit, Role, RoleAssignment
from tenancy.scope import tenant_scope
from tests.acceptance import npm
from tests.acceptance.visitor import Visitor

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Mapping
    from uuid import UUID

    from tenancy.placement import TenantPlacement
    from tests.server.gateway import Gateway


@dataclass
class Connection:
    """One connection and its provider.

    Attributes:
        placement: the tenant.
        id: of the connection.
        issuer: the address of its provider.
        members: identifiers of the tenant's members, by what they type at the provider.
        program: the folder of its provider.
        options: of its provider.
    """

    placement: TenantPlacement
    id: str
    issuer: str
    members: Mapping[str, UUID]
    program: str
    options: Mapping[str, object]
    process: asyncio.subprocess.Process | None = None

    @property
    def sign_in_address(self) -> str:
        """Where signing in by it begins; it leads on to who one is."""
        return f"/auth/login?tenant={self.placement.slug}&provider={self.id}&next=/auth/session"

    async def start(self) -> None:
        """Start the provider, with nobody signed in there."""
        self.process = await npm.start(self.program, "node", "serve.mjs", json.dumps(self.options))
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
    async def running(self) -> AsyncIterator[Connection]:
        """With its provider."""
        await self.start()
        try:
            yield self
        finally:
            await self.stop()


async def add_members(placement: TenantPlacement, people: Mapping[str, str]) -> dict[str, UUID]:
    """Members of these e-mail addresses, by the same names."""
    async with tenant_scope(placement, authorization_version=None):
        unit, role = await OrgUnit.get(parent_id=None), await Role.get(key="owner")
        made = {}
        for login, email in people.items():
            member = await Member.create(email=email, full_name=login.title(), org_unit_id=unit.id)
            await RoleAssignment.create(member_id=member.id, role_id=role.id)
            made[login] = member.id
        return made


async def switch_on(gateway: Gateway, connection: Connection) -> None:
    """Test it as one of its members, and enable it."""
    address = (await gateway.command("identity-provider", "test", connection.id)).strip()
    async with Visitor(gateway.url, next(iter(connection.members))) as visitor:
        page = await visitor.through(address)
        assert page.status_code == 200, page.text
        assert "This member would be signed in. Nobody has been signed in." in page.text, page.text
        assert not await visitor.is_signed_in()
    await gateway.command("identity-provider", "enable", connection.id)
