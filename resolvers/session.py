from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auth.audit import AuditSubject, actor_of, record
from auth.permissions import Permission
from auth.sessions.ending import end_sessions
from auth.viewer import Viewer
from models.tenant import Member
from resolvers.company_ties import key_of
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
