from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel
from models.shared.digest import DigestField

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.tenant import Tenant


class Client(SharedModel):
    """A partner's program. It acts as a service member of the tenant, whose roles are all that it may do."""

    tenant: fields.ForeignKeyRelation[Tenant] = fields.ForeignKeyField(
        "shared.Tenant", related_name="clients", on_delete=fields.CASCADE
    )
    tenant_id: UUID
    # In the tenant's own schema, so no foreign key.
    member_id = fields.UUIDField()
    name = fields.CharField(max_length=200)
    # Secrets are random, so a plain hash of one gives nothing away.
    secret_hash = DigestField(null=True)
    previous_secret_hash = DigestField(null=True)
    previous_secret_expires_at = fields.DatetimeField(null=True)
    # Public keys, for a client that proves itself by signature (private_key_jwt).
    jwks: fields.Field[dict[str, object] | None] = fields.JSONField(null=True)
    # Permissions by name, of those that its roles give it; absent means all of them.
    scopes: fields.Field[list[str] | None] = fields.JSONField(null=True)
    enabled = fields.BooleanField(default=True)
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "client"
        schema = SHARED_SCHEMA
        indexes = (("tenant_id", "id"),)
