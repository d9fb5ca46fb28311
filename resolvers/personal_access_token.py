from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from auth.audit import AuditSubject, actor_of, record
from auth.personal_access_tokens import LONGEST_DAYS, create, own_tokens, revoke
from auth.viewer import Viewer
from models.shared import PersonalAccessToken
from resolvers.context import Info
from resolvers.given import given_line, given_scopes
from resolvers.user_error import UserError, UserErrorCode
from resolvers.writes import Problems, Written, refuse_unless_signed_in
from tenancy.both_schemas import in_both_schemas

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class PersonalAccessTokenChange:
    """The attributes behind the fields of a payload; ``token`` is the text, this once."""

    personal_access_token: PersonalAccessToken | None
    user_errors: list[UserError]
    token: str | None = None


async def of_viewer(info: Info) -> list[PersonalAccessToken]:
    """The caller's tokens that are still good, the newest first."""
    return await own_tokens(info.context.viewer)


async def create_token(viewer: Viewer, written: Written) -> PersonalAccessTokenChange:
    """A token of the caller's own, within what the caller may do.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in. What bounds a token must not be escaped
            by having it make another.
    """
    refuse_unless_signed_in(viewer)
    problems = Problems(written)
    days: int = written.values["days"]
    name, scopes = given_line(problems, "name", _LONGEST_NAME), given_scopes(problems)
    if not 0 < days <= LONGEST_DAYS:
        problems.add("days", f"A token is good for 1 to {LONGEST_DAYS} days.")
    if problems.errors:
        return PersonalAccessTokenChange(None, problems.errors)
    async with in_both_schemas():
        made = await create(viewer, name, scopes, days)
        await _record(viewer, "personal_access_token:create", made.row.id)
    return PersonalAccessTokenChange(made.row, problems.errors, made.text)


async def revoke_token(viewer: Viewer, written: Written) -> PersonalAccessTokenChange:
    """End a token of the caller's own.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    refuse_unless_signed_in(viewer)
    problems = Problems(written)
    try:
        key = UUID(written.values["id"])
    except ValueError:
        key = None
    async with in_both_schemas():
        if key is None or not await revoke(viewer, key):
            problems.add("id", "You have no such token.", UserErrorCode.NOT_FOUND)
        else:
            await _record(viewer, "personal_access_token:revoke", key)
    return PersonalAccessTokenChange(None, problems.errors)


async def _record(viewer: Viewer, action: str, token_id: UUID) -> None:
    await record(actor_of(viewer), action, AuditSubject("personal_access_token", token_id))
