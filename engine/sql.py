"""Pieces of SQL. Names come from the models, values are parameters; there is no other source of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from resolvers.reads import OwnUnit
from schema.declarations import ColumnKind

if TYPE_CHECKING:
    from tortoise.models import Model

    from engine.parameters import Parameter
    from resolvers.reads import Reach
    from schema.declarations import Column, Declarations


class Statement:
    """The parameters of one statement, numbered in the order of their first use, and fresh table aliases."""

    def __init__(self) -> None:
        self.parameters: list[Parameter] = []
        self._aliases = 0

    def parameter(self, parameter: Parameter, cast: str) -> str:
        """The placeholder of a value."""
        if parameter not in self.parameters:
            self.parameters.append(parameter)
        return f"${self.parameters.index(parameter) + 1}::{cast}"

    def alias(self) -> str:
        """A name for one more use of a table."""
        self._aliases += 1
        return f"t{self._aliases}"


def table(model: type[Model]) -> str:
    """The table of a model, unqualified: the transaction's search path says whose it is."""
    return quoted(model._meta.db_table)  # noqa: SLF001 - Tortoise names its public model description so


def column(alias: str, name: str) -> str:
    """A column of the table that goes by ``alias``."""
    return f"{alias}.{quoted(name)}"


def quoted(name: str) -> str:
    """A name of the models, as SQL."""
    return '"' + name.replace('"', '""') + '"'


def unit(statement: Statement, declarations: Declarations, reach: Reach, alias: str) -> str:
    """The org unit that a row belongs to, by way of its parents where the row itself does not say.

    Raises:
        LookupError: a parent's type declares no reach; refused when the schema is built.
    """
    if isinstance(reach, OwnUnit):
        return column(alias, reach.column)
    above = declarations.of_model(reach.parent).reach
    if above is None:
        raise LookupError(reach.parent.__name__)
    parent = statement.alias()
    condition = f"{column(parent, 'id')} = {column(alias, reach.column)}"
    return (
        f"(SELECT {unit(statement, declarations, above, parent)} FROM {table(reach.parent)} {parent} WHERE {condition})"
    )


# A selected value as the response wants it: what JSON has no form for is printed by PostgreSQL.
_PRINTED: Final = {
    ColumnKind.NUMERIC: "{}::text",
    ColumnKind.UUID: "{}::text",
    # As Python's dates, which have no infinite ones. The connection's DateStyle is ISO.
    ColumnKind.DATE: "CASE {0} WHEN 'infinity' THEN '9999-12-31' WHEN '-infinity' THEN '0001-01-01' ELSE {0}::text END",
}

_PRINTED_ANYWAY: Final = frozenset({ColumnKind.NUMERIC, ColumnKind.UUID})


def selected(alias: str, of: Column) -> str:
    """A column's value for the response."""
    return _PRINTED.get(of.kind, "{}").format(column(alias, of.name))


def bare(alias: str, of: Column) -> str:
    """The same for whoever asks for the text form of it: PostgreSQL then prints it without being told to."""
    return column(alias, of.name) if of.kind in _PRINTED_ANYWAY else selected(alias, of)


def is_text(of: Column) -> bool:
    """Whether that value is text."""
    return of.kind is ColumnKind.TEXT or of.kind in _PRINTED


_COMPARISONS: Final = {
    "equals": "{column} = {value}",
    "oneOf": "{column} = ANY({value})",
    "atLeast": "{column} >= {value}",
    "atMost": "{column} <= {value}",
    "contains": "position(lower({value}) in lower({column})) > 0",
    "startsWith": "starts_with({column}, {value})",
    "isNull": "({column} IS NULL) = {value}",
}


def compare(statement: Statement, compared: str, kind: ColumnKind, operator: str, parameter: Parameter) -> str:
    """One part of a filter; ``compared`` is the SQL of what is compared, of type ``kind``."""
    cast = {"oneOf": f"{kind}[]", "isNull": "bool"}.get(operator, kind.value)
    return _COMPARISONS[operator].format(column=compared, value=statement.parameter(parameter, cast))


def order_by(alias: str, of: Column, *, descending: bool) -> str:
    """By a column, then by key, both in one direction, so that one index serves both directions.

    PostgreSQL's own placing of absent values is kept (ascending last, descending first): another needs another index.
    """
    direction = " DESC" if descending else ""
    key = f"{column(alias, 'id')}{direction}"
    return key if of.name == "id" else f"{column(alias, of.name)}{direction}, {key}"


def continued(  # noqa: PLR0913 - the parts of one comparison
    statement: Statement,
    alias: str,
    of: Column,
    *,
    descending: bool,
    after_key: Parameter,
    after_value: Parameter | None,
) -> str:
    """Rows behind a position, in the order of ``order_by``.

    ``after_value`` is the position's sort value: ``None`` when the row there has none, or when the order is by key.
    """
    key = column(alias, "id")
    after = ">" if not descending else "<"
    key_after = f"{key} {after} {statement.parameter(after_key, 'uuid')}"
    if of.name == "id":
        return key_after
    value = column(alias, of.name)
    if after_value is None:
        # Behind the absent values: ascending there is nothing but more of them, descending every value follows.
        among_absent = f"({value} IS NULL AND {key_after})"
        return f"({among_absent} OR {value} IS NOT NULL)" if descending else among_absent
    given = statement.parameter(after_value, f"text::{of.kind}")
    pair = f"({value}, {key}) {after} ({given}, {statement.parameter(after_key, 'uuid')})"
    return f"({pair} OR {value} IS NULL)" if of.nullable and not descending else pair
