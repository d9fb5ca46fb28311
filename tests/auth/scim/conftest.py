"""The application in this process, and identity providers that may tell it about their people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx2
import pytest

from auth.scim.token import create_token
from models.tenant import AuditEvent, Member, MemberGroup, OrgUnit, Role, RoleAssignment
from server.app import create_app
from tenancy.scope import tenant_scope
from tests.auth.conftest import add_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from models.shared import IdentityProvider
    from settings import Settings
    from tenancy.placement import TenantPlacement

SEARCH = "/Users" + "/.search"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Directory:
    """A provider's client of one tenant, and a look behind it."""

    placement: TenantPlacement
    provider: IdentityProvider
    token: str = field(repr=False)
    http: httpx2.AsyncClient

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        return await self.http.request(
            method,
            f"/scim/{self.placement.slug}/v2{path}",
            json=body,
            headers={"authorization": f"Bearer {self.token}", **headers},
        )

    async def user(self, **attributes: object) -> dict[str, Any]:
        name = f"u{uuid4().hex}@people.example"
        response = await self.ask("POST", "/Users", {"schemas": [], "userName": name, **attributes})
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    async def group(self, *members: str, name: str = "Group") -> dict[str, Any]:
        body = {"displayName": name, "members": [{"value": member} for member in members]}
        response = await self.ask("POST", "/Groups", body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    async def patch(self, path: str, *operations: Mapping[str, object], **headers: str) -> httpx2.Response:
        return await self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    async def member(self, member_id: str) -> Member:
        async with tenant_scope(self.placement, authorization_version=None):
            return await Member.get(id=member_id)

    async def assign(self, role: str, *, member: str | None = None, group: str | None = None) -> None:
        async with tenant_scope(self.placement, authorization_version=None):
            held = await Role.get(key=role)
            await RoleAssignment.create(
                member_id=member and UUID(member), group_id=group and UUID(group), role_id=held.id, org_unit_id=None
            )

    async def roles_of_group(self, group: str) -> set[str]:
        async with tenant_scope(self.placement, authorization_version=None):
            assignments = await RoleAssignment.filter(group_id=group).prefetch_related("role")
            return {assignment.role.key for assignment in assignments}

    async def audited(self) -> list[str]:
        async with tenant_scope(self.placement, authorization_version=None):
            return [event.action for event in await AuditEvent.filter(actor_id=self.provider.id).order_by("id")]


@pytest.fixture(scope="session")
async def http(settings: Settings, database: object) -> AsyncIterator[httpx2.AsyncClient]:  # noqa: ARG001 # migrated
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://fieldgate.example") as client,
    ):
        yield client


async def directory_of(placement: TenantPlacement, http: httpx2.AsyncClient) -> Directory:
    provider = await add_provider(placement)
    async with tenant_scope(placement, authorization_version=None):
        await OrgUnit.create(name="Head office", parent_id=None)
    _, token = await create_token(provider, "test")
    return Directory(placement, provider, token, http)


async def remove_groups(placement: TenantPlacement) -> None:
    async with tenant_scope(placement, authorization_version=None):
        await MemberGroup.all().delete()


@pytest.fixture
async def acme_directory(acme: TenantPlacement, http: httpx2.AsyncClient) -> AsyncIterator[Directory]:
    yield await directory_of(acme, http)
    await remove_groups(acme)


@pytest.fixture
async def globex_directory(globex: TenantPlacement, http: httpx2.AsyncClient) -> AsyncIterator[Directory]:
    yield await directory_of(globex, http)
    await remove_groups(globex)
