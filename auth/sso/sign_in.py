"""Signing in, from the page that asks for it to the session that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auth.sessions.session import SessionExistsError
from auth.sso.attempt import new_attempt, seal_attempt, unseal_attempt
from auth.sso.membership import member_of
from auth.sso.provider import provider_by_id, providers_of_tenant
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.return_path import return_path
from tenancy.errors import NoTenantError, UnknownTenantError
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sessions.session import Sessions, SessionTokens
    from auth.sso.oidc import OpenIdConnect
    from auth.sso.provider import Provider
    from settings import Settings
    from tenancy.directory import Directory


@dataclass(frozen=True, slots=True)
class Departure:
    """A person on the way to their provider.

    Attributes:
        url: where to send the browser.
        attempt: what the browser has to keep and bring back, sealed.
    """

    url: str
    attempt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Crossroads:
    """A person whose tenant has several providers, to choose from."""

    tenant: str
    providers: tuple[Provider, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A person who is signed in, and the page of ours that they wanted."""

    tokens: SessionTokens
    return_path: str


class SignIn:
    """Both halves of a sign-in."""

    def __init__(self, settings: Settings, directory: Directory, oidc: OpenIdConnect, sessions: Sessions) -> None:
        self._settings = settings
        self._directory = directory
        self._oidc = oidc
        self._sessions = sessions

    async def begin(
        self, tenant: str, wanted_path: str | None, *, provider_id: UUID | None = None
    ) -> Departure | Crossroads:
        """Send somebody of this tenant to its identity provider, or have them choose where it has several.

        Args:
            tenant: its short name.
            wanted_path: where to go afterwards.
            provider_id: what was chosen.

        Raises:
            SignInRefusedError: there is no such tenant, or its provider can't be used.
        """
        try:
            placement = await self._directory.by_slug(checked_slug(tenant))
        except (SlugRefusedError, UnknownTenantError) as failure:
            raise SignInRefusedError(Refusal.UNKNOWN_TENANT) from failure
        if provider_id is not None:
            chosen = await provider_by_id(self._settings, provider_id, placement.tenant_id)
            return await self._depart(chosen, wanted_path)
        providers = await providers_of_tenant(self._settings, placement.tenant_id)
        if not providers:
            raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
        if len(providers) > 1:
            return Crossroads(placement.slug, tuple(providers))
        return await self._depart(providers[0], wanted_path)

    async def _depart(self, provider: Provider, wanted_path: str | None) -> Departure:
        attempt = new_attempt(provider, return_path(wanted_path))
        url = await self._oidc.authorization_url(provider, attempt)
        return Departure(url, seal_attempt(self._settings, attempt))

    async def complete(self, query: str, sealed_attempt: str | None) -> Arrival:
        """Take somebody in who comes back from their provider.

        Args:
            query: the query string that they come back with.
            sealed_attempt: what their browser has kept.

        Raises:
            SignInRefusedError: they are not signed in.
        """
        attempt = unseal_attempt(self._settings, sealed_attempt)
        try:
            placement = await self._directory.by_id(attempt.tenant_id)
            provider = await provider_by_id(self._settings, attempt.provider_id, attempt.tenant_id)
            identity = await self._oidc.identity(provider, attempt, query)
            member_id = await member_of(placement, provider, identity)
        except (UnknownTenantError, NoTenantError) as failure:
            raise SignInRefusedError(Refusal.UNKNOWN_TENANT) from failure
        try:
            tokens = await self._sessions.begin(
                tenant_id=placement.tenant_id,
                member_id=member_id,
                identity_provider_id=provider.id,
                authenticated_at=identity.authenticated_at,
                session_id=attempt.session_id,
            )
        except SessionExistsError as failure:
            raise SignInRefusedError(Refusal.ATTEMPT_USED) from failure
        return Arrival(tokens, return_path(attempt.return_path))
