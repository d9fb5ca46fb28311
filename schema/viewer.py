from __future__ import annotations

import strawberry

import resolvers.member
import resolvers.personal_access_token
import resolvers.session
from auth.permissions import PUBLIC, Permission
from schema.fields import field
from schema.member import Member
from schema.personal_access_token import PersonalAccessToken
from schema.session import Session


@strawberry.type(description="The caller of this request.")
class Viewer:
    full_name: str = field(requires=PUBLIC, attribute=True)
    email: str = field(requires=PUBLIC, attribute=True)
    tenant: str = field(requires=PUBLIC, attribute=True, description="The tenant's slug.")
    permissions: list[str] = field(
        requires=PUBLIC, attribute=True, description="What the caller may do in some org unit at least."
    )
    member: Member | None = field(requires=Permission.MEMBER_READ, read=resolvers.member.of_row)
    personal_access_tokens: list[PersonalAccessToken] | None = field(
        requires=Permission.PERSONAL_ACCESS_TOKEN_WRITE,
        resolver=resolvers.personal_access_token.of_viewer,
        description="Yours that are still good, the newest first.",
    )
    sessions: list[Session] | None = field(
        requires=PUBLIC,
        resolver=resolvers.session.of_viewer,
        description="Where you are signed in, the newest first. Nobody but a person who signed in sees it.",
    )
