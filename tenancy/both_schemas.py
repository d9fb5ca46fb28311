"""Writing in a tenant's schema and in the shared one, as one: a change and what the tenant's audit says of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tenancy.clients import shared_block
from tenancy.errors import NoTenantError
from tenancy.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def in_both_schemas() -> AsyncIterator[None]:
    """A part of the open tenant's transaction. What is raised in it undoes all of it, in both schemas.

    From here to the end of the scope, all that its tasks do in the shared schema is done in the tenant's transaction,
    so they see what they have written, and never wait for a lock of their own. Others see it when the scope is kept.

    Raises:
        NoTenantError: the running task is in no tenant's scope, or in a transaction of the shared schema.
    """
    if shared_block.get() is not None:
        message = "a transaction of the shared schema is open already, and would not be a part of this one"
        raise NoTenantError(message)
    session = current_scope()
    async with session.savepoint():
        session.joined = True
        yield
