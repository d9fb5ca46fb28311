"""Which connection a path below ``/saml/`` is about: the one it names, of the tenant it names, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auth.sso.connection_staging import staged_columns
from auth.sso.provider import as_provider, connection_row
from auth.sso.saml.service_provider import service_provider
from models.shared import IdentityProvider, IdentityProviderKind
from tenancy.errors import UnknownTenantError
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sso.provider import Provider
    from auth.sso.saml.service_provider import ServiceProvider
    from settings import Settings
    from tenancy.directory import Directory
    from tenancy.placement import TenantPlacement


class NoSuchConnectionError(Exception):
    """The path leads to no connection: answered as any path that there is not."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """A SAML connection that a request was made to.

    Attributes:
        placement: the tenant.
        provider: the connection.
        enabled: whether people may sign in by it.
        ours: what we are to it, by the addresses that the request used.
        wants_encrypted: whether assertions have to be encrypted, or will have to be once a test has worked with that.
    """

    placement: TenantPlacement
    provider: Provider
    enabled: bool
    ours: ServiceProvider
    wants_encrypted: bool


async def addressed(
    settings: Settings, directory: Directory, slug: str, connection_id: UUID | None, *, switched_off_too: bool = False
) -> Addressed:
    """The connection of a path.

    Args:
        settings: of the whole server.
        directory: of tenants.
        slug: the tenant in the path.
        connection_id: the connection in the path. ``None``: the tenant's only one that is switched on.
        switched_off_too: where none is named and none is switched on, one that is switched off is good as well, if
            there is only one.

    Raises:
        NoSuchConnectionError: there is none, it is another tenant's, or it could be several.
    """
    try:
        placement = await directory.by_slug(checked_slug(slug))
    except (SlugRefusedError, UnknownTenantError) as failure:
        raise NoSuchConnectionError from failure
    found = IdentityProvider.filter(tenant_id=placement.tenant_id, kind=IdentityProviderKind.SAML)
    if connection_id is not None:
        named = await connection_row(connection_id)
        rows = [named] if named is not None and _is_saml_of(placement, named) else []
    else:
        rows = await found.filter(enabled=True)
        if not rows and switched_off_too:
            rows = await found
    if len(rows) != 1:
        raise NoSuchConnectionError
    row = rows[0]
    return Addressed(
        placement=placement,
        provider=as_provider(settings, row),
        enabled=row.enabled,
        ours=service_provider(settings, placement.slug, row.id, short=connection_id is None),
        wants_encrypted=row.want_encrypted or bool(staged_columns(row).get("want_encrypted")),
    )


def _is_saml_of(placement: TenantPlacement, row: IdentityProvider) -> bool:
    return row.tenant_id == placement.tenant_id and row.kind is IdentityProviderKind.SAML
