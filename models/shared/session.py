from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel
from models.shared.digest import DigestField

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.identity_provider import IdentityProvider
    from models.shared.tenant import Tenant


class Session(SharedModel):
    """One sign-in of one member. Tokens themselves are never stored, only their hashes."""

    tenant: fields.ForeignKeyRelation[Tenant] = fields.ForeignKeyField(
        "shared.Tenant", related_name="sessions", on_delete=fields.CASCADE
    )
    tenant_id: UUID
    # In the tenant's own schema, so no foreign key: a session of a member who is gone is refused when it is used.
    member_id = fields.UUIDField()
    identity_provider: fields.ForeignKeyRelation[IdentityProvider] = fields.ForeignKeyField(
        "shared.IdentityProvider", related_name="sessions", on_delete=fields.CASCADE
    )
    identity_provider_id: UUID

    refresh_token_hash = DigestField(unique=True)
    # The one it replaced: whoever shows it again has a stolen copy, or lost the answer of the last rotation.
    previous_refresh_token_hash = DigestField(null=True, unique=True)
    rotated_at = fields.DatetimeField(null=True)

    authenticated_at = fields.DatetimeField()
    last_used_at = fields.DatetimeField()
    idle_expires_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    revoked_reason = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "session"
        schema = SHARED_SCHEMA
        indexes = (("tenant_id", "member_id"), ("identity_provider_id",), ("expires_at",))
