from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel
from models.shared.digest import DigestField

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.identity_provider import IdentityProvider
    from models.shared.tenant import Tenant


class ScimToken(SharedModel):
    """What an identity provider shows when it tells us about its people. It is never stored, only its hash."""

    tenant: fields.ForeignKeyRelation[Tenant] = fields.ForeignKeyField(
        "shared.Tenant", related_name="scim_tokens", on_delete=fields.CASCADE
    )
    tenant_id: UUID
    identity_provider: fields.ForeignKeyRelation[IdentityProvider] = fields.ForeignKeyField(
        "shared.IdentityProvider", related_name="scim_tokens", on_delete=fields.CASCADE
    )
    identity_provider_id: UUID
    name = fields.CharField(max_length=200)
    digest = DigestField(unique=True)
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "scim_token"
        schema = SHARED_SCHEMA
        indexes = (("tenant_id", "id"), ("identity_provider_id",))
