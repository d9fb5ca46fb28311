"""What others need to know of us to verify our tokens and to use our token endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

from auth.compact_jws import ALGORITHMS
from auth.oauth.client_authentication import METHODS
from auth.sessions.access_token import audience
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
        "token_endpoint_auth_methods_supported": ["none", *METHODS],
        "token_endpoint_auth_signing_alg_values_supported": sorted(ALGORITHMS),
        "revocation_endpoint": f"{base}/auth/revoke",
        "revocation_endpoint_auth_methods_supported": ["none", *METHODS],
        "revocation_endpoint_auth_signing_alg_values_supported": sorted(ALGORITHMS),
        "introspection_endpoint": f"{base}/auth/introspect",
        "introspection_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint_auth_signing_alg_values_supported": sorted(ALGORITHMS),
        "grant_types_supported": ["refresh_token", "client_credentials"],
        "response_types_supported": [],
    }
    return JSONResponse(metadata, headers={"Cache-Control": f"public, max-age={_METADATA_SECONDS}"})


async def protected_resource(request: Request) -> Response:
    """``GET /.well-known/oauth-protected-resource`` (RFC 9728): whose tokens our endpoint takes, and how."""
    settings = authentication_of(request).settings
    metadata = {
        "resource": audience(settings),
        "authorization_servers": [settings.public_url],
        "bearer_methods_supported": ["header"],
        "resource_name": "Fieldgate",
    }
    return JSONResponse(metadata, headers={"Cache-Control": f"public, max-age={_METADATA_SECONDS}"})
