"""What most tests share: a database of their own, with two empty tenants in it.

The database is made next to the one of ``FIELDGATE_DATABASE_URL``, or in the embedded PostgreSQL; one for each process
of a parallel run, dropped at its end together with its roles.
"""

from __future__ import annotations

import os
import secrets
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from pydantic import SecretStr

from auth.roles import BUILT_IN_ROLES
from development.postgres import running_postgres
from settings import DEVELOPMENT_KEY, Settings
from tenancy.database import Database, open_database
from tenancy.migration import migrate_shared
from tenancy.provisioning import create_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager

    from tenancy.placement import TenantPlacement

pytest_plugins = ["tests.oracle.fixtures"]

_PREFIX: Final = "fieldgate_test_"
_TIME: Final = "%Y%m%d%H%M%S"
_LEFTOVER_AGE: Final = timedelta(days=1)

_OPTIONAL_SERVICES: Final = {
    "FIELDGATE_REDIS_URL": "Redis, by URL",
    "FIELDGATE_TEST_CHROMIUM": "Chromium, by the path of its program",
}


class OpenWith(Protocol):
    """Opens the test database once more, with other settings. While it is open, scopes use it."""

    def __call__(self, **changes: object) -> AbstractAsyncContextManager[Database]: ...


def url_of_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def drop_database(server: asyncpg.Connection, name: str) -> None:
    """Drop a database and the tenants' roles that have rights in it (roles belong to the whole server)."""
    roles = await server.fetch(
        "SELECT DISTINCT rolname FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid"
        " WHERE refclassid = 'pg_authid'::regclass AND rolname ~ '^t_[0-9a-f]{16}$'"
        " AND dbid = (SELECT oid FROM pg_database WHERE datname = $1)",
        name,
    )
    await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    for row in roles:
        await server.execute(f'DROP ROLE IF EXISTS "{row["rolname"]}"')


async def _drop_leftovers(server: asyncpg.Connection) -> None:
    """Databases of runs that were killed. Younger ones may be in use by another run."""
    oldest_kept = _PREFIX + (datetime.now(UTC) - _LEFTOVER_AGE).strftime(_TIME)
    for row in await server.fetch("SELECT datname FROM pg_database WHERE datname LIKE $1", f"{_PREFIX}%"):
        if row["datname"] < oldest_kept:
            await drop_database(server, row["datname"])


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """The URL of a PostgreSQL server on which databases and roles may be made."""
    root = Path(__file__).parent.parent
    with running_postgres(Settings(environment="development", data_dir=root / ".data")) as url:
        yield url


@pytest.fixture(scope="session")
async def empty_database_url(database_server: str) -> AsyncIterator[str]:
    """A new database with nothing in it."""
    server = await asyncpg.connect(database_server)
    name = f"{_PREFIX}{datetime.now(UTC).strftime(_TIME)}_{secrets.token_hex(4)}"
    await _drop_leftovers(server)
    await server.execute(f'CREATE DATABASE "{name}"')
    try:
        yield url_of_database(database_server, name)
    finally:
        await drop_database(server, name)
        await server.close()


@pytest.fixture(scope="session")
def settings(empty_database_url: str) -> Settings:
    """A developer's settings. Caches are in process, whatever the environment says."""
    return Settings(
        environment="development",
        database_url=SecretStr(empty_database_url),
        database_pool_size=4,
        key_encryption_key=SecretStr(DEVELOPMENT_KEY),
        redis_url=None,
    )


@pytest.fixture(scope="session")
async def database(settings: Settings, empty_database_url: str) -> AsyncIterator[Database]:
    """The test process's database, migrated and open."""
    await migrate_shared(empty_database_url)
    opened = await open_database(settings)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def tenants(database: Database) -> dict[str, TenantPlacement]:
    """Two tenants without people or companies. Tests share them: remove what you write."""
    return {
        slug: await create_tenant(database, slug, slug.capitalize(), built_in_roles=BUILT_IN_ROLES)
        for slug in ("acme", "globex")
    }


@pytest.fixture
def acme(tenants: dict[str, TenantPlacement]) -> TenantPlacement:
    return tenants["acme"]


@pytest.fixture
def globex(tenants: dict[str, TenantPlacement]) -> TenantPlacement:
    return tenants["globex"]


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was measured, and which optional services were left out."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {name}: {value}")
    for variable, meaning in _OPTIONAL_SERVICES.items():
        if not os.environ.get(variable):
            terminalreporter.write_line(f"Left out: tests that need {variable} ({meaning})")
