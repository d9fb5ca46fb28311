from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from pydantic import SecretStr

from auth.roles import BUILT_IN_ROLES
from models.shared import Tenant
from models.tenant import OrgUnit
from tenancy import provisioning
from tenancy.database import Database, database_url, open_database
from tenancy.errors import DatabaseUnsafeError
from tenancy.migration import migrate_shared, migrate_tenants
from tenancy.migration_line import Line, Migration, migrations_of
from tenancy.privileges import tenant_tables
from tenancy.provisioning import SlugTakenError, create_tenant, delete_tenant
from tenancy.scope import tenant_scope
from tenancy.slug import SlugRefusedError
from tests.conftest import drop_database, url_of_database
from tests.tenancy.units import units_named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings
    from tenancy.placement import TenantPlacement


@pytest.fixture
async def server(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.url)
    yield connection
    await connection.close()


async def test_t8_names_in_the_database_are_generated(database: Database, doomed: TenantPlacement) -> None:
    assert doomed.slug not in (doomed.schema, doomed.role)
    for name in ('a","b', "pg_temp", "acme", "t_" + "0" * 62, "t_0000000000000000\n", ""):
        with pytest.raises(ValueError, match="generated"):
            replace(doomed, schema=name)
        with pytest.raises(ValueError, match="generated"):
            replace(doomed, role=name)
    with pytest.raises(SlugRefusedError):
        await create_tenant(database, 'x","y', "X", built_in_roles=())


async def test_a_slug_is_given_once(database: Database, acme: TenantPlacement, server: asyncpg.Connection) -> None:
    before = await server.fetchval("SELECT count(*) FROM pg_namespace")
    with pytest.raises(SlugTakenError):
        await create_tenant(database, acme.slug, "Another", built_in_roles=())
    assert await server.fetchval("SELECT count(*) FROM pg_namespace") == before


async def test_a_tenant_that_fails_halfway_leaves_nothing(
    database: Database, server: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "grant_sql", lambda _placement: "SELECT 1/0")
    generated = "t_0123456789abcdef"
    monkeypatch.setattr(provisioning, "generated_name", lambda: generated)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await create_tenant(database, "halfway", "Halfway", built_in_roles=())
    # Roles belong to the whole server, on which other tests run at the same time: only this name can be looked for.
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = $1"
    roles = "SELECT count(*) FROM pg_roles WHERE rolname = $1"
    assert (await server.fetchval(schemas, generated), await server.fetchval(roles, generated)) == (0, 0)
    assert not await Tenant.filter(slug="halfway").exists()


async def test_a_deleted_tenant_leaves_nothing(
    database: Database, doomed: TenantPlacement, server: asyncpg.Connection
) -> None:
    await delete_tenant(database, doomed.slug)
    assert await server.fetchval("SELECT to_regnamespace($1) IS NULL", doomed.schema)
    assert await server.fetchval("SELECT to_regrole($1) IS NULL", doomed.role)
    assert not await Tenant.filter(id=doomed.tenant_id).exists()


async def test_the_role_has_rights_on_its_rows_and_on_nothing_else(
    acme: TenantPlacement, server: asyncpg.Connection
) -> None:
    rights = await server.fetch(
        "SELECT nspname, relname, privilege_type FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace,"
        " LATERAL aclexplode(relacl) WHERE grantee = $1::regrole",
        acme.role,
    )
    assert {row["nspname"] for row in rights} == {acme.schema}
    writable = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    for table in tenant_tables():
        expected = {"authorization_state": {"SELECT"}, "audit_event": {"SELECT", "INSERT"}}.get(table, writable)
        assert {row["privilege_type"] for row in rights if row["relname"] == table} == expected
    assert {row["relname"] for row in rights} == set(tenant_tables())
    role = await server.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", acme.role)
    flags = ("rolsuper", "rolinherit", "rolcreaterole", "rolcreatedb", "rolcanlogin", "rolreplication", "rolbypassrls")
    assert [role[flag] for flag in flags] == [False] * 7
    assert await server.fetchval("SELECT count(*) FROM pg_auth_members WHERE member = $1::regrole", acme.role) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM fieldgate.tenant",
        "SELECT * FROM fieldgate.signing_key",
        "DELETE FROM fieldgate.session",
        "SELECT * FROM {other}.org_unit",
        "INSERT INTO {other}.org_unit SELECT * FROM org_unit",
        "SELECT nextval('{other}.authorization_version')",
        "SELECT nextval('authorization_version')",
        "CREATE TABLE mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "CREATE SCHEMA mine",
        "DROP TABLE org_unit",
        "ALTER TABLE org_unit ADD COLUMN x int",
        "TRUNCATE company",
        "ALTER TABLE org_unit DISABLE TRIGGER ALL",
        "SET LOCAL session_replication_role TO replica",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "COPY company TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/hostname')",
    ],
)
async def test_t3_the_role_reaches_nothing_but_its_own_tables(
    acme: TenantPlacement, globex: TenantPlacement, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_scope(acme, authorization_version=None) as session:
            await session.fetch(statement.format(other=globex.schema))


async def test_temporary_tables_must_be_forbidden_before_a_tenant_is_made(
    database: Database, server: asyncpg.Connection
) -> None:
    name = await server.fetchval("SELECT current_database()")
    await server.execute(f'GRANT TEMPORARY ON DATABASE "{name}" TO PUBLIC')
    try:
        with pytest.raises(DatabaseUnsafeError, match="REVOKE TEMPORARY"):
            await create_tenant(database, "unsafe", "Unsafe", built_in_roles=())
    finally:
        await server.execute(f'REVOKE TEMPORARY ON DATABASE "{name}" FROM PUBLIC')


@pytest.fixture
async def settings_without_superuser(settings: Settings, database_server: str) -> AsyncIterator[Settings]:
    """A database of its own, whose login may make roles and nothing more."""
    server = await asyncpg.connect(database_server)
    name = f"fieldgate_test_{datetime.now(UTC):%Y%m%d%H%M%S}_{secrets.token_hex(4)}"
    await server.execute(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{name}'")
    await server.execute(f"CREATE DATABASE {name} OWNER {name}")
    parts = urlsplit(url_of_database(database_server, name))
    address = parts.netloc.rpartition("@")[2]
    url = urlunsplit(parts._replace(netloc=f"{name}:{name}@{address}"))
    yield settings.model_copy(update={"database_url": SecretStr(url)})
    await drop_database(server, name)
    await server.execute(f"DROP ROLE {name}")
    await server.close()


async def test_a_login_without_superuser_can_do_everything(settings_without_superuser: Settings) -> None:
    url = database_url(settings_without_superuser)
    await migrate_shared(url)
    database = await open_database(settings_without_superuser)
    try:
        initech, hooli = [
            await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES) for slug in ("initech", "hooli")
        ]
        async with tenant_scope(initech, authorization_version=None) as session:
            assert (await session.fetch("SELECT current_user AS name"))[0]["name"] == initech.role
            await OrgUnit.create(name="Here")
        assert (await units_named(initech, "Here"), await units_named(hooli, "Here")) == (1, 0)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant_scope(initech, authorization_version=None) as session:
                await session.fetch(f"TABLE {hooli.schema}.org_unit")
        step = Migration(version=initech.schema_version + 1, name="next", sql="CREATE TABLE later (id int)")
        report = await migrate_tenants(url, steps=[*await migrations_of(Line.TENANT), step])
        assert (report.migrated, report.failures) == (2, [])
        await delete_tenant(database, "hooli")
    finally:
        await database.close()
