from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.tenant.member import Member


class MemberGroup(TenantModel):
    """Members whom the tenant's identity provider treats alike. A role assigned to it is held by each of them."""

    display_name = fields.CharField(max_length=255)
    # The provider's own key.
    external_id = fields.CharField(max_length=255, null=True)
    # In the shared schema, so no foreign key. Absent for a group that no provider manages.
    identity_provider_id = fields.UUIDField(null=True)

    class Meta:
        table = "member_group"
        indexes = (("display_name", "id"), ("identity_provider_id", "external_id"))


class GroupMembership(TenantModel):
    """A member belongs to a group."""

    group: fields.ForeignKeyRelation[MemberGroup] = fields.ForeignKeyField(
        "tenant.MemberGroup", related_name="memberships", on_delete=fields.CASCADE
    )
    group_id: UUID
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "tenant.Member", related_name="group_memberships", on_delete=fields.CASCADE
    )
    member_id: UUID

    class Meta:
        table = "group_membership"
        unique_together = (("group_id", "member_id"),)
        indexes = (("member_id", "id"),)
