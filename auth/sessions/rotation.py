"""Replacing a refresh token by its successor: one statement, so that of simultaneous uses exactly one replaces it.

The row's lock lets one use through first; the others wait and then see what it has left (PostgreSQL evaluates the whole
statement again on the row as it is by then). Why there is a grace, and why so short:
docs/decisions/0009-refresh-grace.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from tortoise import connections

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from auth.sessions.refresh_token import RefreshToken

GRACE_SECONDS: Final = 10

# $1 session, $2 digest of the token shown, $3 digest of its successor, $4 idle seconds, $5 grace seconds.
_ROTATE: Final = """
UPDATE fieldgate.session SET
    (refresh_token_hash, previous_refresh_token_hash, rotated_at, revoked_at, revoked_reason) = (
        SELECT
            CASE WHEN is_current THEN $3 ELSE refresh_token_hash END,
            CASE WHEN is_current THEN $2 ELSE previous_refresh_token_hash END,
            CASE WHEN is_current THEN now() ELSE rotated_at END,
            CASE WHEN is_current OR is_repeat THEN NULL ELSE now() END,
            CASE WHEN is_current OR is_repeat THEN NULL ELSE 'refresh_token_reused' END
        FROM (
            SELECT
                refresh_token_hash = $2 AS is_current,
                previous_refresh_token_hash = $2 AND rotated_at > now() - make_interval(secs => $5) AS is_repeat
        ) AS shown
    ),
    last_used_at = now(),
    updated_at = now(),
    idle_expires_at = LEAST(
        now() + make_interval(secs => LEAST(
            $4::int, (SELECT session_idle_seconds FROM fieldgate.tenant WHERE tenant.id = session.tenant_id)
        )),
        expires_at
    )
WHERE id = $1 AND revoked_at IS NULL AND expires_at > now() AND idle_expires_at > now()
    AND EXISTS (SELECT FROM fieldgate.tenant WHERE tenant.id = session.tenant_id AND tenant.status = 'ACTIVE')
    AND EXISTS (SELECT FROM fieldgate.identity_provider
                WHERE identity_provider.id = session.identity_provider_id AND identity_provider.enabled)
RETURNING tenant_id, member_id, authenticated_at, acr, idle_expires_at, revoked_at IS NOT NULL AS reused
"""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What became of a live session.

    Attributes:
        tenant_id: whose session it is.
        member_id: and whose in that tenant.
        authenticated_at: when the sign-in was.
        acr: how strongly the person proved who they are then, if the provider has said so.
        idle_expires_at: when it ends unless it is continued again.
        reused: the token had been replaced before. The session is over now.
    """

    tenant_id: UUID
    member_id: UUID
    authenticated_at: datetime
    acr: str | None
    idle_expires_at: datetime
    reused: bool


async def rotate(token: RefreshToken, successor: RefreshToken, *, idle_seconds: int) -> Rotation | None:
    """Put ``successor`` in the place of ``token``; ``None`` where there is no live session to do it in."""
    rows = await connections.get("shared").execute_query_dict(
        _ROTATE, [token.session_id, token.digest, successor.digest, idle_seconds, GRACE_SECONDS]
    )
    return Rotation(**cast("dict[str, Any]", rows[0])) if rows else None
