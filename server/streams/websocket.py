"""WebSocket ``/graphql``, subprotocol ``graphql-transport-ws`` and no other."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

import orjson
import structlog
from starlette.datastructures import Headers

from auth.cookies import token_from
from auth.unauthenticated import UnauthenticatedError
from engine.result import Result
from errors import ErrorCode, error
from server import parameters
from server.cross_site import check_same_origin
from server.current_request import current_request_id
from server.refusal import RequestRefusedError
from server.request_log import record_of
from server.streams.result import result_json
from server.streams.stream_viewer import Ending
from server.streams.viewers import TooManyStreamsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from engine.request import Request
    from server.drain import Drain
    from server.operations.asked_document import Published
    from server.streams.operations import Operations
    from server.streams.stream_viewer import StreamViewer
    from server.streams.viewers import Viewers
    from settings import Settings

    ReadRequest = Callable[[Mapping[str, object]], Request]

PROTOCOL: Final = "graphql-transport-ws"
INITIALISATION_SECONDS: Final = 10.0
_SENDING_SECONDS: Final = 10.0
_MAXIMUM_ID: Final = 200
_BEARER: Final = "bearer "

# A client such as graphql-ws connects again, with a new token, after 4403 but not after 4401.
_ENDINGS: Final = {Ending.EXPIRED: 4403, Ending.SESSION_OVER: 4401, Ending.DRAINING: 1001}

_log = structlog.get_logger()


class _CloseError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class _GoneError(Exception):
    """The client has left."""


class WebSocketEndpoint:
    """An ASGI application for WebSockets on one path."""

    def __init__(
        self, viewers: Viewers, operations: Operations, published: Published, settings: Settings, drain: Drain
    ) -> None:
        self._viewers = viewers
        self._operations = operations
        self._published = published
        self._settings = settings
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, request_id = Headers(scope=scope), record_of(scope).request_id
        current_request_id.set(request_id)
        await receive()
        token = token_from(headers, self._settings)
        if token is not None and token.by_cookie:
            try:
                check_same_origin("POST", headers, self._settings.public_origin)
            except RequestRefusedError:
                await send({"type": "websocket.close", "code": 4403})  # before it is accepted, this answers 403
                return
        accepted = PROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if accepted else None})
        read = partial(parameters.from_message, request_id=request_id, published=self._published)
        connection = _Connection(receive, send, self._operations, self._settings, read)
        with self._drain.request(), contextlib.suppress(_GoneError):
            try:
                if not accepted:
                    _close(4406, "Subprotocol not acceptable")
                await self._run(connection, headers, None if token is None else token.text)
            except _CloseError as close:
                _log.info("stream closed", code=close.code, reason=close.reason)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await send({"type": "websocket.close", "code": close.code, "reason": close.reason})

    async def _run(self, connection: _Connection, headers: Headers, token: str | None) -> None:
        try:
            async with asyncio.timeout(INITIALISATION_SECONDS):
                token = await connection.initialised() or token
        except TimeoutError:
            _close(4408, "Connection initialisation timeout")
        if token is None:
            _close(4401, "Unauthorized")
        async with contextlib.AsyncExitStack() as opened:
            try:
                stream = await opened.enter_async_context(self._viewers.stream(token))
            except UnauthenticatedError:
                _close(4403, "Forbidden")
            except TooManyStreamsError:
                _close(4429, "Too many connections")
            if any(hint != stream.viewer.tenant.slug for hint in headers.getlist("x-fieldgate-tenant")):
                _close(4403, "Forbidden")
            await connection.serve(stream)


class _Connection:
    def __init__(
        self, receive: Receive, send: Send, operations: Operations, settings: Settings, read: ReadRequest
    ) -> None:
        self._receive = receive
        self._send = send
        self._operations = operations
        self._settings = settings
        self._read_request = read
        self._running: dict[str, asyncio.Task[None]] = {}

    async def initialised(self) -> str | None:
        """Wait for the first message; the token in it, if any."""
        while True:
            message = await self._next()
            match message.get("type"):
                case "connection_init":
                    return _token(message.get("payload"))
                case "ping":
                    await self._text(b'{"type":"pong"}')
                case "pong":
                    pass
                case _:
                    _close(4401, "Unauthorized")

    async def serve(self, stream: StreamViewer) -> None:
        """Run the client's operations until one of both ends it."""
        await self._text(b'{"type":"connection_ack"}')
        reading = asyncio.create_task(self._read(stream))
        try:
            waited: set[asyncio.Future[Any]] = {reading, stream.ended}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            tasks = [reading, *self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if stream.ended.done():
            ending = stream.ended.result()
            _close(_ENDINGS[ending], ending.value)
        reading.result()

    async def _read(self, stream: StreamViewer) -> None:
        while True:
            message = await self._next()
            match message.get("type"):
                case "subscribe":
                    await self._subscribe(message, stream)
                case "complete":
                    running = self._running.pop(str(message.get("id")), None)
                    if running is not None:
                        running.cancel()
                case "ping":
                    await self._text(b'{"type":"pong"}')
                case "pong":
                    pass
                case "connection_init":
                    _close(4429, "Too many initialisation requests")
                case _:
                    _close(4400, "Invalid message")

    async def _subscribe(self, message: Mapping[str, object], stream: StreamViewer) -> None:
        identifier, payload = message.get("id"), message.get("payload")
        if not isinstance(identifier, str) or not 0 < len(identifier) <= _MAXIMUM_ID or not isinstance(payload, dict):
            _close(4400, "Invalid message")
        if identifier in self._running:
            # The protocol has the reason repeat the id; one that is too long for a close frame is cut.
            _close(4409, f"Subscriber for {identifier} already exists".encode()[:120].decode(errors="ignore"))
        if len(self._running) >= self._settings.limit_operations_per_stream:
            refusal = error("Too many operations run on this connection.", ErrorCode.OPERATION_LIMIT_EXCEEDED)
            await self._answer(identifier, Result(None, (refusal,)))
            return
        try:
            request = self._read_request(payload)
        except RequestRefusedError as refused:
            await self._answer(identifier, Result(None, (refused.error,)))
            return

        async def run() -> None:
            try:
                async with contextlib.aclosing(self._operations.results(request, stream)) as results:
                    async for result in results:
                        if stream.ended.done():
                            return
                        await self._answer(identifier, result)
                        if result.data is None:
                            return
                await self._text(orjson.dumps({"id": identifier, "type": "complete"}))
            finally:
                if self._running.get(identifier) is asyncio.current_task():
                    del self._running[identifier]

        self._running[identifier] = asyncio.create_task(run())

    async def _answer(self, identifier: str, result: Result) -> None:
        if result.data is None:
            errors = result.errors_as_json()
            await self._text(b'{"id":%b,"type":"error","payload":%b}' % (orjson.dumps(identifier), errors))
        else:
            await self._text(b'{"id":%b,"type":"next","payload":%b}' % (orjson.dumps(identifier), result_json(result)))

    async def _text(self, text: bytes) -> None:
        async with asyncio.timeout(_SENDING_SECONDS):
            await self._send({"type": "websocket.send", "text": text.decode()})

    async def _next(self) -> Mapping[str, object]:
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            raise _GoneError
        text = received.get("text")
        if text is None:
            _close(4400, "Invalid message")
        try:
            message = parameters.decoded(text.encode())
        except (RequestRefusedError, UnicodeEncodeError):
            _close(4400, "Invalid message")
        if not isinstance(message, dict):
            _close(4400, "Invalid message")
        return message


def _close(code: int, reason: str) -> NoReturn:
    raise _CloseError(code, reason) from None


def _token(payload: object) -> str | None:
    if payload is None:
        return None
    if not isinstance(payload, dict):
        _close(4400, "Invalid message")
    given = next((value for name, value in payload.items() if name.lower() == "authorization"), None)
    if given is None:
        return None
    if not isinstance(given, str) or given[: len(_BEARER)].lower() != _BEARER:
        _close(4403, "Forbidden")
    return given[len(_BEARER) :].strip()
