"""Introspection as one caller may see it: the whole schema's, with what the caller cannot use left out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
)

from auth.permissions import PUBLIC
from resolvers.reads import Nodes, Source
from schema.rules import FromAttribute, FromMutation, FromRead, FromResolver

if TYPE_CHECKING:
    from graphql import GraphQLNamedType, GraphQLResolveInfo

    from auth.grants import Grants
    from auth.permissions import Requirement
    from schema.declarations import Declarations
    from schema.rules import TypeRule

_WITH_FIELDS = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)


class Visible:
    """One caller's schema."""

    def __init__(self, declarations: Declarations, grants: Grants) -> None:
        self._declarations = declarations
        self._grants = grants

    def _held_somewhere(self, requires: Requirement) -> bool:
        return requires == PUBLIC or requires in self._grants.everywhere or bool(self._grants.in_units.get(requires))

    def _holds_for_rows(self, requires: Requirement, rule: TypeRule) -> bool:
        """Held somewhere is enough for rows that belong somewhere."""
        everywhere = requires == PUBLIC or requires in self._grants.everywhere
        return everywhere or (rule.reach is not None and self._held_somewhere(requires))

    def sees_field(self, type_name: str, name: str) -> bool:
        """Whether a field is there for the caller."""
        rule = self._declarations.field(type_name, name)
        is_output = isinstance(self._declarations.schema.type_map[type_name], GraphQLObjectType)
        if is_output and isinstance(rule.origin, FromAttribute | FromMutation | FromResolver) and not rule.checks_reach:
            return rule.requires == PUBLIC or rule.requires in self._grants.everywhere
        rows = [self._declarations.row_type(type_name)]
        if isinstance(rule.origin, FromRead):
            read = rule.origin.describe(Source())
            rows.append(None if isinstance(read, Nodes) else self._declarations.of_model(read.model))
        return self._held_somewhere(rule.requires) and all(
            self._holds_for_rows(rule.requires, each) for each in rows if each is not None
        )

    def fields(self, type_: GraphQLNamedType) -> list[str]:
        """The names of the fields of a type that are there for the caller."""
        names = type_.fields if isinstance(type_, _WITH_FIELDS) else ()
        return [name for name in names if type_.name.startswith("__") or self.sees_field(type_.name, name)]

    def values(self, type_: GraphQLEnumType) -> list[str]:
        """The names of the values of an enum that are there for the caller."""
        model = self._declarations.sorted_model(type_.name)
        return [
            name
            for name, value in type_.values.items()
            if model is None or all(map(self._held_somewhere, self._declarations.requirements(model, str(value.value))))
        ]

    @cached_property
    def types(self) -> frozenset[str]:
        """The names of the types that can be come by: from the roots, and by an id."""
        schema = self._declarations.schema
        reached = {name for name in schema.type_map if name.startswith("__")}
        roots = [
            each for each in (schema.query_type, schema.mutation_type, schema.subscription_type) if each is not None
        ]
        todo: list[GraphQLNamedType] = [each for each in roots if self.fields(each)]
        todo += [
            schema.type_map[name]
            for name, rule in self._declarations.row_types().items()
            if self._holds_for_rows(rule.requires, rule)
        ]
        todo += [get_named_type(each.type) for directive in schema.directives for each in directive.args.values()]
        while todo:
            type_ = todo.pop()
            if type_.name not in reached:
                reached.add(type_.name)
                todo += self._neighbours(type_)
        return frozenset(reached)

    def _neighbours(self, type_: GraphQLNamedType) -> list[GraphQLNamedType]:
        found: list[GraphQLNamedType] = []
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            found += type_.interfaces
        if isinstance(type_, _WITH_FIELDS):
            for name in self.fields(type_):
                field: Any = type_.fields[name]
                found.append(get_named_type(field.type))
                found += [get_named_type(each.type) for each in getattr(field, "args", {}).values()]
        return found

    def seen(self, value: Any, source: Any, info: GraphQLResolveInfo[Any]) -> Any:  # noqa: ANN401 - of any kind
        """What introspection found in the whole schema, without what is not there for the caller."""
        name = info.field_name
        if value is None:
            return None
        if name in {"__type", "queryType", "mutationType"}:
            return value if value.name in self.types else None
        if name in {"types", "interfaces", "possibleTypes"}:
            return [each for each in value if each.name in self.types]
        if name == "directives":
            return [each for each in value if each.name not in {"requires", "authenticatedWithin"}]
        if name in {"fields", "inputFields", "enumValues"}:
            shown = self.values(source) if name == "enumValues" else self.fields(source)
            return [each for each in value if each[0] in shown]
        return value
