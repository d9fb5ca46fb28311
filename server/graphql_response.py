"""The answer to one operation: status, media type and body, by the September 2026 edition of GraphQL over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from engine.result import Stage
from errors import ErrorCode, error
from server.challenge import step_up_challenge
from server.negotiation import MediaType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from engine.result import Result
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

    __slots__ = ("_body", "_headers", "status")

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self._headers = headers
        self._body = body

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.send(send, ())

    async def send(self, send: Send, further: Sequence[tuple[bytes, bytes]]) -> None:
        """Send it, with these headers as well."""
        headers = [*self._headers, *further, (b"content-length", str(len(self._body)).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


def answered(result: Result, media_type: MediaType, settings: Settings) -> Answer:
    """What the engine has answered. Its bytes of ``data`` are put in as they are."""
    if result.data is None:
        headers = {"allow": "POST"} if result.stage is Stage.METHOD else None
        if result.max_age is not None:
            headers = {"www-authenticate": step_up_challenge(settings, result.max_age)}
        return _errors_only(_STATUS_WITHOUT_DATA[result.stage], result.errors, headers)
    if not result.errors:
        return _response(200, b'{"data":%b}' % result.data, media_type)
    status = PARTIAL_SUCCESS if media_type is MediaType.GRAPHQL_RESPONSE else 200
    return _response(status, b'{"errors":%b,"data":%b}' % (_dumps(result.errors), result.data), media_type)


def refused(refusal: RequestRefusedError) -> Answer:
    return _errors_only(refusal.status, [refusal.error], refusal.headers)


def failed(request_id: str) -> Answer:
    """All that a caller learns about a fault of ours."""
    return _errors_only(
        500, [error("Internal server error", ErrorCode.INTERNAL_SERVER_ERROR, requestId=request_id)], None
    )


def _errors_only(status: int, errors: Sequence[Mapping[str, object]], headers: Mapping[str, str] | None) -> Answer:
    """No ``data`` key at all, because nothing ran.

    Also for a client that takes plain JSON only: that media type is for successes, because a client could not tell such
    a body from one made by a proxy on the way.
    """
    return _response(status, b'{"errors":%b}' % _dumps(errors), MediaType.GRAPHQL_RESPONSE, headers)


# Answers differ by who asks, GET included; no cache between the caller and the server may keep one.
_HEADERS: Final = {
    media_type: ((b"content-type", f"{media_type}; charset=utf-8".encode()), (b"cache-control", b"no-store"))
    for media_type in MediaType
}


def _response(status: int, body: bytes, media_type: MediaType, headers: Mapping[str, str] | None = None) -> Answer:
    further = [(name.encode(), value.encode()) for name, value in headers.items()] if headers else ()
    return Answer(status, (*_HEADERS[media_type], *further), body)


def _dumps(errors: Sequence[Mapping[str, object]]) -> bytes:
    return orjson.dumps(errors, default=str)
