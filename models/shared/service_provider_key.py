from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.identity_provider import IdentityProvider


class ServiceProviderKey(SharedModel):
    """Our key pair in one SAML connection: it signs requests and opens encrypted assertions.

    The newest signs. A retired one still opens what the provider encrypted for it, until ``not_after``.
    """

    identity_provider: fields.ForeignKeyRelation[IdentityProvider] = fields.ForeignKeyField(
        "shared.IdentityProvider", related_name="service_provider_keys", on_delete=fields.CASCADE
    )
    identity_provider_id: UUID
    # PEM.
    certificate = fields.TextField()
    private_key_encrypted = fields.BinaryField()
    retired_at = fields.DatetimeField(null=True)
    not_after = fields.DatetimeField()

    class Meta:
        table = "service_provider_key"
        schema = SHARED_SCHEMA
        indexes = (("identity_provider_id", "created_at"),)
