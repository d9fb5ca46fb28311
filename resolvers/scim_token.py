from __future__ import annotations

from dataclasses import dataclass, field

from auth.scim.token import DEFAULT_DAYS
from auth.scim.token_registry import create, good_tokens, revoke
from models.shared import ScimToken
from resolvers.administration import author_of, noting_problems, row_key
from resolvers.context import Context, Info
from resolvers.given import given_line
from resolvers.user_error import UserError
from resolvers.writes import Problems, Written

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ScimTokenChange:
    """The attributes behind the fields of a payload; ``token`` is the text, this once."""

    user_errors: list[UserError]
    scim_token: ScimToken | None = None
    token: str | None = field(default=None, repr=False)


async def scim_tokens(_info: Info) -> list[ScimToken]:
    """The tenant's tokens that are still good, the newest first."""
    return await good_tokens()


async def create_token(context: Context, written: Written) -> ScimTokenChange:
    """Make a token of one connection.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems = author_of(context), Problems(written)
    name, days = given_line(problems, "name", _LONGEST_NAME), written.values.get("days")
    if problems.errors:
        return ScimTokenChange(problems.errors)
    provider_id = row_key(written.values["identity_provider_id"])
    made: tuple[ScimToken | None, str | None] = (None, None)
    with noting_problems(problems):
        made = await create(author, provider_id, name, days=DEFAULT_DAYS if days is None else days)
    return ScimTokenChange(problems.errors, *made)


async def revoke_token(context: Context, written: Written) -> ScimTokenChange:
    """End a token.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems = author_of(context), Problems(written)
    with noting_problems(problems):
        await revoke(author, row_key(written.values["id"]))
    return ScimTokenChange(problems.errors)
