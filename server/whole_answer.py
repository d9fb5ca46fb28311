"""An answer whose bytes are all there, in one write.

uvicorn takes an answer in two messages, checks each header by two regular expressions, and writes twice; on the way to
a program that waits on another processor each write costs as much as all else that is done for it. What our own server
answers to nearly every request has the same headers each time, so they are put together once.

The cycle is uvicorn's (``httptools_impl.RequestResponseCycle``): whatever is out of the ordinary is left to it.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import Scope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    SendWhole = Callable[[int, "Headers", bytes, bytes], bool]
    Headers = tuple[tuple[bytes, bytes], ...]

_SCOPE_KEY: Final = "fieldgate.whole_answer"


def offer(scope: Scope, cycle: RequestResponseCycle) -> None:
    """Let whoever answers the request of ``scope`` do so in one write."""
    scope[_SCOPE_KEY] = partial(_send, cycle)


def sender(scope: Scope) -> SendWhole | None:
    """What sends a whole answer, where the server that runs the application has offered it.

    It takes the status, headers that are the same each time, further ones as they are written, and the body; it says
    whether it has sent them.
    """
    send: SendWhole | None = scope.get(_SCOPE_KEY)
    return send


def _send(cycle: RequestResponseCycle, status: int, headers: Headers, further: bytes, body: bytes) -> bool:
    if cycle.response_started or cycle.disconnected or cycle.flow.write_paused or not cycle.keep_alive:
        return False
    if cycle.scope["method"] == "HEAD":
        return False
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    head = _head(status, headers), _written(cycle.default_headers), further
    cycle.transport.write(b"%b%b%bcontent-length: %d\r\n\r\n%b" % (*head, len(body), body))
    cycle.response_complete = True
    cycle.message_event.set()
    cycle.on_response()
    return True


@lru_cache(maxsize=64)
def _head(status: int, headers: Headers) -> bytes:
    return STATUS_LINE[status] + _written(headers)


def _written(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
