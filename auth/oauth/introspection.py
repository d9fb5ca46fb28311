"""Is this token good? (RFC 7662) Answered to clients about tokens of their own tenant; about all else: inactive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auth.sessions.access_token import audience
from auth.sessions.session import live_session
from auth.unauthenticated import UnauthenticatedError

if TYPE_CHECKING:
    from auth.authentication import Authenticator
    from auth.sessions.access_token import AccessToken
    from models.shared import Client
    from settings import Settings


async def introspect(settings: Settings, authenticator: Authenticator, client: Client, text: str) -> dict[str, object]:
    """What a client is told about a token."""
    inactive: dict[str, object] = {"active": False}
    try:
        # Personal access tokens are for our own endpoint, and nobody else has any business with them.
        token = await authenticator.verified_jwt(text)
        if token.subject.tenant_id != client.tenant_id or not await live_session(token.subject.session_id):
            return inactive
        await authenticator.viewer(text)
    except UnauthenticatedError:
        return inactive
    return _described(settings, token)


def _described(settings: Settings, token: AccessToken) -> dict[str, object]:
    subject, acting = token.subject, token.subject.acting
    described: dict[str, object] = {
        "active": True,
        "token_type": "Bearer",
        "iss": settings.public_url,
        "aud": audience(settings),
        "sub": str(subject.member_id),
        "tid": str(subject.tenant_id),
        "iat": token.issued_at,
        "exp": token.expires_at,
    }
    if acting is not None and acting.client_id is not None:
        described["client_id"] = str(acting.client_id)
    if acting is not None and acting.scope is not None:
        described["scope"] = " ".join(sorted(acting.scope))
    return described
