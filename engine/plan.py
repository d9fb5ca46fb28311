"""From a decision to SQL: one statement for each field that reads, whatever is nested in it.

Nested rows come as ``ARRAY(SELECT ...)``, which asyncpg decodes in C, so a whole tree is one round trip. What the
decision denies is not in the text; what it leaves to the row is ``CASE WHEN the row is in reach THEN ... END``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine import sql
from engine.decision import RowState
from engine.page import PlannedPage
from engine.parameters import (
    AfterKey,
    AfterValue,
    ArgumentValue,
    Compared,
    KeyOf,
    NodeKeys,
    Parameter,
    SourceValue,
    Units,
)
from engine.row import Planning, Relations, UnplannableError
from resolvers.reads import Argument, Equal, Key, One, Page

if TYPE_CHECKING:
    from engine.assembly import Assemble
    from engine.decision import Decision
    from engine.inputs import Inputs
    from engine.reading import Reading
    from engine.row import Row
    from engine.selection import SelectedField
    from resolvers.reads import Nodes
    from schema.declarations import Declarations

# How many rows these leave is a matter of their values.
_DECIDING: Final = (AfterKey, AfterValue, Compared, Units)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one field is read.

    Attributes:
        statement: SQL, or ``None`` when nothing that it could read exists for the viewer.
        parameters: of the statement, in order.
        assemble: makes the field's JSON value of the statement's rows.
        source: the text of ``assemble``, for whoever has to understand it.
    """

    statement: str | None
    parameters: tuple[Parameter, ...]
    assemble: Assemble
    source: str

    @property
    def is_settled(self) -> bool:
        """Whether one way to run it is the best whatever the values: it looks rows up, or takes the first of them."""
        return not any(isinstance(each, _DECIDING) for each in self.parameters)


def plan(
    declarations: Declarations,
    field: SelectedField,
    readings: tuple[Reading | None, ...],
    decision: Decision,
    inputs: Inputs,
) -> Plan:
    """Plan one field that reads.

    Raises:
        UnplannableError: the schema declares something that no plan can do.
    """
    planning = Planning(declarations, readings, decision, inputs)
    planner = Planner(planning)
    read = planning.reading(field).read
    if isinstance(read, One):
        statement, entry = planner.root_one(field, read)
    elif isinstance(read, Page):
        statement, entry = planner.root_page(field, read)
    else:
        statement, entry = planner.root_nodes(field, read)
    source = planning.source
    return Plan(statement, tuple(planning.statement.parameters), source.compiled(entry), "\n".join(source.lines))


class Planner(Relations):
    """Writes statements, and what assembles their rows."""

    def __init__(self, planning: Planning) -> None:
        self._planning = planning
        self._source = planning.source

    # ── the field that the statement is for ────────────────────────────────────────────────────────────────────────

    def root_one(self, field: SelectedField, read: One) -> tuple[str | None, str]:
        row = self._planning.row(self._planning.target(field))
        body = [
            "if not rows: return None",
            f"{row.variable} = rows[0]",
            f"return {row.object(field.child, self)}",
        ]
        entry = self._source.function("one", "rows, state", body)
        if not self.exists(field):
            return None, entry
        where = [self._equal(field, row, None, read.where), *self.reach(field, row)]
        return f"SELECT {row.columns_text} FROM {row.from_text} WHERE {' AND '.join(where)} LIMIT 1", entry

    def root_page(self, field: SelectedField, read: Page) -> tuple[str | None, str]:
        if not self.exists(field):
            return None, self._source.function("none", "rows, state", [f"return {self._empty_page(field)}"])
        page = PlannedPage(self._planning, field, self)
        where = self._page_conditions(field, read, page.row, None)
        if not page.wants_total:
            entry = self._source.function("rows", "rows, state", [f"return {page.function}(rows, state, 0)"])
            return page.rows_text(where, nested=False), entry
        body = [f"return {page.function}(rows[0][0], state, rows[0][1])"]
        statement = f"SELECT ARRAY({page.rows_text(where, nested=True)}), {page.total_text(where)}"
        return statement, self._source.function("rows", "rows, state", body)

    def root_nodes(self, field: SelectedField, read: Nodes) -> tuple[str | None, str]:
        texts: list[str] = []
        makers: list[tuple[str, str]] = []
        for type_name, state in self._planning.decision.rows[field.index].items():
            if state is RowState.NONE or type_name not in field.children:
                continue
            row = self._planning.row(self._planning.declarations.row_types()[type_name])
            made = self._source.function(
                "node", f"{row.variable}, state", [f"return {row.object(field.children[type_name], self)}"]
            )
            by_key = f"{{row[{row.index(row.key_text, is_text=True)}]: row for row in rows[0][{len(texts)}]}}"
            makers.append((type_name, f"({made}, {by_key})"))
            keys = self._planning.statement.parameter(NodeKeys(field.index, type_name), "uuid[]")
            where = [f"{sql.column(row.alias, 'id')} = ANY({keys})", *self._reach_condition(row, state)]
            rows = f"SELECT {row.nested_text} FROM {row.from_text} WHERE {' AND '.join(where)}"
            texts.append(f"ARRAY({rows})")
        made_of = ", ".join(f"{type_name!r}: {maker}" for type_name, maker in makers)
        body = [
            f"found = {{{made_of}}}",
            f"nodes = [find(found, key, state) for key in state.keys[{field.index}]]",
            f"return {'nodes' if read.many else 'nodes[0]'}",
        ]
        # With no row to look for, one is still looked for: an id that names nothing costs what an unknown row costs.
        return f"SELECT {', '.join(texts) or 'NULL::text'}", self._source.function("nodes", "rows, state", body)

    # ── relations of a row ─────────────────────────────────────────────────────────────────────────────────────────

    def value(self, selected: SelectedField, parent: Row) -> str:
        read = self._planning.reading(selected).read
        if isinstance(read, One):
            return self._one(selected, read, parent)
        if isinstance(read, Page):
            return self._page(selected, read, parent)
        raise UnplannableError(selected.coordinate)

    def _one(self, field: SelectedField, read: One, parent: Row) -> str:
        if not self.exists(field):
            return "None"
        row = self._planning.row(self._planning.target(field))
        row.hang_on(parent, [read.where])
        body = [f"return None if {row.variable} is None else {row.object(field.child, self)}"]
        made = self._source.function("one", f"{row.variable}, state", body)
        where = [self._equal(field, row, parent, read.where), *self.reach(field, row)]
        text = f"(SELECT {row.nested_text} FROM {row.from_text} WHERE {' AND '.join(where)} LIMIT 1)"
        return f"{made}({parent.select(parent.guarded(text))}, state)"

    def _page(self, field: SelectedField, read: Page, parent: Row) -> str:
        if not self.exists(field):
            return self._empty_page(field)
        page = PlannedPage(self._planning, field, self, parent)
        where = self._page_conditions(field, read, page.row, parent)
        rows = parent.select(parent.guarded(f"ARRAY({page.rows_text(where, nested=True)})"))
        total = parent.select(parent.guarded(page.total_text(where))) if page.wants_total else "0"
        return f"{page.function}({rows}, state, {total})"

    def _empty_page(self, field: SelectedField) -> str:
        """A page without rows, in the shape that was asked for. Its SQL is not sent, so its parameters must not be."""
        sent, self._planning.statement = self._planning.statement, sql.Statement()
        page = PlannedPage(self._planning, field, self)
        self._planning.statement = sent
        return f"{page.function}((), state, 0)"

    # ── conditions ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _row_state(self, field: SelectedField) -> RowState:
        type_name = self._planning.declarations.type_name(self._planning.target(field).model)
        return self._planning.decision.rows[field.index][type_name]

    def exists(self, field: SelectedField) -> bool:
        """Whether anything that a field reads may exist for the viewer."""
        return self._row_state(field) is not RowState.NONE

    def reach(self, field: SelectedField, row: Row) -> list[str]:
        """The conditions under which a row that a field reads exists for the viewer."""
        return self._reach_condition(row, self._row_state(field))

    def _reach_condition(self, row: Row, state: RowState) -> list[str]:
        return [] if state is RowState.ALL else [row.is_in_reach(row.rule.requires)]

    def _page_conditions(self, field: SelectedField, read: Page, row: Row, parent: Row | None) -> list[str]:
        return [*(self._equal(field, row, parent, each) for each in read.where), *self.reach(field, row)]

    def _equal(self, field: SelectedField, row: Row, parent: Row | None, condition: Equal) -> str:
        column = self._planning.declarations.column(row.rule.model, condition.column)
        left, value = sql.column(row.alias, column.name), condition.value
        if isinstance(value, Key):
            type_name = self._planning.declarations.type_name(row.rule.model)
            parameter: Parameter = KeyOf(field.index, value.argument, type_name)
        elif isinstance(value, Argument):
            parameter = ArgumentValue(field.index, value.name)
        elif parent is not None:
            return f"{left} = {parent.column(value.column)}"
        else:
            parameter = SourceValue(value.column)
        return f"{left} = {self._planning.statement.parameter(parameter, column.kind)}"
