"""``/saml/{tenant}/…``: what we are to a tenant's SAML providers, and where they send people back to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog
from starlette.responses import Response
from starlette.routing import Route

from auth.cookies import Cookie, clear_cookie, read_cookie, set_cookie
from auth.sso.attempt import ATTEMPT_SECONDS
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.addressed import NoSuchConnectionError, addressed
from auth.sso.saml.incoming import FORM_BYTES, from_form, from_query, once_each
from auth.sso.saml.outgoing import MessageKind
from auth.sso.saml.service_provider import metadata_document
from auth.sso.saml.service_provider_key import service_provider_keys
from auth.sso.saml.unsolicited import Confirmation
from auth.sso.sign_out import SIGNED_OUT_PATH
from server.cross_site import check_same_origin
from server.refusal import RequestRefusedError
from server.request_body import read_body
from server.request_log import record_of
from server.routes import pages
from server.routes.authentication import authentication_of, forget_session
from server.routes.sign_in_answers import arrive, depart, did_not_work, see_other

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from auth.sso.saml.addressed import Addressed
    from auth.sso.saml.incoming import Incoming
    from settings import Settings

_FORM: Final = "application/x-www-form-urlencoded"
_METADATA: Final = "application/samlmetadata+xml"

_log = structlog.get_logger()


async def metadata(request: Request) -> Response:
    """``GET /saml/{tenant}/metadata/{connection}``: the document to set the provider up with."""
    try:
        connection = await _connection(request, switched_off_too=True)
    except NoSuchConnectionError:
        return _not_found(request)
    settings = authentication_of(request).settings
    try:
        keys = await service_provider_keys(settings, connection.provider.id, datetime.now(UTC))
    except SignInRefusedError as failure:
        return did_not_work(request, failure)
    assert connection.provider.saml is not None  # noqa: S101 # what is addressed here speaks SAML
    document = metadata_document(
        connection.ours, keys, connection.provider.saml.policy, encrypted=connection.wants_encrypted
    )
    # A new key is to be seen at once by a provider that looks for it.
    return Response(document, media_type=_METADATA, headers={"Cache-Control": "no-cache"})


async def assertion_consumer(request: Request) -> Response:
    """``POST /saml/{tenant}/acs/{connection}``: back from the provider, with its response."""
    authentication = authentication_of(request)
    try:
        connection = await _connection(request)
    except NoSuchConnectionError:
        return _not_found(request)
    attempt = read_cookie(request.headers, authentication.settings, Cookie.SAML_SIGN_IN)
    reference = record_of(request.scope).request_id
    try:
        message = await _posted(request, MessageKind.RESPONSE)
        arrival = await authentication.sign_in.complete_response(connection, message, attempt, request_id=reference)
        if isinstance(arrival, Confirmation):
            return _ask(authentication.settings, arrival)
        response = await arrive(request, arrival)
    except RequestRefusedError as refused:
        response = pages.not_signed_in(reference, status=refused.status)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the person sees the one page and the log gets the rest
        response = did_not_work(request, failure)
    clear_cookie(response, authentication.settings, Cookie.SAML_SIGN_IN)
    return response


async def confirm(request: Request) -> Response:
    """``POST /saml/{tenant}/confirm/{connection}``: from our own page, a person whom a provider has sent says yes."""
    authentication = authentication_of(request)
    settings = authentication.settings
    try:
        connection = await _connection(request)
    except NoSuchConnectionError:
        return _not_found(request)
    attempt = read_cookie(request.headers, settings, Cookie.SAML_SIGN_IN)
    reference = record_of(request.scope).request_id
    try:
        # Another site could have had the browser post the response; it must not get the answer to the question as well.
        check_same_origin("POST", request.headers, settings.public_origin)
        identity = once_each(await _form(request)).get("identity", "")
        arrival = await authentication.sign_in.confirm(connection, identity, attempt, request_id=reference)
        response = await arrive(request, arrival)
    except RequestRefusedError as refused:
        return pages.not_signed_in(reference, status=refused.status)
    except Exception as failure:  # noqa: BLE001 - as above
        response = did_not_work(request, failure)
    clear_cookie(response, settings, Cookie.SAML_SIGN_IN)
    return response


async def single_logout(request: Request) -> Response:
    """``/saml/{tenant}/sls/{connection}``: the provider says, or answers, that somebody has signed out there."""
    try:
        connection = await _connection(request)
    except NoSuchConnectionError:
        return _not_found(request)
    reference = record_of(request.scope).request_id
    kind = None
    try:
        message = await _message(request)
        kind = message.kind
        if kind is MessageKind.RESPONSE:
            return await _after_sign_out(request, connection, message)
        return await _told_of_sign_out(request, connection, message)
    except RequestRefusedError as refused:
        return pages.not_signed_in(reference, status=refused.status)
    except SignInRefusedError as refused:
        _log.warning("sign-out refused", reason=refused.reason.value, identity_provider=str(connection.provider.id))
        await authentication_of(request).sign_out.note(connection, refused.reason, reference)
        return pages.signed_out_here(reference) if kind is MessageKind.RESPONSE else pages.sign_out_refused(reference)


async def _told_of_sign_out(request: Request, connection: Addressed, message: Incoming) -> Response:
    authentication = authentication_of(request)
    ended, onward = await authentication.sign_out.by_saml(connection, message)
    _log.info("sign-out at the provider", identity_provider=str(connection.provider.id), sessions=ended)
    response = pages.signed_out() if onward is None else depart(authentication.settings, onward)
    if ended:
        # It is this browser that has brought the message, so it is this person who has signed out.
        forget_session(response, authentication.settings)
    return response


async def _after_sign_out(request: Request, connection: Addressed, message: Incoming) -> Response:
    authentication = authentication_of(request)
    attempt = read_cookie(request.headers, authentication.settings, Cookie.SAML_SIGN_OUT)
    await authentication.sign_out.answered(connection, message, attempt)
    response = see_other(SIGNED_OUT_PATH)
    clear_cookie(response, authentication.settings, Cookie.SAML_SIGN_OUT)
    return response


def _ask(settings: Settings, confirmation: Confirmation) -> Response:
    response = pages.confirm(confirmation)
    set_cookie(response, settings, Cookie.SAML_SIGN_IN, confirmation.attempt, seconds=ATTEMPT_SECONDS)
    return response


async def _connection(request: Request, *, switched_off_too: bool = False) -> Addressed:
    authentication = authentication_of(request)
    return await addressed(
        authentication.settings,
        authentication.directory,
        request.path_params["tenant"],
        request.path_params.get("connection"),
        switched_off_too=switched_off_too,
    )


async def _message(request: Request) -> Incoming:
    if request.method == "POST":
        return await _posted(request, *MessageKind)
    return from_query(request.scope["query_string"], *MessageKind)


async def _posted(request: Request, *kinds: MessageKind) -> Incoming:
    return from_form(await _form(request), *kinds)


async def _form(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM or "content-encoding" in request.headers:
        raise SignInRefusedError(Refusal.SAML_BINDING)
    return await read_body(request.receive, FORM_BYTES)


def _not_found(request: Request) -> Response:
    return pages.not_signed_in(record_of(request.scope).request_id, status=404)


def _in_both_forms(name: str, endpoint: Callable[[Request], Awaitable[Response]], *methods: str) -> tuple[Route, ...]:
    # The long form names the connection; the short one is for a tenant that has just one.
    paths = (f"/saml/{{tenant}}/{name}/{{connection:uuid}}", f"/saml/{{tenant}}/{name}")
    return tuple(Route(path, endpoint, methods=list(methods)) for path in paths)


SAML_ROUTES: Final = (
    *_in_both_forms("metadata", metadata, "GET"),
    *_in_both_forms("acs", assertion_consumer, "POST"),
    *_in_both_forms("sls", single_logout, "GET", "POST"),
    Route("/saml/{tenant}/confirm/{connection:uuid}", confirm, methods=["POST"]),
)
