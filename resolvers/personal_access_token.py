from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from auth.audit import Actor, AuditSubject, record
from auth.permissions import Permission
from auth.personal_access_tokens import create, revoke
from auth.viewer import Viewer
from models.shared import PersonalAccessToken
from models.tenant import AuditActorKind
from resolvers.forbidden_input import forbidden_input
from resolvers.refused_value import RefusedValueError
from resolvers.text import NOTHING, line
from resolvers.user_error import UserError, UserErrorCode
from resolvers.writes import Problems, Written

_LONGEST_NAME = 200
LONGEST_DAYS = 366
_KNOWN = frozenset(Permission)


@dataclass(frozen=True, slots=True)
class PersonalAccessTokenChange:
    """The attributes behind the fields of a payload; ``token`` is the text, this once."""

    personal_access_token: PersonalAccessToken | None
    user_errors: list[UserError]
    token: str | None = None


async def create_token(viewer: Viewer, written: Written) -> PersonalAccessTokenChange:
    """A token of the caller's own, within what the caller may do.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in. What bounds a token must not be escaped
            by having it make another.
    """
    _refuse_unless_signed_in(viewer, written)
    problems = Problems(written)
    name, scopes, days = _name(problems), _scopes(problems), written.values["days"]
    if not 0 < days <= LONGEST_DAYS:
        problems.add("days", f"A token is good for 1 to {LONGEST_DAYS} days.")
    if problems.errors:
        return PersonalAccessTokenChange(None, problems.errors)
    made = await create(viewer, name, scopes, days)
    await _record(viewer, "personal_access_token:create", made.row.id)
    return PersonalAccessTokenChange(made.row, problems.errors, made.text)


async def revoke_token(viewer: Viewer, written: Written) -> PersonalAccessTokenChange:
    """End a token of the caller's own.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    _refuse_unless_signed_in(viewer, written)
    problems = Problems(written)
    try:
        key = UUID(written.values["id"])
    except ValueError:
        key = None
    if key is None or not await revoke(viewer, key):
        problems.add("id", "You have no such token.", UserErrorCode.NOT_FOUND)
    else:
        await _record(viewer, "personal_access_token:revoke", key)
    return PersonalAccessTokenChange(None, problems.errors)


def _refuse_unless_signed_in(viewer: Viewer, written: Written) -> None:
    if viewer.acting is not None:
        raise forbidden_input({name: str(requirement) for name, requirement in written.requirements.items()})


def _name(problems: Problems) -> str:
    try:
        name = line(problems.written.values["name"], _LONGEST_NAME)
    except RefusedValueError as problem:
        problems.add("name", str(problem))
        return ""
    if name is None:
        problems.add("name", NOTHING)
    return name or ""


def _scopes(problems: Problems) -> frozenset[Permission] | None:
    given: list[str] | None = problems.written.values.get("scopes")
    if given is None:
        return None
    if not all(each in _KNOWN for each in given):
        problems.add("scopes", "These are names of permissions, as viewer.permissions lists them.")
        return None
    return frozenset(Permission(each) for each in given)


async def _record(viewer: Viewer, action: str, token_id: UUID) -> None:
    actor = Actor(AuditActorKind.MEMBER, viewer.member_id)
    await record(actor, action, AuditSubject("personal_access_token", token_id))
