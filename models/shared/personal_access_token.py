from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel
from models.shared.digest import DigestField

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.tenant import Tenant


class PersonalAccessToken(SharedModel):
    """What a member's own scripts show. It is never stored, only its hash."""

    tenant: fields.ForeignKeyRelation[Tenant] = fields.ForeignKeyField(
        "shared.Tenant", related_name="personal_access_tokens", on_delete=fields.CASCADE
    )
    tenant_id: UUID
    # In the tenant's own schema, so no foreign key.
    member_id = fields.UUIDField()
    name = fields.CharField(max_length=200)
    digest = DigestField(unique=True)
    # Permissions by name, of those that the member's roles give; absent means all of them.
    scopes: fields.Field[list[str] | None] = fields.JSONField(null=True)
    expires_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "personal_access_token"
        schema = SHARED_SCHEMA
        indexes = (("tenant_id", "member_id"), ("revoked_at",))
