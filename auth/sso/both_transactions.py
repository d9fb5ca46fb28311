from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tortoise.transactions import in_transaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def both_transactions() -> AsyncIterator[None]:
    """A part of the open tenant's transaction and one of the shared schema: what is raised in the block undoes both.

    Not as good as one: should the tenant's transaction fail to end well afterwards, the other stays done.
    """
    # The tenant's first, always: if each waited for a connection of a kind that the other holds, both would for ever.
    async with in_transaction("tenant"), in_transaction("shared"):
        yield
