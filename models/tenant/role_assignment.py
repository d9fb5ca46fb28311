from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.tenant.member import Member
    from models.tenant.member_group import MemberGroup
    from models.tenant.org_unit import OrgUnit
    from models.tenant.role import Role


class RoleAssignment(TenantModel):
    """A member, or each of a group, holds a role in an org unit and all below it; everywhere when no unit is named."""

    # Exactly one of the two; a CHECK in the migration sees to it.
    member: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "tenant.Member", related_name="role_assignments", null=True, on_delete=fields.CASCADE
    )
    member_id: UUID | None
    group: fields.ForeignKeyNullableRelation[MemberGroup] = fields.ForeignKeyField(
        "tenant.MemberGroup", related_name="role_assignments", null=True, on_delete=fields.CASCADE
    )
    group_id: UUID | None
    role: fields.ForeignKeyRelation[Role] = fields.ForeignKeyField(
        "tenant.Role", related_name="assignments", on_delete=fields.RESTRICT
    )
    role_id: UUID
    org_unit: fields.ForeignKeyNullableRelation[OrgUnit] = fields.ForeignKeyField(
        "tenant.OrgUnit", related_name="role_assignments", null=True, on_delete=fields.CASCADE
    )
    org_unit_id: UUID | None

    class Meta:
        table = "role_assignment"
        unique_together = (("member_id", "role_id", "org_unit_id"), ("group_id", "role_id", "org_unit_id"))
        indexes = (("role_id", "id"), ("org_unit_id", "id"))
