"""uvicorn's HTTP protocol with a bound on what comes before the body, and with answers in one write.

The parser that it uses (llhttp) leaves such bounds to its user, and uvicorn sets none, so that one connection could
fill the memory with an endless request line or header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.whole_messages import offer

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

MAXIMUM_HEAD_BYTES: Final = 64 * 1024

_REFUSAL: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHttpProtocol(HttpToolsProtocol):
    """Answers 431 and hangs up once the request line and headers exceed ``MAXIMUM_HEAD_BYTES``."""

    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head:
            return
        # One read is bounded by the event loop, so counting after the parser has seen it is soon enough.
        self._head_bytes += len(data)
        if self._head_bytes > MAXIMUM_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()
        cycle: RequestResponseCycle | None = self.cycle
        # A request to go over to WebSocket gets none.
        if cycle is not None and cycle.scope is self.scope:
            offer(cast("Scope", self.scope), cycle)
