"""The answer to one operation: status, media type and body, by the September 2026 edition of GraphQL over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from engine.result import Stage
from errors import ErrorCode, error
from server.challenge import step_up_challenge
from server.negotiation import MediaType
from server.request_log import record_of
from server.whole_messages import send_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from engine.result import Result
    from server.operations.asked_document import UnknownHashError
    from server.refusal import RequestRefusedError
    from settings import Settings

# The edition's own code for data together with errors. It is no registered HTTP status, so it is only sent to a client
# that has asked for the media type that it comes with.
PARTIAL_SUCCESS: Final = 294

_STATUS_WITHOUT_DATA: Final[Mapping[Stage, int]] = {
    Stage.PARSING: 400,
    Stage.VALIDATION: 422,
    Stage.METHOD: 405,
    Stage.DECISION: 403,
    Stage.SIGN_IN: 401,
    Stage.EXECUTION: 500,
}


class Answer:
    """A response whose bytes are all there. Starlette's own takes longer to make its headers than these to be sent."""

    __slots__ = ("_body", "_further", "_headers", "status")

    def __init__(
        self, status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes, further: Mapping[str, str] | None
    ) -> None:
        """A response.

        Args:
            status: of HTTP.
            headers: that other responses have too.
            body: all of it.
            further: headers of this one alone.
        """
        self.status = status
        self._headers = headers
        self._body = body
        self._further = further

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self._send(send, self._headers)

    async def send(self, scope: Scope, send: Send, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        """Send it with further headers, past whatever is around ``send`` but the log of requests."""
        headers = self._headers + headers
        record = record_of(scope)
        name = b"x-request-id: %b\r\n" % record.request_id.encode()
        if self._further is None and send_whole(scope, self.status, headers, name, self._body):
            record.status = self.status
        else:
            await self._send(send, headers)

    async def _send(self, send: Send, headers: Sequence[tuple[bytes, bytes]]) -> None:
        further = [(name.encode(), value.encode()) for name, value in (self._further or {}).items()]
        all_of_them = [*headers, *further, (b"content-length", str(len(self._body)).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": all_of_them})
        await send({"type": "http.response.body", "body": self._body})


def answered(result: Result, media_type: MediaType, settings: Settings) -> Answer:
    """What the engine has answered. Its bytes of ``data`` are put in as they are."""
    if result.data is None:
        headers = {"allow": "POST"} if result.stage is Stage.METHOD else None
        if result.max_age is not None:
            headers = {"www-authenticate": step_up_challenge(settings, result.max_age)}
        return _errors_only(_STATUS_WITHOUT_DATA[result.stage], result.errors_as_json(), headers)
    if not result.errors:
        return _response(200, b'{"data":%b}' % result.data, media_type)
    status = PARTIAL_SUCCESS if media_type is MediaType.GRAPHQL_RESPONSE else 200
    return _response(status, b'{"errors":%b,"data":%b}' % (result.errors_as_json(), result.data), media_type)


def refused(refusal: RequestRefusedError) -> Answer:
    return _errors_only(refusal.status, _dumps([refusal.error]), refusal.headers)


def unknown_hash(refusal: UnknownHashError, media_type: MediaType) -> Answer:
    """Clients from before the newer media type take any status but 200 for a fault of the network, and do not go on."""
    if media_type is MediaType.JSON:
        return _response(200, b'{"errors":%b}' % _dumps([refusal.error]), media_type)
    return refused(refusal)


def failed(request_id: str) -> Answer:
    """All that a caller learns about a fault of ours."""
    masked = error("Internal server error", ErrorCode.INTERNAL_SERVER_ERROR, requestId=request_id)
    return _errors_only(500, _dumps([masked]), None)


def _errors_only(status: int, errors: bytes, headers: Mapping[str, str] | None) -> Answer:
    """No ``data`` key at all, because nothing ran.

    Also for a client that takes plain JSON only: that media type is for successes, because a client could not tell such
    a body from one made by a proxy on the way.
    """
    return _response(status, b'{"errors":%b}' % errors, MediaType.GRAPHQL_RESPONSE, headers)


# Answers differ by who asks, GET included; no cache between the caller and the server may keep one.
_HEADERS: Final = {
    media_type: ((b"content-type", f"{media_type}; charset=utf-8".encode()), (b"cache-control", b"no-store"))
    for media_type in MediaType
}


def _response(status: int, body: bytes, media_type: MediaType, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, _HEADERS[media_type], body, headers)


def _dumps(errors: Sequence[Mapping[str, object]]) -> bytes:
    return orjson.dumps(errors, default=str)
