"""Which keys of a mutation's input the caller may not write anywhere. Found before the mutation runs.

A key that the caller may write in some org units passes here; whether this row is in one of them is for the resolver,
which knows the row (``resolvers/writes.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql import GraphQLInputObjectType, GraphQLList, get_named_type, get_nullable_type

from auth.grants import GrantState
from resolvers.forbidden_input import forbidden_input

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql import GraphQLInputType

    from engine.run import Run
    from engine.selection import SelectedField
    from schema.declarations import Declarations


def refuse_forbidden_keys(declarations: Declarations, field: SelectedField, run: Run) -> None:
    """Refuse a mutation whose input has keys that the caller may write nowhere. A ``null`` counts as written.

    Raises:
        GraphQLError: ``FORBIDDEN``, naming every such key.
    """
    forbidden: dict[str, str] = {}
    for name, argument in field.definition.args.items():
        value = run.inputs.arguments.get(field.index, {}).get(name)
        for type_name, key in dict.fromkeys(_keys(argument.type, value)):
            requirement = declarations.field(type_name, key).requires
            if run.viewer.grants.state(requirement) is GrantState.NOWHERE:
                forbidden[f"{type_name}.{key}"] = str(requirement)
    if forbidden:
        raise forbidden_input(forbidden)


def _keys(type_: GraphQLInputType, value: object) -> Iterator[tuple[str, str]]:
    nullable = get_nullable_type(type_)
    if isinstance(nullable, GraphQLList) and isinstance(value, list):
        for each in value:
            yield from _keys(nullable.of_type, each)
        return
    named = get_named_type(nullable)
    if isinstance(named, GraphQLInputObjectType) and isinstance(value, dict):
        for key, inner in value.items():
            yield named.name, key
            yield from _keys(named.fields[key].type, inner)
