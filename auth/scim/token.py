"""Bearer tokens of identity providers: random, stored as a hash, good for one tenant and one connection."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from auth.unauthenticated import UnauthenticatedError
from models.shared import ScimToken
from tenancy.errors import UnknownTenantError
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared import IdentityProvider
    from tenancy.directory import Directory
    from tenancy.placement import TenantPlacement

# Tells scanners of repositories, and people, what they have found.
PREFIX: Final = "fieldgate_scim_"
DEFAULT_DAYS: Final = 365
# For so long after a rotation the old token works too, so that nobody has to change it in both places at one moment.
OVERLAP: Final = timedelta(hours=24)

_SECRET_BYTES: Final = 32
_MAXIMUM_CHARACTERS: Final = 128
_USED: Final = timedelta(minutes=1)


def digest_of(text: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(text.encode()).digest()


async def create_token(provider: IdentityProvider, name: str, *, days: int = DEFAULT_DAYS) -> tuple[ScimToken, str]:
    """A new token and its text, which nobody can read again."""
    text = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    token = await ScimToken.create(
        tenant_id=provider.tenant_id,
        identity_provider_id=provider.id,
        name=name,
        digest=digest_of(text),
        expires_at=datetime.now(UTC) + timedelta(days=days),
    )
    return token, text


async def rotate_token(token: ScimToken, *, days: int = DEFAULT_DAYS) -> tuple[ScimToken, str]:
    """A successor of the same name. The old one is good for ``OVERLAP`` more, or as long as it was, if that is less."""
    successor = await create_token(await token.identity_provider, token.name, days=days)
    ends = datetime.now(UTC) + OVERLAP
    await ScimToken.filter(id=token.id, expires_at__gt=ends).update(expires_at=ends)
    return successor


async def revoke_token(tenant_id: UUID, token_id: UUID) -> bool:
    """End a token of the tenant now; whether there was one to end."""
    live = ScimToken.filter(id=token_id, tenant_id=tenant_id, revoked_at=None)
    return await live.update(revoked_at=datetime.now(UTC)) > 0


async def authenticated(
    authorization: str | None, slug: str, directory: Directory
) -> tuple[TenantPlacement, IdentityProvider]:
    """The tenant and the connection that a request comes from.

    Args:
        authorization: the header.
        slug: the tenant that the path names. The token's must be the same.
        directory: of tenants.

    Raises:
        UnauthenticatedError: no token, not one of ours, one that is over, of a connection that is switched off, or of
            another tenant than the path's. Callers are not told which.
    """
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not text.startswith(PREFIX) or len(text) > _MAXIMUM_CHARACTERS:
        message = "no SCIM token"
        raise UnauthenticatedError(message)
    now = datetime.now(UTC)
    token = await ScimToken.get_or_none(digest=digest_of(text), revoked_at=None, expires_at__gt=now)
    if token is None:
        message = "the SCIM token is unknown or over"
        raise UnauthenticatedError(message)
    try:
        placement = await directory.by_slug(checked_slug(slug))
    except (SlugRefusedError, UnknownTenantError) as failure:
        message = "the tenant is not served"
        raise UnauthenticatedError(message) from failure
    provider = await token.identity_provider
    if placement.tenant_id != token.tenant_id or provider.tenant_id != token.tenant_id or not provider.enabled:
        message = "the SCIM token is of another tenant, or its connection is switched off"
        raise UnauthenticatedError(message)
    if token.last_used_at is None or token.last_used_at < now - _USED:
        await ScimToken.filter(id=token.id).update(last_used_at=now)
    return placement, provider
