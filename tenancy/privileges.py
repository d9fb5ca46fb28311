"""What a tenant's role may do: read and write rows of its own tables, and nothing else anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models import tenant as tenant_models

if TYPE_CHECKING:
    from tenancy.placement import TenantPlacement

# The version that grants are cached under. Only the triggers write it, as their owner.
_READ_ONLY: Final = "authorization_state"
# What has happened stays: whatever goes wrong inside the tenant's role cannot change or remove it.
_APPEND_ONLY: Final = "audit_event"


def tenant_tables() -> list[str]:
    """The names of all tables of a tenant's schema."""
    models = [getattr(tenant_models, name) for name in tenant_models.__all__]
    return sorted(model._meta.db_table for model in models if hasattr(model, "_meta"))  # noqa: SLF001  # Tortoise's way


def grant_sql(placement: TenantPlacement) -> str:
    """Statements that give the role what it needs. Repeating them changes nothing.

    Tables are listed: ``ON ALL TABLES IN SCHEMA`` reads the whole catalogue, of every tenant.
    """
    restricted = {_READ_ONLY, _APPEND_ONLY}
    writable = ", ".join(f'"{placement.schema}"."{table}"' for table in tenant_tables() if table not in restricted)
    return (
        f'GRANT USAGE ON SCHEMA "{placement.schema}" TO "{placement.role}";'
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON {writable} TO "{placement.role}";'
        f'GRANT SELECT, INSERT ON "{placement.schema}"."{_APPEND_ONLY}" TO "{placement.role}";'
        f'GRANT SELECT ON "{placement.schema}"."{_READ_ONLY}" TO "{placement.role}"'
    )
