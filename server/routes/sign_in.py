"""The way in and out for people at a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from auth.cookies import Cookie, clear_cookie, read_cookie
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.return_path import return_path
from auth.sso.sign_in import Crossroads
from auth.sso.sign_out import SIGNED_OUT_PATH
from auth.unauthenticated import UnauthenticatedError
from server.cross_site import check_same_origin
from server.refusal import RequestRefusedError
from server.request_log import record_of
from server.routes import pages
from server.routes.authentication import authentication_of, forget_session, keep_session, read_parameters
from server.routes.sign_in_answers import arrive, depart, did_not_work, see_other

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from settings import Settings

_MOST_DIGITS: Final = 8


async def login(request: Request) -> Response:
    """``GET /auth/login?tenant=…&next=…&max_age=…``: off to the tenant's identity provider.

    Without a tenant: on to where one wanted to go, if the browser still has a live session; else a page that asks. With
    ``max_age`` that is not enough: the provider has to have asked the person within so many seconds.
    """
    authentication = authentication_of(request)
    settings = authentication.settings
    elsewhere = _at_public_address(request, settings)
    if elsewhere is not None:
        return elsewhere
    tenant, wanted = request.query_params.get("tenant"), request.query_params.get("next")
    max_age = request.query_params.get("max_age")
    if tenant is None:
        gone_on = await _go_on(request, wanted) if max_age is None else None
        return gone_on or pages.ask_for_tenant(settings, wanted, max_age)
    return await _begin(request, tenant, wanted, request.query_params.get("provider"), max_age)


async def login_form(request: Request) -> Response:
    """``POST /auth/login``: the same from our own pages, so that no e-mail address gets into an address or a log."""
    try:
        given = await read_parameters(request)
    except RequestRefusedError as refused:
        return pages.not_signed_in(record_of(request.scope).request_id, status=refused.status)
    tenant, wanted = given.get("tenant", ""), given.get("next")
    return await _begin(request, tenant, wanted, given.get("provider"), given.get("max_age"))


async def rehearse(request: Request) -> Response:
    """``GET /auth/test?ticket=…``: off to a provider, to see what it says of oneself. Nobody is signed in."""
    authentication = authentication_of(request)
    try:
        departure = await authentication.sign_in.begin_rehearsal(request.query_params.get("ticket", ""))
    except Exception as failure:  # noqa: BLE001 - whatever it is, the person sees the one page and the log gets the rest
        return did_not_work(request, failure)
    return depart(authentication.settings, departure)


async def _begin(
    request: Request, organisation: str, wanted: str | None, provider: str | None, max_age: str | None
) -> Response:
    authentication = authentication_of(request)
    try:
        chosen = None if provider is None else _identifier(provider)
        current = read_cookie(request.headers, authentication.settings, Cookie.REFRESH)
        begun = await authentication.sign_in.begin(
            organisation,
            wanted,
            provider_id=chosen,
            refresh_token=current,
            max_age=None if max_age is None else _seconds(max_age),
        )
    except Exception as failure:  # noqa: BLE001 - as above
        return did_not_work(request, failure)
    if isinstance(begun, Crossroads):
        return pages.choose_provider(authentication.settings, begun, wanted, max_age)
    return depart(authentication.settings, begun)


def _seconds(text: str) -> int:
    # Whoever asks for a recent sign-in and is not understood must not get any sign-in.
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    raise SignInRefusedError(Refusal.MAX_AGE)


def _identifier(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as failure:
        raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER) from failure


async def callback(request: Request) -> Response:
    """``GET /auth/callback/{connection}``: back from the identity provider."""
    authentication = authentication_of(request)
    settings = authentication.settings
    attempt = read_cookie(request.headers, settings, Cookie.SIGN_IN)
    # Not of ``request.url``, which Starlette puts together with the Host header: a "?" in there would move the query.
    query = request.scope["query_string"].decode("latin-1")
    try:
        arrival = await authentication.sign_in.complete(
            request.path_params.get("connection"), query, attempt, request_id=record_of(request.scope).request_id
        )
    except Exception as failure:  # noqa: BLE001 - as above
        response = did_not_work(request, failure)
        clear_cookie(response, settings, Cookie.SIGN_IN)
        return response
    response = await arrive(request, arrival)
    clear_cookie(response, settings, Cookie.SIGN_IN)
    return response


async def logout_page(request: Request) -> Response:
    """``GET /auth/logout``: a button, or that nobody is signed in here."""
    settings = authentication_of(request).settings
    signed_in = any(read_cookie(request.headers, settings, kind) for kind in (Cookie.ACCESS, Cookie.REFRESH))
    return pages.ask_to_sign_out(settings) if signed_in else pages.signed_out()


async def logout(request: Request) -> Response:
    """``POST /auth/logout``: the session ends, here and for every copy of its tokens."""
    authentication = authentication_of(request)
    settings = authentication.settings
    try:
        check_same_origin("POST", request.headers, settings.public_origin)
    except RequestRefusedError as refused:
        return pages.page("Sign out", "<p>Sign out from a page of ours, please.</p>", status=refused.status)
    token = read_cookie(request.headers, settings, Cookie.REFRESH)
    ended = None if token is None else await authentication.sessions.end(token, "signed_out")
    onward = await authentication.sign_out.onward(ended)
    response = see_other(SIGNED_OUT_PATH) if onward is None else depart(settings, onward)
    forget_session(response, settings)
    return response


async def _go_on(request: Request, wanted: str | None) -> Response | None:
    authentication = authentication_of(request)
    token = read_cookie(request.headers, authentication.settings, Cookie.REFRESH)
    if token is None:
        return None
    try:
        tokens = await authentication.sessions.refresh(token)
    except UnauthenticatedError:
        return None
    response = see_other(return_path(wanted))
    keep_session(response, authentication.settings, tokens)
    return response


def _at_public_address(request: Request, settings: Settings) -> Response | None:
    """A developer's machine has many names, and a cookie set under one is not sent to another."""
    public = urlsplit(settings.public_url)
    if settings.environment == "production" or request.headers.get("host") == public.netloc:
        return None
    known = {name: value for name, value in request.query_params.items() if name in {"tenant", "next", "max_age"}}
    return see_other(f"{settings.public_origin}/auth/login?{urlencode(known)}")
