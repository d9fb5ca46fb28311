"""``/graphql``: GraphQL over HTTP, September 2026 edition. One operation per request, by POST, or by GET for a query.

Read ``GraphQLEndpoint._answer`` from top to bottom: each line may refuse the request, and their order is what counts.
Nothing is read from the body before the caller is known, and nothing is executed before everything was checked.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from auth.cookies import token_from
from auth.unauthenticated import UnauthenticatedError
from engine.documents import document_digest
from errors import ErrorCode
from server import graphql_response, parameters
from server.challenge import bearer_challenge
from server.cross_site import check_same_origin
from server.graphql_response import Answer
from server.negotiation import MediaType, negotiate
from server.operations.asked_document import UnknownHashError
from server.plain_post import plain_post
from server.refusal import RequestRefusedError, refuse
from server.request_body import check_body_headers, read_body
from server.request_log import record_of
from server.security_headers import SecurityHeadersMiddleware, security_headers
from server.whole_messages import take_body
from tenancy.errors import StaleAuthorizationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import NoReturn

    from starlette.types import ASGIApp, Receive, Scope, Send

    from auth.authentication import Authenticator
    from auth.viewer import Viewer
    from engine.request import Request
    from engine.result import Result
    from server.operations.asked_document import Published
    from server.request_log import RequestRecord
    from settings import Settings

    Execute = Callable[[Request, Viewer], Awaitable[Result]]

# Grants that change faster than they can be read are a fault of somebody's script, not a reason to try for ever.
MAXIMUM_RENEWALS: Final = 3

TENANT_HINT: Final = "x-fieldgate-tenant"

_METHODS: Final = ("GET", "POST")

_DOCUMENT_HASH_LENGTH: Final = 12

_log = structlog.get_logger()


class GraphQLEndpoint:
    """An ASGI application for one path.

    Args:
        execute: runs one operation for one viewer.
        published: the text of a document that a request names.
        authenticator: turns an access token into a viewer.
        settings: for the limit on bodies, the public origin and the names of cookies.
        graphiql: answers a browser that asks for a page; ``None`` where there is no such page.
    """

    def __init__(
        self,
        *,
        execute: Execute,
        published: Published,
        authenticator: Authenticator,
        settings: Settings,
        graphiql: ASGIApp | None,
    ) -> None:
        self._execute = execute
        self._published = published
        self._authenticator = authenticator
        self._settings = settings
        self._headers = security_headers(https=settings.is_https)
        self._graphiql = None if graphiql is None else SecurityHeadersMiddleware(graphiql, https=settings.is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        record = record_of(scope)
        try:
            response = await self._answer(scope, receive, record)
        except ClientDisconnect:
            return
        except RequestRefusedError as refusal:
            response = graphql_response.refused(refusal)
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets a masked error and the log the rest
            _log.exception("operation failed")
            response = graphql_response.failed(record.request_id)
        if isinstance(response, Answer):
            # With the headers that every answer carries: middleware around the usual request would cost it more.
            await response.send(scope, send, self._headers)
        else:
            await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, record: RequestRecord) -> Answer | ASGIApp:
        method: str = scope["method"]
        plain = plain_post(scope, self._settings.limit_body_bytes) if method == "POST" else None
        if plain is not None:
            media_type = _media_type(plain.accept, html=False)
            viewer = self._authenticator.remembered(plain.token_name) or await self._authenticated(plain.token)
        else:
            headers = Headers(scope=scope)
            if method not in _METHODS:
                refuse(405, f"The method {method} is not allowed.", headers={"allow": ", ".join(_METHODS)})
            accept = ", ".join(headers.getlist("accept"))
            media_type = _media_type(accept, html=method == "GET" and self._graphiql is not None)
            if media_type is MediaType.HTML and self._graphiql is not None:
                return self._graphiql
            if method == "POST":
                check_body_headers(headers, self._settings.limit_body_bytes)
            viewer = await self._viewer(method, headers)
            _check_tenant_hints(self._settings, headers, viewer)
        record.tenant_id, record.member_id = viewer.tenant.tenant_id, viewer.member_id
        try:
            request = await self._request(method, scope, receive, record.request_id)
        except UnknownHashError as unknown:
            return graphql_response.unknown_hash(unknown, media_type)
        record.document_hash = document_digest(request.document)[:_DOCUMENT_HASH_LENGTH]
        try:
            result = await self._execute(request, viewer)
        except StaleAuthorizationError:
            result = await self._run_again(request, viewer)
        record.operation = result.root_type and result.root_type.lower()
        return graphql_response.answered(result, media_type, self._settings)

    async def _viewer(self, method: str, headers: Headers) -> Viewer:
        """Whoever holds the token. The tenant comes from it alone: not from the host, a path or another header."""
        token = token_from(headers, self._settings)
        if token is None:
            _refuse_anonymous("Sign in, or send a bearer token.", bearer_challenge(self._settings))
        if token.by_cookie:
            check_same_origin(method, headers, self._settings.public_origin)
        return await self._authenticated(token.text)

    async def _authenticated(self, token: str) -> Viewer:
        try:
            return await self._authenticator.viewer(token)
        except UnauthenticatedError as failure:
            _refuse_invalid_token(self._settings, failure)

    async def _request(self, method: str, scope: Scope, receive: Receive, request_id: str) -> Request:
        if method == "POST":
            limit = self._settings.limit_body_bytes
            body = take_body(scope, limit)
            if body is None:
                body = await read_body(receive, limit)
            return parameters.from_body(body, request_id, self._published)
        query_string: bytes = scope["query_string"]
        if len(query_string) > self._settings.limit_body_bytes:
            refuse(414, "The query string is too long; send a POST.", ErrorCode.OPERATION_LIMIT_EXCEEDED)
        return parameters.from_query_string(query_string, request_id, self._published)

    async def _run_again(self, request: Request, viewer: Viewer) -> Result:
        """Execute, once more for each time that the viewer's grants changed between their reading and their use."""
        renewals = 0
        while True:
            if renewals == MAXIMUM_RENEWALS:
                _log.warning("authorization keeps changing", tenant=str(viewer.tenant.tenant_id))
                _refuse_changing(request)
            renewals += 1
            try:
                viewer = await self._authenticator.renewed(viewer)
            except UnauthenticatedError as failure:
                _refuse_invalid_token(self._settings, failure)
            with contextlib.suppress(StaleAuthorizationError):
                return await self._execute(request, viewer)


def _media_type(accept: str, *, html: bool) -> MediaType:
    media_type = negotiate(accept, html=html)
    if media_type is None:
        refuse(406, f"Only {MediaType.GRAPHQL_RESPONSE} and {MediaType.JSON} are available.")
    return media_type


def _check_tenant_hints(settings: Settings, headers: Headers, viewer: Viewer) -> None:
    """A caller that names its tenant has to name the token's: a mix-up on its side must not pass unnoticed."""
    if any(hint != viewer.tenant.slug for hint in headers.getlist(TENANT_HINT)):
        _refuse_anonymous("The token is not for this tenant.", bearer_challenge(settings, "invalid_token"))


def _refuse_invalid_token(settings: Settings, failure: UnauthenticatedError) -> NoReturn:
    """One answer for every reason, which only the log gets to know."""
    _log.info("unauthenticated", reason=str(failure))
    _refuse_anonymous("The token is not valid.", bearer_challenge(settings, "invalid_token"))


def _refuse_changing(request: Request) -> NoReturn:
    message = "Permissions are changing right now. Try again."
    headers = {"retry-after": "1"}
    refuse(503, message, ErrorCode.INTERNAL_SERVER_ERROR, headers=headers, requestId=request.request_id)


def _refuse_anonymous(message: str, challenge: str) -> NoReturn:
    refuse(401, message, ErrorCode.UNAUTHENTICATED, headers={"www-authenticate": challenge})
