"""Where a tenant's data is."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

# Generated names only: identifiers cannot be bind parameters, so nothing that a person typed may ever get here. Nor can
# such a name be one of PostgreSQL's own, or be so long that it is cut and collides.
_GENERATED_NAME: Final = re.compile(r"t_[0-9a-f]{16}\Z")


def generated_name() -> str:
    """A new name for a schema and its role. 64 random bits: two tenants never get the same."""
    return f"t_{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class TenantPlacement:
    """One tenant's row of the directory, as far as a request needs it.

    Attributes:
        tenant_id: key in the shared schema.
        slug: the name in paths, chosen by a person; never part of SQL.
        database: which database holds the schema (a name that the settings map to an address).
        schema: generated name of the tenant's schema.
        role: generated name of the role that owns nothing and may touch this schema only.
        schema_version: number of the last migration applied; part of every statement's text, because one text over
            two table shapes fails inside a transaction (``InvalidCachedStatementError``).

    Raises:
        ValueError: a schema or role name is not of the generated form.
    """

    tenant_id: UUID
    slug: str
    database: str
    schema: str
    role: str
    schema_version: int

    def __post_init__(self) -> None:
        if not (_GENERATED_NAME.match(self.schema) and _GENERATED_NAME.match(self.role)):
            message = "a schema or role name that was not generated"
            raise ValueError(message)


def placement_of_row(row: Mapping[str, Any]) -> TenantPlacement:
    """What a request needs of a row of the directory, by the names of its columns."""
    return TenantPlacement(
        tenant_id=row["id"],
        slug=row["slug"],
        database=row["database"],
        schema=row["schema_name"],
        role=row["role_name"],
        schema_version=row["schema_version"],
    )
