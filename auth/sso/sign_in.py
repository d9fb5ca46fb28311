"""Signing in, from the page that asks for it to the session that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auth.audit import Actor, record
from auth.sessions.session import SessionExistsError
from auth.sso.attempt import Attempt, new_attempt, seal_attempt, unseal_attempt
from auth.sso.domain_name import domain_of_address
from auth.sso.domains import tenant_of_domain
from auth.sso.membership import member_of
from auth.sso.provider import provider_by_id, providers_of_tenant
from auth.sso.provider_sessions import subject_digest
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.rehearsal import Rehearsal, rehearse, ticket_holder
from auth.sso.return_path import DEFAULT_RETURN_PATH, return_path
from models.tenant import AuditActorKind
from tenancy.errors import NoTenantError, UnknownTenantError
from tenancy.scope import tenant_scope
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sessions.session import Sessions, SessionTokens
    from auth.sso.id_token import Identity
    from auth.sso.oidc import OpenIdConnect
    from auth.sso.provider import Provider
    from settings import Settings
    from tenancy.directory import Directory
    from tenancy.placement import TenantPlacement


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
        self, organisation: str, wanted_path: str | None, *, provider_id: UUID | None = None
    ) -> Departure | Crossroads:
        """Send somebody to their organisation's identity provider, or have them choose where it has several.

        Whether the person exists is not looked at: who knows a domain learns what the organisation's name would tell.

        Args:
            organisation: the tenant's short name, or an e-mail address in one of its verified domains.
            wanted_path: where to go afterwards.
            provider_id: what was chosen.

        Raises:
            SignInRefusedError: there is no such tenant, or its provider can't be used.
        """
        placement = await self._placement(organisation.strip().lower())
        if provider_id is not None:
            return await self._depart(
                await provider_by_id(self._settings, provider_id, placement.tenant_id), return_path(wanted_path)
            )
        providers = await providers_of_tenant(self._settings, placement.tenant_id)
        if not providers:
            raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
        if len(providers) > 1:
            return Crossroads(placement.slug, tuple(providers))
        return await self._depart(providers[0], return_path(wanted_path))

    async def begin_rehearsal(self, ticket: str) -> Departure:
        """Send somebody to a provider to see what it says; the connection need not be switched on.

        Raises:
            SignInRefusedError: the ticket is not good, or the provider can't be used.
        """
        provider = await provider_by_id(self._settings, ticket_holder(self._settings, ticket), dry_run=True)
        return await self._depart(provider, DEFAULT_RETURN_PATH, dry_run=True)

    async def complete(self, query: str, sealed_attempt: str | None) -> Arrival | Rehearsal:
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
            provider = await provider_by_id(
                self._settings, attempt.provider_id, attempt.tenant_id, dry_run=attempt.dry_run
            )
            identity = await self._oidc.identity(provider, attempt, query)
            if attempt.dry_run:
                return await rehearse(placement, provider, identity)
            return await self._arrive(placement, provider, attempt, identity)
        except (UnknownTenantError, NoTenantError) as failure:
            raise SignInRefusedError(Refusal.UNKNOWN_TENANT) from failure

    async def _placement(self, organisation: str) -> TenantPlacement:
        try:
            if "@" not in organisation:
                return await self._directory.by_slug(checked_slug(organisation))
            domain = domain_of_address(organisation)
            tenant_id = None if domain is None else await tenant_of_domain(domain)
            if tenant_id is not None:
                return await self._directory.by_id(tenant_id)
        except (SlugRefusedError, UnknownTenantError) as failure:
            raise SignInRefusedError(Refusal.UNKNOWN_TENANT) from failure
        raise SignInRefusedError(Refusal.UNKNOWN_TENANT)

    async def _depart(self, provider: Provider, wanted_path: str, *, dry_run: bool = False) -> Departure:
        attempt = new_attempt(provider, wanted_path, dry_run=dry_run)
        url = await self._oidc.authorization_url(provider, attempt)
        return Departure(url, seal_attempt(self._settings, attempt))

    async def _arrive(
        self, placement: TenantPlacement, provider: Provider, attempt: Attempt, identity: Identity
    ) -> Arrival:
        try:
            member_id = await member_of(placement, provider, identity)
        except SignInRefusedError as refused:
            # The provider has vouched for somebody whom the tenant does not let in: its administrators want to know.
            async with tenant_scope(placement, authorization_version=None):
                await record(
                    Actor(AuditActorKind.IDENTITY_PROVIDER, provider.id),
                    "sign_in:refuse",
                    details={"reason": refused.reason.value},
                )
            raise
        try:
            tokens = await self._sessions.begin(
                tenant_id=placement.tenant_id,
                member_id=member_id,
                identity_provider_id=provider.id,
                authenticated_at=identity.authenticated_at,
                session_id=attempt.session_id,
                provider_session=identity.provider_session,
                provider_subject_digest=subject_digest(provider.id, identity.subject),
                acr=identity.acr,
            )
        except SessionExistsError as failure:
            raise SignInRefusedError(Refusal.ATTEMPT_USED) from failure
        return Arrival(tokens, return_path(attempt.return_path))
