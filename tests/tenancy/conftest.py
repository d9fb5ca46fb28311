from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from auth.roles import BUILT_IN_ROLES
from tenancy.errors import UnknownTenantError
from tenancy.provisioning import create_tenant, delete_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith


@pytest.fixture
async def doomed(database: Database) -> AsyncIterator[TenantPlacement]:
    """A tenant of the test's own, to be broken."""
    slug = f"doomed-{secrets.token_hex(4)}"
    yield await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES)
    with suppress(UnknownTenantError):
        await delete_tenant(database, slug)


@pytest.fixture
async def one(open_with: OpenWith) -> AsyncIterator[Database]:
    """The database, with one connection for tenants."""
    async with open_with(database_pool_size=1) as database:
        yield database
