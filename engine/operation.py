"""An operation with everything that can be settled before a request asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graphql import OperationType

from engine.bounded_cache import BoundedCache
from engine.decision import FieldState
from engine.denials import deniable
from engine.documents import weight_of
from engine.freshness import bounded_fields
from engine.inputs import Asked
from engine.reading import readings
from engine.variables import arguments
from resolvers.reads import One
from schema.rules import FromMutation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphql import OperationDefinitionNode

    from engine.at_once import UpdateAtOnce
    from engine.decision import Decision
    from engine.denials import Deniable, SaidDenials
    from engine.freshness import Bounds
    from engine.plan import Plan
    from engine.printed import PrintedOperation
    from engine.reading import Reading
    from engine.selection import OperationSelection, SelectedField, Selection
    from engine.variables import Arguments
    from resolvers.at_once import AtOnce
    from schema.declarations import Declarations

    # A mutation's field, its declaration, and what describes it as one statement.
    Alone = tuple[SelectedField, FromMutation, AtOnce]

# Which columns an update changes is its caller's to choose, each time anew.
_UPDATES: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a document, under one setting of its conditions.

    Attributes:
        selection: its tree.
        readings: what each field reads, by index.
        arguments: how the arguments of each field that takes some are read.
        asked: the fields that read pages or nodes, each after the one above it.
        by_place: each field by its object type and its path in the response.
        is_planned: whether all of it is read by plan, with nothing left for a resolver.
        weight: how much memory it takes, in units of about a kilobyte: its fields, and the document they point into.
    """

    selection: OperationSelection
    readings: tuple[Reading | None, ...]
    arguments: Sequence[Arguments]
    asked: Sequence[Asked]
    by_place: Mapping[tuple[str, tuple[str, ...]], SelectedField]
    is_planned: bool
    weight: int


def prepare(
    declarations: Declarations, definition: OperationDefinitionNode, selection: OperationSelection
) -> Operation:
    """Settle what can be settled about an operation."""
    described = readings(declarations, selection)
    return Operation(
        selection=selection,
        readings=described,
        arguments=[arguments(field) for field in selection.fields if field.definition.args],
        asked=list(_asked(selection.root, described, None)),
        by_place={(field.type_name, field.path): field for field in selection.fields},
        is_planned=definition.operation is OperationType.QUERY
        and all(field.is_read or field.name == "__typename" for field in selection.root.fields),
        weight=1 + len(selection.fields) + weight_of(definition),
    )


def _asked(selection: Selection, described: tuple[Reading | None, ...], above: int | None) -> list[Asked]:
    found: list[Asked] = []
    for field in selection.fields:
        reading, below = described[field.index], above
        if reading is not None and not isinstance(reading.read, One):
            found.append(Asked(field, reading.read, above))
            below = field.index
        for child in field.children.values():
            found += _asked(child, described, below)
    return found


@dataclass(slots=True, eq=False)
class DecidedOperation:
    """An operation and a decision about it: what callers who may see the same of it share.

    Attributes:
        plans: by the index of the field, each made when it is first asked for.
        alone: the mutation that is all of it, if that may be one statement.
        updates: what is settled about that statement, by the index of the mutation and what else it depends on.
        deniable: the fields that are denied, or that some row may lack, in the order of the document.
        bounded: the root fields that take a sign-in of the last so many seconds.
        printed: how all of it is printed, if it is and was asked for before.
        may_be_printed: whether that is still to be found out, or was found to be so.
        said: the errors of what is denied, as the last request of those that are printed was told them.
    """

    operation: Operation
    decision: Decision
    plans: dict[int, Plan]
    alone: Alone | None
    updates: BoundedCache[tuple[object, ...], UpdateAtOnce]
    deniable: Sequence[Deniable]
    bounded: Bounds
    printed: PrintedOperation | None = None
    may_be_printed: bool = True
    said: SaidDenials | None = None


def decided(operation: Operation, decision: Decision) -> DecidedOperation:
    """Put a decision to its operation."""
    updates: BoundedCache[tuple[object, ...], UpdateAtOnce] = BoundedCache(_UPDATES, lambda _: 1)
    denied = deniable(operation.selection.root, decision)
    return DecidedOperation(
        operation,
        decision,
        {},
        _alone(operation.selection.root, decision),
        updates,
        denied,
        bounded_fields(operation.selection, decision),
        may_be_printed=operation.is_planned,
    )


def _alone(root: Selection, decision: Decision) -> Alone | None:
    if len(root.fields) != 1:
        return None
    (field,) = root.fields
    origin = None if field.rule is None else field.rule.origin
    if not isinstance(origin, FromMutation) or origin.at_once is None:
        return None
    return None if decision.fields[field.index] is FieldState.DENIED else (field, origin, origin.at_once)
