"""Which tenant is where. Read on every request, so remembered for a few seconds."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from tortoise import connections

from models.shared import TenantStatus
from tenancy.errors import UnknownTenantError
from tenancy.placement import TenantPlacement, placement_of_row

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared import Tenant

# A suspended tenant is still served, and a moved one looked for at its old place, for so long by other processes.
REMEMBERED_SECONDS: Final = 5.0
REMEMBERED_TENANTS: Final = 10_000

# Plain SQL: with a thousand tenants a good part of all requests look here, and the ORM takes longer than PostgreSQL.
_COLUMNS: Final = "id, slug, status, database, schema_name, role_name, schema_version"
_BY_ID: Final = f"SELECT {_COLUMNS} FROM fieldgate.tenant WHERE id = $1"  # noqa: S608 - the columns above
_BY_SLUG: Final = f"SELECT {_COLUMNS} FROM fieldgate.tenant WHERE slug = $1"  # noqa: S608 - as above


class Directory:
    """Placements of the tenants that may be served. Absence is never remembered: a new tenant is there at once."""

    def __init__(self, *, seconds: float = REMEMBERED_SECONDS, capacity: int = REMEMBERED_TENANTS) -> None:
        self._seconds = seconds
        self._capacity = capacity
        self._remembered: OrderedDict[UUID | str, tuple[float, TenantPlacement]] = OrderedDict()

    async def by_id(self, tenant_id: UUID) -> TenantPlacement:
        """The placement of the tenant that a verified token names.

        Raises:
            UnknownTenantError: there is none, or it is not served now.
        """
        return self._recall(tenant_id) or await self._read(tenant_id, _BY_ID)

    async def by_slug(self, slug: str) -> TenantPlacement:
        """The placement of the tenant of that name. Names are compared as they are: no folding, no trimming.

        Raises:
            UnknownTenantError: there is none, or it is not served now.
        """
        return self._recall(slug) or await self._read(slug, _BY_SLUG)

    def forget(self, placement: TenantPlacement) -> None:
        """Read it anew next time."""
        self._remembered.pop(placement.tenant_id, None)
        self._remembered.pop(placement.slug, None)

    def _recall(self, key: UUID | str) -> TenantPlacement | None:
        remembered = self._remembered.get(key)
        if remembered is None or remembered[0] < time.monotonic():
            return None
        return remembered[1]

    async def _read(self, key: UUID | str, statement: str) -> TenantPlacement:
        rows = await connections.get("shared").execute_query_dict(statement, [key])
        if not rows or rows[0]["status"] != TenantStatus.ACTIVE:
            self._remembered.pop(key, None)
            raise UnknownTenantError
        placement = placement_of_row(rows[0])
        self._remembered[key] = (time.monotonic() + self._seconds, placement)
        self._remembered.move_to_end(key)
        while len(self._remembered) > self._capacity:
            self._remembered.popitem(last=False)
        return placement


def placement_of(tenant: Tenant) -> TenantPlacement:
    """What a request needs of the directory's entry."""
    return TenantPlacement(
        tenant_id=tenant.id,
        slug=tenant.slug,
        database=tenant.database,
        schema=tenant.schema_name,
        role=tenant.role_name,
        schema_version=tenant.schema_version,
    )
