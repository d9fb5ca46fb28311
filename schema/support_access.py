from __future__ import annotations

import datetime

import strawberry

from auth.permissions import PUBLIC, Permission
from models.shared import SupportGrantStatus
from schema.fields import field, required_input_field
from schema.user_error import UserError

strawberry.enum(SupportGrantStatus, name="SupportAccessStatus", description="How far support access has come.")


@strawberry.type(description="Somebody of the provider of this server who asks to be let in, or was let in for a time.")
class SupportAccess:
    id: strawberry.ID = field(requires=PUBLIC, attribute=True)
    operator: str = field(requires=PUBLIC, attribute=True, description="Their e-mail address.")
    reason: str = field(requires=PUBLIC, attribute=True)
    status: SupportGrantStatus = field(requires=PUBLIC, attribute=True)
    minutes: int = field(requires=PUBLIC, attribute=True, description="For how long, from when it is approved.")
    requested_at: datetime.datetime = field(requires=PUBLIC, attribute=True)
    approved_at: datetime.datetime | None = field(requires=PUBLIC, attribute=True)
    approved_by_id: strawberry.ID | None = field(
        requires=PUBLIC, attribute=True, description="The member who approved it."
    )
    expires_at: datetime.datetime | None = field(
        requires=PUBLIC, attribute=True, description="When it is over at last. Null until it is approved."
    )
    ended_at: datetime.datetime | None = field(
        requires=PUBLIC, attribute=True, description="When it was denied, or ended before its time."
    )


@strawberry.input
class SupportAccessApproveInput:
    id: strawberry.ID = required_input_field(requires=Permission.SUPPORT_ACCESS_APPROVE)


@strawberry.input
class SupportAccessEndInput:
    id: strawberry.ID = required_input_field(requires=Permission.SUPPORT_ACCESS_APPROVE)


@strawberry.type
class SupportAccessApprovePayload:
    support_access: SupportAccess | None = field(requires=PUBLIC, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class SupportAccessEndPayload:
    support_access: SupportAccess | None = field(requires=PUBLIC, attribute=True)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
