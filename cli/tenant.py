"""``fieldgate tenant``: create and look after tenants."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from auth.roles import BUILT_IN_ROLES
from cli.environment import command_settings
from cli.failure import CommandFailedError, UsageError
from cli.migration_report import migrate_with_progress, tell
from models.shared import Tenant, TenantStatus
from tenancy.database import open_database
from tenancy.errors import UnknownTenantError
from tenancy.provisioning import create_tenant, delete_tenant, set_tenant_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.database import Database

app = App(
    name="tenant", help="Create and look after tenants.", help_epilogue="Example: `fieldgate tenant create initech`"
)

Slug = Annotated[str, Parameter(help="The tenant's name in paths.")]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON for a program to read.")]


@app.command(help_epilogue="Example: `fieldgate tenant create initech --name 'Initech Inc.'`")
def create(slug: Slug, *, name: str | None = None, as_json: Json = False) -> None:
    """Create a tenant: its schema, tables, role and the roles that its people start with.

    Args:
        slug: The tenant's name in paths: a-z, 0-9 and hyphens.
        name: What people call it; the slug unless given.
        as_json: Print JSON for a program to read.
    """

    async def work() -> dict[str, object]:
        async with _database() as database:
            await create_tenant(database, slug, name or slug, built_in_roles=BUILT_IN_ROLES)
            return _described(await _tenant(slug))

    _print(asyncio.run(work()), as_json=as_json)


@app.command(name="list", help_epilogue="Example: `fieldgate tenant list --json`")
def list_(*, as_json: Json = False) -> None:
    """List all tenants."""

    async def work() -> list[dict[str, object]]:
        async with _database():
            return [_described(tenant) for tenant in await Tenant.all().order_by("slug")]

    tenants = asyncio.run(work())
    if as_json:
        print(json.dumps(tenants))
        return
    table = Table("Tenant", "Name", "Status", "Schema version", "Created", box=None)
    for tenant in tenants:
        table.add_row(*(str(tenant[key]) for key in ("slug", "name", "status", "schemaVersion", "createdAt")))
    Console().print(table)


@app.command(help_epilogue="Example: `fieldgate tenant show initech`")
def show(slug: Slug, *, as_json: Json = False) -> None:
    """Show one tenant: where its data is, and whether it is served."""

    async def work() -> dict[str, object]:
        async with _database():
            return _described(await _tenant(slug))

    _print(asyncio.run(work()), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate tenant suspend initech`")
def suspend(slug: Slug) -> None:
    """Stop serving a tenant. Nothing of it is lost; running servers follow within seconds."""
    asyncio.run(_set_status(slug, TenantStatus.SUSPENDED))


@app.command(help_epilogue="Example: `fieldgate tenant resume initech`")
def resume(slug: Slug) -> None:
    """Serve a suspended tenant again."""
    asyncio.run(_set_status(slug, TenantStatus.ACTIVE))


@app.command(help_epilogue="Example: `fieldgate tenant delete initech --yes`")
def delete(slug: Slug, *, yes: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Delete a tenant and everything it has, for ever.

    Args:
        slug: The tenant's name in paths.
        yes: Don't ask.
    """
    if not yes and not _confirmed(slug):
        message = f"nothing was deleted; repeat {slug} when asked, or say --yes"
        raise UsageError(message)

    async def work() -> None:
        async with _database() as database:
            await delete_tenant(database, (await _tenant(slug)).slug)

    asyncio.run(work())


@app.command(help_epilogue="Example: `fieldgate tenant migrate initech`")
def migrate(
    slug: str | None = None,
    *,
    all_: Annotated[bool, Parameter(name="--all", negative=())] = False,
    as_json: Json = False,
) -> int:
    """Bring one tenant's schema, or that of every tenant, to this release.

    Args:
        slug: The tenant's name in paths.
        all_: Every tenant.
        as_json: Print JSON for a program to read.
    """
    if (slug is None) is not all_:
        message = "name one tenant, or say --all"
        raise UsageError(message)

    async def work() -> int:
        async with _database() as database:
            only = None if slug is None else (await _tenant(slug)).id
            return tell(await migrate_with_progress(database.url, only=only), as_json=as_json)

    return asyncio.run(work())


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            yield database
        finally:
            await database.close()


async def _tenant(slug: str) -> Tenant:
    tenant = await Tenant.get_or_none(slug=slug)
    if tenant is None:
        message = f"there is no tenant {slug!r}"
        raise CommandFailedError(message)
    return tenant


async def _set_status(slug: str, status: TenantStatus) -> None:
    async with _database() as database:
        try:
            await set_tenant_status(database, slug, status)
        except UnknownTenantError as problem:
            message = f"there is no tenant {slug!r}"
            raise CommandFailedError(message) from problem


def _confirmed(slug: str) -> bool:
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"Everything of {slug} will be deleted for ever. Type its name to go on: ")
    return sys.stdin.readline().strip() == slug


def _described(tenant: Tenant) -> dict[str, object]:
    return {
        "id": str(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status.value,
        "database": tenant.database,
        "schema": tenant.schema_name,
        "role": tenant.role_name,
        "schemaVersion": tenant.schema_version,
        "createdAt": tenant.created_at.isoformat(timespec="seconds"),
    }


def _print(tenant: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(tenant))
        return
    table = Table(box=None, show_header=False)
    for key, value in tenant.items():
        table.add_row(key, str(value))
    Console().print(table)
