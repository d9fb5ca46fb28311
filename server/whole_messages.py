"""Bodies and answers whose bytes are all there, past the messages in which ASGI hands them on.

uvicorn takes an answer in two messages, checks each header by two regular expressions, and writes twice; on the way to
a program that waits on another processor each write costs as much as all else that is done for it. What our own server
answers to nearly every request has the same headers each time, so they are put together once. Nor need a body be waited
for that has come along with its headers.

The cycle is uvicorn's (``httptools_impl.RequestResponseCycle``): whatever is out of the ordinary is left to it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    Headers = tuple[tuple[bytes, bytes], ...]

_SCOPE_KEY: Final = "fieldgate.cycle"


def offer(scope: Scope, cycle: RequestResponseCycle) -> None:
    """Let whoever answers the request of ``scope`` do so in one write, and take its body at once."""
    scope[_SCOPE_KEY] = cycle


def take_body(scope: Scope, limit: int) -> bytes | None:
    """The whole body, if it has come, has no more bytes than ``limit``, and nobody has begun to read it."""
    cycle: RequestResponseCycle | None = scope.get(_SCOPE_KEY)
    if cycle is None or cycle.more_body or cycle.disconnected or not 0 < len(cycle.body) <= limit:
        return None
    body = bytes(cycle.body)
    cycle.body = bytearray()
    cycle.message_event.clear()
    return body


def send_whole(scope: Scope, status: int, headers: Headers, further: bytes, body: bytes) -> bool:
    """Send a whole answer in one write, if the server that runs the application lets us; whether it was sent.

    Args:
        scope: of the request.
        status: of HTTP.
        headers: that are the same each time.
        further: headers as they are written.
        body: all of it.
    """
    cycle: RequestResponseCycle | None = scope.get(_SCOPE_KEY)
    if cycle is None or cycle.response_started or cycle.disconnected or cycle.flow.write_paused or not cycle.keep_alive:
        return False
    if scope["method"] == "HEAD":
        return False
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    head = _head(status, headers), _usual.written(cycle.default_headers), further
    cycle.transport.write(b"%b%b%bcontent-length: %d\r\n\r\n%b" % (*head, len(body), body))
    cycle.response_complete = True
    cycle.message_event.set()
    cycle.on_response()
    return True


class _Usual:
    """The headers that uvicorn gives every answer, as they are written. It makes them anew each second."""

    def __init__(self) -> None:
        self._headers: Sequence[tuple[bytes, bytes]] = ()
        self._written = b""

    def written(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        if headers is not self._headers:
            self._headers, self._written = headers, _written(headers)
        return self._written


_usual: Final = _Usual()


@lru_cache(maxsize=64)
def _head(status: int, headers: Headers) -> bytes:
    return STATUS_LINE[status] + _written(headers)


def _written(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
