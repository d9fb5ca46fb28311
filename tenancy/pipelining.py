"""Sending ahead: a message to PostgreSQL whose answer nobody waits for before the next one is sent.

A transaction begins with one message and reads with the next, and each used to wait for its answer: two round trips,
of which the first only says that nothing went wrong. PostgreSQL takes messages in the order in which they come, and
once one has failed it refuses every other of the same transaction, so both can be sent at once. asyncpg cannot do it,
so this stands between asyncpg and the transport: it puts what is sent ahead before asyncpg's next message, in the same
write, and takes the answer out of the stream.

Messages are those of PostgreSQL's documentation, "Frontend/Backend Protocol", section "Message Formats".
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenancy.opening import Step

_COMPLETE: Final = ord("C")
_ERROR: Final = ord("E")
# Parameters, notices and notifications come at any time, and are asyncpg's business whatever they come between.
_AT_ANY_TIME: Final = frozenset(b"SNA")
_HEADER_BYTES: Final = 5
_REMEMBERED_MESSAGES: Final = 2_000


class SentAheadError(Exception):
    """What was sent ahead failed, so nothing that came after it counts.

    Attributes:
        problem: what PostgreSQL said.
    """

    def __init__(self, problem: asyncpg.PostgresError) -> None:
        super().__init__(type(problem).__name__)
        self.problem = problem


class PipelinedTransport:
    """The transport, as asyncpg sees it."""

    def __init__(self, transport: asyncio.Transport, protocol: _PipelinedProtocol) -> None:
        self.inner = transport
        self._protocol = protocol
        self._send = transport.write
        self._ahead = b""
        # The names under which PostgreSQL has prepared statements on this connection, and those that are under way.
        self._names: dict[str, bytes] = {}
        self._new_names: dict[str, bytes] = {}
        self._count = 0
        # What is sent for some steps, and the statements in it.
        self._usual: dict[tuple[Step, ...], tuple[bytes, tuple[str, ...]]] = {}

    def send_ahead(self, steps: tuple[Step, ...]) -> None:
        """Have some statements go before what asyncpg writes next. Nothing may be awaited in between."""
        self._new_names = {}
        self._ahead, statements = self._usual.get(steps) or self._messages(steps)
        self._protocol.expect(statements)

    def _messages(self, steps: tuple[Step, ...]) -> tuple[bytes, tuple[str, ...]]:
        messages = []
        for step in steps:
            name = self._names.get(step.sql)
            if name is None:
                # A name is never used twice: if it got no further than being prepared, it is lost.
                self._count += 1
                name = self._new_names[step.sql] = f"fieldgate_{self._count}".encode()
                messages.append(_parse(name, step.sql))
            messages.append(_bind_and_execute(name, step.parameters))
        sent = b"".join(messages), tuple(step.sql for step in steps)
        if not self._new_names:
            if len(self._usual) >= _REMEMBERED_MESSAGES:
                self._usual.clear()
            self._usual[steps] = sent
        return sent

    def refuse_if_failed(self) -> None:
        """Look at what became of them.

        Raises:
            SentAheadError: one of them failed.
        """
        self._protocol.refuse_if_failed()
        self._names.update(self._new_names)

    def refuse_if_unanswered(self) -> None:
        """Look whether they were answered at all, once what was sent behind them was.

        Raises:
            asyncpg.InternalClientError: they were not; the connection is of no use any more.
        """
        self._protocol.refuse_if_unanswered()

    def keep_back(self) -> bool:
        """Do not send what was to go ahead, if nothing was written since; whether that was so."""
        unsent, self._ahead = bool(self._ahead), b""
        if unsent:
            self._protocol.expect_nothing()
        return unsent

    def write(self, data: bytes | memoryview) -> None:
        if self._ahead:
            data, self._ahead = self._ahead + data, b""
        self._send(data)

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        self._protocol.serve(protocol)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else transports have
        return getattr(self.inner, name)


class _PipelinedProtocol(asyncio.Protocol):
    """asyncpg's protocol, as the transport sees it."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self.serve(protocol)
        # How many statements that were sent ahead have not been answered.
        self._expecting = 0
        self._unread = b""
        self._from_its_beginning = True
        # What the same statements were answered with before: nearly always the answer is that again, to the byte.
        self._usual: dict[tuple[str, ...], bytes] = {}
        self._sent: tuple[str, ...] = ()
        self._failure: asyncpg.PostgresError | None = None

    def serve(self, protocol: asyncio.Protocol) -> None:
        self.protocol = protocol
        self._forward: Callable[[bytes], None] = protocol.data_received

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = PipelinedTransport(cast("asyncio.Transport", transport), self)
        self.protocol.connection_made(cast("asyncio.Transport", self.transport))

    def connection_lost(self, exc: Exception | None) -> None:
        self.protocol.connection_lost(exc)

    def eof_received(self) -> bool | None:
        return self.protocol.eof_received()

    def pause_writing(self) -> None:
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        self.protocol.resume_writing()

    def expect(self, statements: tuple[str, ...]) -> None:
        self._failure = None
        self._sent = statements
        self._expecting = len(statements)
        self._from_its_beginning = True

    def expect_nothing(self) -> None:
        self._expecting = 0

    def refuse_if_failed(self) -> None:
        if self._failure is not None:
            raise SentAheadError(self._failure)

    def refuse_if_unanswered(self) -> None:
        if self._expecting:
            message = "an answer came before the one to what was sent ahead"
            raise asyncpg.InternalClientError(message)

    def data_received(self, data: bytes) -> None:
        if not self._expecting:
            self._forward(data)
            return
        if self._unread:
            data, self._unread = self._unread + data, b""
        usual = self._usual.get(self._sent) if self._from_its_beginning else None
        end = len(usual) if usual is not None and data.startswith(usual) else self._read(data)
        if end is None:
            return
        self._expecting = 0
        if end < len(data):
            self._forward(data[end:])

    def _read(self, data: bytes) -> int | None:
        """Where the answer ends; ``None`` when it has not all come yet."""
        start = 0
        while len(data) - start >= _HEADER_BYTES:
            kind = data[start]
            end = start + 1 + int.from_bytes(data[start + 1 : start + _HEADER_BYTES], "big")
            if end > len(data):
                break
            if kind == _ERROR:
                # PostgreSQL skips the rest, and asyncpg's message with it, whose answer this is too.
                self._failure = _error(data[start + _HEADER_BYTES : end])
                return start
            if kind in _AT_ANY_TIME:
                self._forward(data[start:end])
            elif kind == _COMPLETE:
                self._expecting -= 1
                if not self._expecting:
                    if self._from_its_beginning:
                        self._usual[self._sent] = data[:end]
                    return end
            start = end
        self._unread = data[start:]
        self._from_its_beginning = False
        return None


class PipeliningLoop:
    """The event loop, as asyncpg needs it to make a connection: with transports that can send ahead."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.create_future = loop.create_future

    async def create_connection(
        self, factory: Callable[[], asyncio.Protocol], *address: object, **options: object
    ) -> tuple[PipelinedTransport, asyncio.Protocol]:
        return await self._made(self._loop.create_connection, factory, *address, **options)

    async def create_unix_connection(
        self, factory: Callable[[], asyncio.Protocol], *address: object, **options: object
    ) -> tuple[PipelinedTransport, asyncio.Protocol]:
        return await self._made(self._loop.create_unix_connection, factory, *address, **options)

    async def start_tls(
        self, transport: PipelinedTransport, protocol: asyncio.Protocol, *arguments: object, **options: object
    ) -> PipelinedTransport | None:
        pipelined = _PipelinedProtocol(protocol)
        start: Any = self._loop.start_tls
        encrypted = await start(transport.inner, pipelined, *arguments, **options)
        if encrypted is None:
            return None
        return PipelinedTransport(encrypted, pipelined)

    async def _made(
        self,
        make: Any,  # noqa: ANN401 - one of the two above, whose parameters are handed on
        factory: Callable[[], asyncio.Protocol],
        *address: object,
        **options: object,
    ) -> tuple[PipelinedTransport, asyncio.Protocol]:
        pipelined: _PipelinedProtocol
        _, pipelined = await make(lambda: _PipelinedProtocol(factory()), *address, **options)
        return pipelined.transport, pipelined.protocol

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else event loops have
        return getattr(self._loop, name)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def _parse(name: bytes, sql: str) -> bytes:
    return _message(b"P", name + b"\0" + sql.encode() + b"\0\0\0")


def _bind_and_execute(name: bytes, parameters: tuple[str, ...]) -> bytes:
    """Run a prepared statement with parameters in their form as text, in the portal without a name."""
    values = [each.encode() for each in parameters]
    counted = len(values).to_bytes(2, "big") + b"".join(len(each).to_bytes(4, "big") + each for each in values)
    return _message(b"B", b"\0" + name + b"\0\0\0" + counted + b"\0\0") + _message(b"E", b"\0\0\0\0\0")


def _error(body: bytes) -> asyncpg.PostgresError:
    fields = {chr(each[0]): each[1:].decode(errors="replace") for each in body.split(b"\0") if each}
    return cast("asyncpg.PostgresError", asyncpg.PostgresError.new(fields))
