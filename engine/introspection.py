"""The schema as one caller may know it: introspection, and with it GraphiQL, shows what the caller's grants can use.

Hidden and unknown are the same: a hidden field is not in the schema that answers, and a document that is not valid is
told so in the words of that schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar, cast

from graphql import (
    DocumentNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    execute_sync,
    get_named_type,
    type_from_ast,
)

from auth.grants import GrantState
from auth.permissions import PUBLIC, Permission
from engine.bounded_cache import BoundedCache
from resolvers.reads import Nodes, Source
from schema.rules import FromAttribute, FromMutation, FromRead, FromResolver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import FragmentDefinitionNode, GraphQLNamedType, GraphQLType

    from auth.grants import Grants
    from engine.selection import SelectedField
    from schema.declarations import Declarations
    from schema.rules import FieldRule, TypeRule

Type = TypeVar("Type", bound="GraphQLType")

_SOURCE = Source()

# What fields declare about themselves, for whoever has the SDL. The caller's own schema has it done already.
_OURS: Final = frozenset({"requires", "authenticatedWithin"})


class VisibleSchemas:
    """The schemas that callers may know, one for each set of permissions held somewhere."""

    def __init__(self, declarations: Declarations, capacity: int = 100) -> None:
        self._declarations = declarations
        self._known: BoundedCache[tuple[GrantState, ...], GraphQLSchema] = BoundedCache(capacity, lambda _: 1)

    def schema(self, grants: Grants) -> GraphQLSchema:
        """The schema as a caller with these grants may know it."""
        key = tuple(grants.state(permission) for permission in Permission)
        known = self._known.get(key)
        if known is None:
            known = _Filter(self._declarations, grants).schema()
            self._known.set(key, known)
        return known

    def introspect(
        self,
        grants: Grants,
        field: SelectedField,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, object],
    ) -> object:
        """The value of ``__schema`` or ``__type``."""
        visible = self.schema(grants)
        alone = OperationDefinitionNode(
            operation=operation.operation,
            directives=(),
            variable_definitions=tuple(
                each for each in operation.variable_definitions or () if type_from_ast(visible, each.type) is not None
            ),
            selection_set=SelectionSetNode(selections=field.nodes),
        )
        document = DocumentNode(definitions=(alone, *fragments.values()))
        result = execute_sync(visible, document, variable_values=dict(variables))
        if result.errors:
            raise result.errors[0]
        return (result.data or {})[field.key]


class _Filter:
    def __init__(self, declarations: Declarations, grants: Grants) -> None:
        self._declarations = declarations
        self._grants = grants
        self._full = declarations.schema
        self._types: dict[str, GraphQLNamedType] = {}

    def schema(self) -> GraphQLSchema:
        query = self._full.query_type
        if query is None:
            message = "the schema has no query type"
            raise LookupError(message)
        mutation = self._full.mutation_type
        subscription = self._full.subscription_type
        sees_changes = subscription is not None and any(
            self._sees(subscription.name, name) for name in subscription.fields
        )
        sees_mutations = mutation is not None and any(self._sees(mutation.name, name) for name in mutation.fields)
        return GraphQLSchema(
            query=cast("GraphQLObjectType", self._named(query)),
            mutation=cast("GraphQLObjectType", self._named(mutation)) if mutation and sees_mutations else None,
            subscription=cast("GraphQLObjectType", self._named(subscription))
            if subscription and sees_changes
            else None,
            types=[
                self._named(self._full.type_map[name])
                for name, rule in self._declarations.row_types().items()
                if self._sees_rows(rule)
            ],
            directives=[each for each in self._full.directives if each.name not in _OURS],
            description=self._full.description,
        )

    def _sees_rows(self, rule: TypeRule) -> bool:
        held = self._grants.state(rule.requires)
        return held is GrantState.EVERYWHERE or (held is GrantState.SOME_UNITS and rule.reach is not None)

    def _sees(self, type_name: str, field_name: str) -> bool:
        rule = self._declarations.field(type_name, field_name)
        if rule.requires == PUBLIC:
            return True
        held = self._grants.state(rule.requires)
        if held is not GrantState.SOME_UNITS:
            return held is GrantState.EVERYWHERE
        if isinstance(rule.origin, FromAttribute | FromMutation | FromResolver) and isinstance(
            self._full.type_map[type_name], GraphQLObjectType
        ):
            return rule.checks_reach
        rows = [self._declarations.row_type(type_name), self._read(rule)]
        return all(row is None or row.reach is not None for row in rows)

    def _read(self, rule: FieldRule) -> TypeRule | None:
        """The rows that a field reads, when they are of one type."""
        read = rule.origin.describe(_SOURCE) if isinstance(rule.origin, FromRead) else None
        return None if read is None or isinstance(read, Nodes) else self._declarations.of_model(read.model)

    def _sees_value(self, type_: GraphQLEnumType, value: object) -> bool:
        """Whether a sort field may be used: whoever may not read a column is not told that it can be sorted by."""
        model = self._declarations.sorted_model(type_.name)
        if model is None:
            return True
        requirements = self._declarations.requirements(model, str(value))
        return all(self._grants.state(each) is not GrantState.NOWHERE for each in requirements)

    def _converted(self, type_: Type) -> Type:
        if isinstance(type_, GraphQLList):
            return cast("Type", GraphQLList(self._converted(type_.of_type)))
        if isinstance(type_, GraphQLNonNull):
            return cast("Type", GraphQLNonNull(self._converted(type_.of_type)))
        return cast("Type", self._named(get_named_type(type_)))

    def _named(self, type_: GraphQLNamedType) -> GraphQLNamedType:
        if type_.name not in self._types:
            self._types[type_.name] = self._rebuilt(type_)
        return self._types[type_.name]

    def _rebuilt(self, type_: GraphQLNamedType) -> GraphQLNamedType:
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            return type(type_)(
                type_.name,
                lambda: self._fields(type_),
                interfaces=lambda: [cast("GraphQLInterfaceType", self._named(each)) for each in type_.interfaces],
                description=type_.description,
            )
        if isinstance(type_, GraphQLInputObjectType):
            return GraphQLInputObjectType(
                type_.name,
                lambda: self._input_fields(type_),
                description=type_.description,
                is_one_of=type_.is_one_of,
            )
        if isinstance(type_, GraphQLEnumType):
            values = {name: value for name, value in type_.values.items() if self._sees_value(type_, value.value)}
            return GraphQLEnumType(type_.name, values, description=type_.description)
        return type_

    def _fields(self, type_: GraphQLObjectType | GraphQLInterfaceType) -> dict[str, GraphQLField]:
        return {
            name: GraphQLField(
                self._converted(field.type),
                {name: self._argument(argument) for name, argument in field.args.items()},
                description=field.description,
                deprecation_reason=field.deprecation_reason,
            )
            for name, field in type_.fields.items()
            if self._sees(type_.name, name)
        }

    def _argument(self, argument: GraphQLArgument) -> GraphQLArgument:
        return GraphQLArgument(
            self._converted(argument.type), default=argument.default, description=argument.description
        )

    def _input_fields(self, type_: GraphQLInputObjectType) -> dict[str, GraphQLInputField]:
        return {
            name: GraphQLInputField(self._converted(field.type), default=field.default, description=field.description)
            for name, field in type_.fields.items()
            if self._sees(type_.name, name)
        }
