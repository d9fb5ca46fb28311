"""Turns, for what a tenant's transactions must not do at the same time."""

from __future__ import annotations

from typing import Final

from tenancy.scope import current_scope

# Advisory locks belong to the whole database, so the key is made of the tenant's schema too.
_TAKE: Final = (
    "SELECT pg_catalog.pg_advisory_xact_lock("
    "pg_catalog.hashtextextended(pg_catalog.current_schema() || ' ' || $1::text, 0))"
)


async def take_turn(what: str) -> None:
    """Wait until nobody else in this tenant has a turn at ``what``, and keep it until the transaction ends.

    The statements that follow see what those have written that were waited for.
    """
    await current_scope().fetch(_TAKE, what)
