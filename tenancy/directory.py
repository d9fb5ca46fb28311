"""Which tenant is where. Read on every request, so remembered for a few seconds."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tortoise import connections

from models.shared import TenantStatus
from tenancy.errors import UnknownTenantError
from tenancy.placement import TenantPlacement, placement_of_row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from models.shared import Tenant

# A suspended tenant is still served, and a moved one looked for at its old place, for so long by other processes.
REMEMBERED_SECONDS: Final = 5.0
REMEMBERED_TENANTS: Final = 10_000
# With a thousand tenants at work one of them has to be read again every few milliseconds. Those whose time is nearly
# over, and who were asked for since they were read, are read along with it.
_NEARLY_OVER_SECONDS: Final = 1.0
_READ_TOGETHER: Final = 200

# Plain SQL: with a thousand tenants a good part of all requests look here, and the ORM takes longer than PostgreSQL.
_COLUMNS: Final = "id, slug, status, database, schema_name, role_name, schema_version"
_BY_IDS: Final = f"SELECT {_COLUMNS} FROM fieldgate.tenant WHERE id = ANY($1::uuid[])"  # noqa: S608 - the columns above
_BY_SLUG: Final = f"SELECT {_COLUMNS} FROM fieldgate.tenant WHERE slug = $1"  # noqa: S608 - as above


@dataclass(slots=True)
class _Remembered:
    """A placement as it was read.

    Attributes:
        until: when to look again, on the monotonic clock.
        asked_for: whether anybody has asked for it since.
    """

    placement: TenantPlacement
    until: float
    asked_for: bool = False


class Directory:
    """Placements of the tenants that may be served. Absence is never remembered: a new tenant is there at once."""

    def __init__(self, *, seconds: float = REMEMBERED_SECONDS, capacity: int = REMEMBERED_TENANTS) -> None:
        self._seconds = seconds
        self._capacity = capacity
        # In the order in which they were read, and so in that in which their time is over.
        self._remembered: OrderedDict[UUID | str, _Remembered] = OrderedDict()

    async def by_id(self, tenant_id: UUID) -> TenantPlacement:
        """The placement of the tenant that a verified token names.

        Raises:
            UnknownTenantError: there is none, or it is not served now.
        """
        return self.remembered(tenant_id) or await self._read_with_others(tenant_id)

    async def by_slug(self, slug: str) -> TenantPlacement:
        """The placement of the tenant of that name. Names are compared as they are: no folding, no trimming.

        Raises:
            UnknownTenantError: there is none, or it is not served now.
        """
        return self.remembered(slug) or await self._read_by_slug(slug)

    def forget(self, placement: TenantPlacement) -> None:
        """Read it anew next time."""
        self._remembered.pop(placement.tenant_id, None)
        self._remembered.pop(placement.slug, None)

    def remembered(self, key: UUID | str) -> TenantPlacement | None:
        """The placement of a tenant, by its id or slug, as it was read a few seconds ago; ``None``: look again."""
        remembered = self._remembered.get(key)
        if remembered is None or remembered.until < time.monotonic():
            return None
        remembered.asked_for = True
        return remembered.placement

    async def _read_by_slug(self, slug: str) -> TenantPlacement:
        rows = await connections.get("shared").execute_query_dict(_BY_SLUG, [slug])
        return self._keep(slug, rows[0] if rows else None)

    async def _read_with_others(self, tenant_id: UUID) -> TenantPlacement:
        others = self._nearly_over()
        others.discard(tenant_id)
        rows = await connections.get("shared").execute_query_dict(_BY_IDS, [[tenant_id, *others]])
        by_id = {row["id"]: row for row in rows}
        for other in others:
            with contextlib.suppress(UnknownTenantError):  # whoever asks for it next is told
                self._keep(other, by_id.get(other))
        return self._keep(tenant_id, by_id.get(tenant_id))

    def _nearly_over(self) -> set[UUID]:
        """Whom to read along. Each is taken once: what is under way need not be asked for again."""
        soon = time.monotonic() + _NEARLY_OVER_SECONDS
        found: set[UUID] = set()
        for key, remembered in self._remembered.items():
            if remembered.until > soon or len(found) == _READ_TOGETHER:
                break
            if remembered.asked_for and not isinstance(key, str):
                remembered.asked_for = False
                found.add(key)
        return found

    def _keep(self, key: UUID | str, row: Mapping[str, Any] | None) -> TenantPlacement:
        if row is None or row["status"] != TenantStatus.ACTIVE:
            self._remembered.pop(key, None)
            raise UnknownTenantError
        placement = placement_of_row(row)
        self._remembered[key] = _Remembered(placement, time.monotonic() + self._seconds)
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
