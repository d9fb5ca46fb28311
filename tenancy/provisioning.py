"""Making tenants and unmaking them. Each is one transaction: a tenant is there entirely, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg
from uuid_utils.compat import uuid7

from models.shared import TenantStatus
from tenancy.connection import connect
from tenancy.errors import DatabaseUnsafeError, NotMigratedError, UnknownTenantError
from tenancy.migration_line import Line, migrations_of
from tenancy.placement import TenantPlacement, generated_name, placement_of_row
from tenancy.pools import PRIMARY_DATABASE
from tenancy.privileges import grant_sql
from tenancy.slug import checked_slug

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenancy.connection import PooledConnection
    from tenancy.database import Database

_FIRST_VERSION_WITH_SET_OPTION: Final = 160_000
# A tenant is made beside running ones, and must not wait for long behind a migration of the directory.
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout='10s'"

_INSERT_TENANT: Final = (
    "INSERT INTO fieldgate.tenant"
    " (id, created_at, updated_at, slug, name, status, database, schema_name, role_name, schema_version)"
    " VALUES ($1, now(), now(), $2, $3, $4, $5, $6, $7, $8)"
)
_INSERT_ROLE: Final = (
    "INSERT INTO role (id, created_at, updated_at, version, key, name, built_in, permissions)"
    " VALUES ($1, now(), now(), 1, $2, $3, true, '[]')"
)


class SlugTakenError(ValueError):
    """There is a tenant of that name."""


async def create_tenant(database: Database, slug: str, name: str, *, built_in_roles: Iterable[str]) -> TenantPlacement:
    """Make a tenant: its entry in the directory, its schema and tables, its role and the roles it starts with.

    Args:
        database: where.
        slug: its name in paths; see :mod:`tenancy.slug`. Never part of SQL.
        name: what people call it.
        built_in_roles: keys of the roles to start with; what they permit is in the code.

    Raises:
        SlugRefusedError: not a possible slug.
        SlugTakenError: another tenant has it.
        DatabaseUnsafeError: roles of this database may make temporary tables.
    """
    steps = await migrations_of(Line.TENANT)
    generated = generated_name()
    placement = TenantPlacement(
        tenant_id=uuid7(),
        slug=checked_slug(slug),
        database=PRIMARY_DATABASE,
        schema=generated,
        role=generated,
        schema_version=len(steps),
    )
    connection = await connect(database.url)
    try:
        async with connection.transaction():
            await connection.execute(_LOCK_TIMEOUT)
            await _enter(connection, placement, name)
            await connection.execute(";".join([await _role_sql(connection, placement), *(step.sql for step in steps)]))
            await connection.execute(grant_sql(placement))
            await _refuse_temporary_tables(connection, placement)
            roles = [(uuid7(), key, key.replace("_", " ").capitalize()) for key in built_in_roles]
            await connection.executemany(_INSERT_ROLE, roles)
    finally:
        await connection.close()
    return placement


async def delete_tenant(database: Database, slug: str) -> None:
    """Remove a tenant and everything it had, for ever.

    Raises:
        UnknownTenantError: there is none of that name, in any state.
    """
    connection = await connect(database.url)
    try:
        # First nobody is let in any more, which is kept even if the rest has to be tried again.
        placement = await _set_status(connection, slug, TenantStatus.DELETING)
        database.directory.forget(placement)
        async with connection.transaction():
            await connection.execute(_LOCK_TIMEOUT)
            await connection.execute(
                f'DROP SCHEMA IF EXISTS "{placement.schema}" CASCADE;DROP ROLE IF EXISTS "{placement.role}"'
            )
            await connection.execute("DELETE FROM fieldgate.tenant WHERE id = $1", placement.tenant_id)
    finally:
        await connection.close()


async def set_tenant_status(database: Database, slug: str, status: TenantStatus) -> None:
    """Suspend a tenant, or serve it again. Other processes follow within seconds.

    Raises:
        UnknownTenantError: there is none of that name, in any state.
    """
    connection = await connect(database.url)
    try:
        database.directory.forget(await _set_status(connection, slug, status))
    finally:
        await connection.close()


async def _enter(connection: PooledConnection, placement: TenantPlacement, name: str) -> None:
    try:
        await connection.execute(
            _INSERT_TENANT,
            placement.tenant_id,
            placement.slug,
            name,
            TenantStatus.ACTIVE.value,
            placement.database,
            placement.schema,
            placement.role,
            placement.schema_version,
        )
    except asyncpg.UniqueViolationError as problem:
        message = f"there is a tenant {placement.slug!r} already"
        raise SlugTakenError(message) from problem
    except asyncpg.UndefinedTableError as problem:
        message = "this database has no directory yet; run: fieldgate migrate"
        raise NotMigratedError(message) from problem


async def _role_sql(connection: PooledConnection, placement: TenantPlacement) -> str:
    login = await connection.fetchrow(
        "SELECT rolsuper, pg_catalog.current_setting('server_version_num')::int AS version, rolname"
        " FROM pg_catalog.pg_roles WHERE rolname = current_user"
    )
    statements = [f'CREATE ROLE "{placement.role}" NOLOGIN NOINHERIT']
    # A superuser may take any role; each membership would cost every backend time whenever any role changes.
    if not login["rolsuper"]:
        options = " WITH INHERIT FALSE, SET TRUE" if login["version"] >= _FIRST_VERSION_WITH_SET_OPTION else ""
        statements.append(f'GRANT "{placement.role}" TO CURRENT_USER{options}')
    statements += [
        f'CREATE SCHEMA "{placement.schema}"',
        f'SET LOCAL search_path TO "{placement.schema}",pg_temp',
    ]
    return ";".join(statements)


async def _refuse_temporary_tables(connection: PooledConnection, placement: TenantPlacement) -> None:
    allowed = await connection.fetchval(
        "SELECT pg_catalog.has_database_privilege($1, pg_catalog.current_database(), 'TEMPORARY')", placement.role
    )
    if allowed:
        message = (
            "tenants' roles could make temporary tables, which shadow real ones; as the owner of the database run: "
            "REVOKE TEMPORARY ON DATABASE <name> FROM PUBLIC"
        )
        raise DatabaseUnsafeError(message)


async def _set_status(connection: PooledConnection, slug: str, status: TenantStatus) -> TenantPlacement:
    row = await connection.fetchrow(
        "UPDATE fieldgate.tenant SET status = $2, updated_at = now() WHERE slug = $1"
        " RETURNING id, slug, database, schema_name, role_name, schema_version",
        slug,
        status.value,
    )
    if row is None:
        raise UnknownTenantError
    return placement_of_row(row)
