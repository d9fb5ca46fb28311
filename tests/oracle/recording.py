"""What a tenant's transaction was asked for while a test looked on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tenancy.scope import TenantSession

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def recorded_sql() -> Iterator[list[str]]:
    """The text of each statement that plans sent, in order."""
    sent: list[str] = []
    fetch = TenantSession.fetch

    async def recording(session: TenantSession, sql: str, *arguments: object, **options: bool) -> list[Any]:
        sent.append(sql)
        rows: list[Any] = await fetch(session, sql, *arguments, **options)
        return rows

    with patch.object(TenantSession, "fetch", recording):
        yield sent
