"""Signing out across the two sides: ours told by the provider, and the provider's told by ours."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from typing import TYPE_CHECKING, Final

import httpx2

from auth.cookies import Cookie
from auth.sso.attempt import SIGN_OUT, seal_attempt, unseal_attempt
from auth.sso.departure import Departure
from auth.sso.provider import provider_that_signs_out
from auth.sso.provider_sessions import end_by_logout, end_provider_sessions
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.refusal_audit import RefusalAudit
from models.shared import IdentityProviderKind
from tenancy.errors import NoTenantError, UnknownTenantError

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sessions.ended_session import EndedSession
    from auth.sso.oidc import OpenIdConnect
    from auth.sso.provider import Provider
    from auth.sso.saml.addressed import Addressed
    from auth.sso.saml.incoming import Incoming
    from auth.sso.saml.sign_off import SamlSignOff
    from settings import Settings
    from tenancy.directory import Directory

SIGNED_OUT_PATH: Final = "/auth/logout"

# Somebody who signs out is signed out of ours already. A provider that is slow may not keep them waiting.
_PATIENCE_SECONDS: Final = 3.0


class SignOut:
    """What providers tell us of sign-outs, and what we tell them."""

    def __init__(self, settings: Settings, directory: Directory, oidc: OpenIdConnect, saml: SamlSignOff) -> None:
        self._settings = settings
        self._directory = directory
        self._oidc = oidc
        self._saml = saml
        self._refusals = RefusalAudit()

    async def by_back_channel(self, provider_id: UUID, token: str) -> int:
        """End the sessions that a logout token names; how many there were.

        Raises:
            SignInRefusedError: the token is not to be believed, or was used before.
        """
        provider = await provider_that_signs_out(provider_id, kind=IdentityProviderKind.OIDC)
        claims = await self._oidc.logout_claims(provider, token)
        return await end_by_logout(
            provider.id,
            claims.token_id,
            claims.expires_at,
            subject=claims.subject,
            provider_sessions=(claims.provider_session,),
        )

    async def by_front_channel(self, provider_id: UUID, issuer: str, provider_session: str) -> str:
        """End the session that a provider's page names in the browser; the origin that may frame our answer.

        Nothing is signed here. But the name of a session is the provider's secret, and all it can do is end that one.

        Raises:
            SignInRefusedError: it is no such provider, or says it is another.
        """
        provider = await provider_that_signs_out(provider_id, kind=IdentityProviderKind.OIDC)
        if issuer != provider.issuer or not provider_session:
            raise SignInRefusedError(Refusal.ISSUER_PARAMETER)
        await end_provider_sessions(
            provider.id, subject=None, provider_session=provider_session, reason="provider_signed_out"
        )
        address = httpx2.URL(provider.issuer)
        return f"{address.scheme}://{address.netloc.decode('ascii')}"

    async def by_saml(self, connection: Addressed, message: Incoming) -> tuple[int, Departure | None]:
        """End the sessions that a SAML provider's request names: how many there were, and where the answer goes.

        Raises:
            SignInRefusedError: the request is not to be believed, or was used before.
        """
        ended, answer = await self._saml.heard(connection, message)
        if answer is None:
            return ended, None
        return ended, Departure(answer.address, None, fields=answer.fields, provider=connection.provider.name)

    async def answered(self, connection: Addressed, message: Incoming, sealed_attempt: str | None) -> None:
        """Whether a SAML provider has signed somebody out who has signed out here, in this browser.

        Raises:
            SignInRefusedError: it does not say so, or it is not to be believed.
        """
        attempt = unseal_attempt(self._settings, sealed_attempt, bound_to=SIGN_OUT)
        if (attempt.tenant_id, attempt.provider_id) != (connection.placement.tenant_id, connection.provider.id):
            raise SignInRefusedError(Refusal.ATTEMPT_MISSING)
        if not hmac.compare_digest(message.relay_state.encode(), attempt.state.encode()):
            raise SignInRefusedError(Refusal.SAML_RELAY_STATE)
        await self._saml.check(connection, message, attempt)

    async def note(self, connection: Addressed, reason: Refusal, request_id: str) -> None:
        """Tell the tenant's audit that a SAML provider's message about a sign-out was refused."""
        with contextlib.suppress(NoTenantError):
            await self._refusals.note(
                connection.placement, connection.provider.id, reason, request_id, "sign_out:refuse"
            )

    async def onward(self, ended: EndedSession | None) -> Departure | None:
        """Where a browser goes on to, so that the person is signed out of the provider too; ``None``: nowhere."""
        if ended is None or ended.identity_provider_id is None:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                provider = await provider_that_signs_out(ended.identity_provider_id, ended.tenant_id)
                if provider.saml is not None:
                    return await self._to_saml(provider, ended)
                back = self._settings.public_url.rstrip("/") + SIGNED_OUT_PATH
                url = await self._oidc.end_session_url(provider, back)
                return None if url is None else Departure(url, None, provider=provider.name)
        except (SignInRefusedError, UnknownTenantError, TimeoutError):
            return None

    async def _to_saml(self, provider: Provider, ended: EndedSession) -> Departure | None:
        placement = await self._directory.by_id(ended.tenant_id)
        made = await self._saml.request(provider, placement.slug, ended)
        if made is None:
            return None
        request, attempt = made
        sealed = seal_attempt(self._settings, attempt, bound_to=SIGN_OUT)
        return Departure(request.address, sealed, Cookie.SAML_SIGN_OUT, request.fields, provider.name)
