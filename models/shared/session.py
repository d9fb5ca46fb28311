from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel
from models.shared.digest import DigestField

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared.client import Client
    from models.shared.identity_provider import IdentityProvider
    from models.shared.support_grant import SupportGrant
    from models.shared.tenant import Tenant


class SessionKind(StrEnum):
    """Whose proof began it."""

    MEMBER = "member"
    CLIENT = "client"
    PERSONAL = "personal"
    SUPPORT = "support"


class Session(SharedModel):
    """One sign-in of one member. Tokens themselves are never stored, only their hashes."""

    tenant: fields.ForeignKeyRelation[Tenant] = fields.ForeignKeyField(
        "shared.Tenant", related_name="sessions", on_delete=fields.CASCADE
    )
    tenant_id: UUID
    # In the tenant's own schema, so no foreign key: a session of a member who is gone is refused when it is used.
    member_id = fields.UUIDField()
    kind = fields.CharEnumField(
        SessionKind, max_length=16, default=SessionKind.MEMBER, db_default=SessionKind.MEMBER.value
    )
    # What began it may be deleted. The session stays, revoked, so that everybody who serves it hears of its end.
    identity_provider: fields.ForeignKeyNullableRelation[IdentityProvider] = fields.ForeignKeyField(
        "shared.IdentityProvider", related_name="sessions", null=True, on_delete=fields.SET_NULL
    )
    identity_provider_id: UUID | None
    client: fields.ForeignKeyNullableRelation[Client] = fields.ForeignKeyField(
        "shared.Client", related_name="sessions", null=True, on_delete=fields.SET_NULL
    )
    client_id: UUID | None
    support_grant: fields.ForeignKeyNullableRelation[SupportGrant] = fields.ForeignKeyField(
        "shared.SupportGrant", related_name="sessions", null=True, on_delete=fields.SET_NULL
    )
    support_grant_id: UUID | None

    # Absent where nothing continues the session: a client proves itself again.
    refresh_token_hash = DigestField(null=True, unique=True)
    # The one it replaced: whoever shows it again has a stolen copy, or lost the answer of the last rotation.
    previous_refresh_token_hash = DigestField(null=True, unique=True)
    rotated_at = fields.DatetimeField(null=True)

    authenticated_at = fields.DatetimeField()
    # How strongly the provider says the person proved it (OpenID Connect's acr, SAML's AuthnContextClassRef).
    acr = fields.CharField(max_length=255, null=True)
    # The provider's own session (OpenID Connect's sid, SAML's SessionIndex) and the hash of its name for the person:
    # what it says when it ends them.
    provider_session = fields.CharField(max_length=500, null=True)
    provider_subject_digest = DigestField(null=True)
    # The name itself, where signing out there takes it (SAML's NameID). Encrypted with the key encryption key.
    logout_name_encrypted = fields.BinaryField(null=True)
    last_used_at = fields.DatetimeField()
    idle_expires_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    revoked_reason = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "session"
        schema = SHARED_SCHEMA
        indexes = (
            ("tenant_id", "member_id"),
            ("identity_provider_id",),
            ("client_id",),
            ("support_grant_id",),
            ("expires_at",),
            ("revoked_at",),
        )
