from __future__ import annotations

import secrets
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Protocol

import pytest

from auth.roles import BUILT_IN_ROLES
from tenancy.database import Database, open_database
from tenancy.errors import UnknownTenantError
from tenancy.provisioning import create_tenant, delete_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from settings import Settings
    from tenancy.placement import TenantPlacement


class OpenWith(Protocol):
    """Opens the test database once more, with other settings. While it is open, scopes use it."""

    def __call__(self, **changes: object) -> AbstractAsyncContextManager[Database]: ...


@pytest.fixture
def open_with(settings: Settings, database: Database) -> OpenWith:
    del database  # migrated, that is all

    @asynccontextmanager
    async def opened(**changes: object) -> AsyncIterator[Database]:
        again = await open_database(settings.model_copy(update=changes))
        try:
            yield again
        finally:
            await again.close()

    return opened


@pytest.fixture
def acme(tenants: dict[str, TenantPlacement]) -> TenantPlacement:
    return tenants["acme"]


@pytest.fixture
def globex(tenants: dict[str, TenantPlacement]) -> TenantPlacement:
    return tenants["globex"]


@pytest.fixture
async def doomed(database: Database) -> AsyncIterator[TenantPlacement]:
    """A tenant of the test's own, to be broken."""
    slug = f"doomed-{secrets.token_hex(4)}"
    yield await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES)
    with suppress(UnknownTenantError):
        await delete_tenant(database, slug)
