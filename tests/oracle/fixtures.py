"""Two tenants of their own for whoever compares the engine with the oracle. ``tests/conftest.py`` makes them known."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from auth.roles import BUILT_IN_ROLES
from engine.cursors import Cursors
from engine.engine import Engine
from schema.build import build_schema
from schema.declarations import Declarations
from server.administration import open_administration
from tenancy.provisioning import create_tenant
from tests.oracle.comparison import Comparison
from tests.oracle.connections import PUBLIC_URL
from tests.oracle.seeding import seed
from tests.oracle.shared_rows import seed_shared
from tests.oracle.tenant_rows import load_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import strawberry

    from resolvers.context import Administration
    from settings import Settings
    from tenancy.database import Database
    from tests.oracle.tenant_rows import TenantRows


@pytest.fixture(scope="session")
def schema() -> strawberry.Schema:
    return build_schema()


@pytest.fixture(scope="session")
def declarations(schema: strawberry.Schema) -> Declarations:
    return Declarations(schema._schema)  # noqa: SLF001 - Strawberry has no public name for the schema it built


@pytest.fixture(scope="session")
async def administration(settings: Settings) -> AsyncIterator[Administration]:
    public = settings.model_copy(update={"public_url": PUBLIC_URL})
    async with open_administration(public) as opened:
        yield opened


@pytest.fixture(scope="session")
def engine(schema: strawberry.Schema, settings: Settings, administration: Administration) -> Engine:
    return Engine(schema, settings, administration)


@pytest.fixture
def unused_engine(schema: strawberry.Schema, settings: Settings, administration: Administration) -> Engine:
    """One that remembers nothing yet, for a bug to be planted in."""
    return Engine(schema, settings, administration)


@pytest.fixture(scope="session")
async def northwind(database: Database) -> TenantRows:
    """A tenant with forty companies in every region. Nobody writes to it."""
    placement = await create_tenant(database, "northwind", "Northwind", built_in_roles=BUILT_IN_ROLES)
    await seed(placement, Random(1), companies=40)  # noqa: S311 - the same rows every time
    await seed_shared(placement, Random(1))  # noqa: S311 - the same rows every time
    return await load_rows(placement)


@pytest.fixture(scope="session")
async def tailspin(database: Database) -> TenantRows:
    """The other tenant. Nobody writes to it either."""
    placement = await create_tenant(database, "tailspin", "Tailspin", built_in_roles=BUILT_IN_ROLES)
    await seed(placement, Random(2), companies=40)  # noqa: S311 - the same rows every time
    await seed_shared(placement, Random(2))  # noqa: S311 - the same rows every time
    return await load_rows(placement)


@pytest.fixture(scope="session")
def cursors(settings: Settings) -> Cursors:
    return Cursors(settings.key_encryption_key_bytes)


@pytest.fixture(scope="session")
def comparison(engine: Engine, declarations: Declarations, northwind: TenantRows, cursors: Cursors) -> Comparison:
    return Comparison(engine, declarations, northwind, cursors)
