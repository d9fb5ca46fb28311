from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from auth.roles import BUILT_IN_ROLES
from engine.engine import Engine
from schema.build import build_schema
from tenancy.provisioning import create_tenant
from tests.mutations.firm import Firm, make_units

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from settings import Settings
    from tenancy.database import Database


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Engine:
    return Engine(build_schema(), settings)


async def _make_firm(engine: Engine, database: Database) -> Firm:
    slug = f"firm-{secrets.token_hex(4)}"
    placement = await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES)
    return Firm(engine, placement, await make_units(placement))


@pytest.fixture(scope="session")
async def firm(engine: Engine, database: Database) -> Firm:
    return await _make_firm(engine, database)


@pytest.fixture(scope="session")
async def other_firm(engine: Engine, database: Database) -> Firm:
    """Another tenant on the same server."""
    return await _make_firm(engine, database)


@pytest.fixture(scope="session")
async def owner(firm: Firm) -> Viewer:
    """May do everything, everywhere."""
    return await firm.member(("owner", None))


@pytest.fixture(scope="session")
async def regional(firm: Firm) -> Viewer:
    """An owner in EMEA and below, and nobody elsewhere."""
    return await firm.member(("owner", "EMEA"))


@pytest.fixture(scope="session")
async def analyst(firm: Firm) -> Viewer:
    """May read and write companies in EMEA and below, but neither tax ids nor financials."""
    return await firm.member(("analyst", "EMEA"))


@pytest.fixture(scope="session")
async def auditor(firm: Firm) -> Viewer:
    """May read everything and write nothing."""
    return await firm.member(("auditor", None))


@pytest.fixture(scope="session")
async def nobody(firm: Firm) -> Viewer:
    """A member without any role."""
    return await firm.member()
