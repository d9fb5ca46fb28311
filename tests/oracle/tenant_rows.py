"""Every row of a tenant, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models import tenant as models
from resolvers.reads import OwnUnit
from tenancy.scope import tenant_scope
from tests.oracle.shared_rows import (
    load_clients,
    load_connections,
    load_domains,
    load_scim_tokens,
    load_sessions,
    load_support,
    load_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from tortoise.models import Model

    from schema.declarations import Declarations
    from tenancy.placement import TenantPlacement

_MODELS: tuple[type[Model], ...] = (
    models.OrgUnit,
    models.Member,
    models.Role,
    models.RoleAssignment,
    models.Company,
    models.Contact,
    models.BankAccount,
    models.OnboardingCase,
    models.AuditEvent,
)

# Values by column. Under "column::text" what PostgreSQL prints, under "column::rank" its place among the texts of the
# table: how texts are ordered is the database's choice, and no business of what is tested.
Row = dict[str, Any]


@dataclass(frozen=True)
class TenantRows:
    """Every row that a tenant has.

    Attributes:
        placement: the tenant.
        version: its authorization version.
        tables: rows by model.
        keys: the same rows by model and key.
        clients: its rows among the shared ones.
        tokens: the same of personal access tokens.
        sessions: the same of sessions.
        scim_tokens: the same of SCIM tokens.
        support: the same of support access.
        connections: the same of identity providers.
        domains: the same of domains.
    """

    placement: TenantPlacement
    version: int
    tables: Mapping[type[Model], Sequence[Row]]
    keys: Mapping[type[Model], Mapping[object, Row]]
    clients: Sequence[Row]
    tokens: Sequence[Row]
    sessions: Sequence[Row]
    scim_tokens: Sequence[Row]
    support: Sequence[Row]
    connections: Sequence[Row]
    domains: Sequence[Row]

    def by_key(self, model: type[Model], key: object) -> Row | None:
        """The row with this key."""
        return self.keys[model].get(key)

    def unit(self, declarations: Declarations, model: type[Model], row: Row) -> UUID | None:
        """The org unit that a row belongs to; ``None`` when its type belongs to the tenant as a whole."""
        reach = declarations.of_model(model).reach
        if reach is None:
            return None
        if isinstance(reach, OwnUnit):
            own: UUID | None = row[reach.column]
            return own
        parent = self.by_key(reach.parent, row[reach.column])
        return None if parent is None else self.unit(declarations, reach.parent, parent)

    def named_unit(self, name: str) -> UUID:
        """The key of the org unit of this name."""
        key: UUID = next(row["id"] for row in self.tables[models.OrgUnit] if row["name"] == name)
        return key

    def units_below(self, name: str) -> frozenset[UUID]:
        """A unit and everything below it."""
        found = {self.named_unit(name)}
        while True:
            below = {row["id"] for row in self.tables[models.OrgUnit] if row["parent_id"] in found}
            if below <= found:
                return frozenset(found)
            found |= below


async def load_rows(placement: TenantPlacement) -> TenantRows:
    """Read everything."""
    tables: dict[type[Model], Sequence[Row]] = {}
    async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
        for model in _MODELS:
            columns = model._meta.db_fields  # noqa: SLF001 - Tortoise names its public description so
            printed = ", ".join(f'"{name}"::text AS "{name}::text"' for name in columns)
            ranked = ", ".join(f'dense_rank() OVER (ORDER BY "{name}"::text) AS "{name}::rank"' for name in columns)
            table = model._meta.db_table  # noqa: SLF001 - Tortoise names its public description so
            rows = await session.fetch(f'SELECT *, {printed}, {ranked} FROM "{table}"')  # noqa: S608 - names of models
            tables[model] = [dict(row) for row in rows]
        (state,) = await session.fetch("SELECT version FROM authorization_state")
    keys = {model: {row["id"]: row for row in rows} for model, rows in tables.items()}
    tenant_id = placement.tenant_id
    return TenantRows(
        placement,
        state["version"],
        tables,
        keys,
        support=await load_support(tenant_id),
        clients=await load_clients(tenant_id),
        tokens=await load_tokens(tenant_id),
        sessions=await load_sessions(tenant_id),
        scim_tokens=await load_scim_tokens(tenant_id),
        connections=await load_connections(tenant_id),
        domains=await load_domains(tenant_id),
    )
