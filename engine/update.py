"""From a described update to SQL: one statement that changes the row and returns what the payload shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine import sql
from engine.decision import FieldState
from engine.parameters import NewValue, SourceValue
from engine.plan import Plan, Planner
from engine.row import Planning
from resolvers.reads import Equal, One, Parent
from schema.declarations import ColumnKind

if TYPE_CHECKING:
    from engine.decision import Decision
    from engine.inputs import Inputs
    from engine.reading import Reading
    from engine.row import Row
    from engine.selection import SelectedField
    from resolvers.at_once import Update
    from schema.declarations import Declarations

_KEY: Final = SourceValue("key")
_VERSION: Final = SourceValue("version")
_UNITS: Final = SourceValue("units")


def plan_update(  # noqa: PLR0913, PLR0917 - one for each stage that came before
    declarations: Declarations,
    field: SelectedField,
    readings: tuple[Reading | None, ...],
    decision: Decision,
    inputs: Inputs,
    update: Update,
) -> Plan:
    """Plan a mutation that is one update. What it assembles is a dictionary: what the payload reads, by index.

    The plan has no statement where the payload shows more than the statement can: within it, every other look at the
    table finds the row as it was before.
    """
    planning = Planning(declarations, readings, decision, inputs)
    planner = Planner(planning)
    shown = [
        each for each in field.child.fields if each.is_read and decision.fields[each.index] is not FieldState.DENIED
    ]
    if not all(_reads_the_row(planning.reading(each), update) and planner.exists(each) for each in shown):
        return _impossible(planning)
    row = planning.row(declarations.of_model(update.model))
    changes = _changes(planning, row, update)
    conditions = _conditions(planning, row, update)
    for each in shown:
        conditions += [condition for condition in planner.reach(each, row) if condition not in conditions]
    objects = ", ".join(f"{each.index}: {row.object(each.child, planner).source}" for each in shown)
    if planning.models.count(update.model) > 1:
        return _impossible(planning)
    entry = planning.source.function("updated", "rows, state", [f"{row.variable} = rows[0]", f"return {{{objects}}}"])
    statement = (
        f"UPDATE {row.from_text} SET {', '.join(changes)} WHERE {' AND '.join(conditions)} RETURNING {row.columns_text}"  # noqa: S608 - see engine/sql.py
    )
    return _plan(planning, statement, entry)


def _reads_the_row(reading: Reading, update: Update) -> bool:
    """Whether what the payload reads is the row that is changed."""
    by_key = Equal("id", Parent(update.known_as))
    return isinstance(reading.read, One) and reading.read == One(update.model, where=by_key)


def _changes(planning: Planning, row: Row, update: Update) -> list[str]:
    columns = [planning.declarations.column(row.rule.model, name) for name in update.columns]
    changes = [
        f"{sql.quoted(column.name)} = {planning.statement.parameter(NewValue(column.name), column.kind)}"
        for column in columns
    ]
    return [*changes, f"{sql.quoted('version')} = {row.column('version')} + 1"]


def _conditions(planning: Planning, row: Row, update: Update) -> list[str]:
    parameter = planning.statement.parameter
    conditions = [
        f"{row.column('id')} = {parameter(_KEY, ColumnKind.UUID)}",
        f"{row.column('version')} = {parameter(_VERSION, ColumnKind.INTEGER)}",
    ]
    if update.units is not None:
        conditions.append(f"{row.unit_text} = ANY({parameter(_UNITS, 'uuid[]')})")
    return conditions


def _impossible(planning: Planning) -> Plan:
    return _plan(planning, None, planning.source.function("none", "rows, state", ["return {}"]))


def _plan(planning: Planning, statement: str | None, entry: str) -> Plan:
    source = planning.source
    return Plan(statement, tuple(planning.statement.parameters), source.compiled(entry), "\n".join(source.lines))
