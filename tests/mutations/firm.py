"""A tenant with regions, people whose roles hold in some of them, and a way to ask as each of these."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from auth.grant_resolution import resolve_grants
from auth.viewer import Viewer
from engine.request import Request
from models.tenant import Company, Member, OrgUnit, Role, RoleAssignment
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from auth.permissions import Permission
    from engine.engine import Engine
    from tenancy.placement import TenantPlacement


def global_id(type_name: str, key: UUID) -> str:
    return b64encode(f"{type_name}:{key}".encode()).decode()


@dataclass(frozen=True)
class Answer:
    """What came back, decoded."""

    data: dict[str, Any] | None
    errors: list[dict[str, Any]]

    @property
    def payload(self) -> dict[str, Any]:
        """Of a request with one mutation, which was let through."""
        assert self.errors == []
        assert self.data is not None
        (payload,) = self.data.values()
        assert isinstance(payload, dict)
        return payload

    @property
    def user_errors(self) -> list[tuple[str, str]]:
        """Code and path of each."""
        return [(each["code"], ".".join(each["field"])) for each in self.payload["userErrors"]]

    @property
    def codes(self) -> list[str]:
        return [each["extensions"]["code"] for each in self.errors]


@dataclass(frozen=True)
class Firm:
    """One tenant. Units: Group, below it EMEA (with DACH) and Americas."""

    engine: Engine
    placement: TenantPlacement
    units: dict[str, UUID]

    def unit_id(self, name: str) -> str:
        return global_id("OrgUnit", self.units[name])

    async def member(self, *roles: tuple[str, str | None]) -> Viewer:
        """Somebody new, who holds these roles, each in a unit (by name) or everywhere."""
        async with tenant_scope(self.placement, authorization_version=None):
            email = f"{uuid4().hex}@firm.example"
            member = await Member.create(email=email, full_name="A Person", org_unit_id=self.units["Group"])
            for key, unit in roles:
                role = await Role.get(key=key)
                unit_id = None if unit is None else self.units[unit]
                await RoleAssignment.create(member_id=member.id, role_id=role.id, org_unit_id=unit_id)
        return await self.viewer(member.id)

    async def viewer(self, member_id: UUID) -> Viewer:
        """Somebody who has signed in just now."""
        resolved = await resolve_grants(self.placement, member_id)
        now = int(time.time())
        return Viewer(self.placement, member_id, uuid4(), resolved.grants, resolved.version, authenticated_at=now)

    async def role(self, *permissions: Permission) -> str:
        """A role of the tenant's own; its key."""
        async with tenant_scope(self.placement, authorization_version=None):
            role = await Role.create(key=uuid4().hex, name="Own", permissions=[each.value for each in permissions])
        return role.key

    async def company(self, unit: str, **columns: object) -> Company:
        async with tenant_scope(self.placement, authorization_version=None):
            given: dict[str, Any] = {"name": "Before", **columns}
            return await Company.create(org_unit_id=self.units[unit], **given)

    async def row(self, key: UUID) -> Company:
        """As it is in the table now."""
        async with tenant_scope(self.placement, authorization_version=None, read_only=True):
            return await Company.get(id=key)

    async def columns(self, key: UUID) -> dict[str, Any]:
        """All of the row, as it is now."""
        async with tenant_scope(self.placement, authorization_version=None, read_only=True):
            rows: list[dict[str, Any]] = await Company.filter(id=key).values()
        return rows[0]

    async def ask(self, viewer: Viewer, document: str, **variables: object) -> Answer:
        # The versions count up whenever a test adds a person, as in life; what a viewer may stays the same.
        current = await self.viewer(viewer.member_id)
        result = await self.engine.execute(Request(document, "test", variables=variables), current)
        data = None if result.data is None else json.loads(result.data)
        return Answer(data, json.loads(json.dumps(result.errors)))


async def make_units(placement: TenantPlacement) -> dict[str, UUID]:
    async with tenant_scope(placement, authorization_version=None):
        group = await OrgUnit.create(name="Group", parent_id=None)
        emea = await OrgUnit.create(name="EMEA", parent_id=group.id)
        dach = await OrgUnit.create(name="DACH", parent_id=emea.id)
        americas = await OrgUnit.create(name="Americas", parent_id=group.id)
    return {unit.name: unit.id for unit in (group, emea, dach, americas)}
