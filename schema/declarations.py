"""The declarations of a built schema, found by the names of GraphQL."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, get_named_type
from tortoise import fields as columns
from tortoise.fields.relational import ForeignKeyFieldInstance

from schema.rules import FIELD_RULE, TYPE_RULE, FieldRule, FromAttribute, FromColumn, FromSameRow, TypeRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import GraphQLField, GraphQLSchema
    from tortoise.models import Model

    from auth.permissions import Requirement

_DEFINITION: Final = "strawberry-definition"


class ColumnKind(StrEnum):
    """PostgreSQL's name of a column's type, for the casts of parameters."""

    UUID = "uuid"
    TEXT = "text"
    INTEGER = "int4"
    NUMERIC = "numeric"
    DATE = "date"
    TIME = "timestamptz"
    BOOLEAN = "bool"
    JSON = "jsonb"


# Order matters: Tortoise's CharEnumField is a CharField, its BooleanField is no IntField.
_KINDS: Final[tuple[tuple[type, ColumnKind], ...]] = (
    (columns.UUIDField, ColumnKind.UUID),
    (columns.CharField, ColumnKind.TEXT),
    (columns.TextField, ColumnKind.TEXT),
    (columns.BooleanField, ColumnKind.BOOLEAN),
    (columns.DecimalField, ColumnKind.NUMERIC),
    (columns.DatetimeField, ColumnKind.TIME),
    (columns.DateField, ColumnKind.DATE),
    (columns.IntField, ColumnKind.INTEGER),
    (columns.SmallIntField, ColumnKind.INTEGER),
    (columns.JSONField, ColumnKind.JSON),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as SQL needs it."""

    name: str
    kind: ColumnKind
    nullable: bool
    # The table that a foreign key points to.
    target: type[Model] | None


class UndeclaredError(LookupError):
    """A field or type without a declaration: the schema is at fault, and nothing may be answered."""


class Declarations:
    """Look-ups over one built schema. Built once at start; every look-up is a dictionary access."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self._fields: dict[tuple[str, str], FieldRule] = {}
        self._types: dict[str, TypeRule] = {}
        self._type_names: dict[type[Model], str] = {}
        self._sorted: dict[str, type[Model]] = {}
        for name, type_ in schema.type_map.items():
            if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
                self._add(name, type_)
        models = {model.__name__: model for model in self._type_names}
        self._columns = {model: _columns(model, models) for model in self._type_names}
        for name in self._types:
            self._add_sort_fields(name)

    def _add(self, name: str, type_: GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType) -> None:
        for field_name, field in type_.fields.items():
            definition = (field.extensions or {}).get(_DEFINITION)
            rule = definition.metadata.get(FIELD_RULE) if definition is not None else None
            if definition is not None and isinstance(rule, FieldRule):
                if rule.origin == FromColumn(""):
                    rule = replace(rule, origin=FromColumn(definition.python_name))
                elif rule.origin == FromAttribute(""):
                    rule = replace(rule, origin=FromAttribute(definition.python_name))
                self._fields[name, field_name] = rule
        definition = (type_.extensions or {}).get(_DEFINITION)
        type_rule = getattr(definition.origin, TYPE_RULE, None) if definition is not None else None
        if isinstance(type_rule, TypeRule):
            self._types[name] = type_rule
            self._type_names[type_rule.model] = name

    def _add_sort_fields(self, type_name: str) -> None:
        """``CompanyOrder`` sorts ``Company``: the names say which enum speaks of which table."""
        order = self.schema.type_map.get(f"{type_name}Order")
        if isinstance(order, GraphQLInputObjectType):
            self._sorted[get_named_type(order.fields["field"].type).name] = self._types[type_name].model

    def field(self, type_name: str, field_name: str) -> FieldRule:
        """What a field declares.

        Raises:
            UndeclaredError: it declares nothing.
        """
        rule = self._fields.get((type_name, field_name))
        if rule is None:
            message = f"{type_name}.{field_name} declares no permission"
            raise UndeclaredError(message)
        return rule

    def row_type(self, type_name: str) -> TypeRule | None:
        """What a row type declares; ``None`` for a type whose objects are not rows."""
        return self._types.get(type_name)

    def row_types(self) -> Mapping[str, TypeRule]:
        """Every type whose objects are rows, by its GraphQL name."""
        return self._types

    def type_name(self, model: type[Model]) -> str:
        """The GraphQL type whose objects are rows of ``model``."""
        return self._type_names[model]

    def of_model(self, model: type[Model]) -> TypeRule:
        """What the type over ``model`` declares."""
        return self._types[self._type_names[model]]

    def column(self, model: type[Model], name: str) -> Column:
        """A column of a table.

        Raises:
            KeyError: the table has none of this name.
        """
        return self._columns[model][name]

    def has_column(self, model: type[Model], name: str) -> bool:
        """Whether a table has a column."""
        return name in self._columns.get(model, {})

    def argument_type(self, field: GraphQLField, argument: str) -> str:
        """The name of the input type that an argument takes."""
        return get_named_type(field.args[argument].type).name

    def filtered(self, field: GraphQLField, model: type[Model], name: str) -> Column:
        """The column that a key of a field's filter compares.

        Raises:
            UndeclaredError: the key names no column; refused when the schema is built.
        """
        filter_type = self.argument_type(field, "filter")
        column = self.field(filter_type, name).column
        if column is None:
            message = f"{filter_type}.{name} compares no column"
            raise UndeclaredError(message)
        return self.column(model, column)

    def sorted_model(self, enum_name: str) -> type[Model] | None:
        """The table whose columns an enum's values name, for an enum of sort fields."""
        return self._sorted.get(enum_name)

    def requirements(self, model: type[Model], column: str) -> frozenset[Requirement]:
        """Every permission that reading ``column`` through the schema asks for; empty when no field shows it."""
        type_name = self._type_names[model]
        return self._requirements(type_name, column)

    def _requirements(self, type_name: str, column: str) -> frozenset[Requirement]:
        found: set[Requirement] = set()
        type_ = self.schema.type_map[type_name]
        for field_name, field in type_.fields.items() if isinstance(type_, GraphQLObjectType) else ():
            rule = self.field(type_name, field_name)
            if rule.origin == FromColumn(column):
                found.add(rule.requires)
            elif isinstance(rule.origin, FromSameRow):
                inner = self._requirements(get_named_type(field.type).name, column)
                found |= inner | ({rule.requires} if inner else set())
        return frozenset(found)


def _columns(model: type[Model], models: Mapping[str, type[Model]]) -> dict[str, Column]:
    """The columns of a table, whether or not Tortoise has been started: a foreign key's column is made only then."""
    found: dict[str, Column] = {}
    for name, field in model._meta.fields_map.items():  # noqa: SLF001 - Tortoise names its public description so
        kind = next((kind for each, kind in _KINDS if isinstance(field, each)), None)
        if kind is not None:
            found.setdefault(name, Column(name, kind, nullable=bool(field.null), target=None))
        elif isinstance(field, ForeignKeyFieldInstance):
            target = models.get(str(field.model_name).rpartition(".")[2])
            found[f"{name}_id"] = Column(f"{name}_id", ColumnKind.UUID, nullable=bool(field.null), target=target)
    return found
