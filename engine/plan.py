"""From a decision to SQL: one statement for each field that reads, whatever is nested in it.

Nested rows come as ``ARRAY(SELECT ...)``, which asyncpg decodes in C, so a whole tree is one round trip. What the
decision denies is not in the text; what it leaves to the row is ``CASE WHEN the row is in reach THEN ... END``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from engine import sql
from engine.decision import RowState
from engine.instructions import Instruction
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
from engine.shape import Place, Shape, literal, shape
from resolvers.reads import Argument, Equal, Key, One, Page

if TYPE_CHECKING:
    from engine.assembly import Assemble
    from engine.decision import Decision
    from engine.inputs import Inputs
    from engine.instructions import InstructionTree
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
        printed: makes the same of the rows of ``bare`` in ``formats``, as JSON; ``None`` where it takes Python, or
            there is no statement.
        bare: the statement, but for what PostgreSQL need not be told to print as text.
        formats: the form that each column of ``bare`` is asked for in: 0 for text, 1 for binary.
    """

    statement: str | None
    parameters: tuple[Parameter, ...]
    assemble: Assemble
    source: str
    printed: InstructionTree | None = None
    bare: str | None = None
    formats: tuple[int, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether one way to run it is the best whatever the values: it looks rows up, or takes the first of them."""
        return not any(isinstance(each, _DECIDING) for each in self.parameters)


@dataclass(frozen=True, slots=True)
class _Root:
    """What a plan is made of, but for what its planning holds; the shape's source is the name of a function."""

    shape: Shape
    statement: str | None = None
    bare: str | None = None
    formats: tuple[int, ...] = ()


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
        root = planner.root_one(field, read)
    elif isinstance(read, Page):
        root = planner.root_page(field, read)
    else:
        root = planner.root_nodes(field, read)
    source = planning.source
    made = Plan(
        root.statement,
        tuple(planning.statement.parameters),
        source.compiled(root.shape.source),
        "\n".join(source.lines),
    )
    if root.statement is None or root.shape.printed is None:
        return made
    return replace(made, printed=root.shape.printed, bare=root.bare, formats=root.formats)


class Planner(Relations):
    """Writes statements, and what assembles their rows."""

    def __init__(self, planning: Planning) -> None:
        self._planning = planning
        self._source = planning.source

    # ── the field that the statement is for ────────────────────────────────────────────────────────────────────────

    def root_one(self, field: SelectedField, read: One) -> _Root:
        row = self._planning.row(self._planning.target(field))
        made = row.object(field.child, self)
        body = ["if not rows: return None", f"{row.variable} = rows[0]", f"return {made.source}"]
        entry = shape(self._source.function("one", "rows, state", body), Instruction.FIRST, made.printed)
        if not self.exists(field):
            return _Root(entry)
        where = [self._equal(field, row, None, read.where), *self.reach(field, row)]
        found = f"FROM {row.from_text} WHERE {' AND '.join(where)} LIMIT 1"
        return _Root(entry, f"SELECT {row.columns_text} {found}", f"SELECT {row.bare_text} {found}", row.formats)

    def root_page(self, field: SelectedField, read: Page) -> _Root:
        if not self.exists(field):
            return _Root(self._returned(self._empty_page(field)))
        page = PlannedPage(self._planning, field, self)
        where = self._page_conditions(field, read, page.row, None)
        if not page.wants_total:
            statement, bare = page.rows_texts(where, page.row.columns_text, page.row.bare_text)
            return _Root(self._returned(page.of_answer()), statement, bare, page.row.formats)
        (rows,) = page.rows_texts(where, page.row.nested_text)
        statement = f"SELECT ARRAY({rows}), {page.total_text(where)}"
        made = self._returned(page.nested(Place("rows[0]", 0), Place("rows[0]", 1)))
        return _Root(shape(made.source, Instruction.FIRST, made.printed), statement, statement, (1, 1))

    def _returned(self, value: Shape) -> Shape:
        """The shape of what a plan's own function returns."""
        return Shape(self._source.function("rows", "rows, state", [f"return {value.source}"]), value.printed)

    def root_nodes(self, field: SelectedField, read: Nodes) -> _Root:
        texts: list[str] = []
        makers: list[tuple[str, str]] = []
        for type_name, state in self._planning.decision.rows[field.index].items():
            if state is RowState.NONE or type_name not in field.children:
                continue
            row = self._planning.row(self._planning.declarations.row_types()[type_name])
            made = self._source.function(
                "node", f"{row.variable}, state", [f"return {row.object(field.children[type_name], self).source}"]
            )
            by_key = f"{{row[{row.select_key().column}]: row for row in rows[0][{len(texts)}]}}"
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
        statement = f"SELECT {', '.join(texts) or 'NULL::text'}"
        return _Root(Shape(self._source.function("nodes", "rows, state", body), None), statement)

    # ── relations of a row ─────────────────────────────────────────────────────────────────────────────────────────

    def value(self, selected: SelectedField, parent: Row) -> Shape:
        read = self._planning.reading(selected).read
        if isinstance(read, One):
            return self._one(selected, read, parent)
        if isinstance(read, Page):
            return self._page(selected, read, parent)
        raise UnplannableError(selected.coordinate)

    def _one(self, field: SelectedField, read: One, parent: Row) -> Shape:
        if not self.exists(field):
            return literal(None)
        row = self._planning.row(self._planning.target(field))
        row.hang_on(parent, [read.where])
        made = row.object(field.child, self)
        body = [f"return None if {row.variable} is None else {made.source}"]
        function = self._source.function("one", f"{row.variable}, state", body)
        where = [self._equal(field, row, parent, read.where), *self.reach(field, row)]
        text = f"(SELECT {row.nested_text} FROM {row.from_text} WHERE {' AND '.join(where)} LIMIT 1)"
        place = parent.select(parent.guarded(text))
        source = f"{function}({place.source}, state)"
        return shape(source, Instruction.ONE, place.column, made.printed, int(row.is_array))

    def _page(self, field: SelectedField, read: Page, parent: Row) -> Shape:
        if not self.exists(field):
            return self._empty_page(field)
        page = PlannedPage(self._planning, field, self, parent)
        where = self._page_conditions(field, read, page.row, parent)
        (rows,) = page.rows_texts(where, page.row.nested_text)
        place = parent.select(parent.guarded(f"ARRAY({rows})"))
        total = parent.select(parent.guarded(page.total_text(where))) if page.wants_total else None
        return page.nested(place, total)

    def _empty_page(self, field: SelectedField) -> Shape:
        """A page without rows, in the shape that was asked for. Its SQL is not sent, so its parameters must not be."""
        sent, self._planning.statement = self._planning.statement, sql.Statement()
        page = PlannedPage(self._planning, field, self)
        self._planning.statement = sent
        return page.nested(None, None)

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
