"""Access tokens of the bench's members, from the same code that issues everybody's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from auth.opening import open_authentication

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.dataset import Dataset, Member
    from settings import Settings
    from tenancy.database import Database


async def access_tokens(database: Database, settings: Settings, members: Iterable[tuple[Dataset, Member]]) -> list[str]:
    """A new session for each member, and its access token, good for ``settings.access_token_seconds``."""
    async with open_authentication(settings, database.directory) as authentication:
        return [
            (
                await authentication.sessions.begin(
                    tenant_id=dataset.placement.tenant_id,
                    member_id=member.id,
                    identity_provider_id=dataset.identity_provider_id,
                    authenticated_at=int(time.time()),
                )
            ).access_token
            for dataset, member in members
        ]
