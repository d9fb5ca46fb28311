from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.oauth.client_authentication import CLIENT_SECRET_BASIC, PRIVATE_KEY_JWT
from auth.oauth.client_registry import clients_of
from auth.permissions import Permission
from auth.viewer import Viewer
from models.shared import Client
from models.tenant import Member, RoleAssignment
from resolvers.context import Info


@dataclass(frozen=True, slots=True)
class ClientAnswer:
    """The attributes behind the fields of ``Client``."""

    id: UUID
    name: str
    enabled: bool
    scopes: list[str] | None
    roles: list[str] | None
    authentication_method: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    previous_secret_expires_at: datetime | None


async def clients(info: Info) -> list[ClientAnswer]:
    """The clients in reach, the newest first: those whose members belong where the viewer may read clients."""
    viewer = info.context.viewer
    rows = await clients_of(viewer.tenant.tenant_id)
    members = Member.filter(id__in=[row.member_id for row in rows])
    units: dict[UUID, UUID] = dict(await members.values_list("id", "org_unit_id"))
    seen = [row for row in rows if viewer.may(Permission.CLIENT_READ, units.get(row.member_id))]
    return await described(viewer, seen)


async def described(viewer: Viewer, rows: Collection[Client]) -> list[ClientAnswer]:
    """Clients as they are shown to a viewer, who is told their roles only if the viewer may read roles."""
    may_read_roles = viewer.may(Permission.ROLE_READ, None)
    roles = await _roles(rows) if may_read_roles else {}
    return [
        ClientAnswer(
            id=row.id,
            name=row.name,
            enabled=row.enabled,
            scopes=row.scopes,
            roles=sorted(roles.get(row.member_id, ())) if may_read_roles else None,
            authentication_method=CLIENT_SECRET_BASIC if row.jwks is None else PRIVATE_KEY_JWT,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            previous_secret_expires_at=row.previous_secret_expires_at,
        )
        for row in rows
    ]


async def _roles(rows: Collection[Client]) -> Mapping[UUID, set[str]]:
    held: dict[UUID, set[str]] = {}
    members = [row.member_id for row in rows]
    for member_id, key in await RoleAssignment.filter(member_id__in=members).values_list("member_id", "role__key"):
        held.setdefault(member_id, set()).add(key)
    return held
