from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.tenant import Tenant


class Domain(SharedModel):
    """An e-mail domain that a tenant says is its own. Anybody may say so; only one tenant can have proved it."""

    tenant: fields.ForeignKeyRelation[Tenant] = fields.ForeignKeyField(
        "shared.Tenant", related_name="domains", on_delete=fields.CASCADE
    )
    tenant_id: UUID
    # As DNS has it: lower case, international names as A-labels.
    name = fields.CharField(max_length=253)
    # What the TXT record must say.
    verification_token = fields.CharField(max_length=64)
    verified_at = fields.DatetimeField(null=True)
    checked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "domain"
        schema = SHARED_SCHEMA
        unique_together = (("tenant_id", "name"),)
