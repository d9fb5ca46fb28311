"""A tenant whose scope is open, for the commands that do what its owners can do too."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auth.sso.connection import Connections
from auth.sso.connection_settings import ChangeRefusedError
from auth.sso.domain_claims import DomainClaims
from auth.sso.look_ups import LookUps
from auth.sso.outbound import Outbound
from cli.environment import command_settings
from cli.failure import CommandFailedError
from cli.identity_provider_options import option_of
from models.shared import Tenant
from tenancy.database import open_database
from tenancy.errors import UnknownTenantError
from tenancy.scope import tenant_scope
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID


@dataclass(frozen=True)
class Administered:
    """What there is to look after."""

    connections: Connections
    domains: DomainClaims


def tenant_named(slug: str) -> AbstractAsyncContextManager[Administered]:
    """The tenant of this name."""
    return _opened(slug, None)


def tenant_of_connection(identifier: UUID) -> AbstractAsyncContextManager[Administered]:
    """The tenant that a connection belongs to."""
    return _opened(None, identifier)


@asynccontextmanager
async def _opened(slug: str | None, identifier: UUID | None) -> AsyncIterator[Administered]:
    with command_settings() as settings:
        database, outbound = await open_database(settings), Outbound(settings)
        try:
            if slug is None:
                slug = await _slug_of(identifier)
            look_ups = LookUps(settings.database_pool_size)
            placement = await database.directory.by_slug(checked_slug(slug))
            async with tenant_scope(placement, authorization_version=None):
                yield Administered(Connections(settings, outbound, look_ups), DomainClaims(settings, look_ups))
        except (SlugRefusedError, UnknownTenantError) as failure:
            message = f"there is no tenant {slug!r}"
            raise CommandFailedError(message) from failure
        except ChangeRefusedError as refused:
            message = "; ".join(f"{option_of(each.setting)}{each.message}" for each in refused.problems)
            raise CommandFailedError(message) from refused
        finally:
            await outbound.close()
            await database.close()


async def _slug_of(identifier: UUID | None) -> str:
    tenant = await Tenant.get_or_none(identity_providers__id=identifier)
    if tenant is None:
        message = "there is no such connection"
        raise CommandFailedError(message)
    return tenant.slug
