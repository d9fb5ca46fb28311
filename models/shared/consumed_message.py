from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel
from models.shared.digest import DigestField

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.identity_provider import IdentityProvider


class ConsumedMessageKind(StrEnum):
    """What was used up."""

    REQUEST = "request"
    ASSERTION = "assertion"
    LOGOUT = "logout"


class ConsumedMessage(SharedModel):
    """A message of a provider that counts once. Inserting it is what decides between two that arrive together."""

    identity_provider: fields.ForeignKeyRelation[IdentityProvider] = fields.ForeignKeyField(
        "shared.IdentityProvider", related_name="consumed_messages", on_delete=fields.CASCADE
    )
    identity_provider_id: UUID
    kind = fields.CharEnumField(ConsumedMessageKind, max_length=16)
    # Of the message's own id.
    digest = DigestField()
    # From then on the message is refused as too old, and needs no memory.
    expires_at = fields.DatetimeField()

    class Meta:
        table = "consumed_message"
        schema = SHARED_SCHEMA
        unique_together = (("identity_provider_id", "kind", "digest"),)
        indexes = (("expires_at",),)
