"""The end of what somebody is signed in with: one session, or all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from models.shared import PersonalAccessToken, Session, SessionKind

if TYPE_CHECKING:
    from uuid import UUID

    from tortoise.queryset import QuerySet


@dataclass(frozen=True, slots=True)
class Ended:
    """How many sessions, and how many personal access tokens, were still good and are no longer."""

    sessions: int
    personal_access_tokens: int


async def end_sessions(
    tenant_id: UUID, member_id: UUID, reason: str, *, keep: UUID | None = None, tokens_too: bool = False
) -> Ended:
    """End every session of a member, whatever began it. Triggers tell every process.

    Args:
        tenant_id: whose member it is; a key alone could be another tenant's.
        member_id: the member.
        reason: a fixed phrase, kept with each session.
        keep: the one session that goes on.
        tokens_too: whether the member's personal access tokens are revoked as well.
    """
    now = datetime.now(UTC)
    live = Session.filter(tenant_id=tenant_id, member_id=member_id, revoked_at=None, expires_at__gt=now)
    if keep is not None:
        live = live.exclude(id=keep)
    sessions = await live.update(revoked_at=now, revoked_reason=reason, updated_at=now)
    tokens = 0
    if tokens_too:
        own = PersonalAccessToken.filter(tenant_id=tenant_id, member_id=member_id, revoked_at=None, expires_at__gt=now)
        tokens = await own.update(revoked_at=now, updated_at=now)
    return Ended(sessions, tokens)


async def end_session(tenant_id: UUID, member_id: UUID, session_id: UUID, reason: str) -> bool:
    """End one session that a member has begun by signing in; whether there was one that was still good.

    Args:
        tenant_id: as for ``end_sessions``.
        member_id: whose it has to be.
        session_id: the session.
        reason: as for ``end_sessions``.
    """
    now = datetime.now(UTC)
    found = live_sessions(tenant_id, member_id, now).filter(id=session_id)
    return bool(await found.update(revoked_at=now, revoked_reason=reason, updated_at=now))


def live_sessions(tenant_id: UUID, member_id: UUID, now: datetime) -> QuerySet[Session]:
    """The sessions that a member has begun by signing in and that are still good."""
    return Session.filter(
        tenant_id=tenant_id,
        member_id=member_id,
        kind=SessionKind.MEMBER,
        revoked_at=None,
        expires_at__gt=now,
        idle_expires_at__gt=now,
    )
