"""The SQL that was sent while a test looked on."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from unittest.mock import patch

from tenancy.connection import PooledConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from tenancy.opening import Opening
    from tenancy.reads import Read

# What else runs in the process, such as the look for ended sessions of a server that other tests keep open, was begun
# in another context and isn't what the test looks on.
_LISTENING: ContextVar[list[str] | None] = ContextVar("statements", default=None)

_METHODS = ("execute", "executemany", "fetch", "fetchrow", "fetchval")
_METHODS_THAT_BEGIN = ("begin_and_fetch", "fetch_alone")


@contextmanager
def recorded_statements() -> Iterator[list[str]]:
    """What the caller, and the tasks that it begins, send to the database on pooled connections, in order.

    One entry is one round trip at least.
    """
    sent: list[str] = []

    def recording(method: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def recorded(connection: PooledConnection, sql: str, *arguments: object, **options: object) -> object:
            if _LISTENING.get() is sent:
                sent.append(sql)
            return await method(connection, sql, *arguments, **options)

        return recorded

    def recording_both(method: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def recorded(
            connection: PooledConnection, opening: Opening, sql: str, tag: str, arguments: object, **options: object
        ) -> object:
            if _LISTENING.get() is sent:
                sent.extend((f"COMMIT;{opening.text}" if connection.unended else opening.text, sql + tag))
            return await method(connection, opening, sql, tag, arguments, **options)

        return recorded

    with ExitStack() as stack:
        stack.enter_context(_recorded_whole(sent))
        for name in _METHODS:
            stack.enter_context(patch.object(PooledConnection, name, recording(getattr(PooledConnection, name))))
        for name in _METHODS_THAT_BEGIN:
            stack.enter_context(patch.object(PooledConnection, name, recording_both(getattr(PooledConnection, name))))
        token = _LISTENING.set(sent)
        try:
            yield sent
        finally:
            _LISTENING.reset(token)


def _recorded_whole(sent: list[str]) -> AbstractContextManager[object]:
    read_whole = PooledConnection.read_whole

    def recording(
        connection: PooledConnection, opening: Opening, tag: str, reads: Sequence[Read], ended: Callable[..., None]
    ) -> None:
        if _LISTENING.get() is sent:
            begins = f"COMMIT;{opening.text}" if connection.unended else opening.text
            sent.extend((begins, *(read.sql + tag for read in reads)))
        read_whole(connection, opening, tag, reads, ended)

    return patch.object(PooledConnection, "read_whole", recording)
