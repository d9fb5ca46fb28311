"""Telling tenants that the development identity provider is theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from uuid_utils.compat import uuid7

from auth.sso.provider import seal_client_secret
from development.identity_provider import CLIENT_ID, client_secret_of, issuer_of
from models.shared import IdentityProvider, Tenant, TenantStatus
from tenancy.directory import placement_of

if TYPE_CHECKING:
    from settings import Settings
    from tenancy.placement import TenantPlacement

NAME: Final = "Development"


async def ensure_identity_providers(settings: Settings) -> None:
    """Have every tenant of this machine sign in at the development identity provider. Any number of calls."""
    for tenant in await Tenant.filter(status=TenantStatus.ACTIVE):
        await ensure_identity_provider(settings, placement_of(tenant))


async def ensure_identity_provider(settings: Settings, placement: TenantPlacement) -> IdentityProvider:
    """The tenant's connection to it, with the address that the server has this time."""
    row = await IdentityProvider.get_or_none(tenant_id=placement.tenant_id, name=NAME)
    if row is None:
        row = IdentityProvider(id=uuid7(), tenant_id=placement.tenant_id, name=NAME, client_id=CLIENT_ID, enabled=True)
    row.issuer = issuer_of(settings, placement.slug)
    # Nobody has tested it, but it is of one piece with the server: it is changed as one that works is.
    row.tested_at = row.tested_at or datetime.now(UTC)
    row.client_secret = seal_client_secret(settings, row.id, client_secret_of(settings, placement.tenant_id))
    await row.save()
    return row
