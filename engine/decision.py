"""This operation for this caller: what each selected field is, before a single row is touched.

A decision depends on the caller's grants only through the answers in it. They are the key of the plan, so callers who
may see the same share one plan, whatever roles brought them there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from auth.grants import GrantState
from auth.permissions import PUBLIC
from engine.inputs import KEY_ORDER, NodesInput, PageInput
from engine.refusal import ForbiddenOperationError
from errors import ErrorCode, error
from resolvers.reads import Nodes, Page
from schema.rules import FromSameRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auth.grants import Grants
    from auth.permissions import Requirement
    from engine.inputs import Inputs
    from engine.reading import Reading
    from engine.selection import OperationSelection, SelectedField, Selection
    from schema.declarations import Declarations
    from schema.rules import TypeRule


class FieldState(StrEnum):
    """What becomes of a selected field."""

    ALLOWED = "allowed"
    # Decided by the database, row by row: the value where the row's unit is among the caller's, else null.
    MASKED = "masked"
    # Not selected at all.
    DENIED = "denied"


class RowState(StrEnum):
    """Which rows of a type exist for the caller."""

    ALL = "all"
    IN_REACH = "in_reach"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the caller sees of one operation.

    Attributes:
        fields: by the index of the selected field. A field below a denied one is denied too.
        rows: for each field that reads: the types it may read, and which of their rows exist.
        compared: the same for each type whose rows a filter names by their ids.
    """

    fields: tuple[FieldState, ...]
    rows: tuple[Mapping[str, RowState], ...]
    compared: Mapping[str, RowState]

    @property
    def key(self) -> tuple[object, ...]:
        """What plans are cached by."""
        return (self.fields, tuple(tuple(each.items()) for each in self.rows), tuple(self.compared.items()))


def decide(
    declarations: Declarations,
    selection: OperationSelection,
    readings: tuple[Reading | None, ...],
    inputs: Inputs,
    grants: Grants,
) -> Decision:
    """Decide every field of an operation.

    Raises:
        ForbiddenOperationError: it filters or sorts by a field that the caller may not read on all rows in question.
    """
    decider = _Decider(declarations, readings, grants)
    decider.selection(selection.root, None)
    _refuse_side_channels(declarations, selection, readings, inputs, grants)
    return Decision(tuple(decider.states), decider.rows(inputs), decider.compared(selection, inputs))


class _Decider:
    def __init__(self, declarations: Declarations, readings: tuple[Reading | None, ...], grants: Grants) -> None:
        self._declarations = declarations
        self._readings = readings
        self._grants = grants
        self.states = [FieldState.DENIED] * len(readings)

    def selection(
        self, selection: Selection, row: TypeRule | None, settled: frozenset[Requirement] = frozenset()
    ) -> None:
        """Decide the fields of an object.

        Args:
            selection: of the object.
            row: the declaration of the row that it is made of, when it shares the row of the object around it.
            settled: what holds for the row already: what makes it exist for the caller, and what the objects around
                this one in the same row have asked for.
        """
        own = self._declarations.row_type(selection.type_name)
        if own is not None:
            row, settled = own, frozenset({own.requires})
        for field in selection.fields:
            state = self._state(field, row, settled)
            self.states[field.index] = state
            if state is FieldState.DENIED or field.rule is None:
                continue
            same_row = isinstance(field.rule.origin, FromSameRow)
            for child in field.children.values():
                self.selection(
                    child, row if same_row else None, settled | {field.rule.requires} if same_row else frozenset()
                )

    def _state(self, field: SelectedField, row: TypeRule | None, settled: frozenset[Requirement]) -> FieldState:
        rule = field.rule
        if rule is None or rule.requires == PUBLIC or rule.requires in settled:
            return FieldState.ALLOWED
        held = self._grants.state(rule.requires)
        if held is GrantState.EVERYWHERE:
            return FieldState.ALLOWED
        if held is GrantState.NOWHERE:
            return FieldState.DENIED
        reading = self._readings[field.index]
        target = None if reading is None else reading.target
        if target is not None and target.requires == rule.requires and target.reach is None:
            # None of those rows exist for the caller. To say that there are none would be a lie, so it is denied.
            return FieldState.DENIED
        if row is not None:
            return FieldState.DENIED if row.reach is None else self._in_units(rule.requires, settled)
        filtered_by_rows = target is not None and target.requires == rule.requires
        return FieldState.ALLOWED if filtered_by_rows or rule.checks_reach else FieldState.DENIED

    def _in_units(self, requires: Requirement, settled: frozenset[Requirement]) -> FieldState:
        """What becomes of a field of a row that is held in some units only."""
        # Held wherever something holds that is settled for the row: there is nothing left to ask of the row.
        covered = any(self._grants.covers(requires, each) for each in settled)
        return FieldState.ALLOWED if covered else FieldState.MASKED

    def rows(self, inputs: Inputs) -> tuple[Mapping[str, RowState], ...]:
        return tuple(self._rows(index, inputs) for index in range(len(self._readings)))

    def _rows(self, index: int, inputs: Inputs) -> Mapping[str, RowState]:
        reading = self._readings[index]
        if reading is None:
            return {}
        if reading.target is not None:
            return {self._declarations.type_name(reading.target.model): self._row_state(reading.target)}
        asked = inputs.reads.get(index)
        named = asked.shape if isinstance(asked, NodesInput) else ()
        return {
            name: self._row_state(rule)
            for name, rule in sorted(self._declarations.row_types().items())
            if name in named
        }

    def compared(self, selection: OperationSelection, inputs: Inputs) -> Mapping[str, RowState]:
        """Which rows a filter may compare with: a reference to a row that does not exist for the caller is none."""
        found: dict[str, RowState] = {}
        for index, asked in inputs.reads.items():
            reading = self._readings[index]
            if not isinstance(asked, PageInput) or reading is None or reading.target is None:
                continue
            for name in dict.fromkeys(name for name, _ in asked.comparisons):
                column = self._declarations.filtered(selection.fields[index].definition, reading.target.model, name)
                if column.target is not None:
                    target = self._declarations.of_model(column.target)
                    found[self._declarations.type_name(column.target)] = self._row_state(target)
        return found

    def _row_state(self, target: TypeRule) -> RowState:
        held = self._grants.state(target.requires)
        if held is GrantState.EVERYWHERE:
            return RowState.ALL
        return RowState.IN_REACH if held is GrantState.SOME_UNITS and target.reach is not None else RowState.NONE


def _refuse_side_channels(
    declarations: Declarations,
    selection: OperationSelection,
    readings: tuple[Reading | None, ...],
    inputs: Inputs,
    grants: Grants,
) -> None:
    errors = []
    for field, reading in zip(selection.fields, readings, strict=True):
        asked = inputs.reads.get(field.index)
        if reading is None or reading.target is None or isinstance(reading.read, Nodes):
            continue
        if not isinstance(asked, PageInput) or not isinstance(reading.read, Page):
            continue
        for coordinate, requirement in _used(declarations, field, reading.target, asked):
            if requirement != reading.target.requires and not grants.covers(requirement, reading.target.requires):
                message = f"You may not read what {coordinate} compares, so you may not use it."
                errors.append(error(message, ErrorCode.FORBIDDEN, field=coordinate, permission=str(requirement)))
    if errors:
        raise ForbiddenOperationError(*errors)


def _used(
    declarations: Declarations, field: SelectedField, target: TypeRule, asked: PageInput
) -> list[tuple[str, Requirement]]:
    """Each filter field and sort field in use, by coordinate, with the permission that reading it asks for."""
    used = []
    if asked.comparisons:
        filter_type = declarations.argument_type(field.definition, "filter")
        names = dict.fromkeys(name for name, _ in asked.comparisons)
        used += [(f"{filter_type}.{name}", declarations.field(filter_type, name).requires) for name in names]
    if asked.order != KEY_ORDER:
        order_type = declarations.argument_type(field.definition, "orderBy")
        used += [
            (f"{order_type}.field: {asked.order.upper()}", requirement)
            for requirement in sorted(declarations.requirements(target.model, asked.order))
        ]
    return used
