"""Where a tenant's data is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

# Generated names only: identifiers cannot be bind parameters, so nothing that a person typed may ever get here.
# 40 characters leave room for prefixes below PostgreSQL's 63 bytes, past which names are cut and collide.
_GENERATED_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


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
