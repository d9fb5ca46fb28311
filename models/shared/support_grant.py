from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.tenant import Tenant


class SupportGrantStatus(StrEnum):
    """How far a grant has come. It follows from its times, so it is no column."""

    PENDING = "pending"
    ACTIVE = "active"
    DENIED = "denied"
    ENDED = "ended"
    EXPIRED = "expired"


class SupportGrant(SharedModel):
    """An operator's way into one tenant: asked for with a reason, open once a member approved it, for a time only."""

    tenant: fields.ForeignKeyRelation[Tenant] = fields.ForeignKeyField(
        "shared.Tenant", related_name="support_grants", on_delete=fields.CASCADE
    )
    tenant_id: UUID
    # The operator's e-mail address.
    operator = fields.CharField(max_length=320)
    reason = fields.CharField(max_length=500)
    requested_at = fields.DatetimeField()
    # A member, in the tenant's own schema, so no foreign key.
    approved_by = fields.UUIDField(null=True)
    approved_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "support_grant"
        schema = SHARED_SCHEMA
        indexes = (("tenant_id", "requested_at"),)
