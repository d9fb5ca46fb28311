"""Sending ahead: a message to PostgreSQL whose answer nobody waits for before the next one is sent.

A transaction begins with one message and reads with the next, and each used to wait for its answer: two round trips,
of which the first only says that nothing went wrong. PostgreSQL takes messages in the order in which they come, and
once one has failed it refuses every other of the same transaction, so both can be sent at once. asyncpg cannot do it,
so this stands between asyncpg and the transport: it puts what is sent ahead before asyncpg's next message, in the same
write, and takes the answer out of the stream. A transaction that only reads can be sent whole, past asyncpg
(``tenancy/exchange.py``).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

import asyncpg

from tenancy.errors import SentAheadError
from tenancy.exchange import Exchange
from tenancy.messages import (
    AT_ANY_TIME,
    COMPLETE,
    ERROR,
    EXECUTE,
    SYNC,
    bind,
    close,
    counted_formats,
    counted_values,
    error,
    framed,
    parse,
)
from tenancy.opening import END

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenancy.exchange import Take
    from tenancy.opening import Step

# Of a statement that gives nothing back.
_NO_COLUMNS: Final = counted_formats(())
_COMMIT: Final = (END,)
_REMEMBERED_MESSAGES: Final = 2_000


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
        self._lost_names: list[bytes] = []
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
                messages.append(parse(name, step.sql))
            values = counted_values([each.encode() for each in step.parameters])
            messages += (bind(name, values, _NO_COLUMNS), EXECUTE)
        sent = b"".join(messages), tuple(step.sql for step in steps)
        if not self._new_names:
            if len(self._usual) >= _REMEMBERED_MESSAGES:
                self._usual.clear()
            self._usual[steps] = sent
        return sent

    def exchange(
        self,
        before: bytes,
        steps: tuple[Step, ...],
        reads: bytes,
        *,
        takes: Sequence[Take],
        ended: Callable[[Exception | None], None],
    ) -> None:
        """Send a whole transaction: some steps, the statements behind them, and its end.

        Args:
            before: messages that go before it.
            steps: what begins it.
            reads: the messages of the statements, each bound and executed.
            takes: what takes the answers to these, in order.
            ended: called once, when all is answered or the connection is lost, with what went wrong.
        """
        self._new_names = {}
        opening, statements = self._usual.get(steps) or self._messages(steps)
        commit, _ = self._usual.get(_COMMIT) or self._messages(_COMMIT)
        names = self._new_names

        def answered(problem: Exception | None) -> None:
            if problem is None:
                self._names.update(names)
            else:
                # How far it came is not known. Left alone they would be there for as long as the connection.
                self._lost_names += names.values()
            ended(problem)

        if self._lost_names:
            before += b"".join(map(close, self._lost_names))
            self._lost_names = []
        self._protocol.exchange(statements, takes, answered if names else ended)
        self._send(b"%b%b%b%b%b" % (before, opening, reads, commit, SYNC))

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
        # What is under way past asyncpg.
        self._exchange: Exchange | None = None

    def serve(self, protocol: asyncio.Protocol) -> None:
        self.protocol = protocol
        self._forward: Callable[[bytes], None] = protocol.data_received

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = PipelinedTransport(cast("asyncio.Transport", transport), self)
        self.protocol.connection_made(cast("asyncio.Transport", self.transport))

    def connection_lost(self, exc: Exception | None) -> None:
        exchange, self._exchange = self._exchange, None
        self.protocol.connection_lost(exc)
        if exchange is not None:
            exchange.ended(exchange.lost(exc))

    def eof_received(self) -> bool | None:
        return self.protocol.eof_received()

    def pause_writing(self) -> None:
        self.protocol.pause_writing()

    def resume_writing(self) -> None:
        self.protocol.resume_writing()

    def exchange(
        self, opening: tuple[str, ...], takes: Sequence[Take], ended: Callable[[Exception | None], None]
    ) -> None:
        self._exchange = Exchange(opening, takes, usual=self._usual, ended=ended, forward=self._forward)

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
        if self._exchange is not None:
            self._exchanged(self._exchange, data)
            return
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

    def _exchanged(self, exchange: Exchange, data: bytes) -> None:
        end = exchange.received(data)
        if end is None:
            return
        problem, behind = end
        self._exchange = None
        if behind:
            self._forward(behind)
        exchange.ended(problem)

    def _read(self, data: bytes) -> int | None:
        """Where the answer ends; ``None`` when it has not all come yet."""
        read = 0
        for kind, start, end in framed(data):
            if kind == ERROR:
                # PostgreSQL skips the rest, and asyncpg's message with it, whose answer this is too.
                self._failure = error(data[start:end])
                return start
            if kind in AT_ANY_TIME:
                # Those are asyncpg's business.
                self._forward(data[start:end])
            elif kind == COMPLETE:
                self._expecting -= 1
                if not self._expecting:
                    if self._from_its_beginning:
                        self._usual[self._sent] = data[:end]
                    return end
            read = end
        self._unread = data[read:]
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
