from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from auth.audit import Actor, actor_of
from auth.support.grant import approve_support, end_support, grants_of, minutes_of, status_of
from auth.viewer import Viewer
from models.shared import SupportGrant, SupportGrantStatus
from resolvers.context import Info
from resolvers.global_ids import encode
from resolvers.user_error import UserError, UserErrorCode
from resolvers.writes import Problems, Written, refuse_forbidden_keys, refuse_unless_signed_in


@dataclass(frozen=True, slots=True)
class SupportAccessAnswer:
    """The attributes behind the fields of ``SupportAccess``."""

    id: UUID
    operator: str
    reason: str
    status: SupportGrantStatus
    minutes: int
    requested_at: datetime
    approved_at: datetime | None
    approved_by_id: str | None
    expires_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SupportAccessChange:
    """The attributes behind the fields of a payload."""

    support_access: SupportAccessAnswer | None
    user_errors: list[UserError]


async def support_access(info: Info) -> list[SupportAccessAnswer]:
    """The tenant's grants and requests, the newest first."""
    return [_described(grant) for grant in await grants_of(info.context.viewer.tenant.tenant_id)]


async def approve(viewer: Viewer, written: Written) -> SupportAccessChange:
    """Let an operator in who has asked for it.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in, or may do this in some org units only.
    """
    return await _change(viewer, written, approve_support, "There is no such request that waits for an answer.")


async def end(viewer: Viewer, written: Written) -> SupportAccessChange:
    """Deny a request, or end access that was approved.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    return await _change(viewer, written, end_support, "There is no such request or access that is not over.")


async def _change(
    viewer: Viewer,
    written: Written,
    change: Callable[[UUID, UUID, Actor], Awaitable[SupportGrant | None]],
    otherwise: str,
) -> SupportAccessChange:
    refuse_unless_signed_in(viewer)
    # Support sees the whole tenant, so one region's administrator does not let it in.
    refuse_forbidden_keys(viewer, written, None)
    problems = Problems(written)
    try:
        changed = await change(viewer.tenant.tenant_id, UUID(written.values["id"]), actor_of(viewer))
    except ValueError:
        changed = None
    if changed is None:
        problems.add("id", otherwise, UserErrorCode.NOT_FOUND)
    return SupportAccessChange(None if changed is None else _described(changed), problems.errors)


def _described(grant: SupportGrant) -> SupportAccessAnswer:
    return SupportAccessAnswer(
        id=grant.id,
        operator=grant.operator,
        reason=grant.reason,
        status=status_of(grant, datetime.now(UTC)),
        minutes=minutes_of(grant),
        requested_at=grant.requested_at,
        approved_at=grant.approved_at,
        approved_by_id=None if grant.approved_by is None else encode(b"Member:", str(grant.approved_by)),
        # Before the approval it is only a length of time.
        expires_at=None if grant.approved_at is None else grant.expires_at,
        ended_at=grant.ended_at,
    )
