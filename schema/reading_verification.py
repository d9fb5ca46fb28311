"""What must hold of fields that read rows: of the right table, under the right type, by names that lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
)

from resolvers.reads import Argument, Equal, Key, Nodes, One, Page, Parent, Source
from schema.declarations import Declarations
from schema.rules import FromRead, TypeRule

_SOURCE = Source()


def reading_problems(declarations: Declarations) -> Iterator[str]:
    """Everything that is wrong with what fields read, and every field that hands out rows without reading them."""
    pages = _page_types(declarations)
    for type_name, type_ in declarations.schema.type_map.items():
        if not isinstance(type_, GraphQLObjectType) or type_name.startswith("__"):
            continue
        for name, field in type_.fields.items():
            coordinate, origin = f"{type_name}.{name}", declarations.field(type_name, name).origin
            if isinstance(origin, FromRead):
                yield from _read_problems(declarations, coordinate, field, origin, declarations.row_type(type_name))
            elif type_name not in pages and _holds_rows(declarations, field, pages):
                yield f"{coordinate} hands out rows, which is no resolver's to do; give it read=…"


def _page_types(declarations: Declarations) -> frozenset[str]:
    """The types of connections and edges. Their rows come from the read of the field that the connection stands in."""
    found: set[str] = set()
    for type_name, type_ in declarations.schema.type_map.items():
        for name, field in type_.fields.items() if isinstance(type_, GraphQLObjectType) else ():
            origin = None if type_name.startswith("__") else declarations.field(type_name, name).origin
            if isinstance(origin, FromRead) and isinstance(origin.describe(_SOURCE), Page):
                connection = get_named_type(field.type)
                edges = connection.fields.get("edges") if isinstance(connection, GraphQLObjectType) else None
                found.add(connection.name)
                found |= {get_named_type(edges.type).name} if edges is not None else set()
    return frozenset(found - set(declarations.row_types()))


def _holds_rows(declarations: Declarations, field: GraphQLField, pages: frozenset[str]) -> bool:
    named = get_named_type(field.type)
    is_row = declarations.row_type(named.name) is not None
    return is_row or isinstance(named, GraphQLInterfaceType) or named.name in pages


def _read_problems(
    declarations: Declarations, coordinate: str, field: GraphQLField, origin: FromRead, row: TypeRule | None
) -> Iterator[str]:
    read = origin.describe(_SOURCE)
    if isinstance(read, Nodes):
        if not isinstance(get_named_type(field.type), GraphQLInterfaceType):
            yield f"{coordinate} reads rows of any type, so its own must be an interface"
        conditions: tuple[Equal, ...] = ()
        arguments = {read.argument}
    else:
        read_from = {name for name, rule in declarations.row_types().items() if rule.model is read.model}
        if _type_read(read, field) not in read_from:
            yield f"{coordinate} reads {read.model.__name__}, which is not what its type is made of"
        conditions = read.where if isinstance(read, Page) else (read.where,)
        arguments = {
            each.value.argument if isinstance(each.value, Key) else each.value.name
            for each in conditions
            if isinstance(each.value, Key | Argument)
        }
    for argument in arguments - set(field.args):
        yield f"{coordinate} reads by {argument}, an argument that it does not have"
    for condition in conditions:
        if not isinstance(read, Nodes) and not declarations.has_column(read.model, condition.column):
            yield f"{coordinate} reads by {condition.column}, a column that {read.model.__name__} does not have"
        value = condition.value
        if row is not None and isinstance(value, Parent) and not declarations.has_column(row.model, value.column):
            yield f"{coordinate} hangs on {value.column}, a column that {row.model.__name__} does not have"
    yield from _argument_type_problems(coordinate, field)


def _type_read(read: One | Page, field: GraphQLField) -> str | None:
    """The type of the rows that a field's type has room for, in the way in which the read gives them."""
    named = get_named_type(field.type)
    if isinstance(read, One):
        return None if isinstance(get_nullable_type(field.type), GraphQLList) else named.name
    nodes = named.fields.get("nodes") if isinstance(named, GraphQLObjectType) else None
    return None if nodes is None else get_named_type(nodes.type).name


def _argument_type_problems(coordinate: str, field: GraphQLField) -> Iterator[str]:
    """What filters and orders may do is found by their names, so a field must take those of its own rows."""
    connection = get_named_type(field.type).name
    for argument, ending in (("filter", "Filter"), ("orderBy", "Order")):
        if argument in field.args:
            taken = get_named_type(field.args[argument].type)
            expected = connection.removesuffix("Connection") + ending
            if not isinstance(taken, GraphQLInputObjectType) or taken.name != expected:
                yield f"{coordinate} takes {taken.name} as {argument}; it must be called {expected}"
