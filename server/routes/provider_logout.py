"""Where identity providers say that somebody has signed out there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.responses import HTMLResponse, JSONResponse, Response

from auth.sso.refusal import SignInRefusedError
from server.refusal import RequestRefusedError
from server.routes.authentication import authentication_of, read_parameters

if TYPE_CHECKING:
    from starlette.requests import Request

_NO_STORE = {"Cache-Control": "no-store"}

_log = structlog.get_logger()


async def back_channel(request: Request) -> Response:
    """``POST /auth/backchannel-logout/{connection}`` (OpenID Connect Back-Channel Logout 1.0).

    One answer for whatever is wrong; and success whether anybody was signed in or not.
    """
    provider_id = request.path_params["identity_provider"]
    try:
        parameters = await read_parameters(request)
        ended = await authentication_of(request).sign_out.by_back_channel(
            provider_id, parameters.get("logout_token", "")
        )
    except RequestRefusedError as refused:
        return _refused(refused.status)
    except SignInRefusedError as refused:
        _log.warning("back-channel logout refused", reason=refused.reason.value, identity_provider=str(provider_id))
        return _refused(400)
    _log.info("back-channel logout", identity_provider=str(provider_id), sessions=ended)
    return Response(status_code=200, headers=_NO_STORE)


async def front_channel(request: Request) -> Response:
    """``GET /auth/frontchannel-logout/{connection}?iss=…&sid=…`` (OpenID Connect Front-Channel Logout 1.0).

    The provider's page loads it in a frame. Our cookies are not sent there, so the session is found by ``sid``.
    """
    query = request.query_params
    try:
        origin = await authentication_of(request).sign_out.by_front_channel(
            request.path_params["identity_provider"], query.get("iss", ""), query.get("sid", "")
        )
    except SignInRefusedError as refused:
        _log.warning("front-channel logout refused", reason=refused.reason.value)
        return _refused(400)
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {origin}"
    # Browsers go by the policy where there is one beside X-Frame-Options, and the session has ended either way.
    headers = {**_NO_STORE, "Content-Security-Policy": policy, "Cross-Origin-Resource-Policy": "cross-origin"}
    return HTMLResponse('<!doctype html><html lang="en"><title>Signed out</title></html>', headers=headers)


def _refused(status: int) -> Response:
    return JSONResponse({"error": "invalid_request"}, status, headers=_NO_STORE)
