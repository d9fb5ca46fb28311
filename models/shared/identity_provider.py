from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.tenant import Tenant


class IdentityProviderKind(StrEnum):
    """The protocol it speaks."""

    OIDC = "oidc"


class IdentityProvider(SharedModel):
    """Where a tenant's people prove who they are."""

    tenant: fields.ForeignKeyRelation[Tenant] = fields.ForeignKeyField(
        "shared.Tenant", related_name="identity_providers", on_delete=fields.CASCADE
    )
    tenant_id: UUID
    name = fields.CharField(max_length=200)
    kind = fields.CharEnumField(IdentityProviderKind, max_length=16, default=IdentityProviderKind.OIDC)
    issuer = fields.CharField(max_length=500)
    client_id = fields.CharField(max_length=255)
    # Encrypted with the key encryption key; absent for a public client.
    client_secret = fields.BinaryField(null=True)
    enabled = fields.BooleanField(default=True)

    class Meta:
        table = "identity_provider"
        schema = SHARED_SCHEMA
        unique_together = (("tenant_id", "issuer", "client_id"),)
