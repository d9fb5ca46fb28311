from __future__ import annotations

import datetime

import strawberry

from auth.permissions import PUBLIC, Permission
from models.shared import IdentityProviderKind, SigningPolicy
from schema.fields import field

strawberry.enum(IdentityProviderKind, description="The protocol that an identity provider speaks.")
strawberry.enum(SigningPolicy, description="What of a SAML answer must carry the provider's signature.")


@strawberry.type(description="The provider's names for what we ask of it; null where it uses the usual one.")
class ClaimNames:
    email: str | None = field(requires=PUBLIC, attribute=True)
    email_verified: str | None = field(requires=PUBLIC, attribute=True)
    full_name: str | None = field(requires=PUBLIC, attribute=True)
    groups: str | None = field(requires=PUBLIC, attribute=True)


@strawberry.type(description="Who brings this value in this claim holds this role, from the first sign-in on.")
class RoleMappingRule:
    claim: str = field(requires=PUBLIC, attribute=True)
    value: str = field(requires=PUBLIC, attribute=True)
    role: str = field(requires=PUBLIC, attribute=True, description="The key of the role.")


@strawberry.type(description="What an owner ought to know about a connection.")
class IdentityProviderWarning:
    code: str = field(
        requires=PUBLIC,
        attribute=True,
        description="certificate_expires, metadata_expires, our_certificate_expires (within 30 days, or it has);"
        " weakly_signed_certificate, certificate_left_out, client_secret_unreadable.",
    )
    message: str = field(requires=PUBLIC, attribute=True)
    expires_at: datetime.datetime | None = field(requires=PUBLIC, attribute=True)
    urgent: bool = field(requires=PUBLIC, attribute=True, description="Within a week, or people are kept out already.")


@strawberry.type(description="Where the tenant's people prove who they are. Its secret is written and never read.")
class IdentityProvider:
    id: strawberry.ID = field(requires=PUBLIC, attribute=True)
    name: str = field(requires=PUBLIC, attribute=True)
    kind: IdentityProviderKind = field(requires=PUBLIC, attribute=True)
    issuer: str | None = field(
        requires=PUBLIC, attribute=True, description="For SAML, its entity ID. Null while it is not known."
    )
    client_id: str | None = field(requires=PUBLIC, attribute=True)
    has_client_secret: bool = field(requires=PUBLIC, attribute=True)
    enabled: bool = field(requires=PUBLIC, attribute=True)
    tested_at: datetime.datetime | None = field(
        requires=PUBLIC, attribute=True, description="When a dry run last worked with what is in force."
    )
    waits_for_test: list[str] = field(
        requires=PUBLIC,
        attribute=True,
        description="Settings that were changed, and are in force once a dry run works with them.",
    )
    claim_names: ClaimNames = field(requires=PUBLIC, attribute=True)
    metadata_url: str | None = field(requires=PUBLIC, attribute=True)
    metadata_expires_at: datetime.datetime | None = field(requires=PUBLIC, attribute=True)
    certificate_expires_at: datetime.datetime | None = field(
        requires=PUBLIC, attribute=True, description="When the last of the provider's certificates expires."
    )
    signing_policy: SigningPolicy | None = field(requires=PUBLIC, attribute=True)
    allow_unsolicited: bool = field(requires=PUBLIC, attribute=True)
    want_encrypted: bool = field(requires=PUBLIC, attribute=True)
    step_up_acr: str | None = field(
        requires=PUBLIC,
        attribute=True,
        description="How people prove who they are for what takes a recent sign-in; null: in any way.",
    )
    provision_members: bool = field(
        requires=PUBLIC, attribute=True, description="Whether somebody unknown becomes a member by signing in."
    )
    default_org_unit_id: strawberry.ID | None = field(
        requires=PUBLIC,
        attribute=True,
        description="Where new members belong, as node(id:) takes it; null: at top.",
    )
    role_mapping: list[RoleMappingRule] | None = field(requires=Permission.ROLE_READ, attribute=True)
    created_at: datetime.datetime = field(requires=PUBLIC, attribute=True)
    redirect_uri: str | None = field(
        requires=PUBLIC, attribute=True, description="This and the next three: to copy to an OpenID provider."
    )
    post_logout_redirect_uri: str | None = field(requires=PUBLIC, attribute=True)
    backchannel_logout_uri: str | None = field(requires=PUBLIC, attribute=True)
    frontchannel_logout_uri: str | None = field(requires=PUBLIC, attribute=True)
    sp_metadata_url: str | None = field(
        requires=PUBLIC, attribute=True, description="This and the next three: to copy to a SAML provider."
    )
    sp_entity_id: str | None = field(requires=PUBLIC, attribute=True)
    acs_url: str | None = field(requires=PUBLIC, attribute=True)
    single_logout_url: str | None = field(requires=PUBLIC, attribute=True)
    warnings: list[IdentityProviderWarning] = field(requires=PUBLIC, attribute=True)
