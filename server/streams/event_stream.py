"""``/graphql/stream``: one operation as server-sent events, one connection each (graphql-sse, distinct connections)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from auth.cookies import token_from
from auth.unauthenticated import UnauthenticatedError
from engine.result import Result
from errors import ErrorCode, error
from server import graphql_response, parameters
from server.cross_site import check_same_origin
from server.refusal import RequestRefusedError, refuse
from server.request_body import check_body_headers, read_body
from server.request_log import record_of
from server.streams.result import result_json
from server.streams.stream_viewer import Ending
from server.streams.viewers import TooManyStreamsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from engine.request import Request
    from server.operations.asked_document import Published
    from server.streams.operations import Operations
    from server.streams.stream_viewer import StreamViewer
    from server.streams.viewers import Viewers
    from settings import Settings

    Write = Callable[[bytes], Awaitable[None]]

HEARTBEAT_SECONDS: Final = 12.0
_COMPLETE: Final = b"event: complete\ndata:\n\n"
_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"connection", b"close"),
)
_INVALID: Final = 'Bearer realm="fieldgate", error="invalid_token"'


class EventStreamEndpoint:
    """An ASGI application for one path."""

    def __init__(self, viewers: Viewers, operations: Operations, published: Published, settings: Settings) -> None:
        self._viewers = viewers
        self._operations = operations
        self._published = published
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answer(scope, receive, send)
        except ClientDisconnect:
            return
        except RequestRefusedError as refusal:
            await graphql_response.refused(refusal)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, method, record = Headers(scope=scope), scope["method"], record_of(scope)
        if method not in {"GET", "POST"}:
            refuse(405, f"The method {method} is not allowed.", headers={"allow": "GET, POST"})
        if "text/event-stream" not in headers.get("accept", ""):
            refuse(406, "Only text/event-stream is available here.")
        if method == "POST":
            check_body_headers(headers, self._settings.limit_body_bytes)
        token = token_from(headers, self._settings)
        if token is None:
            refuse(401, "Sign in, or send a bearer token.", ErrorCode.UNAUTHENTICATED)
        if token.by_cookie:
            check_same_origin(method, headers, self._settings.public_origin)
        async with contextlib.AsyncExitStack() as opened:
            try:
                stream = await opened.enter_async_context(self._viewers.stream(token.text))
            except UnauthenticatedError:
                refuse(
                    401,
                    "The token is not valid.",
                    ErrorCode.UNAUTHENTICATED,
                    headers={"www-authenticate": _INVALID},
                )
            except TooManyStreamsError:
                refuse(429, "Too many streams are open.", ErrorCode.RATE_LIMITED, headers={"retry-after": "5"})
            if any(hint != stream.viewer.tenant.slug for hint in headers.getlist("x-fieldgate-tenant")):
                refuse(401, "The token is not for this tenant.", ErrorCode.UNAUTHENTICATED)
            record.tenant_id, record.member_id = stream.viewer.tenant.tenant_id, stream.viewer.member_id
            request = await self._request(method, scope, receive, record.request_id)
            await self._stream(request, stream, receive, send)

    async def _request(self, method: str, scope: Scope, receive: Receive, request_id: str) -> Request:
        if method == "POST":
            body = await read_body(receive, self._settings.limit_body_bytes)
            request = parameters.from_body(body, request_id, self._published)
        elif len(scope["query_string"]) > self._settings.limit_body_bytes:
            refuse(414, "The query string is too long; send a POST.", ErrorCode.OPERATION_LIMIT_EXCEEDED)
        else:
            request = parameters.from_query_string(scope["query_string"], request_id, self._published)
        return parameters.streaming(request)

    async def _stream(self, request: Request, stream: StreamViewer, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        turn = asyncio.Lock()

        async def write(body: bytes) -> None:
            async with turn:
                await send({"type": "http.response.body", "body": body, "more_body": True})

        tasks = [
            asyncio.create_task(self._write_results(request, stream, write)),
            asyncio.create_task(_beat(write)),
            asyncio.create_task(_gone(receive)),
        ]
        try:
            waited: set[asyncio.Future[Any]] = {*tasks, stream.ended}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        last = b""
        if stream.ended.done() and stream.ended.result() is not Ending.DRAINING:
            over = Result(None, (error("The session is over.", ErrorCode.UNAUTHENTICATED),))
            last = b"event: next\ndata: %b\n\n" % result_json(over)
        # A client that does not read gets no further time: returning cuts the connection.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await send({"type": "http.response.body", "body": last + _COMPLETE, "more_body": False})

    async def _write_results(self, request: Request, stream: StreamViewer, write: Write) -> None:
        async with contextlib.aclosing(self._operations.results(request, stream)) as results:
            async for result in results:
                if stream.ended.done():
                    return
                await write(b"event: next\ndata: %b\n\n" % result_json(result))


async def _beat(write: Write) -> None:
    while True:
        await write(b":\n\n")
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
