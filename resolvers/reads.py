"""How a root field or a relation says what to read.

A read is described once, when a plan is built, and never touches a row: the functions in this package take a ``Source``
(what the field hangs on, and the arguments it was given) and return a ``One``, a ``Page`` or a ``Nodes``. The engine
turns that into SQL, and adds reach, filters, order and paging by itself; a description cannot leave them out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tortoise.models import Model


@dataclass(frozen=True, slots=True)
class Argument:
    """The value of one of the field's GraphQL arguments."""

    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """The row key in a global id that the field's argument holds; no row when the id names another type."""

    argument: str


@dataclass(frozen=True, slots=True)
class Parent:
    """A column of the row that the relation hangs on, or an attribute of the object that a resolver returned."""

    column: str


@dataclass(frozen=True, slots=True)
class Equal:
    """Rows whose column equals a value."""

    column: str
    value: Argument | Key | Parent


class Source:
    """What a read may refer to while it is being described."""

    def argument(self, name: str) -> Argument:
        """The value of a GraphQL argument."""
        return Argument(name)

    def key(self, argument: str) -> Key:
        """The row key in the global id given as ``argument``."""
        return Key(argument)

    def parent(self, column: str) -> Parent:
        """A column of the row above."""
        return Parent(column)


@dataclass(frozen=True, slots=True)
class One:
    """At most one row."""

    model: type[Model]
    where: Equal


@dataclass(frozen=True, slots=True)
class Page:
    """A Relay connection over the rows of ``model``, in the order of their keys unless the caller chose another."""

    model: type[Model]
    where: tuple[Equal, ...] = ()


@dataclass(frozen=True, slots=True)
class Nodes:
    """Rows of any type with a global id, by the ids in an argument; ``many`` keeps their order and their gaps."""

    argument: str
    many: bool


Read = One | Page | Nodes
ReadFunction = Callable[[Source], Read]


@dataclass(frozen=True, slots=True)
class OwnUnit:
    """Reach: the row itself says which org unit it belongs to."""

    column: str


@dataclass(frozen=True, slots=True)
class UnitOf:
    """Reach: the row belongs where its parent belongs."""

    column: str
    parent: type[Model]


Reach = OwnUnit | UnitOf
