from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from models.tenant import Member
from resolvers.context import Info


@dataclass(frozen=True, slots=True)
class ViewerAnswer:
    """The attributes behind the fields of ``Viewer``."""

    member_id: UUID
    full_name: str
    email: str
    tenant: str
    permissions: list[str]


async def viewer(info: Info) -> ViewerAnswer:
    """What a caller may always know: themselves."""
    caller = info.context.viewer
    member = await Member.get(id=caller.member_id).only("id", "full_name", "email")
    return ViewerAnswer(
        member_id=caller.member_id,
        full_name=member.full_name,
        email=member.email,
        tenant=caller.tenant.slug,
        permissions=sorted(caller.grants.everywhere | caller.grants.in_units.keys()),
    )
