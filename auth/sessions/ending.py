"""The end of all that somebody is signed in with, at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from models.shared import PersonalAccessToken, Session

if TYPE_CHECKING:
    from uuid import UUID


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
