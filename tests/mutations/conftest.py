from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Final

import httpx2
import pytest

from auth.roles import BUILT_IN_ROLES
from engine.engine import Engine
from schema.build import build_schema
from server.administration import open_administration
from tenancy.provisioning import create_tenant
from tests.auth.name_server import name_server as open_name_server
from tests.auth.saml.test_metadata_attacks import entity
from tests.mutations.firm import Firm, make_units

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.viewer import Viewer
    from settings import Settings
    from tenancy.database import Database
    from tests.auth.name_server import NameServer


class SlowAddress:
    """An address outside that answers when a test says so."""

    url: Final = "https://slow.example/metadata"

    def __init__(self) -> None:
        self.asked, self.answers = asyncio.Event(), asyncio.Event()


@pytest.fixture(scope="session")
async def slow_address() -> SlowAddress:
    return SlowAddress()


@pytest.fixture(scope="session")
async def engine(settings: Settings, name_server: NameServer, slow_address: SlowAddress) -> AsyncIterator[Engine]:
    async def outside(request: httpx2.Request) -> httpx2.Response:
        if request.url == slow_address.url:
            slow_address.asked.set()
            await slow_address.answers.wait()
        return httpx2.Response(404 if request.url.path != "/metadata" else 200, text=entity())

    asking = settings.model_copy(update={"dns_server": name_server.address})
    async with open_administration(asking, httpx2.MockTransport(outside)) as administration:
        yield Engine(build_schema(), settings, administration)


@pytest.fixture(scope="session")
async def name_server() -> AsyncIterator[NameServer]:
    async with open_name_server() as opened:
        yield opened


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
