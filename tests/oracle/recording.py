"""What a tenant's transaction was asked for while a test looked on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tenancy import scope
from tenancy.reads import read
from tenancy.scope import TenantSession

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenancy.reads import Pinned, Read


@contextmanager
def recorded_sql() -> Iterator[list[str]]:
    """The text of each statement that plans sent, in order."""
    sent: list[str] = []
    fetch = TenantSession.fetch

    async def recording(session: TenantSession, sql: str, *arguments: object, **options: bool) -> list[Any]:
        sent.append(sql)
        rows: list[Any] = await fetch(session, sql, *arguments, **options)
        return rows

    async def recording_printed(pinned: Pinned, reads: Sequence[Read]) -> None:
        sent.extend(each.sql for each in reads)
        await read(pinned, reads)

    with patch.object(TenantSession, "fetch", recording), patch.object(scope, "read", recording_printed):
        yield sent
