"""Doing something to find out what would come of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.transactions import in_transaction


class _OverError(Exception):
    """Leaves the savepoint, and so undoes it."""


@asynccontextmanager
async def savepoint(*, keep: bool) -> AsyncIterator[None]:
    """A part of the transaction; unless told to keep it, it is undone when the block ends."""
    over = _OverError()
    try:
        async with in_transaction("tenant"):
            yield
            if not keep:
                raise over
    except _OverError as problem:
        if problem is not over:
            raise
