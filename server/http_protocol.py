"""uvicorn's HTTP protocol with a bound on what comes before the body, and a shorter way for what comes again and again.

The parser that it uses (llhttp) leaves such bounds to its user, and uvicorn sets none, so that one connection could
fill the memory with an endless request line or header.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from server.repeated_heads import RepeatedHeads
from server.whole_messages import offer

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn._types import HTTPScope

    from server.repeated_heads import Head

MAXIMUM_HEAD_BYTES: Final = 64 * 1024

# Timers may come a moment early.
_MOMENT: Final = 0.01

_REFUSAL: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHttpProtocol(HttpToolsProtocol):
    """Answers 431 and hangs up once the request line and headers exceed ``MAXIMUM_HEAD_BYTES``.

    A request that is like one before it on the connection, but for its body, does not go through the parser again
    (``server/repeated_heads.py``).

    A connection that idles is closed by one timer that looks how long it has: uvicorn sets one behind each answer and
    takes it back before the next request, which costs more than to read that.
    """

    _head_bytes = 0
    _in_head = True
    # Whether the parser stands between two messages.
    _is_between = True
    # Since when there is nothing to answer; ``None`` while there is.
    _idle_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._heads = RepeatedHeads()

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._idle_since = None
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_again(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # there will be an answer, and another timer behind it
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > _MOMENT:
            self._look_again(left)
        else:
            super().timeout_keep_alive_handler()

    def _look_again(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_at_rest():
            self._parse(data)
            return
        head = self._heads.find(data)
        if head is not None:
            self._repeat(head, data)
            return
        self._parse(data)
        cycle: RequestResponseCycle | None = self.cycle
        if self._is_between and cycle is not None and cycle.scope is self.scope:
            self._heads.remember(data, cast("Scope", self.scope))

    def _is_at_rest(self) -> bool:
        """Whether the parser stands between two messages, and the one before it is answered."""
        if not self._is_between or self.limit_concurrency is not None:
            return False
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _repeat(self, head: Head, data: bytes) -> None:
        """Begin with a request as the parser would have it begin."""
        self._unset_keepalive_if_required()
        scope = head.scope(self.app_state)
        cycle = RequestResponseCycle(
            scope=cast("HTTPScope", scope),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )
        cycle.body += data[head.begins :]
        cycle.more_body = False
        cycle.message_event.set()
        offer(scope, cycle)
        self.cycle = cycle
        self._start_asgi_task(cycle, self.app)

    def _parse(self, data: bytes) -> None:
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
        self._is_between = False
        self._head_bytes = 0
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()
        cycle: RequestResponseCycle | None = self.cycle
        # A request to go over to WebSocket gets none.
        if cycle is not None and cycle.scope is self.scope:
            offer(cast("Scope", self.scope), cycle)

    def on_message_complete(self) -> None:
        self._is_between = True
        super().on_message_complete()
