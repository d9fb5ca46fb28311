"""What must hold of a schema before it may serve: a schema that breaks one of these rules does not build."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from auth.permissions import PUBLIC, Requirement
from resolvers.reads import Equal, One, OwnUnit, Parent, Source, UnitOf
from schema.declarations import Declarations, UndeclaredError
from schema.reading_verification import reading_problems
from schema.rules import (
    FieldRule,
    FromAttribute,
    FromColumn,
    FromColumns,
    FromKey,
    FromMutation,
    FromRead,
    FromResolver,
    FromSameRow,
    TypeRule,
)

_SOURCE = Source()


class SchemaRuleError(Exception):
    """The schema breaks the rules; the message lists every place."""


def verify(schema: GraphQLSchema) -> Declarations:
    """Check a built schema; its declarations.

    Raises:
        SchemaRuleError: a field declares no permission, could null its object when denied, reads a column that its
            table lacks or rows that are not of its type, hands out rows that no plan has read, or filters by a column
            without asking for the permission that shows it.
    """
    declarations = Declarations(schema)
    # The rules below are about declarations, so they are asked for once there are some.
    problems = list(_undeclared(declarations)) or list(_problems(schema, declarations))
    if problems:
        raise SchemaRuleError("\n".join(problems))
    return declarations


def _problems(schema: GraphQLSchema, declarations: Declarations) -> Iterator[str]:
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType):
            row = declarations.row_type(name)
            if row is not None:
                yield from _reach_problems(declarations, name, row)
                yield from _row_problems(declarations, type_, row, row.requires)
            else:
                yield from _object_problems(declarations, type_)
    for name in declarations.row_types():
        yield from _filter_problems(schema, declarations, name)
    yield from reading_problems(declarations)
    yield from _mutation_problems(schema, declarations)


def _undeclared(declarations: Declarations) -> Iterator[str]:
    for name, type_ in declarations.schema.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field in type_.fields:
                try:
                    declarations.field(name, field)
                except UndeclaredError as problem:
                    yield f"{problem}; write requires=Permission.… or requires=PUBLIC"


def _reach_problems(declarations: Declarations, name: str, row: TypeRule) -> Iterator[str]:
    if isinstance(row.reach, UnitOf) and declarations.of_model(row.reach.parent).reach is None:
        yield f"{name} takes its org unit from {row.reach.parent.__name__}, which has none"
    column = row.reach.column if isinstance(row.reach, OwnUnit | UnitOf) else "id"
    if not declarations.has_column(row.model, column):
        yield f"{name} declares its reach by {column}, a column that {row.model.__name__} does not have"


def _row_problems(
    declarations: Declarations, type_: GraphQLObjectType, row: TypeRule, settled: Requirement
) -> Iterator[str]:
    """Problems of an object made of a row's columns; ``settled`` is what its presence has asked for already."""
    for name, field in type_.fields.items():
        rule, coordinate = declarations.field(type_.name, name), f"{type_.name}.{name}"
        if rule.requires not in {settled, PUBLIC} and isinstance(field.type, GraphQLNonNull):
            yield f"{coordinate} asks for another permission than its object, so it must be nullable"
        for column in _columns(rule):
            if not declarations.has_column(row.model, column):
                yield f"{coordinate} reads {column}, a column that {row.model.__name__} does not have"
        if isinstance(rule.origin, FromResolver | FromAttribute):
            yield f"{coordinate} is resolved row by row; give it columns=… and compute=…, or read=…"
        inner = get_named_type(field.type)
        if isinstance(rule.origin, FromSameRow) and isinstance(inner, GraphQLObjectType):
            yield from _row_problems(declarations, inner, row, rule.requires)


def _columns(rule: FieldRule) -> tuple[str, ...]:
    match rule.origin:
        case FromColumn(column):
            return (column,)
        case FromColumns(columns):
            return columns
        case FromKey():
            return ("id",)
        case _:
            return ()


def _object_problems(declarations: Declarations, type_: GraphQLObjectType) -> Iterator[str]:
    if any(isinstance(declarations.field(type_.name, name).origin, FromColumn) for name in type_.fields):
        return  # made of another object's row, and checked with it
    for name, field in type_.fields.items():
        rule = declarations.field(type_.name, name)
        if rule.requires != PUBLIC and isinstance(field.type, GraphQLNonNull):
            yield f"{type_.name}.{name} may be denied, so it must be nullable"


def _mutation_problems(schema: GraphQLSchema, declarations: Declarations) -> Iterator[str]:
    """Mutations and their payloads are the engine's, which knows no resolvers of theirs."""
    mutations = schema.mutation_type
    if mutations is None:
        return
    for name, field in mutations.fields.items():
        if not isinstance(declarations.field(mutations.name, name).origin, FromMutation):
            yield f"{mutations.name}.{name} is a mutation, so it has to be declared by mutation(…)"
        yield from _payload_problems(declarations, get_named_type(field.type))


def _payload_problems(declarations: Declarations, type_: GraphQLNamedType) -> Iterator[str]:
    if not isinstance(type_, GraphQLObjectType) or declarations.row_type(type_.name) is not None:
        return
    for name, field in type_.fields.items():
        if not isinstance(declarations.field(type_.name, name).origin, FromAttribute | FromRead):
            yield f"{type_.name}.{name} is a part of a payload, so it has to be an attribute, or to be read"
        yield from _payload_problems(declarations, get_named_type(field.type))


def _filter_problems(schema: GraphQLSchema, declarations: Declarations, name: str) -> Iterator[str]:
    """A filter must ask for what shows the column: else it answers questions about what its caller may not read."""
    filter_type = schema.type_map.get(f"{name}Filter")
    model = declarations.row_types()[name].model
    for key in filter_type.fields if isinstance(filter_type, GraphQLInputObjectType) else ():
        rule = declarations.field(f"{name}Filter", key)
        coordinate = f"{name}Filter.{key}"
        if rule.column is None or not declarations.has_column(model, rule.column):
            yield f"{coordinate} compares {rule.column}, a column that {model.__name__} does not have"
            continue
        shown = declarations.requirements(model, rule.column) | _referring(declarations, name, rule.column)
        if not shown:
            yield f"{coordinate} compares {rule.column}, which no field of {name} shows"
        elif rule.requires not in shown:
            yield f"{coordinate} must ask for {', '.join(sorted(shown))}, as the field that shows the column does"
        if len(shown) > 1:
            yield f"{coordinate} compares a column that asks for several permissions; filters can ask for one only"
    order_type = schema.type_map.get(f"{name}Order")
    for column in _sort_columns(order_type):
        if not declarations.has_column(model, column) or not declarations.requirements(model, column):
            yield f"{name}Order sorts by {column}, which no field of {name} shows"


def _referring(declarations: Declarations, type_name: str, column: str) -> frozenset[Requirement]:
    """What the relations ask for that show the row which a column refers to."""
    type_ = declarations.schema.type_map[type_name]
    found: set[Requirement] = set()
    for name in type_.fields if isinstance(type_, GraphQLObjectType) else ():
        rule = declarations.field(type_name, name)
        read = rule.origin.describe(_SOURCE) if isinstance(rule.origin, FromRead) else None
        if isinstance(read, One) and read.where == Equal("id", Parent(column)):
            found.add(rule.requires)
    return frozenset(found)


def _sort_columns(order_type: object) -> Iterator[str]:
    if isinstance(order_type, GraphQLInputObjectType):
        values = getattr(get_named_type(order_type.fields["field"].type), "values", {})
        yield from (str(value.value) for value in values.values())
