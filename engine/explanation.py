"""A decision in words: what becomes of each selected field, which rows exist, and the SQL that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.decision import FieldState
from engine.plan import plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.decision import Decision, RowState
    from engine.inputs import Inputs
    from engine.operation import DecidedOperation
    from engine.selection import SelectedField, Selection
    from schema.declarations import Declarations


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """What becomes of one selected field.

    Attributes:
        selection: the response keys down to it, joined by dots.
        field: its schema coordinate.
        permission: what it asks for.
        state: allowed, masked (row by row), or denied.
        rows: for a field that reads: which rows of each type exist.
        authenticated_within: how many seconds ago the caller has to have signed in; ``None``: at any time.
    """

    selection: str
    field: str
    permission: str
    state: FieldState
    rows: Mapping[str, RowState]
    authenticated_within: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would become of an operation.

    Attributes:
        fields: in the order of the document; what is below a denied field is not looked at.
        statements: the SQL of each field that is read by plan from the root.
    """

    fields: Sequence[ExplainedField]
    statements: Sequence[str]


def explain(declarations: Declarations, decided: DecidedOperation, inputs: Inputs) -> Explanation:
    """Explain a decision; nothing is run."""
    operation, decision = decided.operation, decided.decision
    read = [
        field
        for field in operation.selection.root.fields
        if field.is_read and decision.fields[field.index] is not FieldState.DENIED
    ]
    plans = [plan(declarations, field, operation.readings, decision, inputs) for field in read]
    return Explanation(
        fields=[_explained(field, decision) for field in _looked_at(operation.selection.root, decision)],
        statements=[each.statement for each in plans if each.statement is not None],
    )


def _explained(field: SelectedField, decision: Decision) -> ExplainedField:
    return ExplainedField(
        selection=".".join(field.path),
        field=field.coordinate,
        permission="" if field.rule is None else str(field.rule.requires),
        state=decision.fields[field.index],
        rows=decision.rows[field.index],
        authenticated_within=None if field.rule is None else field.rule.authenticated_within,
    )


def _looked_at(selection: Selection, decision: Decision) -> Iterator[SelectedField]:
    for field in selection.fields:
        yield field
        if decision.fields[field.index] is not FieldState.DENIED:
            for child in field.children.values():
                yield from _looked_at(child, decision)
