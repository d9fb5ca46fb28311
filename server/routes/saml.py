"""``/saml/{tenant}/…``: what we are to a tenant's SAML providers, and where they send people back to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import Route

from auth.cookies import Cookie, clear_cookie, read_cookie
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.addressed import NoSuchConnectionError, addressed
from auth.sso.saml.incoming import FORM_BYTES, from_form
from auth.sso.saml.outgoing import MessageKind
from auth.sso.saml.service_provider import metadata_document
from auth.sso.saml.service_provider_key import service_provider_keys
from server.refusal import RequestRefusedError
from server.request_body import read_body
from server.request_log import record_of
from server.routes import pages
from server.routes.authentication import authentication_of
from server.routes.sign_in_answers import arrive, did_not_work

if TYPE_CHECKING:
    from starlette.requests import Request

    from auth.sso.saml.addressed import Addressed
    from auth.sso.saml.incoming import Incoming

_FORM: Final = "application/x-www-form-urlencoded"
_METADATA: Final = "application/samlmetadata+xml"


async def metadata(request: Request) -> Response:
    """``GET /saml/{tenant}/metadata/{connection}``: the document to set the provider up with."""
    try:
        connection = await _connection(request, switched_off_too=True)
    except NoSuchConnectionError:
        return _not_found(request)
    settings = authentication_of(request).settings
    keys = await service_provider_keys(settings, connection.provider.id, datetime.now(UTC))
    assert connection.provider.saml is not None  # noqa: S101 # what is addressed here speaks SAML
    document = metadata_document(connection.ours, keys, connection.provider.saml.policy)
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
    try:
        message = await _posted(request, MessageKind.RESPONSE)
        arrival = await authentication.sign_in.complete_response(
            connection, message, attempt, request_id=record_of(request.scope).request_id
        )
        response = await arrive(request, arrival)
    except RequestRefusedError as refused:
        response = pages.not_signed_in(record_of(request.scope).request_id, status=refused.status)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the person sees the one page and the log gets the rest
        response = did_not_work(request, failure)
    clear_cookie(response, authentication.settings, Cookie.SAML_SIGN_IN)
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


async def _posted(request: Request, *kinds: MessageKind) -> Incoming:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM or "content-encoding" in request.headers:
        raise SignInRefusedError(Refusal.SAML_BINDING)
    return from_form(await read_body(request.receive, FORM_BYTES), *kinds)


def _not_found(request: Request) -> Response:
    return pages.not_signed_in(record_of(request.scope).request_id, status=404)


SAML_ROUTES: Final = tuple(
    Route(f"/saml/{{tenant}}/{name}{connection}", endpoint, methods=methods)
    for name, endpoint, methods in (
        ("metadata", metadata, ["GET"]),
        ("acs", assertion_consumer, ["POST"]),
    )
    # The long form names the connection; the short one is for a tenant that has just one.
    for connection in ("/{connection:uuid}", "")
)
