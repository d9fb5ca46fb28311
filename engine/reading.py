"""The reads behind an operation's fields: described once for each selection, by the functions in ``resolvers/``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from resolvers.reads import Nodes, Source
from schema.rules import FromRead, TypeRule

if TYPE_CHECKING:
    from engine.selection import OperationSelection, SelectedField
    from resolvers.reads import Read
    from schema.declarations import Declarations

_SOURCE: Final = Source()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a field reads, and the rule of the rows that it reads (none for ``Nodes``, which may be of any type)."""

    read: Read
    target: TypeRule | None


def reading(declarations: Declarations, field: SelectedField) -> Reading | None:
    """What one field reads; ``None`` for a field that reads no other rows."""
    if field.rule is None or not isinstance(field.rule.origin, FromRead):
        return None
    read = field.rule.origin.describe(_SOURCE)
    return Reading(read, None if isinstance(read, Nodes) else declarations.of_model(read.model))


def readings(declarations: Declarations, selection: OperationSelection) -> tuple[Reading | None, ...]:
    """What every field of an operation reads, by index."""
    return tuple(reading(declarations, field) for field in selection.fields)
