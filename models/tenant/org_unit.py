from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID


class OrgUnit(TenantModel):
    """A node of the tenant's own hierarchy. A role assigned here holds for the whole subtree."""

    name = fields.CharField(max_length=200)
    parent: fields.ForeignKeyNullableRelation[OrgUnit] = fields.ForeignKeyField(
        "tenant.OrgUnit", related_name="children", null=True, on_delete=fields.RESTRICT
    )
    parent_id: UUID | None

    class Meta:
        table = "org_unit"
        indexes = (("parent_id", "id"), ("name", "id"))
