"""What is started once for all acceptance tests: the demo, a browser, and tenants with providers of their own."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest
from playwright.async_api import async_playwright

from tests.acceptance import npm, oidc_connection
from tests.acceptance.demo import running_demo
from tests.conftest import drop_database, url_of_database
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

    from settings import Settings
    from tenancy.database import Database
    from tests.acceptance.connection import Connection
    from tests.acceptance.demo import Demo
    from tests.server.gateway import Gateway

CHROMIUM: Final = os.environ.get("FIELDGATE_TEST_CHROMIUM")


@pytest.fixture(scope="session")
async def demo(database_server: str, empty_database_url: str) -> AsyncIterator[Demo]:
    """``fieldgate dev``, on a database of its own."""
    name = f"{empty_database_url.rpartition('/')[2].partition('?')[0]}_demo"
    server = await asyncpg.connect(database_server)
    await server.execute(f'CREATE DATABASE "{name}"')
    try:
        async with running_demo(url_of_database(database_server, name)) as running:
            yield running
    finally:
        await drop_database(server, name)
        await server.close()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("FIELDGATE_TEST_CHROMIUM is not set")
    async with async_playwright() as playwright:
        # Chromium refuses its sandbox to root, who runs the tests in containers.
        sandbox = [] if os.getuid() else ["--no-sandbox"]
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
async def oidc_gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    await npm.install(oidc_connection.FOLDER)
    async with running_gateway(settings, database, tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="session")
async def oidc_connections(
    oidc_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Connection]]:
    """Both tenants of that server, each with a provider of its own, made of the npm package ``oidc-provider``.

    Both providers know all people. ``ada`` is a member of both tenants, and each has one whom the other has not.
    """
    people = {name: f"{name}@both.example" for name in ("ada", "bob0", "bob1")}
    # Providers differ in what they sign with, and in whether the address is in the token or has to be asked for.
    kinds = ({"algorithm": "RS256", "emailInIdToken": False}, {"algorithm": "ES256", "emailInIdToken": True})
    folder = tmp_path_factory.mktemp("secrets")
    async with AsyncExitStack() as opened:
        yield [
            await opened.enter_async_context(
                oidc_connection.oidc_connection(oidc_gateway, folder, number, people, ("ada", f"bob{number}"), **kind)
            )
            for number, kind in enumerate(kinds)
        ]
