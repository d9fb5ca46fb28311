"""The values that a plan sends beside its text. Everything that a person typed travels here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.inputs import NodesInput, PageInput
from resolvers.at_once import Update
from resolvers.global_ids import decode, spelt_key

if TYPE_CHECKING:
    from uuid import UUID

    from auth.permissions import Requirement
    from auth.viewer import Viewer
    from engine.inputs import Inputs


@dataclass(slots=True)
class Values:
    """Where parameters take their values from.

    Attributes:
        inputs: the request's arguments.
        viewer: whose reach counts.
        source: the object that a resolver returned, for a relation that hangs on one; or the change that is to be made.
    """

    inputs: Inputs
    viewer: Viewer
    source: object


class Parameter(Protocol):
    """One value. Parameters are compared, so that a plan sends each only once."""

    def value(self, values: Values) -> object: ...


@dataclass(frozen=True, slots=True)
class Units:
    """The org units in which the viewer holds a permission."""

    requirement: Requirement

    def value(self, values: Values) -> object:
        return list(values.viewer.grants.units(self.requirement))


@dataclass(frozen=True, slots=True)
class ArgumentValue:
    """A GraphQL argument as it is."""

    field: int
    name: str

    def value(self, values: Values) -> object:
        return values.inputs.arguments[self.field][self.name]


@dataclass(frozen=True, slots=True)
class KeyOf:
    """The row key in a global id; ``None``, which equals no row, when the id names another type."""

    field: int
    argument: str
    type_name: str

    def value(self, values: Values) -> object:
        return _key(values.inputs.arguments[self.field][self.argument], self.type_name)

    def text(self, values: Values) -> bytes | None:
        """The same as PostgreSQL prints it."""
        key = spelt_key(values.inputs.arguments[self.field][self.argument], self.type_name)
        return None if key is None else key.encode()


@dataclass(frozen=True, slots=True)
class SourceValue:
    """An attribute of the object that a resolver returned."""

    attribute: str

    def value(self, values: Values) -> object:
        return getattr(values.source, self.attribute)


@dataclass(frozen=True, slots=True)
class NewValue:
    """What a column is to hold once the row is changed."""

    column: str

    def value(self, values: Values) -> object:
        return values.source.columns[self.column] if isinstance(values.source, Update) else None


@dataclass(frozen=True, slots=True)
class RowLimit:
    """One row more than the page, which tells whether there is a next one."""

    field: int

    def value(self, values: Values) -> object:
        return _page(values, self.field).first + 1


@dataclass(frozen=True, slots=True)
class AfterKey:
    """The key of the row that the page before ended with."""

    field: int

    def value(self, values: Values) -> object:
        after = _page(values, self.field).after
        return None if after is None else after.key


@dataclass(frozen=True, slots=True)
class AfterValue:
    """The sort value of the row that the page before ended with, as PostgreSQL printed it and reads it again.

    Not as a Python value: infinite dates have none that would come back as what they were.
    """

    field: int

    def value(self, values: Values) -> object:
        after = _page(values, self.field).after
        return None if after is None else after.value


@dataclass(frozen=True, slots=True)
class Compared:
    """What a filter compares a column with.

    Attributes:
        type_name: for a foreign key, the type whose ids it holds.
    """

    field: int
    name: str
    operator: str
    type_name: str | None

    def value(self, values: Values) -> object:
        given = _page(values, self.field).comparisons[self.name, self.operator]
        if self.type_name is None or self.operator == "isNull":
            return given
        if isinstance(given, list):
            return [key for each in given if (key := _key(each, self.type_name)) is not None]
        return _key(given, self.type_name)


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The keys of one type among the ids that ``node`` or ``nodes`` was asked for."""

    field: int
    type_name: str

    def value(self, values: Values) -> object:
        asked = values.inputs.reads.get(self.field)
        ids = asked.ids if isinstance(asked, NodesInput) else ()
        return [each.key for each in ids if each is not None and each.type_name == self.type_name]


def _page(values: Values, field: int) -> PageInput:
    asked = values.inputs.reads.get(field)
    if not isinstance(asked, PageInput):
        message = "a page was planned for a field that was not asked as one"
        raise TypeError(message)
    return asked


def _key(given: object, type_name: str) -> UUID | None:
    named = decode(given)
    return named.key if named is not None and named.type_name == type_name else None
