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
    SAML = "saml"


class SigningPolicy(StrEnum):
    """What of a SAML answer must carry the provider's signature."""

    RESPONSE = "response"
    ASSERTION = "assertion"
    BOTH = "both"


class IdentityProvider(SharedModel):
    """Where a tenant's people prove who they are. For SAML, ``issuer`` is its entity ID, and there is no client."""

    tenant: fields.ForeignKeyRelation[Tenant] = fields.ForeignKeyField(
        "shared.Tenant", related_name="identity_providers", on_delete=fields.CASCADE
    )
    tenant_id: UUID
    name = fields.CharField(max_length=200)
    kind = fields.CharEnumField(IdentityProviderKind, max_length=16, default=IdentityProviderKind.OIDC)
    issuer = fields.CharField(max_length=1024)
    client_id = fields.CharField(max_length=255, null=True)
    # Encrypted with the key encryption key; absent for a public client.
    client_secret = fields.BinaryField(null=True)
    enabled = fields.BooleanField(default=False, db_default=False)
    # When a dry run of a sign-in last succeeded with what is in force. A connection is not switched on before one has.
    tested_at = fields.DatetimeField(null=True)
    # What is to be in force once a dry run with it succeeds: columns to values, as JSON has them.
    staged: fields.Field[dict[str, str | bool | dict[str, str] | None] | None] = fields.JSONField(null=True)
    # Counts up with every change of what a dry run proves, so that none proves what came after it.
    revision = fields.IntField(default=1, db_default=1)
    # When the log was last told that something of it is about to expire.
    warned_at = fields.DatetimeField(null=True)

    saml_metadata = fields.TextField(null=True)
    metadata_url = fields.CharField(max_length=2048, null=True)
    metadata_expires_at = fields.DatetimeField(null=True)
    certificate_expires_at = fields.DatetimeField(null=True)
    signing_policy = fields.CharEnumField(
        SigningPolicy, max_length=16, default=SigningPolicy.ASSERTION, db_default=SigningPolicy.ASSERTION.value
    )
    allow_unsolicited = fields.BooleanField(default=False, db_default=False)
    want_encrypted = fields.BooleanField(default=False, db_default=False)
    # How strongly its people have to prove who they are for what takes a recent sign-in, in the provider's words
    # (OpenID Connect's acr, SAML's AuthnContextClassRef).
    step_up_acr = fields.CharField(max_length=255, null=True)

    # Whether somebody unknown becomes a member by signing in, and what of.
    provision_members = fields.BooleanField(default=False, db_default=False)
    # In the tenant's own schema, so no foreign key.
    default_org_unit_id = fields.UUIDField(null=True)
    # ``{"claim": …, "value": …, "role": …}`` each: who brings the value in the claim, holds the role.
    role_mapping: fields.Field[list[dict[str, str]]] = fields.JSONField(default=list)
    # Our name for a claim (email, full_name, groups) to the provider's.
    claim_names: fields.Field[dict[str, str]] = fields.JSONField(default=dict)

    class Meta:
        table = "identity_provider"
        schema = SHARED_SCHEMA
        unique_together = (("tenant_id", "issuer", "client_id"),)
