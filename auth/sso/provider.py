"""A tenant's identity provider, as far as a sign-in needs it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tortoise.expressions import Q

from auth.sealing import Purpose, seal
from auth.sso.connection_staging import with_staged
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.role_mapping import RoleRule, rules_of
from auth.sso.saml.terms import SamlTerms
from auth.sso.sealed_secret import opened
from models.shared import IdentityProvider, IdentityProviderKind
from tenancy.asked_together import AskedTogether

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tortoise.queryset import QuerySet

    from settings import Settings


@dataclass(frozen=True, slots=True)
class Provider:
    """One connection of one tenant to one identity provider.

    Attributes:
        id: names the connection. Identities are (this, subject): no other provider can speak for its people.
        tenant_id: whose connection it is.
        issuer: what the provider must call itself, everywhere and to the letter.
        client_id: what the provider calls us.
        client_secret: how we prove that we are this client; ``None`` for a public client.
        name: what its people know it by.
        claim_names: our names for what it says (email, email_verified, full_name, groups) to its own.
        provision_members: whether somebody unknown becomes a member by signing in.
        default_org_unit_id: where; the top unit if absent.
        role_rules: which of its values give a new member which role.
        saml: the terms, if it speaks SAML; ``None``: it speaks OpenID Connect.
        revision: of what a dry run proves.
        step_up_acr: how strongly somebody has to prove who they are for a sign-in that counts as a recent one, in its
            words; ``None``: any way does.
    """

    id: UUID
    tenant_id: UUID
    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    name: str = ""
    claim_names: Mapping[str, str] = field(default_factory=dict)
    provision_members: bool = False
    default_org_unit_id: UUID | None = None
    role_rules: tuple[RoleRule, ...] = ()
    saml: SamlTerms | None = None
    revision: int = 1
    step_up_acr: str | None = None


async def provider_by_id(
    settings: Settings,
    provider_id: UUID,
    tenant_id: UUID | None = None,
    *,
    kind: IdentityProviderKind | None = None,
    dry_run: bool = False,
) -> Provider:
    """The provider that a sign-in started with, unless it was switched off since.

    Args:
        settings: of the whole server.
        provider_id: of the connection.
        tenant_id: whose it has to be; ``None`` only where a ticket of ours names the connection.
        kind: what it has to speak, where the message has come by a way of that protocol.
        dry_run: nobody will be signed in, so it need not be switched on, and what waits for a test counts.

    Raises:
        SignInRefusedError: it was, there is none, or its secret does not open.
    """
    if not dry_run:
        row = _checked(await connection_row(provider_id), tenant_id, kind)
        if not row.enabled or not _is_set_up(row):
            raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
        return as_provider(settings, row)
    row = _checked(await _set_up().filter(id=provider_id).first(), tenant_id, kind)
    if not row.staged:
        return as_provider(settings, row)
    waiting = as_provider(settings, with_staged(row))
    # What waits is tried as it was given: a document that is fetched anew takes the place of the one in force.
    return replace(waiting, saml=waiting.saml and replace(waiting.saml, metadata_url=None))


async def provider_that_signs_out(
    provider_id: UUID, tenant_id: UUID | None = None, *, kind: IdentityProviderKind | None = None
) -> Provider:
    """A provider whose sessions end, as it is in force, and switched on or not. That takes no secret, so it has none.

    Args:
        provider_id: of the connection.
        tenant_id: whose it has to be; ``None`` only where the provider speaks for itself.
        kind: what it has to speak, where the message has come by a way of that protocol.

    Raises:
        SignInRefusedError: there is none.
    """
    return _without_secret(_checked(await _set_up().filter(id=provider_id).first(), tenant_id, kind))


def seal_client_secret(settings: Settings, provider_id: UUID, secret: str) -> bytes:
    """The form in which a client secret is stored. It opens for this provider's row only."""
    return seal(settings, Purpose.CLIENT_SECRET, secret.encode(), bound_to=str(provider_id))


def as_provider(settings: Settings, row: IdentityProvider) -> Provider:
    """A row as a sign-in sees it.

    Raises:
        SignInRefusedError: its secret does not open.
    """
    provider, sealed = _without_secret(row), row.client_secret
    if sealed is None:
        return provider
    secret = opened(settings, Purpose.CLIENT_SECRET, sealed, bound_to=row.id, identity_provider_id=row.id)
    return replace(provider, client_secret=secret.decode())


def _without_secret(row: IdentityProvider) -> Provider:
    return Provider(
        id=row.id,
        tenant_id=row.tenant_id,
        issuer=row.issuer,
        client_id=row.client_id or "",
        client_secret=None,
        name=row.name,
        claim_names=row.claim_names,
        provision_members=row.provision_members,
        default_org_unit_id=row.default_org_unit_id,
        role_rules=rules_of(row.role_mapping),
        saml=_terms(row) if row.kind is IdentityProviderKind.SAML else None,
        revision=row.revision,
        step_up_acr=row.step_up_acr,
    )


async def _read_row(provider_id: UUID) -> IdentityProvider | None:
    return await IdentityProvider.get_or_none(id=provider_id)


async def _read_rows_of_tenant(tenant_id: UUID) -> list[IdentityProvider]:
    return await _set_up().filter(enabled=True, tenant_id=tenant_id).order_by("id")


# A connection's row as it is now, switched on or not. It must not be changed: others have the same one.
connection_row: Final = AskedTogether(_read_row)
# Those that a tenant's people may sign in with, the oldest first. They must not be changed either.
rows_of_tenant: Final = AskedTogether(_read_rows_of_tenant)


def _checked(
    row: IdentityProvider | None, tenant_id: UUID | None, kind: IdentityProviderKind | None
) -> IdentityProvider:
    if row is None or tenant_id not in {None, row.tenant_id} or kind not in {None, row.kind}:
        raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
    return row


def _terms(row: IdentityProvider) -> SamlTerms:
    return SamlTerms(
        metadata=row.saml_metadata,
        metadata_url=row.metadata_url,
        metadata_expires_at=row.metadata_expires_at,
        policy=row.signing_policy,
        encrypted=row.want_encrypted,
        unsolicited=row.allow_unsolicited,
    )


def _set_up() -> QuerySet[IdentityProvider]:
    """Those that somebody could be sent to."""
    return IdentityProvider.filter(
        Q(kind=IdentityProviderKind.OIDC, client_id__isnull=False)
        | Q(kind=IdentityProviderKind.SAML, saml_metadata__isnull=False)
    )


def _is_set_up(row: IdentityProvider) -> bool:
    """Whether it is one of those."""
    return (row.client_id if row.kind is IdentityProviderKind.OIDC else row.saml_metadata) is not None
