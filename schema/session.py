from __future__ import annotations

import datetime

import strawberry

from auth.permissions import PUBLIC, Permission
from schema.fields import field, input_field, required_input_field
from schema.user_error import UserError


@strawberry.type(description="Somewhere that you are signed in.")
class Session:
    id: strawberry.ID = field(requires=PUBLIC, attribute=True)
    identity_provider_name: str | None = field(
        requires=PUBLIC, attribute=True, description="The connection that you signed in by, unless it was deleted."
    )
    acr: str | None = field(
        requires=PUBLIC, attribute=True, description="How you proved who you are, in the provider's words."
    )
    created_at: datetime.datetime = field(requires=PUBLIC, attribute=True)
    last_used_at: datetime.datetime = field(
        requires=PUBLIC, attribute=True, description="When it was continued last, which happens every few minutes."
    )
    expires_at: datetime.datetime = field(
        requires=PUBLIC, attribute=True, description="When it ends unless it is used before."
    )
    is_present: bool = field(requires=PUBLIC, attribute=True, description="Whether this request comes from it.")


@strawberry.input
class SessionEndInput:
    id: strawberry.ID = required_input_field(requires=PUBLIC)


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
class SessionEndPayload:
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


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
