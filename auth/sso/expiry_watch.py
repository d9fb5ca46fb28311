"""Certificates and documents that are about to expire, told to the log once a day, by one process of however many."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from tortoise.expressions import Q

from auth.sso.connection_warnings import SOON, expiry_warnings, our_expiries
from models.shared import IdentityProvider, ServiceProviderKey, TenantStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOK_SECONDS: Final = 3600.0
EVERY: Final = timedelta(days=1)

_log = structlog.get_logger()


@contextlib.asynccontextmanager
async def watching_expiries() -> AsyncIterator[None]:
    """Look every hour while the block runs."""
    running = asyncio.create_task(_look_again())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def look(now: datetime) -> None:
    """Tell of what expires within a month in connections that are on, unless it has been told in the last day."""
    soon = now + SOON
    keys = await ServiceProviderKey.filter(retired_at=None, not_after__lte=soon)
    ours = await our_expiries(key.identity_provider_id for key in keys)
    ending = Q(certificate_expires_at__lte=soon) | Q(metadata_expires_at__lte=soon) | Q(id__in=[*ours])
    told_of = Q(warned_at=None) | Q(warned_at__lte=now - EVERY)
    for row in await IdentityProvider.filter(ending, told_of, enabled=True, tenant__status=TenantStatus.ACTIVE):
        # Whoever writes down that it is told, tells it.
        if not await IdentityProvider.filter(id=row.id, warned_at=row.warned_at).update(warned_at=now):
            continue
        for warning in expiry_warnings(row.certificate_expires_at, row.metadata_expires_at, ours.get(row.id), now):
            (_log.error if warning.urgent else _log.warning)(
                "identity provider expires",
                identity_provider=str(row.id),
                tenant=str(row.tenant_id),
                what=warning.code.value,
                expires_at=None if warning.expires_at is None else warning.expires_at.isoformat(timespec="seconds"),
            )


async def _look_again() -> None:
    while True:
        try:
            await look(datetime.now(UTC))
        except Exception as failure:  # noqa: BLE001 - whatever it is, the next look may succeed
            _log.warning("cannot look for what expires", error=type(failure).__name__)
        await asyncio.sleep(LOOK_SECONDS)
