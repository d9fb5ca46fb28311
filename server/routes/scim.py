"""``/scim/{tenant}/v2``: a tenant's identity provider tells who its people are."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import orjson
import structlog
from scim2_models import Error, InvalidSyntaxException, InvalidValueException, SCIMException, UnauthorizedException
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from starlette.responses import Response
from starlette.routing import Route
from tortoise.exceptions import ValidationError

from auth.scim.protocol import BODY_BYTES, build_service
from auth.scim.storage import TenantStorage
from auth.scim.token import authenticated
from auth.unauthenticated import UnauthenticatedError
from server.refusal import RequestRefusedError
from server.request_body import read_body
from server.request_log import record_of
from server.routes.authentication import authentication_of

if TYPE_CHECKING:
    from scim2_server.responses import ScimResponse
    from starlette.requests import Request

    from auth.scim.protocol import BoundedService

_DEPTH: Final = 32
_QUERY_PARAMETERS: Final = 32
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

_log = structlog.get_logger()


async def scim(request: Request) -> Response:
    """Any request of a SCIM client."""
    authentication = authentication_of(request)
    state = request.app.state
    if not hasattr(state, "scim"):
        state.scim = build_service(authentication.settings)
    service: BoundedService = state.scim
    try:
        return _response(await _answer(request, service))
    except RequestRefusedError as refused:
        error = Error(status=refused.status, detail=str(refused))
        return Response(
            orjson.dumps(error.model_dump()), refused.status, {"Cache-Control": "no-store"}, "application/scim+json"
        )
    except SCIMException as refused:
        return _response(service.error_response(refused))


async def _answer(request: Request, service: BoundedService) -> ScimResponse:
    authentication = authentication_of(request)
    slug = request.path_params["tenant"]
    try:
        placement, provider = await authenticated(
            request.headers.get("authorization"), slug, request.app.state.database.directory
        )
    except UnauthenticatedError as failure:
        _log.info("unauthenticated", reason=str(failure))
        raise UnauthorizedException from failure
    record = record_of(request.scope)
    record.tenant_id = placement.tenant_id
    base = f"{authentication.settings.public_url.rstrip('/')}/scim/{placement.slug}/v2"
    asked = ScimRequest(
        method=request.method,
        base_url=base,
        path="/" + request.path_params.get("path", ""),
        query=_query(request),
        headers=list(request.headers.items()),
        body=await _body(request),
    )
    storage = TenantStorage(service.provider, placement, provider, record.request_id)
    try:
        return await AsyncScimHandler(service, storage).handle(asked)
    except ValidationError as failure:  # of Tortoise: a value that a column does not take
        raise InvalidValueException from failure


def _query(request: Request) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_QUERY_PARAMETERS,
        )
    except ValueError as failure:
        raise InvalidSyntaxException(detail="the query string cannot be read") from failure
    if any("\0" in value for _, value in pairs):
        raise InvalidValueException(detail="the character U+0000 is not accepted")
    return dict(pairs)


async def _body(request: Request) -> bytes:
    body = await read_body(request.receive, BODY_BYTES)
    if body:
        _check(body)
    return body


def _check(body: bytes) -> None:
    """Refuse, before any model sees it, what would harm code that walks values, or what PostgreSQL cannot keep."""
    try:
        pending: list[tuple[object, int]] = [(orjson.loads(body), 0)]
    except orjson.JSONDecodeError as failure:
        raise InvalidSyntaxException(detail="the body is not valid JSON") from failure
    while pending:
        value, depth = pending.pop()
        if depth > _DEPTH:
            raise InvalidSyntaxException(detail=f"nested more than {_DEPTH} levels deep")
        if isinstance(value, str) and "\0" in value:
            raise InvalidValueException(detail="the character U+0000 is not accepted")
        if isinstance(value, dict):
            pending += [(key, depth) for key in value]
            pending += [(item, depth + 1) for item in value.values()]
        elif isinstance(value, list):
            pending += [(item, depth + 1) for item in value]


def _response(answer: ScimResponse) -> Response:
    body = b"" if answer.body is None else orjson.dumps(answer.body)
    headers = {**answer.headers, "Cache-Control": "no-store"}
    if answer.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        headers.pop("Content-Type", None)
    return Response(body, int(answer.status), headers)


SCIM_ROUTES: Final = (
    Route("/scim/{tenant}/v2", scim, methods=list(_METHODS)),
    Route("/scim/{tenant}/v2/{path:path}", scim, methods=list(_METHODS)),
)
