"""Arguments for random documents: pages, filters, orders, cursors and ids that mean something in the data at hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLNamedType, get_named_type, is_required_argument

from engine.cursors import purpose
from schema.declarations import ColumnKind
from tests.oracle.reading import encode

if TYPE_CHECKING:
    from random import Random

    from graphql import GraphQLArgument, GraphQLField, GraphQLInputType
    from tortoise.models import Model

    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from schema.declarations import Column, Declarations
    from tests.oracle.tenant_rows import TenantRows


@dataclass(frozen=True)
class Enum:
    """The name of an enum's value, which is written without quotes."""

    name: str


@dataclass(frozen=True)
class Argument:
    """A value, in the form of the language and in that of JSON, and its type."""

    value: Any
    json: Any
    type_: GraphQLInputType
    is_default: bool = False

    def with_default(self, is_default: bool) -> Argument:  # noqa: FBT001 - there is nothing else that it could mean
        return replace(self, is_default=is_default)


def literal(value: object) -> str:
    """A value as GraphQL text."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def as_json(value: object) -> object:
    """The same as a variable's value."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return {name: as_json(each) for name, each in value.items()}
    return [as_json(each) for each in value] if isinstance(value, list) else value


class RandomArguments:
    """Makes arguments for the fields of one schema over the rows of one tenant, and now and then of another."""

    def __init__(
        self, random: Random, declarations: Declarations, rows: TenantRows, foreign: TenantRows, cursors: Cursors
    ) -> None:
        self._random = random
        self._declarations = declarations
        self._rows = rows
        self._foreign = foreign
        self._cursors = cursors

    def of(self, viewer: Viewer, type_name: str, name: str, definition: GraphQLField) -> dict[str, Argument]:
        """Values for a field's arguments, some left out."""
        given: dict[str, Any] = {}
        for argument, declared in definition.args.items():
            if is_required_argument(declared) or self._random.random() < 0.35:
                given[argument] = self._value(argument, declared, definition)
        if "after" in given:
            given["after"] = self._cursor(viewer, f"{type_name}.{name}", definition, given.get("orderBy"))
        return {
            argument: Argument(value, as_json(value), definition.args[argument].type)
            for argument, value in given.items()
        }

    def _value(self, argument: str, declared: GraphQLArgument, definition: GraphQLField) -> object:
        type_ = get_named_type(declared.type)
        match argument:
            case "first":
                return self._random.randint(1, 6)
            case "after":
                return None
            case "id":
                return self._id()
            case "ids":
                return [self._id() for _ in range(self._random.randint(0, 6))]
            case "filter":
                return self._filter(type_)
            case "orderBy":
                return self._order(type_)
        raise NotImplementedError(argument, definition)

    def _id(self, model: type[Model] | None = None) -> str:
        chance = self._random.random()
        if chance < 0.05:
            return self._random.choice(["", "x", "Q29tcGFueTox", "🙂", "A" * 300])
        rows = self._foreign if chance < 0.12 else self._rows
        model = model or self._random.choice([*rows.tables])
        row = self._random.choice(rows.tables[model])
        model = model if chance < 0.95 else self._random.choice([*rows.tables])
        return encode(self._declarations.type_name(model), row)

    def _order(self, type_: GraphQLNamedType) -> object:
        assert isinstance(type_, GraphQLInputObjectType)
        fields = get_named_type(type_.fields["field"].type)
        assert isinstance(fields, GraphQLEnumType)
        return {
            "field": Enum(self._random.choice([*fields.values])),
            "direction": Enum(self._random.choice(["ASC", "DESC"])),
        }

    def _filter(self, type_: GraphQLNamedType) -> object:
        assert isinstance(type_, GraphQLInputObjectType)
        model = self._model(type_.name.removesuffix("Filter"))
        chosen = self._random.sample([*type_.fields], k=self._random.choice([1, 1, 2]))
        return {name: self._comparison(model, type_, name) for name in chosen}

    def _comparison(self, model: type[Model], filter_type: GraphQLInputObjectType, name: str) -> object:
        parts = get_named_type(filter_type.fields[name].type)
        assert isinstance(parts, GraphQLInputObjectType)
        column = self._declarations.field(filter_type.name, name).column
        assert column is not None
        of = self._declarations.column(model, column)
        is_enum = isinstance(get_named_type(parts.fields["equals"].type), GraphQLEnumType)
        chosen = self._random.sample([*parts.fields], k=self._random.choice([1, 1, 2]))
        return {operator: self._operand(model, of, operator, is_enum=is_enum) for operator in chosen}

    def _operand(self, model: type[Model], column: Column, operator: str, *, is_enum: bool) -> object:
        if self._random.random() < 0.05:
            return None
        if operator == "isNull":
            return self._random.random() < 0.5
        if operator == "oneOf":
            return [self._compared(model, column, is_enum=is_enum) for _ in range(self._random.randint(0, 4))]
        value = self._compared(model, column, is_enum=is_enum)
        if operator in {"contains", "startsWith"} and isinstance(value, str):
            start = self._random.randint(0, 2) if operator == "contains" else 0
            return value[start : start + self._random.randint(0, 3)]
        return value

    def _compared(self, model: type[Model], column: Column, *, is_enum: bool) -> object:
        """A value that some row has, or is near to."""
        if column.target is not None:
            return self._id(column.target)
        present = [row[column.name] for row in self._rows.tables[model] if row[column.name] is not None]
        value = self._random.choice(present)
        if is_enum:
            return Enum(str(value))
        if isinstance(value, Decimal):
            return str(value + self._random.choice([Decimal(0), Decimal("0.01"), Decimal(-1)]))
        if isinstance(value, date):
            return value.isoformat()
        if column.kind is ColumnKind.INTEGER:
            return value + self._random.choice([0, 0, 1, -1])
        return value

    def _cursor(self, viewer: Viewer, coordinate: str, definition: GraphQLField, order: Any) -> str | None:  # noqa: ANN401 - an argument
        if self._random.random() < 0.3:
            return None
        model = self._model(get_named_type(definition.type).name.removesuffix("Connection"))
        row = self._random.choice(self._rows.tables[model])
        column, descending = (
            ("id", False) if order is None else (order["field"].name.lower(), order["direction"].name == "DESC")
        )
        bound_to = purpose(viewer, coordinate, f"{column} {'desc' if descending else 'asc'}")
        value = None if column == "id" else row[f"{column}::text"]
        return self._cursors.encode(bound_to, value, str(row["id"]))

    def _model(self, type_name: str) -> type[Model]:
        rule = self._declarations.row_type(type_name)
        assert rule is not None, type_name
        return rule.model
