from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID


class Role(TenantModel):
    """A named set of permissions. A built-in role takes its permissions from the code, by its key."""

    key = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=200)
    built_in = fields.BooleanField(default=False)
    permissions: fields.Field[list[str]] = fields.JSONField(default=list)

    class Meta:
        table = "role"


class RoleInclusion(TenantModel):
    """A role that holds everything another role holds."""

    role: fields.ForeignKeyRelation[Role] = fields.ForeignKeyField(
        "tenant.Role", related_name="inclusions", on_delete=fields.CASCADE
    )
    role_id: UUID
    included: fields.ForeignKeyRelation[Role] = fields.ForeignKeyField(
        "tenant.Role", related_name="included_in", on_delete=fields.RESTRICT
    )
    included_id: UUID

    class Meta:
        table = "role_inclusion"
        unique_together = (("role_id", "included_id"),)
