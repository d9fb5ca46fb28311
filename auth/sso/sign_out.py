"""Signing out of ours, and then of the provider that one came from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from auth.sso.provider import provider_by_id
from auth.sso.refusal import SignInRefusedError

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sso.oidc import OpenIdConnect
    from settings import Settings

SIGNED_OUT_PATH: Final = "/auth/logout"

# Somebody who signs out is signed out of ours already. A provider that is slow may not keep them waiting.
_PATIENCE_SECONDS: Final = 3.0


class SignOut:
    """What providers are told of sign-outs."""

    def __init__(self, settings: Settings, oidc: OpenIdConnect) -> None:
        self._settings = settings
        self._oidc = oidc

    async def onward(self, provider_id: UUID | None) -> str | None:
        """Where a browser goes on to, so that the person is signed out of the provider too; ``None``: nowhere."""
        if provider_id is None:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                provider = await provider_by_id(self._settings, provider_id, enabled=False)
                return await self._oidc.end_session_url(
                    provider, self._settings.public_url.rstrip("/") + SIGNED_OUT_PATH
                )
        except (SignInRefusedError, TimeoutError):
            return None
