"""Signing out across the two sides: ours told by the provider, and the provider's told by ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import httpx2

from auth.sso.provider import provider_by_id
from auth.sso.provider_sessions import consume_logout, end_provider_sessions
from auth.sso.refusal import Refusal, SignInRefusedError
from models.shared import IdentityProviderKind

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sso.oidc import OpenIdConnect
    from settings import Settings

SIGNED_OUT_PATH: Final = "/auth/logout"

# Somebody who signs out is signed out of ours already. A provider that is slow may not keep them waiting.
_PATIENCE_SECONDS: Final = 3.0


class SignOut:
    """What providers tell us of sign-outs, and what we tell them."""

    def __init__(self, settings: Settings, oidc: OpenIdConnect) -> None:
        self._settings = settings
        self._oidc = oidc

    async def by_back_channel(self, provider_id: UUID, token: str) -> int:
        """End the sessions that a logout token names; how many there were.

        Raises:
            SignInRefusedError: the token is not to be believed, or was used before.
        """
        provider = await provider_by_id(self._settings, provider_id, kind=IdentityProviderKind.OIDC, dry_run=True)
        claims = await self._oidc.logout_claims(provider, token)
        await consume_logout(provider.id, claims.token_id, claims.expires_at)
        return await end_provider_sessions(
            provider.id,
            subject=claims.subject,
            provider_session=claims.provider_session,
            reason="provider_signed_out",
        )

    async def by_front_channel(self, provider_id: UUID, issuer: str, provider_session: str) -> str:
        """End the session that a provider's page names in the browser; the origin that may frame our answer.

        Nothing is signed here. But the name of a session is the provider's secret, and all it can do is end that one.

        Raises:
            SignInRefusedError: it is no such provider, or says it is another.
        """
        provider = await provider_by_id(self._settings, provider_id, kind=IdentityProviderKind.OIDC, dry_run=True)
        if issuer != provider.issuer or not provider_session:
            raise SignInRefusedError(Refusal.ISSUER_PARAMETER)
        await end_provider_sessions(
            provider.id, subject=None, provider_session=provider_session, reason="provider_signed_out"
        )
        address = httpx2.URL(provider.issuer)
        return f"{address.scheme}://{address.netloc.decode('ascii')}"

    async def onward(self, provider_id: UUID | None) -> str | None:
        """Where a browser goes on to, so that the person is signed out of the provider too; ``None``: nowhere."""
        if provider_id is None:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                provider = await provider_by_id(
                    self._settings, provider_id, kind=IdentityProviderKind.OIDC, dry_run=True
                )
                return await self._oidc.end_session_url(
                    provider, self._settings.public_url.rstrip("/") + SIGNED_OUT_PATH
                )
        except (SignInRefusedError, TimeoutError):
            return None
