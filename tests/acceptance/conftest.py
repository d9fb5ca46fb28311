"""One running demo for all acceptance tests that only look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.acceptance.demo import running_demo
from tests.conftest import drop_database, url_of_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.acceptance.demo import Demo


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
