"""Operations that would answer a question about what their caller may not read: refused as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLObjectType, get_named_type
from graphql.execution.values import get_argument_values

from resolvers.reads import Page, Source
from schema.rules import FromColumn, FromRead, FromSameRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphql.execution.values import VariableValues

    from auth.permissions import Requirement
    from schema.declarations import Declarations
    from tests.oracle.rights import Rights
    from tests.oracle.selected import Selected, Walk


def refusals(walk: Walk, values: VariableValues, declarations: Declarations, rights: Rights) -> list[dict[str, object]]:
    """One error for each filter field and sort field in use that the caller may not read wherever there are rows."""
    return [
        {
            "message": f"You may not read what {coordinate} compares, so you may not use it.",
            "extensions": {"code": "FORBIDDEN", "field": coordinate, "permission": str(requires)},
        }
        for selected in _all(walk, None)
        for coordinate, requires, wherever in _used(selected, values, declarations)
        if not rights.covers(requires, wherever)
    ]


def _all(walk: Walk, parent: Selected | None) -> Iterator[Selected]:
    for selected in walk.root() if parent is None else walk.below(parent):
        if not selected.name.startswith("__"):
            yield selected
            if hasattr(get_named_type(selected.definition.type), "fields"):
                yield from _all(walk, selected)


def _used(
    selected: Selected, values: VariableValues, declarations: Declarations
) -> Iterator[tuple[str, Requirement, Requirement]]:
    origin = declarations.field(selected.type_name, selected.name).origin
    read = origin.describe(Source()) if isinstance(origin, FromRead) else None
    if not isinstance(read, Page):
        return
    wherever = declarations.of_model(read.model).requires
    arguments: Mapping[str, Any] = get_argument_values(selected.definition, selected.nodes[0], values)
    for name, parts in sorted((arguments.get("filter") or {}).items()):
        if any(asked is not None for asked in (parts or {}).values()):
            filter_type = declarations.argument_type(selected.definition, "filter")
            yield f"{filter_type}.{name}", declarations.field(filter_type, name).requires, wherever
    if order := arguments.get("orderBy"):
        order_type = declarations.argument_type(selected.definition, "orderBy")
        column = str(order["field"])
        type_ = declarations.schema.type_map[declarations.type_name(read.model)]
        assert isinstance(type_, GraphQLObjectType)
        for requires in sorted(_shown_by(type_, column, declarations)):
            yield f"{order_type}.field: {column.upper()}", requires, wherever


def _shown_by(type_: GraphQLObjectType, column: str, declarations: Declarations) -> set[Requirement]:
    found: set[Requirement] = set()
    for name, field in type_.fields.items():
        rule = declarations.field(type_.name, name)
        if rule.origin == FromColumn(column):
            found.add(rule.requires)
        inner = get_named_type(field.type)
        if isinstance(rule.origin, FromSameRow) and isinstance(inner, GraphQLObjectType):
            below = _shown_by(inner, column, declarations)
            found |= below | ({rule.requires} if below else set())
    return found
