"""The only ways to declare a type or a field. ``requires`` has no default: nothing is public by silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, dataclass_transform

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from tortoise.models import Model

from auth.permissions import Requirement
from resolvers.administration import AdministrativeChange
from resolvers.at_once import AtOnce
from resolvers.context import Info
from resolvers.event import Event
from resolvers.reads import Reach, ReadFunction
from resolvers.writes import Change
from schema.rules import (
    FIELD_RULE,
    TYPE_RULE,
    AuthenticatedWithin,
    FieldRule,
    FromAttribute,
    FromChange,
    FromColumn,
    FromColumns,
    FromKey,
    FromMutation,
    FromRead,
    FromResolver,
    FromSameRow,
    Origin,
    Requires,
    TypeRule,
)

Class = TypeVar("Class", bound=type)

_COLUMN_OF_THE_SAME_NAME: Final = FromColumn("")
_ATTRIBUTE_OF_THE_SAME_NAME: Final = FromAttribute("")


def _declare(rule: FieldRule, **strawberry_options: Any) -> Any:
    directives: list[object] = [Requires(permission=str(rule.requires))]
    if rule.authenticated_within is not None:
        directives.append(AuthenticatedWithin(seconds=rule.authenticated_within))
    return strawberry.field(
        metadata={FIELD_RULE: rule},
        directives=directives,
        **strawberry_options,
    )


def field(  # noqa: PLR0913 - one keyword for each thing that a field may declare, and only one place to declare it
    *,
    requires: Requirement,
    column: str | None = None,
    same_row: bool = False,
    columns: tuple[str, ...] = (),
    compute: Callable[..., object] | None = None,
    read: ReadFunction | None = None,
    arguments: Mapping[str, Any] | None = None,
    resolver: Callable[..., Any] | None = None,
    attribute: bool = False,
    checks_reach: bool = False,
    description: str | None = None,
) -> Any:
    """Declare a field of an output type.

    Args:
        requires: the permission that reads it, or ``PUBLIC``.
        column: the column that holds the value; without any source, the one of the attribute's name.
        same_row: the value is an object type made of columns of the same row.
        columns: what ``compute`` needs from the row.
        compute: a pure function of ``columns``, called with them as keywords.
        read: describes the rows behind a relation or a root field (see ``resolvers/reads.py``).
        arguments: GraphQL arguments of ``read``, name to type.
        resolver: an ordinary Strawberry resolver.
        attribute: the value is an attribute of what the resolver or the mutation above returned.
        checks_reach: see ``FieldRule``.
        description: printed into the SDL.
    """
    rule = FieldRule(
        requires=requires,
        origin=_ATTRIBUTE_OF_THE_SAME_NAME
        if attribute
        else _origin(column, same_row, columns, compute, read, has_resolver=resolver is not None),
        checks_reach=checks_reach,
    )
    declared = _declare(rule, resolver=resolver, description=description)
    if arguments is not None:
        _add_arguments(declared, arguments)
    return declared


def _origin(  # noqa: PLR0913 - mirrors the declaration above
    column: str | None,
    same_row: bool,  # noqa: FBT001 - mirrors the declaration above
    columns: tuple[str, ...],
    compute: Callable[..., object] | None,
    read: ReadFunction | None,
    *,
    has_resolver: bool,
) -> Origin:
    if read is not None:
        return FromRead(read)
    if compute is not None:
        return FromColumns(columns, compute)
    if same_row:
        return FromSameRow()
    if has_resolver:
        return FromResolver()
    return FromColumn(column) if column is not None else _COLUMN_OF_THE_SAME_NAME


def mutation(  # noqa: PLR0913 - one keyword for each thing that a mutation may declare
    *,
    requires: Requirement,
    takes: type,
    change: Change,
    at_once: AtOnce | None = None,
    description: str | None = None,
    authenticated_within: int | None = None,
) -> Any:
    """Declare a mutation. It runs in a savepoint of its own, so that what fails leaves nothing behind.

    Args:
        requires: to hold it in some org units is enough to call; ``change`` compares the unit of what it changes.
        takes: the input type of the one argument, ``input``.
        change: called with the viewer and what was written; the fields of the payload are attributes of its answer.
        at_once: called before it where the request has no other mutation; describes what is one statement.
        description: printed into the SDL.
        authenticated_within: for what harms most in the wrong hands: the caller has to be a person who has signed in
            no more than so many seconds ago. ``None``: any caller who holds the permission.
    """
    origin = FromMutation(takes, lambda context, asked: change(context.viewer, asked), at_once)
    rule = FieldRule(requires, origin, checks_reach=True, authenticated_within=authenticated_within)
    return _mutation(rule, takes, description)


def administration(
    *,
    requires: Requirement,
    takes: type,
    change: AdministrativeChange,
    description: str | None = None,
    authenticated_within: int | None = None,
) -> Any:
    """Declare a mutation of what belongs to the tenant as a whole: ``requires`` has to be held everywhere.

    Args:
        requires: the permission.
        takes: the input type of the one argument, ``input``.
        change: called with the request's context and what was written; otherwise as for ``mutation``.
        description: printed into the SDL.
        authenticated_within: as for ``mutation``.
    """
    origin = FromMutation(takes, change, at_once=None)
    return _mutation(FieldRule(requires, origin, authenticated_within=authenticated_within), takes, description)


def _mutation(rule: FieldRule, takes: type, description: str | None) -> Any:
    if rule.authenticated_within is not None:
        minutes = rule.authenticated_within // 60
        description = f"{description or ''} Takes a sign-in of the last {minutes} minutes.".strip()
    declared = _declare(rule, description=description)
    declared.arguments = [
        StrawberryArgument(python_name="given", graphql_name="input", type_annotation=StrawberryAnnotation(takes))
    ]
    return declared


def event(*, requires: Requirement, model: type[Model], becomes: Event, description: str | None = None) -> Any:
    """Declare a subscription to the rows of a table; its argument ``id`` asks for one row only.

    Args:
        requires: to hold it in some org units is enough to subscribe; ``becomes`` compares the unit of each row.
        model: whose changes wake it.
        becomes: called for each change, with the viewer as of then; ``None`` when it is none of the viewer's.
        description: printed into the SDL.
    """

    async def resolve(root: Any, info: Info, row: object = None) -> object:  # noqa: ARG001 - the topic has it already
        return await becomes(info.context.viewer, root)

    rule = FieldRule(requires=requires, origin=FromChange(model, "id"), checks_reach=True)
    declared = _declare(rule, resolver=resolve, description=description)
    declared.arguments = [
        StrawberryArgument(
            python_name="row",
            graphql_name="id",
            type_annotation=StrawberryAnnotation(strawberry.ID | None),
            default=None,
        )
    ]
    return declared


def key(*, requires: Requirement) -> Any:
    """Declare the field that holds the row's global id."""
    return _declare(FieldRule(requires=requires, origin=FromKey()))


def page(
    *,
    requires: Requirement,
    read: ReadFunction,
    filter_by: type | None = None,
    order_by: type | None = None,
    description: str | None = None,
) -> Any:
    """Declare a Relay connection: ``first`` is required, ``after`` continues it."""
    arguments: dict[str, Any] = {"first": int, "after": str | None}
    if filter_by is not None:
        arguments["filter"] = filter_by | None
    if order_by is not None:
        arguments["orderBy"] = order_by | None
    return field(requires=requires, read=read, arguments=arguments, description=description)


def _add_arguments(declared: StrawberryField, arguments: Mapping[str, Any]) -> None:
    declared.arguments = [
        StrawberryArgument(
            python_name=name,
            graphql_name=name,
            type_annotation=StrawberryAnnotation(annotation),
        )
        for name, annotation in arguments.items()
    ]


def input_field(*, requires: Requirement, column: str | None = None, description: str | None = None) -> Any:
    """Declare a field of an input type: ``requires`` is what writing it (or, in a filter, comparing it) asks for.

    It may be left out of the input, which is not the same as ``null``. ``column`` is what it compares or writes; for a
    write, it need not be said where the names agree.
    """
    rule = FieldRule(requires=requires, origin=FromResolver(), column=column)
    return _declare(rule, default=strawberry.UNSET, description=description)


def required_input_field(*, requires: Requirement, description: str | None = None) -> Any:
    """Declare a field that the input must have."""
    return _declare(FieldRule(requires=requires, origin=FromResolver()), description=description)


@dataclass_transform(kw_only_default=True, field_specifiers=(field, key, page))
def row_type(*, model: type[Model], requires: Requirement, reach: Reach | None) -> Callable[[Class], Class]:
    """Declare an object type whose objects are rows of a table."""

    def declare(cls: Class) -> Class:
        setattr(cls, TYPE_RULE, TypeRule(model=model, requires=requires, reach=reach))
        return strawberry.type(cls)

    return declare
