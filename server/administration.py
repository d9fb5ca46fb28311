"""What owners look after beside their tenant's tables, for as long as a server runs."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from auth.sso.connection import Connections
from auth.sso.domain_claims import DomainClaims
from auth.sso.look_ups import LookUps
from auth.sso.outbound import Outbound
from resolvers.context import Administration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

    from settings import Settings


@asynccontextmanager
async def open_administration(
    settings: Settings, transport: httpx2.AsyncBaseTransport | None = None
) -> AsyncIterator[Administration]:
    """Open it.

    Args:
        settings: of the whole server.
        transport: how identity providers are reached, where that is not over the network.
    """
    outbound = Outbound(settings, transport)
    look_ups = LookUps(settings.database_pool_size)
    try:
        yield Administration(Connections(settings, outbound, look_ups), DomainClaims(settings, look_ups))
    finally:
        await outbound.close()
