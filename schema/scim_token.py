from __future__ import annotations

import datetime

import strawberry

from auth.permissions import PUBLIC, Permission
from schema.fields import field, input_field, required_input_field
from schema.user_error import UserError

_WRITE = Permission.IDENTITY_PROVIDER_WRITE


@strawberry.type(description="What an identity provider shows when it tells of its people by SCIM. Shown once.")
class ScimToken:
    id: strawberry.ID = field(requires=PUBLIC, attribute=True)
    identity_provider_id: strawberry.ID = field(
        requires=PUBLIC, attribute=True, description="The connection that it belongs to."
    )
    name: str = field(requires=PUBLIC, attribute=True)
    created_at: datetime.datetime = field(requires=PUBLIC, attribute=True)
    expires_at: datetime.datetime = field(requires=PUBLIC, attribute=True)
    last_used_at: datetime.datetime | None = field(requires=PUBLIC, attribute=True)


@strawberry.input
class ScimTokenCreateInput:
    identity_provider_id: strawberry.ID = required_input_field(requires=_WRITE)
    name: str = required_input_field(requires=_WRITE)
    days: int | None = input_field(requires=_WRITE, description="How long it is good, 1 to 730; without: 365.")


@strawberry.input
class ScimTokenRevokeInput:
    id: strawberry.ID = required_input_field(requires=_WRITE)


@strawberry.type
class ScimTokenCreatePayload:
    scim_token: ScimToken | None = field(requires=Permission.IDENTITY_PROVIDER_READ, attribute=True)
    token: str | None = field(requires=PUBLIC, attribute=True, description="The token itself: now, and never again.")
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class ScimTokenRevokePayload:
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
