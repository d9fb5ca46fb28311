"""The SQL that was sent while a test looked on."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from tenancy.connection import PooledConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tenancy.opening import Opening

_METHODS = ("execute", "executemany", "fetch", "fetchrow", "fetchval")


@contextmanager
def recorded_statements() -> Iterator[list[str]]:
    """Every message to the database on a pooled connection, in order: one entry is one round trip at least."""
    sent: list[str] = []

    def recording(method: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def recorded(connection: PooledConnection, sql: str, *arguments: object, **options: object) -> object:
            sent.append(sql)
            return await method(connection, sql, *arguments, **options)

        return recorded

    def recording_both(method: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def recorded(
            connection: PooledConnection, opening: Opening, sql: str, tag: str, arguments: object
        ) -> object:
            sent.extend((f"COMMIT;{opening.text}" if connection.unended else opening.text, sql + tag))
            return await method(connection, opening, sql, tag, arguments)

        return recorded

    begin_and_fetch = PooledConnection.begin_and_fetch
    with ExitStack() as stack:
        for name in _METHODS:
            stack.enter_context(patch.object(PooledConnection, name, recording(getattr(PooledConnection, name))))
        stack.enter_context(patch.object(PooledConnection, "begin_and_fetch", recording_both(begin_and_fetch)))
        yield sent
