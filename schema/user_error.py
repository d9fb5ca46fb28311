from __future__ import annotations

import strawberry

from auth.permissions import PUBLIC
from resolvers.user_error import UserErrorCode
from schema.fields import field

strawberry.enum(UserErrorCode, description="The codes of errors that stand in a payload.")


@strawberry.type(
    description="Something that its caller can put right. Where there is one, the mutation changed nothing."
)
class UserError:
    code: UserErrorCode = field(requires=PUBLIC, attribute=True)
    message: str = field(requires=PUBLIC, attribute=True)
    current_version: int | None = field(
        requires=PUBLIC, attribute=True, description="For CONFLICT: the version that it has now."
    )
    # Last: from here on the name is the attribute's.
    field: list[str] = field(
        requires=PUBLIC, attribute=True, description="The path to the input field, from the argument down."
    )
