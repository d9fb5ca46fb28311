"""Whether what open streams rely on is still as it was when somebody last looked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import structlog

from models.shared import Tenant, TenantStatus
from server.streams.stream_viewer import Ending
from tenancy.errors import NoTenantError
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from server.streams.stream_viewer import StreamViewer
    from tenancy.placement import TenantPlacement

# A database that does not answer keeps nobody from being looked after in the others.
_LOOKING_SECONDS: Final = 5.0

_VERSION: Final = "SELECT version FROM authorization_state"

_log = structlog.get_logger()


async def look_at_tenants(streams: list[StreamViewer]) -> None:
    """End the streams at tenants that are not served any more."""
    tenants = {stream.viewer.tenant.tenant_id for stream in streams}
    try:
        async with asyncio.timeout(_LOOKING_SECONDS):
            served = Tenant.filter(id__in=list(tenants), status=TenantStatus.ACTIVE)
            active = set(await served.values_list("id", flat=True))
    except Exception as failure:  # noqa: BLE001 - nothing is sent without the database either; the next look may succeed
        _log.warning("cannot look for tenants of streams", error=type(failure).__name__)
        return
    for stream in streams:
        if stream.viewer.tenant.tenant_id not in active:
            stream.end(Ending.SESSION_OVER)


async def look_at_grants(streams: list[StreamViewer]) -> None:
    """Renew the streams whose grants are outdated: tenant after tenant, and the databases side by side."""
    databases: defaultdict[str, defaultdict[TenantPlacement, list[StreamViewer]]]
    databases = defaultdict(lambda: defaultdict(list))
    for stream in streams:
        placement = stream.viewer.tenant
        databases[placement.database][placement].append(stream)
    await asyncio.gather(*(_look_in(database, tenants) for database, tenants in databases.items()))


async def _look_in(database: str, tenants: Mapping[TenantPlacement, list[StreamViewer]]) -> None:
    try:
        async with asyncio.timeout(_LOOKING_SECONDS):
            for placement, streams in tenants.items():
                await _look_at(placement, streams)
    except TimeoutError:
        _log.warning("cannot look after streams", database=database, error="TimeoutError")


async def _look_at(placement: TenantPlacement, streams: list[StreamViewer]) -> None:
    try:
        version = await _version(placement)
        for stream in streams:
            if stream.viewer.authorization_version != version:
                await stream.renew()
    except Exception as failure:  # noqa: BLE001 - the next tenant's streams need looking after all the same
        _log.warning("cannot look after streams", tenant=str(placement.tenant_id), error=type(failure).__name__)


async def _version(placement: TenantPlacement) -> int | None:
    try:
        async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
            version: int = (await session.fetch(_VERSION))[0]["version"]
            return version
    except NoTenantError:
        return None
