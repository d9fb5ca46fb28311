"""Reading rows in plain Python: filter, sort, cut."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from engine.cursors import purpose
from resolvers.reads import Key, Parent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tortoise.models import Model

    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from resolvers.reads import Equal, One, Page
    from schema.declarations import Declarations
    from tests.oracle.rights import Rights
    from tests.oracle.tenant_rows import Row, TenantRows

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "equals": lambda value, given: value == given,
    "oneOf": lambda value, given: value in given,
    "atLeast": lambda value, given: value >= given,
    "atMost": lambda value, given: value <= given,
    "contains": lambda value, given: given.lower() in value.lower(),
    "startsWith": lambda value, given: value.startswith(given),
}


@dataclass(frozen=True)
class Reader:
    """Reads a tenant's rows for one caller."""

    rows: TenantRows
    declarations: Declarations
    rights: Rights
    viewer: Viewer
    cursors: Cursors

    def one(self, read: One, source: Callable[[str], object], arguments: Mapping[str, Any]) -> Row | None:
        """The row that a read describes."""
        found = self._found(read.model, (read.where,), source, arguments)
        return found[0] if found else None

    def node(self, given: str) -> tuple[type[Model], Row] | None:
        """The row with a global id."""
        named = decode(given)
        rule = None if named is None else self.declarations.row_type(named[0])
        if named is None or rule is None:
            return None
        row = self.rows.by_key(rule.model, named[1])
        return (rule.model, row) if row is not None and self.rights.exists(rule.model, row) else None

    def page(
        self,
        read: Page,
        coordinate: str,
        source: Callable[[str], object],
        arguments: Mapping[str, Any],
    ) -> PageOfRows:
        """A page of the rows that a read describes; ``coordinate`` is the field's."""
        found = self._found(read.model, read.where, source, arguments)
        matching = [row for row in found if self._matches(read.model, row, arguments.get("filter") or {})]
        order = arguments.get("orderBy")
        column, descending = (
            ("id", False) if order is None else (str(order["field"]), str(order["direction"]) == "DESC")
        )
        matching.sort(key=lambda row: _place(row, column), reverse=descending)
        bound_to = purpose(self.viewer, coordinate, f"{column} {'desc' if descending else 'asc'}")
        after, rest = arguments.get("after"), matching
        if after is not None:
            last = self.rows.by_key(read.model, self.cursors.decode(bound_to, after).key)
            assert last is not None
            rest = [row for row in matching if _is_behind(row, last, column, descending=descending)]
        return PageOfRows(
            rows=rest[: arguments["first"]],
            more=len(rest) > arguments["first"],
            continues=after is not None,
            total=len(matching),
            cursor=lambda row: self.cursors.encode(
                bound_to, None if column == "id" else row[f"{column}::text"], str(row["id"])
            ),
        )

    def _found(
        self,
        model: type[Model],
        where: Sequence[Equal],
        source: Callable[[str], object],
        arguments: Mapping[str, Any],
    ) -> list[Row]:
        wanted = [(each.column, self._wanted(model, each, source, arguments)) for each in where]
        return [
            row
            for row in self.rows.tables[model]
            if all(value is not None and row[column] == value for column, value in wanted)
            and self.rights.exists(model, row)
        ]

    def _wanted(
        self, model: type[Model], equal: Equal, source: Callable[[str], object], arguments: Mapping[str, Any]
    ) -> object:
        if isinstance(equal.value, Parent):
            return source(equal.value.column)
        if isinstance(equal.value, Key):
            return _key_of(arguments[equal.value.argument], self.declarations.type_name(model))
        return arguments[equal.value.name]

    def _matches(self, model: type[Model], row: Row, given: Mapping[str, Any]) -> bool:
        filter_type = f"{self.declarations.type_name(model)}Filter"
        for name, parts in given.items():
            column = self.declarations.field(filter_type, name).column
            assert column is not None
            value = self._as_seen(model, column, row[column])
            for operator, asked in (parts or {}).items():
                if asked is not None and not self._holds(model, column, value, operator, asked):
                    return False
        return True

    def _as_seen(self, model: type[Model], column: str, value: object) -> object:
        """A reference to a row that is not there for the caller is no reference."""
        target = self.declarations.column(model, column).target
        if target is None or value is None:
            return value
        row = self.rows.by_key(target, value)
        return value if row is not None and self.rights.exists(target, row) else None

    def _holds(self, model: type[Model], column: str, value: object, operator: str, asked: Any) -> bool:  # noqa: ANN401 - a part of a filter is of any type
        target = self.declarations.column(model, column).target
        if operator == "isNull":
            return (value is None) is bool(asked)
        if value is None:
            return False
        if target is not None:
            type_name = self.declarations.type_name(target)
            asked = (
                [_key_of(each, type_name) for each in asked] if isinstance(asked, list) else _key_of(asked, type_name)
            )
        compared: bool = _OPERATORS[operator](value, asked)
        return compared


@dataclass(frozen=True)
class PageOfRows:
    """A page, and what Relay wants to know of it."""

    rows: Sequence[Row]
    more: bool
    continues: bool
    total: int
    cursor: Callable[[Row], str]


def _place(row: Row, column: str) -> tuple[bool, Any, int]:
    """Where a row stands in ascending order: absent values last, ties by key."""
    value = row[column]
    if isinstance(value, str):
        value = row[f"{column}::rank"]
    return (value is None, 0 if value is None else value, row["id"].int)


def _is_behind(row: Row, last: Row, column: str, *, descending: bool) -> bool:
    mine, theirs = _place(row, column), _place(last, column)
    return mine < theirs if descending else mine > theirs


def encode(type_name: str, row: Row) -> str:
    """The global id of a row."""
    return base64.b64encode(f"{type_name}:{row['id']}".encode()).decode()


def decode(given: str) -> tuple[str, UUID] | None:
    """The type name and the key in a global id; ``None`` when it is not one as ``encode`` writes it."""
    try:
        type_name, _, key = base64.b64decode(given).decode().partition(":")
        named = (type_name, UUID(key))
    except ValueError:
        return None
    return named if encode(type_name, {"id": named[1]}) == given else None


def _key_of(given: str, type_name: str) -> UUID | None:
    named = decode(given)
    return named[1] if named is not None and named[0] == type_name else None
