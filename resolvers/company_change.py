"""What the mutations of a company have in common: their answer, and the moment in which they write."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import asyncpg
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from resolvers.company_ties import NO_SUCH_COMPANY, NO_SUCH_ORG_UNIT
from resolvers.company_values import checked
from resolvers.user_error import UserError, UserErrorCode
from resolvers.writes import Problems

Result = TypeVar("Result")

# Not columns of their own: looked up, compared, or found by.
_NOT_COLUMNS = frozenset({"id", "version", "org_unit_id", "parent_id"})


@dataclass(frozen=True, slots=True)
class CompanyChange:
    """The attributes behind the fields of a payload.

    Attributes:
        company_id: the company that was written, or that the caller asked to write and may see; read back by plan.
        user_errors: what went wrong. With any, nothing was written.
    """

    company_id: UUID | None
    user_errors: list[UserError]


def checked_columns(problems: Problems, country: str | None = None) -> dict[str, object]:
    """The plain columns of what was written, checked; what is wrong is added to the problems."""
    given = problems.written.values
    kept, refused = checked({name: given[name] for name in given if name not in _NOT_COLUMNS}, country=country)
    for column, problem in refused.items():
        problems.add(column, str(problem))
    return kept


async def stored(problems: Problems, write: Awaitable[Result]) -> Result | None:
    """What ``write`` gives, or ``None`` with a problem where the database found what no check before could know."""
    try:
        # A savepoint, so that the statement that fails leaves a transaction in which others can go on.
        async with in_transaction("tenant"):
            return await write
    except IntegrityError as problem:
        _explain(problems, problem)
        return None


def _explain(problems: Problems, problem: IntegrityError) -> None:
    cause = problem.args[0] if problem.args else None
    if isinstance(cause, asyncpg.UniqueViolationError):
        problems.add("reference", "Another company has this reference.")
    elif isinstance(cause, asyncpg.ForeignKeyViolationError):
        # Removed by somebody else since it was looked up.
        if "parent_id" in (cause.constraint_name or ""):
            problems.add("parent_id", NO_SUCH_COMPANY, UserErrorCode.NOT_FOUND)
        else:
            problems.add("org_unit_id", NO_SUCH_ORG_UNIT, UserErrorCode.NOT_FOUND)
    else:
        raise problem
