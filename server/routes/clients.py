"""The endpoints for clients: a token for a proof, and what became of a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from starlette.responses import JSONResponse, Response

from auth.acting import ActingKind
from auth.oauth.client_tokens import RefusedScopeError, record_use
from auth.oauth.introspection import introspect as introspected
from auth.oauth.refused_client import RefusedClientError
from auth.unauthenticated import UnauthenticatedError
from server.refusal import RequestRefusedError
from server.routes.authentication import authentication_of, read_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from auth.oauth.client_authentication import ProvenClient

_NO_STORE: Final = {"Cache-Control": "no-store"}

_log = structlog.get_logger()


async def client_credentials(request: Request, parameters: Mapping[str, str]) -> Response:
    """``POST /auth/token``, ``grant_type=client_credentials`` (RFC 6749, 4.4)."""
    authentication = authentication_of(request)
    try:
        proven = await _needed(request, parameters)
        token = await authentication.client_tokens.issue(proven, parameters.get("scope"))
    except RefusedClientError as failure:
        return refused_client(failure)
    except RefusedScopeError:
        return JSONResponse({"error": "invalid_scope"}, 400, headers=_NO_STORE)
    body = {"access_token": token.access_token, "token_type": "Bearer", "expires_in": token.seconds}
    if token.scope is not None:
        body["scope"] = token.scope
    return JSONResponse(body, headers=_NO_STORE)


async def introspect(request: Request) -> Response:
    """``POST /auth/introspect`` (RFC 7662): for clients that proved who they are."""
    authentication = authentication_of(request)
    try:
        parameters = await read_parameters(request)
        proven = await _needed(request, parameters)
        if proven.use_id is not None:
            await record_use(proven, seconds=0)
    except RequestRefusedError as refused:
        return JSONResponse({"error": "invalid_request"}, refused.status, headers=_NO_STORE)
    except RefusedClientError as failure:
        return refused_client(failure)
    if "token" not in parameters:
        return JSONResponse({"error": "invalid_request"}, 400, headers=_NO_STORE)
    answer = await introspected(
        authentication.settings, authentication.authenticator, proven.client, parameters["token"]
    )
    return JSONResponse(answer, headers=_NO_STORE)


async def revoke_access_token(request: Request, parameters: Mapping[str, str]) -> None:
    """End the session of an access token: a client's own, or a member's by whoever holds it. All else: nothing.

    Raises:
        RefusedClientError: the request says that it is a client's, and does not prove it.
    """
    authentication = authentication_of(request)
    proven = await _proven(request, parameters)
    if proven is not None and proven.use_id is not None:
        await record_use(proven, seconds=0)
    try:
        token = await authentication.authenticator.verified_jwt(parameters["token"])
    except UnauthenticatedError:
        return
    acting = token.subject.acting
    if acting is not None and acting.kind is not ActingKind.CLIENT:
        return
    owner = None if acting is None else acting.client_id
    if owner == (None if proven is None else proven.client.id):
        await authentication.sessions.end_by_id(token.subject.session_id, "revoked")


def refused_client(failure: RefusedClientError) -> Response:
    """The one answer to whoever does not prove to be a client."""
    _log.info("client refused", reason=str(failure))
    return JSONResponse(
        {"error": "invalid_client"}, 401, headers={**_NO_STORE, "WWW-Authenticate": 'Basic realm="fieldgate"'}
    )


async def _proven(request: Request, parameters: Mapping[str, str]) -> ProvenClient | None:
    return await authentication_of(request).clients.prove(request.headers.get("authorization"), parameters)


async def _needed(request: Request, parameters: Mapping[str, str]) -> ProvenClient:
    proven = await _proven(request, parameters)
    if proven is None:
        message = "no proof of any client"
        raise RefusedClientError(message)
    return proven
