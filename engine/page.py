"""A Relay connection in a plan: its SQL, and its shape, made of rows by a function of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import sql
from engine.decision import RowState
from engine.inputs import KEY_ORDER, PageInput
from engine.instructions import Instruction
from engine.parameters import AfterKey, AfterValue, Compared, RowLimit
from engine.row import UnplannableError
from engine.shape import Place, Shape, list_of, literal, object_of, shape
from resolvers.reads import Page

if TYPE_CHECKING:
    from engine.row import Planning, Relations, Row
    from engine.selection import SelectedField
    from schema.declarations import Column


class PlannedPage:
    """One connection.

    Attributes:
        row: the row that it is made of.
        wants_total: whether the count of all rows was asked for.
    """

    def __init__(
        self, planning: Planning, field: SelectedField, relations: Relations, parent: Row | None = None
    ) -> None:
        asked = planning.inputs.reads.get(field.index)
        if not isinstance(asked, PageInput):
            raise UnplannableError(field.coordinate)
        self._planning = planning
        self._field = field
        self._relations = relations
        self._asked = asked
        self.row: Row = planning.row(planning.target(field))
        read = planning.reading(field).read
        if parent is not None and isinstance(read, Page):
            self.row.hang_on(parent, read.where)
        self._order = planning.declarations.column(self.row.rule.model, asked.order)
        self.wants_total = any(part.name == "totalCount" for part in field.child.fields)
        self._denied: list[int] = []
        self.row.denied_of_each = self._denied
        made = object_of([(part.key, self._part(part)) for part in field.child.fields])
        body = [
            f"page = state.pages[{field.index}]",
            "more = len(rows) > page.first",
            "if more: rows = rows[:page.first]",
            *(f"state.denied[{index}] += len(rows)" for index in self._denied),
            f"return {made.source}",
        ]
        self._made = made.printed
        self._function = planning.source.function("page", "rows, state, total", body)

    # ── shape ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def nested(self, rows: Place | None, total: Place | None) -> Shape:
        """The page of the rows in a column.

        Args:
            rows: the column; ``None`` where there are none.
            total: the column beside it that counts all rows; ``None`` where it was not asked for, or there are none.
        """
        return shape(
            f"{self._function}({_source(rows, '()')}, state, {_source(total, '0')})",
            Instruction.PAGE,
            _column(rows),
            _column(total),
            self._field.index,
            tuple(self._denied),
            self._made,
        )

    def of_answer(self) -> Shape:
        """The page of a statement's own rows."""
        source = f"{self._function}(rows, state, 0)"
        return shape(source, Instruction.ROWS, self._field.index, tuple(self._denied), self._made)

    def _part(self, part: SelectedField) -> Shape:
        if part.rule is None:
            return literal(self._field.child.type_name)
        match part.name:
            case "edges":
                return list_of(
                    self.row.variable, object_of([(each.key, self._edge_part(each)) for each in part.child.fields])
                )
            case "nodes":
                return list_of(self.row.variable, self.row.object(part.child, self._relations))
            case "pageInfo":
                return object_of([(each.key, self._page_info_part(each)) for each in part.child.fields])
            case "totalCount":
                return shape("total", Instruction.TOTAL)
            case _:
                raise UnplannableError(part.coordinate)

    def _edge_part(self, part: SelectedField) -> Shape:
        if part.rule is None:
            return literal(part.type_name)
        if part.name == "node":
            return self.row.object(part.child, self._relations)
        return self._cursor(self.row.variable, Instruction.CURSOR)

    def _page_info_part(self, part: SelectedField) -> Shape:
        match part.name:
            case "hasNextPage":
                return shape("more", Instruction.MORE)
            case "hasPreviousPage":
                return shape("page.continues", Instruction.CONTINUES)
            case "startCursor":
                return self._cursor("rows[0]", Instruction.START_CURSOR)
            case "endCursor":
                return self._cursor("rows[-1]", Instruction.END_CURSOR)
            case _:
                return literal(part.type_name)

    def _cursor(self, row: str, instruction: Instruction) -> Shape:
        """The cursor of a row; of the first or the last one, null where there is no row."""
        key, value = self.row.select_key().column, None
        if self._order.name != KEY_ORDER:
            text = f"{sql.column(self.row.alias, self._order.name)}::text"
            value = Place(row, self.row.select(text, is_text=True).column)
        source = f"page.cursor({_source(value, 'None')}, {Place(row, key).source})"
        if instruction is not Instruction.CURSOR:
            source = f"({source} if rows else None)"
        return shape(source, instruction, _column(value), key)

    # ── SQL ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def rows_texts(self, where: list[str], *selected: str) -> list[str]:
        """The SELECT of the page's rows, and of the one behind it that tells whether there is a next page.

        It is given once for each of what is ``selected`` of them.

        PostgreSQL takes a limit that it does not know for a tenth of the table. It then holds a plan made once for all
        executions to be the dearer one, and plans each execution anew. So it is told of a power of two first.
        """
        conditions = [*where, *self._comparisons(), *self._continued()]
        order = sql.order_by(self.row.alias, self._order, descending=self._asked.descending)
        limit = self._planning.statement.parameter(RowLimit(self._field.index), "int8")
        rows = f"FROM {self.row.from_text}{_where(conditions)} ORDER BY {order} LIMIT {self._asked.most:d}"
        return [f"SELECT * FROM (SELECT {columns} {rows}) page LIMIT {limit}" for columns in selected]

    def total_text(self, where: list[str]) -> str:
        """The count of all rows that the viewer could page through."""
        return f"(SELECT count(*) FROM {self.row.from_text}{_where([*where, *self._comparisons()])})"

    def _comparisons(self) -> list[str]:
        planning, texts = self._planning, []
        for name, operator in self._asked.comparisons:
            column = planning.declarations.filtered(self._field.definition, self.row.rule.model, name)
            type_name = None if column.target is None else planning.declarations.type_name(column.target)
            compared = Compared(self._field.index, name, operator, type_name)
            texts.append(sql.compare(planning.statement, self._comparable(column), column.kind, operator, compared))
        return texts

    def _comparable(self, column: Column) -> str:
        """What a filter compares: the column; for a reference, what the viewer sees of it.

        A reference to a row out of reach shows as null, so to a filter it is null: else a filter would tell, by the
        rows that it lets through, what the field does not.
        """
        text, declarations = sql.column(self.row.alias, column.name), self._planning.declarations
        if column.target is None:
            return text
        state = self._planning.decision.compared[declarations.type_name(column.target)]
        if state is RowState.ALL:
            return text
        target = self._planning.row(declarations.of_model(column.target))
        key = sql.column(target.alias, "id")
        in_reach = "false" if state is RowState.NONE else target.is_in_reach(target.rule.requires)
        return f"(SELECT {key} FROM {target.from_text} WHERE {key} = {text} AND {in_reach})"

    def _continued(self) -> list[str]:
        after = self._asked.after
        if after is None:
            return []
        text = sql.continued(
            self._planning.statement,
            self.row.alias,
            self._order,
            descending=self._asked.descending,
            after_key=AfterKey(self._field.index),
            after_value=None if after.value is None else AfterValue(self._field.index),
        )
        return [text]


def _source(place: Place | None, otherwise: str) -> str:
    return otherwise if place is None else place.source


def _column(place: Place | None) -> int:
    return -1 if place is None else place.column


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
