from __future__ import annotations

import datetime

import strawberry

from auth.permissions import PUBLIC, Permission
from schema.fields import field, input_field, required_input_field
from schema.user_error import UserError


@strawberry.type(description="What a member's own script shows instead of signing in. Its text is shown once.")
class PersonalAccessToken:
    id: strawberry.ID = field(requires=PUBLIC, attribute=True)
    name: str = field(requires=PUBLIC, attribute=True)
    scopes: list[str] | None = field(
        requires=PUBLIC, attribute=True, description="Permissions that it is cut down to; null: all that you have."
    )
    created_at: datetime.datetime = field(requires=PUBLIC, attribute=True)
    expires_at: datetime.datetime = field(requires=PUBLIC, attribute=True)
    last_used_at: datetime.datetime | None = field(requires=PUBLIC, attribute=True)


@strawberry.input
class PersonalAccessTokenCreateInput:
    name: str = required_input_field(requires=Permission.PERSONAL_ACCESS_TOKEN_WRITE)
    days: int = required_input_field(
        requires=Permission.PERSONAL_ACCESS_TOKEN_WRITE, description="How long it is good, 1 to 366."
    )
    scopes: list[str] | None = input_field(
        requires=Permission.PERSONAL_ACCESS_TOKEN_WRITE, description="Permissions to cut it down to."
    )


@strawberry.input
class PersonalAccessTokenRevokeInput:
    id: strawberry.ID = required_input_field(requires=Permission.PERSONAL_ACCESS_TOKEN_WRITE)


@strawberry.type
class PersonalAccessTokenCreatePayload:
    personal_access_token: PersonalAccessToken | None = field(requires=PUBLIC, attribute=True)
    token: str | None = field(requires=PUBLIC, attribute=True, description="The token itself: now, and never again.")
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class PersonalAccessTokenRevokePayload:
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
