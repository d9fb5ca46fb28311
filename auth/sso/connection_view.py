"""A connection as its owner sees it: everything but the secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auth.sso.connection_addresses import ADDRESSES
from auth.sso.role_mapping import RoleRule, rules_of
from models.shared import IdentityProviderKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from auth.sso.connection_warnings import ConnectionWarning
    from models.shared import IdentityProvider, SigningPolicy


# By the columns that hold what is proved.
_SETTINGS: Final = {
    "issuer": "issuer",
    "client_id": "clientId",
    "client_secret": "clientSecret",
    "claim_names": "claimNames",
    "saml_metadata": "metadata",
    "metadata_url": "metadataUrl",
    "metadata_expires_at": "metadata",
    "certificate_expires_at": "metadata",
    "signing_policy": "signingPolicy",
    "allow_unsolicited": "allowUnsolicited",
    "want_encrypted": "wantEncrypted",
    "step_up_acr": "stepUpAcr",
}


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """The provider's names for what we ask of it; ``None`` where it uses the usual one."""

    email: str | None = None
    email_verified: str | None = None
    full_name: str | None = None
    groups: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """See the fields of ``IdentityProvider`` in the schema, which are these.

    Attributes:
        issuer: ``None`` while it is not known.
        waits_for_test: the settings with changes that wait for a test.
        default_org_unit_id: its key; the global id of it where GraphQL shows it.
    """

    id: UUID
    name: str
    kind: IdentityProviderKind
    issuer: str | None
    client_id: str | None
    has_client_secret: bool
    enabled: bool
    tested_at: datetime | None
    waits_for_test: list[str]
    claim_names: ClaimNames
    metadata_url: str | None
    metadata_expires_at: datetime | None
    certificate_expires_at: datetime | None
    signing_policy: SigningPolicy | None
    allow_unsolicited: bool
    want_encrypted: bool
    step_up_acr: str | None
    provision_members: bool
    default_org_unit_id: UUID | str | None
    role_mapping: tuple[RoleRule, ...]
    created_at: datetime
    redirect_uri: str | None
    post_logout_redirect_uri: str | None
    backchannel_logout_uri: str | None
    frontchannel_logout_uri: str | None
    sp_metadata_url: str | None
    sp_entity_id: str | None
    acs_url: str | None
    single_logout_url: str | None
    warnings: list[ConnectionWarning]


def connection_view(
    row: IdentityProvider, addresses: Mapping[str, str], warnings: list[ConnectionWarning]
) -> ConnectionView:
    """The connection of a row.

    Args:
        row: as it is in force.
        addresses: see ``connection_addresses``.
        warnings: see ``connection_warnings``.
    """
    of_oidc = row.kind is IdentityProviderKind.OIDC
    return ConnectionView(
        id=row.id,
        name=row.name,
        kind=row.kind,
        issuer=issuer_of(row),
        client_id=row.client_id,
        has_client_secret=row.client_secret is not None,
        enabled=row.enabled,
        tested_at=row.tested_at,
        waits_for_test=waiting_settings(row),
        claim_names=ClaimNames(**row.claim_names),
        metadata_url=row.metadata_url,
        metadata_expires_at=row.metadata_expires_at,
        certificate_expires_at=row.certificate_expires_at,
        signing_policy=None if of_oidc else row.signing_policy,
        allow_unsolicited=row.allow_unsolicited,
        want_encrypted=row.want_encrypted,
        step_up_acr=row.step_up_acr,
        provision_members=row.provision_members,
        default_org_unit_id=row.default_org_unit_id,
        role_mapping=rules_of(row.role_mapping),
        created_at=row.created_at,
        warnings=warnings,
        **{name: addresses.get(name) for name in ADDRESSES},
    )


def unknown_issuer(identity_provider_id: UUID) -> str:
    """What stands for the issuer until it is known. Nobody is called so."""
    return f"urn:uuid:{identity_provider_id}"


def issuer_of(row: IdentityProvider) -> str | None:
    """What the provider calls itself; ``None`` while that is not known."""
    return None if row.issuer == unknown_issuer(row.id) else row.issuer


def missing_settings(row: IdentityProvider) -> list[str]:
    """The settings without which nobody can be sent to the provider."""
    if row.kind is IdentityProviderKind.SAML:
        return [] if row.saml_metadata else ["metadata"]
    return [
        *(["issuer"] if issuer_of(row) is None else []),
        *([] if row.client_id else ["client_id"]),
    ]


def waiting_settings(row: IdentityProvider) -> list[str]:
    """The settings with changes that wait for a test, as interfaces name them."""
    return sorted({_SETTINGS[column] for column in row.staged or ()})
