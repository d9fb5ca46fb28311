"""Whether the database is of the shape that this release was written for."""

from __future__ import annotations

from models.shared import SchemaState, Tenant
from tenancy.migration_line import Line, files_of


class MigrationsPendingError(Exception):
    """``fieldgate migrate`` has to run first. The message says for what."""


async def check_migrations() -> None:
    """Compare what the database has with what this release brings.

    One tenant whose migration failed is no reason to turn everybody away, so tenants count as not migrated only where
    the run that migrates them has not got to any of them.

    Raises:
        MigrationsPendingError: the shared schema is at another version, or no tenant is at the newest.
    """
    state = await SchemaState.get()
    if state.version != len(files_of(Line.SHARED)):
        message = f"the shared schema is at version {state.version}"
        raise MigrationsPendingError(message)
    newest = len(files_of(Line.TENANT))
    is_behind = await Tenant.filter(schema_version__lt=newest).exists()
    if is_behind and not await Tenant.filter(schema_version=newest).exists():
        message = "no tenant's schema is at the newest version"
        raise MigrationsPendingError(message)
