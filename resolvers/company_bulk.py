"""Many companies in one statement. Their values travel as one JSON document, read by the types of the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import orjson
from tortoise.fields.relational import RelationalField

from models.tenant import Company
from tenancy.scope import current_scope

# Identifiers can't be parameters. These are the model's own, so nothing that a person typed can get here.
_COLUMNS: Final = sorted(
    {
        f"{name}_id" if isinstance(column, RelationalField) else name
        for name, column in Company._meta.fields_map.items()  # noqa: SLF001 - Tortoise names its public description so
        if name not in Company._meta.backward_fk_fields  # noqa: SLF001 - as above
    }
)
_NEVER_CHANGED: Final = frozenset({"id", "created_at", "updated_at", "version"})
_CHANGED: Final = [column for column in _COLUMNS if column not in _NEVER_CHANGED]

_INSERT: Final = (
    f"INSERT INTO company ({', '.join(_COLUMNS)})"  # noqa: S608 - the model's columns, see above
    f" SELECT {', '.join(_COLUMNS)} FROM jsonb_populate_recordset(NULL::company, $1::jsonb)"
    " ON CONFLICT (reference) DO NOTHING RETURNING id"
)
_UPDATE: Final = (
    f"UPDATE company SET {', '.join(f'{column} = new.{column}' for column in _CHANGED)},"  # noqa: S608 - as above
    " version = company.version + 1, updated_at = new.updated_at"
    " FROM jsonb_populate_recordset(NULL::company, $1::jsonb) AS new WHERE company.id = new.id"
)


async def insert_companies(companies: Sequence[Company]) -> frozenset[UUID]:
    """Make companies; the keys of those that were made. A reference that is taken by now is passed over."""
    if not companies:
        return frozenset()
    rows = await current_scope().fetch(_INSERT, _document(companies))
    return frozenset(row["id"] for row in rows)


async def update_companies(companies: Sequence[Company]) -> None:
    """Write companies that the transaction holds as they are now, each under its next version."""
    if companies:
        await current_scope().fetch(_UPDATE, _document(companies))


def _document(companies: Sequence[Company]) -> str:
    now = datetime.now(UTC)
    rows = []
    for company in companies:
        row = {column: getattr(company, column) for column in _COLUMNS}
        rows.append(row | {"created_at": row["created_at"] or now, "updated_at": now})
    return orjson.dumps(rows, default=str).decode()
