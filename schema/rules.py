"""What a type and a field declare about themselves: who may see them, and where their values come from.

The engine reads these; nothing here acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import strawberry
from strawberry.schema_directive import Location
from tortoise.models import Model

from auth.permissions import Requirement
from resolvers.administration import AdministrativeChange
from resolvers.at_once import AtOnce
from resolvers.reads import Reach, ReadFunction

FIELD_RULE = "fieldgate_rule"
TYPE_RULE = "__fieldgate_rule__"


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.INPUT_FIELD_DEFINITION],
    description="The permission that reads (or, on an input field, writes) this field.",
)
class Requires:
    permission: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="The caller has to be a person who has signed in no longer ago: else UNAUTHENTICATED, sign_in_too_old.",
)
class AuthenticatedWithin:
    seconds: int


@dataclass(frozen=True, slots=True)
class FromColumn:
    """The value is a column of the row."""

    column: str


@dataclass(frozen=True, slots=True)
class FromKey:
    """The value is the global id of the row."""


@dataclass(frozen=True, slots=True)
class FromSameRow:
    """The value is an object made of columns of the same row."""


@dataclass(frozen=True, slots=True)
class FromRead:
    """The value is read from other rows, as the function describes."""

    describe: ReadFunction


@dataclass(frozen=True, slots=True)
class FromColumns:
    """The value is computed in Python from columns of the row, which are passed by keyword. No input, no output."""

    columns: tuple[str, ...]
    compute: Callable[..., object]


@dataclass(frozen=True, slots=True)
class FromResolver:
    """The value is what an ordinary Strawberry resolver returns."""


@dataclass(frozen=True, slots=True)
class FromAttribute:
    """The value is an attribute of the object that a resolver, or a mutation, returned."""

    name: str


@dataclass(frozen=True, slots=True)
class FromChange:
    """The value is what a change of a row of ``model`` comes to; ``argument`` may name the one row by its global id."""

    model: type[Model]
    argument: str


@dataclass(frozen=True, slots=True)
class FromMutation:
    """The value is what a change answers. The engine runs it, in a savepoint of its own.

    Attributes:
        takes: the input class of the one argument, ``input``.
        change: makes the change, in the context of the request.
        at_once: describes it instead, where it is one statement.
    """

    takes: type
    change: AdministrativeChange
    at_once: AtOnce | None


Origin = (
    FromColumn
    | FromKey
    | FromSameRow
    | FromRead
    | FromColumns
    | FromResolver
    | FromAttribute
    | FromChange
    | FromMutation
)


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field's declaration.

    Attributes:
        requires: the permission, or ``PUBLIC`` where it was typed out.
        origin: where the value comes from.
        checks_reach: for a field with a resolver: holding the permission in some org units is enough to call it,
            because it compares the units of what it changes or gives. Without it the permission must hold everywhere.
        column: for an input field: the column that it compares or writes.
        authenticated_within: for a mutation: how many seconds ago its caller may have signed in at the most.
    """

    requires: Requirement
    origin: Origin
    checks_reach: bool = False
    column: str | None = None
    authenticated_within: int | None = None


@dataclass(frozen=True, slots=True)
class TypeRule:
    """One row type's declaration.

    Attributes:
        model: the table.
        requires: the permission that a row needs to exist for a caller.
        reach: how a row knows its org unit; ``None`` for rows that belong to the tenant as a whole, for which a
            permission held in some units only counts as not held.
    """

    model: type[Model]
    requires: Requirement
    reach: Reach | None
