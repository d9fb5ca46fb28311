"""The registry is the whole deployment's, so tests that publish leave none of it to each other."""

from __future__ import annotations

from models.shared import Operation, OperationEvent


async def forget_operations() -> None:
    """Delete all that was ever published, history included."""
    await OperationEvent.all().delete()
    await Operation.all().delete()
