from __future__ import annotations

import strawberry

from auth.permissions import PUBLIC, Permission
from schema.fields import field, input_field, required_input_field
from schema.user_error import UserError


@strawberry.input
class SessionsEndInput:
    keep_present: bool | None = input_field(requires=PUBLIC, description="Let the session go on that this comes from.")
    tokens_too: bool | None = input_field(
        requires=PUBLIC, description="Revoke all of your personal access tokens as well."
    )


@strawberry.input
class MemberSessionsEndInput:
    member_id: strawberry.ID = required_input_field(requires=Permission.SESSION_END)
    tokens_too: bool | None = input_field(
        requires=Permission.SESSION_END, description="Revoke all of the member's personal access tokens as well."
    )


@strawberry.type
class SessionsEndPayload:
    ended_sessions: int = field(requires=PUBLIC, attribute=True, description="How many were good until now.")
    revoked_tokens: int = field(requires=PUBLIC, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class MemberSessionsEndPayload:
    ended_sessions: int = field(requires=PUBLIC, attribute=True, description="How many were good until now.")
    revoked_tokens: int = field(requires=PUBLIC, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
