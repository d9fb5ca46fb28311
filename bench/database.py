"""A database for one run, beside whatever else the server holds, and dropped at its end with everything it brought."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr

from development.postgres import running_postgres
from settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_PREFIX: Final = "fieldgate_bench_"

# Roles belong to the whole server; those of this database's tenants and of the peers go with it.
_ROLES: Final = (
    "SELECT DISTINCT rolname FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid"
    " WHERE refclassid = 'pg_authid'::regclass AND (rolname ~ '^t_[0-9a-f]{16}$' OR rolname LIKE $2)"
    " AND dbid = (SELECT oid FROM pg_database WHERE datname = $1)"
)


@contextmanager
def database_server() -> Iterator[str]:
    """The URL of a server: FIELDGATE_DATABASE_URL, else the embedded one."""
    with running_postgres(Settings(environment="development")) as url:
        yield url


@asynccontextmanager
async def new_database(server_url: str) -> AsyncIterator[str]:
    """The URL of an empty database."""
    name = f"{_PREFIX}{secrets.token_hex(4)}"
    await _execute(server_url, f'CREATE DATABASE "{name}"')
    await _execute(server_url, f'REVOKE TEMPORARY ON DATABASE "{name}" FROM PUBLIC')
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        # The run may have been cancelled, and the database is to go all the same.
        await asyncio.shield(_drop(server_url, name))


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _drop(server_url: str, name: str) -> None:
    server = await asyncpg.connect(server_url)
    try:
        roles = await server.fetch(_ROLES, name, f"{name}_%")
        await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        for row in roles:
            await server.execute(f'DROP ROLE IF EXISTS "{row["rolname"]}"')
    finally:
        await server.close()


def name_of(url: str) -> str:
    """The name of the database in a URL."""
    return urlsplit(url).path.removeprefix("/")


def client_environment(url: str) -> dict[str, str]:
    """The same address in the variables that libpq, node-postgres and asyncpg read."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        "PGHOST": query["host"][0] if "host" in query else parts.hostname or "127.0.0.1",
        "PGPORT": query["port"][0] if "port" in query else str(parts.port or 5432),
        "PGUSER": unquote(parts.username or "postgres"),
        "PGDATABASE": name_of(url),
        **({"PGPASSWORD": unquote(parts.password)} if parts.password else {}),
    }


def bench_settings(url: str, **changes: object) -> Settings:
    """The settings of a production server, as far as one that is reached by plain HTTP on this machine can have them.

    The public URL is that of a proxy that would end TLS; tokens are issued by and for it.
    """
    return Settings.model_validate(
        {
            "environment": "production",
            "public_url": "https://fieldgate.example",
            "database_url": SecretStr(url),
            "database_pool_size": 16,
            "page_limit": 200,
            "redis_url": None,
            **changes,
        }
    )
