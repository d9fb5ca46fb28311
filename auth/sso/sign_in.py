"""Signing in, from the page that asks for it to the session that comes of it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auth.audit import Actor, AuditSubject, record, record_alone
from auth.cookies import Cookie
from auth.sessions.refresh_token import recognised_token
from auth.sessions.session import SessionExistsError
from auth.sso.attempt import Attempt, new_attempt, seal_attempt, unseal_attempt
from auth.sso.departure import Departure
from auth.sso.domain_name import domain_of_address
from auth.sso.domains import tenant_of_domain
from auth.sso.id_token import CLOCK_SKEW_SECONDS, NOT_SAID
from auth.sso.membership import member_of
from auth.sso.provider import as_provider, provider_by_id, rows_of_tenant
from auth.sso.provider_sessions import subject_digest
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.rehearsal import Rehearsal, rehearse, ticket_holder
from auth.sso.return_path import DEFAULT_RETURN_PATH, return_path
from auth.sso.saml.attributes import identity_of
from auth.sso.saml.refusal_audit import RefusalAudit
from auth.sso.saml.unsolicited import MAX_RELAY_STATE, Confirmation, seal_identity, unseal_identity, who_it_is
from auth.unauthenticated import UnauthenticatedError
from models.shared import IdentityProviderKind
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
    from auth.sso.saml.addressed import Addressed
    from auth.sso.saml.incoming import Incoming
    from auth.sso.saml.sign_on import SamlSignOn
    from settings import Settings
    from tenancy.directory import Directory
    from tenancy.placement import TenantPlacement


@dataclass(frozen=True, slots=True)
class Crossroads:
    """A person whose tenant has several providers, to choose from.

    Attributes:
        tenant: its name in paths.
        providers: their ids and names. One that can't be used is found out when it is chosen, and keeps nobody from
            the others.
    """

    tenant: str
    providers: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A person who is signed in, and the page of ours that they wanted.

    Attributes:
        tokens: of their session.
        return_path: the page.
        replaces: the session that their browser had before.
    """

    tokens: SessionTokens
    return_path: str
    replaces: UUID | None = None


class SignIn:
    """Both halves of a sign-in."""

    def __init__(
        self, settings: Settings, directory: Directory, oidc: OpenIdConnect, saml: SamlSignOn, sessions: Sessions
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._oidc = oidc
        self._saml = saml
        self._sessions = sessions
        self._refusals = RefusalAudit()

    async def begin(
        self,
        organisation: str,
        wanted_path: str | None,
        *,
        provider_id: UUID | None = None,
        refresh_token: str | None = None,
        max_age: int | None = None,
    ) -> Departure | Crossroads:
        """Send somebody to their organisation's identity provider, or have them choose where it has several.

        Whether the person exists is not looked at: who knows a domain learns what the organisation's name would tell.

        Args:
            organisation: the tenant's short name, or an e-mail address in one of its verified domains.
            wanted_path: where to go afterwards.
            provider_id: what was chosen.
            refresh_token: of the session that the browser has now. A new one replaces it.
            max_age: how many seconds ago they may have proved who they are to the provider. If it was longer ago, or
                the provider does not say, they are not signed in.

        Raises:
            SignInRefusedError: there is no such tenant, or its provider can't be used.
        """
        placement = await self._placement(organisation.strip().lower())
        current = recognised_token(self._settings, refresh_token or "")
        replaces = None if current is None else current.session_id
        if provider_id is not None:
            provider = await provider_by_id(self._settings, provider_id, placement.tenant_id)
            return await self._depart(
                placement,
                provider,
                new_attempt(provider, return_path(wanted_path), replaces=replaces, max_age=max_age),
            )
        rows = await rows_of_tenant(placement.tenant_id)
        if not rows:
            raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
        if len(rows) > 1:
            return Crossroads(placement.slug, tuple((row.id, row.name) for row in rows))
        provider = as_provider(self._settings, rows[0])
        return await self._depart(
            placement,
            provider,
            new_attempt(provider, return_path(wanted_path), replaces=replaces, max_age=max_age),
        )

    async def begin_rehearsal(self, ticket: str) -> Departure:
        """Send somebody to a provider to see what it says; the connection need not be switched on.

        Raises:
            SignInRefusedError: the ticket is not good, or the provider can't be used.
        """
        provider = await provider_by_id(self._settings, ticket_holder(self._settings, ticket), dry_run=True)
        try:
            placement = await self._directory.by_id(provider.tenant_id)
        except UnknownTenantError as failure:
            raise SignInRefusedError(Refusal.UNKNOWN_TENANT) from failure
        return await self._depart(placement, provider, new_attempt(provider, DEFAULT_RETURN_PATH, dry_run=True))

    async def complete(
        self, connection_id: UUID | None, query: str, sealed_attempt: str | None, *, request_id: str | None = None
    ) -> Arrival | Rehearsal:
        """Take somebody in who comes back from their provider.

        Args:
            connection_id: whose address they come back to. A provider sends people to its own address only.
            query: the query string that they come back with.
            sealed_attempt: what their browser has kept.
            request_id: what the person can ask about if they are not signed in.

        Raises:
            SignInRefusedError: they are not signed in.
        """
        attempt = unseal_attempt(self._settings, sealed_attempt)
        if attempt.provider_id != connection_id:
            raise SignInRefusedError(Refusal.ATTEMPT_MISSING)
        try:
            placement = await self._directory.by_id(attempt.tenant_id)
            provider = await provider_by_id(
                self._settings,
                attempt.provider_id,
                attempt.tenant_id,
                kind=IdentityProviderKind.OIDC,
                dry_run=attempt.dry_run,
            )
            identity = await self._oidc.identity(provider, attempt, query)
            if attempt.dry_run:
                _refuse_weaker(attempt, identity)
                return await rehearse(placement, provider, identity)
            return await self._arrive(placement, provider, attempt, identity, request_id)
        except (UnknownTenantError, NoTenantError) as failure:
            raise SignInRefusedError(Refusal.UNKNOWN_TENANT) from failure

    async def complete_response(
        self, connection: Addressed, message: Incoming, sealed_attempt: str | None, *, request_id: str
    ) -> Arrival | Rehearsal | Confirmation:
        """Take somebody in whom a SAML provider has sent back with a response.

        Or ask them first, if the provider sends them without having been asked and the connection takes that.

        Args:
            connection: that the response was posted to.
            message: what was posted.
            sealed_attempt: what their browser has kept.
            request_id: what the person can ask about if they are not signed in.

        Raises:
            SignInRefusedError: they are not signed in. The tenant's audit tells of it.
        """
        placement, provider = connection.placement, connection.provider
        try:
            try:
                attempt = self._answered_attempt(connection, message, sealed_attempt)
                if attempt is not None and attempt.dry_run:
                    provider = await provider_by_id(self._settings, provider.id, placement.tenant_id, dry_run=True)
                    connection = replace(connection, provider=provider)
                assertion = await self._saml.assertion(connection, message.raw, attempt)
                identity = await identity_of(provider, assertion)
                if attempt is None:
                    return await self._ask(connection, identity, message.relay_state)
            except SignInRefusedError as refused:
                await self._refusals.note(placement, provider.id, refused.reason, request_id)
                raise
            if attempt.dry_run:
                _refuse_weaker(attempt, identity)
                return await rehearse(placement, provider, identity)
            return await self._arrive(placement, provider, attempt, identity, request_id)
        except NoTenantError as failure:
            raise SignInRefusedError(Refusal.UNKNOWN_TENANT) from failure

    async def confirm(
        self, connection: Addressed, sealed_identity: str, sealed_attempt: str | None, *, request_id: str
    ) -> Arrival:
        """Take in who has said yes to a ``Confirmation``. The request must have come from a page of ours.

        Args:
            connection: whose provider has sent them.
            sealed_identity: what the page has brought back.
            sealed_attempt: what their browser has kept.
            request_id: what the person can ask about if they are not signed in.

        Raises:
            SignInRefusedError: they are not signed in.
        """
        placement, provider = connection.placement, connection.provider
        try:
            try:
                attempt = self._own_attempt(connection, sealed_attempt)
                if not _takes_unsolicited(connection):
                    raise SignInRefusedError(Refusal.SAML_UNSOLICITED)  # noqa: TRY301 - written down as the others are
                identity = unseal_identity(self._settings, attempt, sealed_identity)
            except SignInRefusedError as refused:
                await self._refusals.note(placement, provider.id, refused.reason, request_id)
                raise
            return await self._arrive(placement, provider, attempt, identity, request_id)
        except NoTenantError as failure:
            raise SignInRefusedError(Refusal.UNKNOWN_TENANT) from failure

    async def _ask(self, connection: Addressed, identity: Identity, relay_state: str) -> Confirmation:
        provider = connection.provider
        attempt = new_attempt(provider, return_path(relay_state if len(relay_state) <= MAX_RELAY_STATE else None))
        return Confirmation(
            address=connection.ours.confirmation,
            who=await who_it_is(connection.placement, provider, identity),
            provider=provider.name,
            identity=seal_identity(self._settings, attempt, identity),
            attempt=seal_attempt(self._settings, attempt),
        )

    def _answered_attempt(self, connection: Addressed, message: Incoming, sealed_attempt: str | None) -> Attempt | None:
        """The attempt of this browser that a response is for; ``None``: it is for none, and may be."""
        try:
            return self._own_attempt(connection, sealed_attempt, relay_state=message.relay_state)
        except SignInRefusedError:
            if not _takes_unsolicited(connection):
                raise
            return None

    def _own_attempt(
        self, connection: Addressed, sealed_attempt: str | None, *, relay_state: str | None = None
    ) -> Attempt:
        attempt = unseal_attempt(self._settings, sealed_attempt)
        if (attempt.tenant_id, attempt.provider_id) != (connection.placement.tenant_id, connection.provider.id):
            raise SignInRefusedError(Refusal.ATTEMPT_MISSING)
        if not (connection.enabled or attempt.dry_run):
            raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
        if relay_state is not None and not hmac.compare_digest(relay_state.encode(), attempt.state.encode()):
            raise SignInRefusedError(Refusal.SAML_RELAY_STATE)
        return attempt

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

    async def _depart(self, placement: TenantPlacement, provider: Provider, attempt: Attempt) -> Departure:
        sealed = seal_attempt(self._settings, attempt)
        if provider.saml is None:
            return Departure(await self._oidc.authorization_url(provider, attempt), sealed, provider=provider.name)
        request = await self._saml.request(provider, placement.slug, attempt)
        return Departure(request.address, sealed, Cookie.SAML_SIGN_IN, request.fields, provider.name)

    async def _arrive(
        self,
        placement: TenantPlacement,
        provider: Provider,
        attempt: Attempt,
        identity: Identity,
        request_id: str | None = None,
    ) -> Arrival:
        try:
            _refuse_older(attempt, identity)
            _refuse_weaker(attempt, identity)
            member_id = await member_of(placement, provider, identity)
        except SignInRefusedError as refused:
            # The provider has vouched for somebody whom the tenant does not let in: its administrators want to know.
            async with tenant_scope(placement, authorization_version=None):
                await record(
                    Actor(AuditActorKind.IDENTITY_PROVIDER, provider.id),
                    "sign_in:refuse",
                    details={"reason": refused.reason.value},
                    request_id=request_id,
                )
            raise
        try:
            # The tenant's transaction around the other: who can't be written down is not signed in.
            async with tenant_scope(placement, authorization_version=None):
                tokens = await self._sessions.begin(
                    tenant_id=placement.tenant_id,
                    member_id=member_id,
                    identity_provider_id=provider.id,
                    authenticated_at=_proved_at(provider, identity),
                    session_id=attempt.session_id,
                    provider_session=identity.provider_session,
                    provider_subject_digest=subject_digest(provider.id, identity.subject),
                    acr=identity.acr,
                    ends_at=identity.ends_at,
                    logout_name=identity.logout_name,
                )
                await record_alone(
                    Actor(AuditActorKind.MEMBER, member_id),
                    "session:begin",
                    AuditSubject("session", attempt.session_id),
                    details={"identity_provider": str(provider.id), "acr": identity.acr},
                    request_id=request_id,
                )
        except SessionExistsError as failure:
            raise SignInRefusedError(Refusal.ATTEMPT_USED) from failure
        except UnauthenticatedError as failure:  # switched off since
            raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER) from failure
        return Arrival(tokens, return_path(attempt.return_path), attempt.replaces)


def _takes_unsolicited(connection: Addressed) -> bool:
    terms = connection.provider.saml
    return connection.enabled and terms is not None and terms.unsolicited


def _refuse_older(attempt: Attempt, identity: Identity) -> None:
    """What was asked of the provider it may not have done, or not have understood: its word about the time counts."""
    if attempt.max_age is None:
        return
    if identity.authenticated_at < attempt.started_at - attempt.max_age - CLOCK_SKEW_SECONDS:
        raise SignInRefusedError(Refusal.SIGN_IN_TOO_OLD)


def _refuse_weaker(attempt: Attempt, identity: Identity) -> None:
    """A provider is free to leave the wish for a stronger sign-in aside, so its word about that counts as well."""
    if attempt.acr is not None and identity.acr != attempt.acr:
        raise SignInRefusedError(Refusal.SIGN_IN_TOO_WEAK)


def _proved_at(provider: Provider, identity: Identity) -> int:
    """When somebody proved who they are so strongly that it counts as a recent sign-in, where the connection asks."""
    return identity.authenticated_at if provider.step_up_acr in {None, identity.acr} else NOT_SAID
