"""A tenant's identity provider, as far as a sign-in needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auth.sealing import Purpose, seal, unseal
from auth.sso.refusal import Refusal, SignInRefusedError
from models.shared import IdentityProvider, IdentityProviderKind

if TYPE_CHECKING:
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
    """

    id: UUID
    tenant_id: UUID
    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    name: str = ""


async def providers_of_tenant(settings: Settings, tenant_id: UUID) -> list[Provider]:
    """The providers that a tenant's people may sign in with, the oldest first."""
    return [_provider(settings, row) async for row in _enabled().filter(tenant_id=tenant_id).order_by("id")]


async def provider_by_id(
    settings: Settings, provider_id: UUID, tenant_id: UUID | None = None, *, enabled: bool = True
) -> Provider:
    """The provider that a sign-in started with, unless it was switched off since.

    Args:
        settings: of the whole server.
        provider_id: of the connection.
        tenant_id: whose it has to be; ``None`` only where nobody is signed in by it.
        enabled: whether it has to be switched on; signing out of it works either way.

    Raises:
        SignInRefusedError: it was, or there is none.
    """
    found = _enabled() if enabled else IdentityProvider.filter(kind=IdentityProviderKind.OIDC)
    row = await (found if tenant_id is None else found.filter(tenant_id=tenant_id)).filter(id=provider_id).first()
    if row is None:
        raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
    return _provider(settings, row)


def seal_client_secret(settings: Settings, provider_id: UUID, secret: str) -> bytes:
    """The form in which a client secret is stored. It opens for this provider's row only."""
    return seal(settings, Purpose.CLIENT_SECRET, secret.encode(), bound_to=str(provider_id))


def _enabled() -> QuerySet[IdentityProvider]:
    return IdentityProvider.filter(enabled=True, kind=IdentityProviderKind.OIDC)


def _provider(settings: Settings, row: IdentityProvider) -> Provider:
    if row.client_id is None:  # only SAML connections have none, and they don't get here
        raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
    secret = None
    if row.client_secret is not None:
        secret = unseal(settings, Purpose.CLIENT_SECRET, row.client_secret, bound_to=str(row.id)).decode()
    return Provider(row.id, row.tenant_id, row.issuer, row.client_id, secret, row.name)
