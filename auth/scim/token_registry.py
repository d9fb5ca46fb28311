"""The SCIM tokens of the tenant whose scope is open: made, replaced, revoked, and each time written down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from auth.audit import AuditSubject, record
from auth.scim.token import DEFAULT_DAYS, create_token, revoke_token, rotate_token
from auth.sso.connection_settings import ChangeRefusedError, Problem, ProblemKind
from models.shared import IdentityProvider, ScimToken
from tenancy.both_schemas import in_both_schemas
from tenancy.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sso.connection import Author

# A provider takes one, and two while they are being exchanged.
MOST_TOKENS: Final = 20
LONGEST_DAYS: Final = 730

_UNKNOWN: Final = Problem("id", "There is no such token.", ProblemKind.UNKNOWN)


async def good_tokens() -> list[ScimToken]:
    """Those that are still good, the newest first."""
    good = ScimToken.filter(tenant_id=_tenant_id(), revoked_at=None, expires_at__gt=datetime.now(UTC))
    return await good.order_by("-id")


async def create(
    author: Author, identity_provider_id: UUID, name: str, *, days: int = DEFAULT_DAYS
) -> tuple[ScimToken, str]:
    """A token of one connection, and its text, which nobody can read again.

    Raises:
        ChangeRefusedError: there is no such connection, it has too many tokens, or one is not good for so long.
    """
    _check_days(days)
    async with in_both_schemas():
        # Locked, so that of two who make the last one that there may be, one is refused.
        own = IdentityProvider.filter(id=identity_provider_id, tenant_id=_tenant_id())
        provider = await own.select_for_update().first()
        if provider is None:
            message = "There is no such identity provider."
            raise ChangeRefusedError(Problem("identity_provider_id", message, ProblemKind.UNKNOWN))
        if len([each for each in await good_tokens() if each.identity_provider_id == provider.id]) >= MOST_TOKENS:
            message = f"A connection has at most {MOST_TOKENS} tokens. Revoke one that is not used any more."
            raise ChangeRefusedError(Problem("identity_provider_id", message, ProblemKind.CONFLICT))
        made = await create_token(provider, name, days=days)
        await _record(author, "scim_token:create", made[0])
    return made


async def rotate(author: Author, token_id: UUID, *, days: int = DEFAULT_DAYS) -> tuple[ScimToken, str]:
    """A token's successor, and its text. The old one is good for a day more.

    Raises:
        ChangeRefusedError: there is no such token that is not revoked, or one is not good for so long.
    """
    _check_days(days)
    async with in_both_schemas():
        known = await ScimToken.filter(id=token_id, tenant_id=_tenant_id(), revoked_at=None).first()
        if known is None:
            raise ChangeRefusedError(_UNKNOWN)
        made = await rotate_token(known, days=days)
        await _record(author, "scim_token:rotate", made[0], replaces=str(known.id))
    return made


async def revoke(author: Author, token_id: UUID) -> None:
    """End a token now.

    Raises:
        ChangeRefusedError: there is no such token, or it was revoked before.
    """
    async with in_both_schemas():
        if not await revoke_token(_tenant_id(), token_id):
            raise ChangeRefusedError(_UNKNOWN)
        await _record(author, "scim_token:revoke", await ScimToken.get(id=token_id))


def _tenant_id() -> UUID:
    return current_scope().placement.tenant_id


def _check_days(days: int) -> None:
    if not 0 < days <= LONGEST_DAYS:
        raise ChangeRefusedError(Problem("days", f"A token is good for 1 to {LONGEST_DAYS} days."))


async def _record(author: Author, action: str, token: ScimToken, **details: object) -> None:
    await record(
        author.actor,
        action,
        AuditSubject("scim_token", token.id),
        details={"identity_provider": str(token.identity_provider_id), **details},
        request_id=author.request_id,
    )
