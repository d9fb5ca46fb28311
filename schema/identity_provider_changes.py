"""What can be written about identity providers, and what is answered."""

from __future__ import annotations

import strawberry

from auth.permissions import PUBLIC, Permission
from models.shared import IdentityProviderKind, SigningPolicy
from schema.fields import field, input_field, required_input_field
from schema.identity_provider import IdentityProvider
from schema.user_error import UserError

_WRITE = Permission.IDENTITY_PROVIDER_WRITE


@strawberry.input(description="Null: the usual name. What is left out stays as it is.")
class ClaimNamesInput:
    email: str | None = input_field(requires=_WRITE, column="claim_email")
    email_verified: str | None = input_field(requires=_WRITE, column="claim_email_verified")
    full_name: str | None = input_field(requires=_WRITE, column="claim_full_name")
    groups: str | None = input_field(requires=_WRITE, column="claim_groups")


@strawberry.input
class RoleMappingRuleInput:
    claim: str = required_input_field(requires=_WRITE)
    value: str = required_input_field(requires=_WRITE, description="Compared to the letter.")
    role: str = required_input_field(
        requires=_WRITE, description="The key of a role. Owner, and roles that decide about others, cannot be mapped."
    )


@strawberry.input
class IdentityProviderKeys:
    """What the inputs below have in common."""

    issuer: str | None = input_field(requires=_WRITE, description="OpenID Connect: to the letter. An https address.")
    client_id: str | None = input_field(requires=_WRITE, description="OpenID Connect: what the provider calls us.")
    client_secret: str | None = input_field(requires=_WRITE, description="OpenID Connect. It is never shown again.")
    metadata: str | None = input_field(requires=_WRITE, description="SAML: the provider's metadata document.")
    metadata_url: str | None = input_field(
        requires=_WRITE, description="SAML: where the document is. It is fetched now, and whenever this is given again."
    )
    signing_policy: SigningPolicy | None = input_field(requires=_WRITE, description="SAML.")
    allow_unsolicited: bool | None = input_field(
        requires=_WRITE, description="SAML: take sign-ins that were begun at the provider."
    )
    want_encrypted: bool | None = input_field(
        requires=_WRITE, description="SAML: refuse assertions that are not encrypted."
    )
    step_up_acr: str | None = input_field(
        requires=_WRITE,
        description="An acr (SAML: AuthnContextClassRef) that the provider is asked for, and has to state, where a"
        " recent sign-in is wanted.",
    )
    claim_names: ClaimNamesInput | None = input_field(requires=_WRITE)
    provision_members: bool | None = input_field(requires=_WRITE)
    default_org_unit_id: strawberry.ID | None = input_field(requires=_WRITE)
    role_mapping: list[RoleMappingRuleInput] | None = input_field(requires=_WRITE, description="All of the rules.")


@strawberry.input
class IdentityProviderCreateInput(IdentityProviderKeys):
    name: str = required_input_field(requires=_WRITE)
    kind: IdentityProviderKind = required_input_field(requires=_WRITE)


@strawberry.input
class IdentityProviderUpdateInput(IdentityProviderKeys):
    id: strawberry.ID = required_input_field(requires=_WRITE)
    name: str | None = input_field(requires=_WRITE)
    discard_waiting: bool | None = input_field(
        requires=_WRITE, description="First forget the changes that wait for a test."
    )


@strawberry.input
class IdentityProviderSetEnabledInput:
    id: strawberry.ID = required_input_field(requires=_WRITE)
    enabled: bool = required_input_field(requires=_WRITE)


@strawberry.input
class IdentityProviderDeleteInput:
    id: strawberry.ID = required_input_field(requires=_WRITE)


@strawberry.input
class IdentityProviderTestInput:
    id: strawberry.ID = required_input_field(requires=_WRITE)


@strawberry.input
class IdentityProviderRotateKeyInput:
    id: strawberry.ID = required_input_field(requires=_WRITE)
    keep_days: int | None = input_field(
        requires=_WRITE,
        description="How long what was encrypted with the present key is still opened; null: until it ends.",
    )


@strawberry.type
class IdentityProviderRotateKeyPayload:
    identity_provider: IdentityProvider | None = field(requires=Permission.IDENTITY_PROVIDER_READ, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class IdentityProviderCreatePayload:
    identity_provider: IdentityProvider | None = field(requires=Permission.IDENTITY_PROVIDER_READ, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class IdentityProviderUpdatePayload:
    identity_provider: IdentityProvider | None = field(requires=Permission.IDENTITY_PROVIDER_READ, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class IdentityProviderSetEnabledPayload:
    identity_provider: IdentityProvider | None = field(requires=Permission.IDENTITY_PROVIDER_READ, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class IdentityProviderDeletePayload:
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class IdentityProviderTestPayload:
    test_url: str | None = field(
        requires=PUBLIC, attribute=True, description="Open it in a browser within 15 minutes. It signs nobody in."
    )
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
