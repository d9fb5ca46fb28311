from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from auth.audit import AuditSubject, actor_of, record
from auth.permissions import Permission
from auth.sessions.ending import end_session, end_sessions, live_sessions
from auth.viewer import Viewer
from models.tenant import Member
from resolvers.administration import row_key
from resolvers.company_ties import key_of
from resolvers.context import Info
from resolvers.user_error import UserError, UserErrorCode
from resolvers.writes import Problems, Written, refuse_forbidden_keys, refuse_unless_signed_in
from tenancy.both_schemas import in_both_schemas

# As sessions say why they ended.
BY_MEMBER: Final = "ended_by_member"
BY_ADMINISTRATOR: Final = "ended_by_administrator"


@dataclass(frozen=True, slots=True)
class SessionsChange:
    """The attributes behind the fields of a payload: how many were still good and are no longer."""

    ended_sessions: int
    revoked_tokens: int
    user_errors: list[UserError]


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """The attributes behind the fields of ``Session``."""

    id: UUID
    identity_provider_name: str | None
    acr: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_present: bool


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """The attributes behind the fields of a payload."""

    user_errors: list[UserError]


async def of_viewer(info: Info) -> list[SessionAnswer]:
    """The sessions that the caller has begun by signing in, the newest first.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    viewer = info.context.viewer
    refuse_unless_signed_in(viewer)
    live = live_sessions(viewer.tenant.tenant_id, viewer.member_id, datetime.now(UTC))
    rows = await live.order_by("-id").select_related("identity_provider")
    return [
        SessionAnswer(
            id=row.id,
            identity_provider_name=None if row.identity_provider is None else row.identity_provider.name,
            acr=row.acr,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.idle_expires_at,
            is_present=row.id == viewer.session_id,
        )
        for row in rows
    ]


async def end_one(viewer: Viewer, written: Written) -> SessionEnd:
    """End one of the caller's own sessions. Anybody else's is none.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    refuse_unless_signed_in(viewer)
    problems, session_id = Problems(written), row_key(written.values["id"])
    async with in_both_schemas():
        if await end_session(viewer.tenant.tenant_id, viewer.member_id, session_id, BY_MEMBER):
            await record(actor_of(viewer), "session:end_own", AuditSubject("session", session_id))
        else:
            problems.add("id", "You have no such session.", UserErrorCode.NOT_FOUND)
    return SessionEnd(problems.errors)


async def end_own(viewer: Viewer, written: Written) -> SessionsChange:
    """End the caller's own sessions.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in. A stolen script signs nobody out.
    """
    refuse_unless_signed_in(viewer)
    keep = viewer.session_id if written.values.get("keep_present") else None
    tokens_too = bool(written.values.get("tokens_too"))
    member_id = viewer.member_id
    async with in_both_schemas():
        ended = await end_sessions(viewer.tenant.tenant_id, member_id, BY_MEMBER, keep=keep, tokens_too=tokens_too)
        details = {"sessions": ended.sessions, "tokens": ended.personal_access_tokens}
        await record(actor_of(viewer), "session:end_own", AuditSubject("member", member_id), details=details)
    return SessionsChange(ended.sessions, ended.personal_access_tokens, [])


async def end_members(viewer: Viewer, written: Written) -> SessionsChange:
    """End another member's sessions. A member whom the viewer may not see is one that does not exist.

    Raises:
        GraphQLError: ``FORBIDDEN``: the viewer may not end sessions in the member's org unit.
    """
    problems = Problems(written)
    key = key_of(written.values["member_id"], "Member")
    member = None if key is None else await Member.get_or_none(id=key).only("id", "org_unit_id")
    if member is None or not viewer.may(Permission.MEMBER_READ, member.org_unit_id):
        problems.add("member_id", "There is no such member.", UserErrorCode.NOT_FOUND)
        return SessionsChange(0, 0, problems.errors)
    refuse_forbidden_keys(viewer, written, member.org_unit_id)
    tokens_too = bool(written.values.get("tokens_too"))
    async with in_both_schemas():
        ended = await end_sessions(viewer.tenant.tenant_id, member.id, BY_ADMINISTRATOR, tokens_too=tokens_too)
        details = {"sessions": ended.sessions, "tokens": ended.personal_access_tokens}
        await record(actor_of(viewer), "session:end", AuditSubject("member", member.id), details=details)
    return SessionsChange(ended.sessions, ended.personal_access_tokens, problems.errors)
