"""The endpoints for programs: continue a session, end it, and say whose it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog
from starlette.responses import JSONResponse, Response

from auth.cookies import Cookie, read_cookie, token_from
from auth.oauth.refused_client import RefusedClientError
from auth.unauthenticated import UnauthenticatedError
from server.challenge import bearer_challenge
from server.cross_site import check_same_origin
from server.graphql import TENANT_HINT
from server.refusal import RequestRefusedError
from server.routes.authentication import authentication_of, forget_session, keep_session, read_parameters
from server.routes.clients import client_credentials, refused_client, revoke_access_token
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from starlette.requests import Request

    from auth.viewer import Viewer

_NO_STORE = {"Cache-Control": "no-store"}

_MEMBER: Final = 'SELECT email, full_name AS "fullName" FROM member WHERE id = $1 AND active'

_log = structlog.get_logger()


async def token(request: Request) -> Response:
    """``POST /auth/token``, ``grant_type=refresh_token`` (RFC 6749, section 6).

    A program sends its refresh token and is answered with the next one. A browser's is in its cookie: it sends
    nothing, the next one goes into the cookie, and no script ever sees either.
    """
    try:
        parameters = await read_parameters(request)
        if parameters.get("grant_type") == "client_credentials":
            return await client_credentials(request, parameters)
        if parameters.get("grant_type", "refresh_token") != "refresh_token":
            return _error(400, "unsupported_grant_type")
        if "refresh_token" in parameters:
            return await _refresh_program(request, parameters["refresh_token"])
        return await _refresh_browser(request)
    except RequestRefusedError as refused:
        return _error(refused.status, "invalid_request")


async def revoke(request: Request) -> Response:
    """``POST /auth/revoke`` (RFC 7009): the session of a refresh token ends. The same answer whatever it was."""
    try:
        parameters = await read_parameters(request)
    except RequestRefusedError as refused:
        return _error(refused.status, "invalid_request")
    if "token" not in parameters:
        return _error(400, "invalid_request")
    try:
        await revoke_access_token(request, parameters)
    except RefusedClientError as failure:
        return refused_client(failure)
    await authentication_of(request).sessions.end(parameters["token"], "revoked")
    return Response(headers=_NO_STORE)


async def session(request: Request) -> Response:
    """``GET /auth/session``: which member of which tenant the caller is, and until when the access token is good."""
    authentication = authentication_of(request)
    presented = token_from(request.headers, authentication.settings)
    if presented is None:
        return _unauthenticated(bearer_challenge(authentication.settings))
    try:
        viewer = await authentication.authenticator.viewer(presented.text)
        _check_tenant(request, viewer)
        expires_at = (await authentication.authenticator.verified(presented.text)).expires_at
        member = await _member(viewer)
    except UnauthenticatedError as failure:
        _log.info("unauthenticated", reason=str(failure))
        return _unauthenticated(bearer_challenge(authentication.settings, "invalid_token"))
    body = {
        "tenant": {"id": str(viewer.tenant.tenant_id), "slug": viewer.tenant.slug},
        "member": {"id": str(viewer.member_id), **member},
        "expiresAt": datetime.fromtimestamp(expires_at, UTC).isoformat().replace("+00:00", "Z"),
    }
    return JSONResponse(body, headers=_NO_STORE)


async def _member(viewer: Viewer) -> dict[str, str]:
    # Who somebody is depends on no grant of theirs, so there is no version to compare: they may always know it.
    async with tenant_scope(viewer.tenant, authorization_version=None, read_only=True) as opened:
        rows = await opened.fetch(_MEMBER, viewer.member_id, settled=True)
    if not rows:
        message = "no such active member"
        raise UnauthenticatedError(message)
    return dict(rows[0])


async def _refresh_program(request: Request, refresh_token: str) -> Response:
    try:
        tokens = await authentication_of(request).sessions.refresh(refresh_token, tenant_hint=_tenant_hint(request))
    except UnauthenticatedError as failure:
        return _invalid_grant(failure)
    body = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.access_seconds,
        "refresh_token": tokens.refresh_token,
    }
    return JSONResponse(body, headers=_NO_STORE)


async def _refresh_browser(request: Request) -> Response:
    authentication = authentication_of(request)
    settings = authentication.settings
    refresh_token = read_cookie(request.headers, settings, Cookie.REFRESH)
    if refresh_token is None:
        return _error(400, "invalid_request")
    check_same_origin("POST", request.headers, settings.public_origin)
    try:
        tokens = await authentication.sessions.refresh(refresh_token, tenant_hint=_tenant_hint(request))
    except UnauthenticatedError as failure:
        response = _invalid_grant(failure)
        forget_session(response, settings)
        return response
    response = JSONResponse({"expires_in": tokens.access_seconds}, headers=_NO_STORE)
    keep_session(response, settings, tokens)
    return response


def _check_tenant(request: Request, viewer: Viewer) -> None:
    if any(hint != viewer.tenant.slug for hint in request.headers.getlist(TENANT_HINT)):
        message = "the caller says that it belongs to another tenant"
        raise UnauthenticatedError(message)


def _tenant_hint(request: Request) -> str | None:
    return request.headers.get(TENANT_HINT)


def _invalid_grant(failure: UnauthenticatedError) -> Response:
    _log.info("refresh refused", reason=str(failure))
    return _error(400, "invalid_grant")


def _unauthenticated(challenge: str) -> Response:
    return JSONResponse({"error": "invalid_token"}, 401, headers={**_NO_STORE, "WWW-Authenticate": challenge})


def _error(status: int, code: str) -> Response:
    return JSONResponse({"error": code}, status, headers=_NO_STORE)
