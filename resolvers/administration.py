"""Mutations of what a tenant has beside its own tables: who may make them, and how they say what is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from auth.audit import actor_of
from auth.sso.connection import Author
from auth.sso.connection_settings import ChangeRefusedError, ProblemKind
from resolvers.context import Context
from resolvers.user_error import UserErrorCode
from resolvers.writes import Problems, Written, refuse_unless_signed_in

# What such a mutation does: in which request, and with what.
AdministrativeChange = Callable[[Context, Written], Awaitable[object]]

_CODES: Final = {
    ProblemKind.INVALID: UserErrorCode.BAD_USER_INPUT,
    ProblemKind.UNKNOWN: UserErrorCode.NOT_FOUND,
    ProblemKind.CONFLICT: UserErrorCode.CONFLICT,
    ProblemKind.BUSY: UserErrorCode.RATE_LIMITED,
}
# No row has it: an id that is none is one that names nothing.
_NOTHING: Final = UUID(int=0)


def author_of(context: Context) -> Author:
    """Who makes the change. A connection decides who somebody is, so what bounds a token must not be escaped by one.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is a client, a script or somebody of support.
    """
    refuse_unless_signed_in(context.viewer)
    return Author(actor_of(context.viewer), context.viewer.session_id, context.request_id)


@contextmanager
def noting_problems(problems: Problems) -> Iterator[None]:
    """Have a change that is refused in the block say so in the answer."""
    try:
        yield
    except ChangeRefusedError as refused:
        for problem in refused.problems:
            problems.add(problem.setting, problem.message, _CODES[problem.kind])


def row_key(text: str) -> UUID:
    """The key that an id names."""
    try:
        return UUID(text)
    except ValueError:
        return _NOTHING
