"""A schema is the same however it came about: made today, migrated step by step, or generated from the models."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.utils import get_schema_sql

from auth.roles import BUILT_IN_ROLES
from models.shared.base import SHARED_SCHEMA
from tenancy.authoring import drift
from tenancy.migration import migrate_tenants
from tenancy.migration_line import Line, migrations_of
from tenancy.provisioning import create_tenant
from tests.migrations.catalog import MODELLED, catalogue_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

# Written by hand into a migration, because Tortoise has no word for it.
BEYOND_THE_MODELS = {
    ("indexes", "role_assignment_everywhere"),
    ("indexes", "role_assignment_group_everywhere"),
    ("constraints", "role_assignment_one_holder"),
    ("indexes", "member_user_name"),
}
BEYOND_THE_SHARED_MODELS = {
    ("indexes", "domain_verified"),
    ("indexes", "identity_provider_without_client"),
}


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database.url, server_settings={"search_path": "pg_catalog"})
    yield opened
    await opened.close()


@pytest.fixture
async def scratch(connection: asyncpg.Connection) -> AsyncIterator[str]:
    """An empty schema, named with as many letters as a tenant's."""
    name = f"t_{secrets.token_hex(8)}"
    await connection.execute(f"CREATE SCHEMA {name}")
    yield name
    await connection.execute(f"DROP SCHEMA {name} CASCADE")


async def test_a_new_tenant_equals_one_that_was_migrated_step_by_step(
    database: Database, acme: TenantPlacement, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = await migrations_of(Line.TENANT)
    assert len(steps) > 1

    async def only_the_first(_line: Line) -> object:
        return steps[:1]

    # Grants name the tables of today's models, which an old release would not have known. The last step grants all.
    with monkeypatch.context() as old_release:
        old_release.setattr("tenancy.provisioning.migrations_of", only_the_first)
        old_release.setattr("tenancy.provisioning.grant_sql", lambda _placement: "SELECT 1")
        old = await create_tenant(database, f"old-{secrets.token_hex(4)}", "Old", built_in_roles=BUILT_IN_ROLES)
    assert old.schema_version == 1
    for version in range(2, len(steps) + 1):
        with monkeypatch.context() as old_release:
            if version < len(steps):
                old_release.setattr("tenancy.migration.grant_sql", lambda _placement: "SELECT 1")
            report = await migrate_tenants(database.url, only=old.tenant_id, steps=steps[:version])
        assert (report.migrated, report.failures) == (1, [])
    assert await catalogue_of(connection, old.schema, role=old.role) == await catalogue_of(
        connection, acme.schema, role=acme.role
    )


async def test_a_tenant_equals_what_the_models_say(
    acme: TenantPlacement, connection: asyncpg.Connection, scratch: str
) -> None:
    sql = get_schema_sql(Tortoise.get_connection("tenant"), safe=False)
    await connection.execute(f"SET search_path TO {scratch};{sql};SET search_path TO pg_catalog")
    generated, provisioned = await catalogue_of(connection, scratch), await catalogue_of(connection, acme.schema)
    for kind in MODELLED:
        beyond = {row for row in provisioned[kind] if (kind, row[1]) in BEYOND_THE_MODELS}
        assert provisioned[kind] - beyond == generated[kind]
        assert len(generated[kind]) > 10
    assert {(kind, row[1]) for kind in MODELLED for row in provisioned[kind]} >= BEYOND_THE_MODELS


async def test_the_shared_schema_equals_what_the_models_say(
    database: Database, connection: asyncpg.Connection, scratch: str
) -> None:
    del database
    sql = get_schema_sql(Tortoise.get_connection("shared"), safe=False)
    own = sql.replace(f'CREATE SCHEMA "{SHARED_SCHEMA}";', "").replace(f'"{SHARED_SCHEMA}".', f'"{scratch}".')
    await connection.execute(own)
    generated, migrated = await catalogue_of(connection, scratch), await catalogue_of(connection, SHARED_SCHEMA)
    for kind in MODELLED:
        beyond = {row for row in migrated[kind] if (kind, row[1]) in BEYOND_THE_SHARED_MODELS}
        assert migrated[kind] - beyond == generated[kind]
        assert len(generated[kind]) > 5
    assert {(kind, row[1]) for kind in MODELLED for row in migrated[kind]} >= BEYOND_THE_SHARED_MODELS


async def test_what_decides_a_deletion_is_compared_too(connection: asyncpg.Connection, scratch: str) -> None:
    # aerich doesn't migrate a changed on_delete; the comparison above must see it.
    tables = f"SET search_path TO {scratch}; CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a_id int)"
    await connection.execute(f"{tables};SET search_path TO pg_catalog")
    seen = []
    for action in ("CASCADE", "RESTRICT", "SET NULL"):
        key = f"ADD CONSTRAINT k FOREIGN KEY (a_id) REFERENCES {scratch}.a (id) ON DELETE {action}"
        await connection.execute(f"ALTER TABLE {scratch}.b {key}")
        seen.append((await catalogue_of(connection, scratch))["constraints"])
        await connection.execute(f"ALTER TABLE {scratch}.b DROP CONSTRAINT k")
    assert seen[0] != seen[1] != seen[2] != seen[0]


@pytest.mark.parametrize("line", [*Line])
async def test_the_newest_migration_knows_what_the_models_say(line: Line) -> None:
    assert await drift(line) == []
