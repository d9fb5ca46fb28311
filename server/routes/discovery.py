"""What others need to know of us to verify our tokens and to use our token endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

from auth.sessions.signing_keys import PUBLISHED_SECONDS
from server.routes.authentication import authentication_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_METADATA_SECONDS: Final = 3600


async def jwks(request: Request) -> Response:
    """``GET /.well-known/jwks.json``: the keys that our access tokens are signed with (RFC 7517)."""
    published = await authentication_of(request).keys.published()
    return JSONResponse(published, headers={"Cache-Control": f"public, max-age={PUBLISHED_SECONDS}"})


async def authorization_server(request: Request) -> Response:
    """``GET /.well-known/oauth-authorization-server`` (RFC 8414)."""
    settings = authentication_of(request).settings
    base = settings.public_url.rstrip("/")
    metadata = {
        "issuer": settings.public_url,
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "token_endpoint": f"{base}/auth/token",
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint": f"{base}/auth/revoke",
        "revocation_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["refresh_token"],
        "response_types_supported": [],
    }
    return JSONResponse(metadata, headers={"Cache-Control": f"public, max-age={_METADATA_SECONDS}"})
