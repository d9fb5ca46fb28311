"""A developer's machine with a server on it, reached over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import uvicorn
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from auth.opening import open_authentication
from auth.roles import BUILT_IN_ROLES
from auth.sso.oidc import redirect_uri
from development.identity_provider import CLIENT_ID, client_secret_of, development_routes, issuer_of
from development.identity_provider_registration import ensure_identity_provider
from models.tenant import Member, OrgUnit, Role, RoleAssignment
from tenancy.provisioning import create_tenant, delete_tenant
from tenancy.scope import tenant_scope
from tests.auth.browser import gateway
from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from uuid import UUID

    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

VERIFIER: Final = "v" * 43
SLUG: Final = "development-one"


@dataclass(frozen=True)
class Machine:
    """A developer's machine with a server on it.

    Attributes:
        settings: of the server.
        placement: its tenant.
        members: of that tenant, by address.
        other: another tenant, with people of its own.
        connection_id: the tenant's connection to its provider.
    """

    settings: Settings
    placement: TenantPlacement
    members: dict[str, UUID]
    other: TenantPlacement
    connection_id: UUID

    @property
    def issuer(self) -> str:
        return issuer_of(self.settings, self.placement.slug)

    @property
    def credentials(self) -> tuple[str, str]:
        return CLIENT_ID, client_secret_of(self.settings, self.placement.tenant_id)

    def request(self, **changes: str | None) -> dict[str, str]:
        """The parameters of an honest authorization request, with changes; ``None`` leaves one out."""
        honest: dict[str, str | None] = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": redirect_uri(self.settings, self.connection_id),
            "scope": "openid email profile",
            "state": "a-state",
            "nonce": "a-nonce",
            "code_challenge": create_s256_code_challenge(VERIFIER),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (honest | changes).items() if value is not None}


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _populate(placement: TenantPlacement) -> dict[str, UUID]:
    members = {}
    async with tenant_scope(placement, authorization_version=None):
        unit = await OrgUnit.create(name="North & <South>")
        for name, active in (("owner", True), ("analyst", True), ("gone", False)):
            email = f"{name}@{placement.slug}.example"
            full_name = f"<b>{name.capitalize()}</b> & Co"
            member = await Member.create(email=email, full_name=full_name, org_unit_id=unit.id, active=active)
            members[email] = member.id
        analyst = members[f"analyst@{placement.slug}.example"]
        role = await Role.get(key="analyst")
        await RoleAssignment.create(member_id=analyst, role_id=role.id, org_unit_id=unit.id)
    return members


@contextlib.asynccontextmanager
async def running_machine(settings: Settings, database: Database) -> AsyncIterator[Machine]:
    port = free_port()
    served = settings.model_copy(update={"public_url": f"http://127.0.0.1:{port}"})
    placement = await create_tenant(database, SLUG, SLUG, built_in_roles=BUILT_IN_ROLES)
    other = await create_tenant(database, f"{SLUG}-other", SLUG, built_in_roles=BUILT_IN_ROLES)
    members = await _populate(placement)
    await _populate(other)
    connection = await ensure_identity_provider(served, placement)
    await ensure_identity_provider(served, other)
    async with open_authentication(served, database.directory) as authentication:
        app = gateway(authentication)
        app.routes.extend(development_routes(served))
        app.state.database = database
        server = _Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has a flag and no event
            await asyncio.sleep(0.01)
        yield Machine(served, placement, members, other, connection.id)
        server.should_exit = True
        await running
    for tenant in (placement, other):
        await delete_tenant(database, tenant.slug)
