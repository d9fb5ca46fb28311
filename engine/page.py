"""A Relay connection in a plan: its SQL, and the function that makes it of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import sql
from engine.assembly import dictionary
from engine.decision import RowState
from engine.inputs import KEY_ORDER, PageInput
from engine.parameters import AfterKey, AfterValue, Compared, RowLimit
from engine.row import UnplannableError
from resolvers.reads import Page

if TYPE_CHECKING:
    from engine.row import Planning, Relations, Row
    from engine.selection import SelectedField
    from schema.declarations import Column


class PlannedPage:
    """One connection.

    Attributes:
        row: the row that it is made of.
        function: the name of the function that makes it, of rows, the assembling state, and the count of all rows.
        wants_total: whether that count was asked for.
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
        denied: list[int] = []
        self.row.denied_of_each = denied
        items = [(part.key, self._part(part)) for part in field.child.fields]
        body = [
            f"page = state.pages[{field.index}]",
            "more = len(rows) > page.first",
            "if more: rows = rows[:page.first]",
            *(f"state.denied[{index}] += len(rows)" for index in denied),
            f"return {dictionary(items)}",
        ]
        self.function = planning.source.function("page", "rows, state, total", body)

    def _part(self, part: SelectedField) -> str:
        if part.rule is None:
            return repr(self._field.child.type_name)
        match part.name:
            case "edges":
                return f"[{self._edge(part)} for {self.row.variable} in rows]"
            case "nodes":
                return f"[{self.row.object(part.child, self._relations)} for {self.row.variable} in rows]"
            case "pageInfo":
                return self._page_info(part)
            case "totalCount":
                return "total"
            case _:
                raise UnplannableError(part.coordinate)

    def _edge(self, edges: SelectedField) -> str:
        items = []
        for part in edges.child.fields:
            if part.rule is None:
                value = repr(edges.child.type_name)
            elif part.name == "node":
                value = self.row.object(part.child, self._relations)
            else:
                value = self._cursor(self.row.variable)
            items.append((part.key, value))
        return dictionary(items)

    def _page_info(self, page_info: SelectedField) -> str:
        return dictionary([(part.key, self._page_info_part(part)) for part in page_info.child.fields])

    def _page_info_part(self, part: SelectedField) -> str:
        match part.name:
            case "hasNextPage":
                return "more"
            case "hasPreviousPage":
                return "page.continues"
            case "startCursor":
                return f"({self._cursor('rows[0]')} if rows else None)"
            case "endCursor":
                return f"({self._cursor('rows[-1]')} if rows else None)"
            case _:
                return repr(part.type_name)

    def _cursor(self, row: str) -> str:
        key = f"{row}[{self.row.index(self.row.key_text, is_text=True)}]"
        if self._order.name == KEY_ORDER:
            return f"page.cursor(None, {key})"
        value = self.row.index(f"{sql.column(self.row.alias, self._order.name)}::text", is_text=True)
        return f"page.cursor({row}[{value}], {key})"

    def rows_text(self, where: list[str], *, nested: bool) -> str:
        """The SELECT of the page's rows, and of the one behind it that tells whether there is a next page.

        PostgreSQL takes a limit that it does not know for a tenth of the table. It then holds a plan made once for all
        executions to be the dearer one, and plans each execution anew. So it is told of a power of two first.
        """
        conditions = [*where, *self._comparisons(), *self._continued()]
        columns = self.row.nested_text if nested else self.row.columns_text
        order = sql.order_by(self.row.alias, self._order, descending=self._asked.descending)
        limit = self._planning.statement.parameter(RowLimit(self._field.index), "int8")
        rows = f"SELECT {columns} FROM {self.row.from_text}{_where(conditions)} ORDER BY {order}"
        return f"SELECT * FROM ({rows} LIMIT {self._asked.most:d}) page LIMIT {limit}"

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


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
