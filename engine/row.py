"""One row of a statement while it is being planned: the columns it selects, and the source that shapes its object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine import sql
from engine.assembly import Source, dictionary
from engine.decision import FieldState
from engine.parameters import Units
from resolvers.reads import Equal, Parent, UnitOf
from schema.rules import FromColumn, FromColumns, FromKey, FromRead, FromSameRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tortoise.models import Model

    from auth.permissions import Requirement
    from engine.decision import Decision
    from engine.inputs import Inputs
    from engine.reading import Reading
    from engine.selection import SelectedField, Selection
    from schema.declarations import Declarations
    from schema.rules import TypeRule


class UnplannableError(TypeError):
    """The schema declares something that no plan can do. ``schema/verification.py`` refuses to build such a schema."""


@dataclass(slots=True)
class Planning:
    """What everything in one plan shares.

    Attributes:
        models: the table of each row in the statement.
    """

    declarations: Declarations
    readings: tuple[Reading | None, ...]
    decision: Decision
    inputs: Inputs
    statement: sql.Statement = field(default_factory=sql.Statement)
    source: Source = field(default_factory=Source)
    models: list[type[Model]] = field(default_factory=list)

    def reading(self, field: SelectedField) -> Reading:
        """What a field reads."""
        reading = self.readings[field.index]
        if reading is None:
            raise UnplannableError(field.coordinate)
        return reading

    def target(self, field: SelectedField) -> TypeRule:
        """The declaration of the rows that a field reads."""
        target = self.reading(field).target
        if target is None:
            raise UnplannableError(field.coordinate)
        return target

    def row(self, rule: TypeRule) -> Row:
        """A new row of the rule's table."""
        self.models.append(rule.model)
        return Row(self, rule, self.statement.alias(), self.source.name("row"))


class Row:
    """A row of one table.

    Attributes:
        rule: the declaration of its type. What the type requires is settled by the condition on the rows themselves.
        alias: the table's name in the statement.
        variable: the row's name in the assembling source.
        columns: what is selected of it, as SQL.
        denied_of_each: fields that every such row lacks, where whoever assembles a list of them counts these at once;
            ``None`` where nobody does.
    """

    def __init__(self, planning: Planning, rule: TypeRule, alias: str, variable: str) -> None:
        self._planning = planning
        self._unit: str | None = None
        # Permissions that the objects around the present field have made a matter of the row.
        self._guards: tuple[Requirement, ...] = ()
        self.rule = rule
        self.alias = alias
        self.variable = variable
        self.columns: list[str] = []
        self.denied_of_each: list[int] | None = None
        self._all_are_text = True

    # ── SQL ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def columns_text(self) -> str:
        """The select list; never empty, for a row of which only ``__typename`` is wanted is still a row."""
        return ", ".join(self.columns) or "1"

    @property
    def nested_text(self) -> str:
        """The row as one value, for a statement that has it within another row.

        The driver looks the type of each value in a ``ROW`` up, for each row anew, and of an ``ARRAY`` once. Lists of
        text are the one kind that it knows wherever they stand.
        """
        form = "ARRAY[{}]::text[]" if self.columns and self._all_are_text else "ROW({})"
        return form.format(self.columns_text)

    @property
    def from_text(self) -> str:
        """The table and its alias."""
        return f"{sql.table(self.rule.model)} {self.alias}"

    @property
    def key_text(self) -> str:
        """The row's key as text."""
        return f"{sql.column(self.alias, 'id')}::text"

    def column(self, name: str) -> str:
        """One of its columns, as SQL."""
        return sql.column(self.alias, self._planning.declarations.column(self.rule.model, name).name)

    def index(self, text: str, *, is_text: bool = False) -> int:
        """Select an expression, once; where it stands in the row.

        Args:
            text: its SQL.
            is_text: whether PostgreSQL gives it as text.
        """
        if text not in self.columns:
            self.columns.append(text)
            self._all_are_text &= is_text
        return self.columns.index(text)

    def select(self, text: str, *, is_text: bool = False) -> str:
        """As :meth:`index`; the source that names its value."""
        return f"{self.variable}[{self.index(text, is_text=is_text)}]"

    def hang_on(self, parent: Row, where: Sequence[Equal]) -> None:
        """Tell the row that it is read for another one; ``where`` says by which columns.

        A row that belongs where its parent belongs, and is read by that parent's key, need not look its unit up.
        """
        reach = self.rule.reach
        if (
            isinstance(reach, UnitOf)
            and reach.parent is parent.rule.model
            and Equal(reach.column, Parent("id")) in where
            and parent.rule.reach is not None
        ):
            self._unit = parent.unit_text

    @property
    def unit_text(self) -> str:
        """The org unit that the row belongs to, as SQL.

        Raises:
            UnplannableError: rows of the type belong to none.
        """
        if self.rule.reach is None:
            message = f"nothing can be a matter of the row in {self.rule.model.__name__}"
            raise UnplannableError(message)
        if self._unit is None:
            planning = self._planning
            self._unit = sql.unit(planning.statement, planning.declarations, self.rule.reach, self.alias)
        return self._unit

    def is_in_reach(self, requirement: Requirement) -> str:
        """Whether the viewer holds a permission in the row's unit, as SQL."""
        return f"{self.unit_text} = ANY({self._planning.statement.parameter(Units(requirement), 'uuid[]')})"

    def guarded(self, text: str) -> str:
        """An expression that is null where an object around it is out of reach."""
        if not self._guards:
            return text
        return f"CASE WHEN {' AND '.join(map(self.is_in_reach, self._guards))} THEN {text} END"

    # ── source ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def object(self, selection: Selection, relations: Relations) -> str:
        """The source of the object that a selection makes of the row."""
        return dictionary(list(self._items(selection, relations)))

    def _items(self, selection: Selection, relations: Relations) -> Iterator[tuple[str, str]]:
        for selected in selection.fields:
            yield selected.key, self._value(selected, selection.type_name, relations)

    def _value(self, selected: SelectedField, type_name: str, relations: Relations) -> str:
        if selected.rule is None:
            return repr(type_name)
        state = self._planning.decision.fields[selected.index]
        if state is FieldState.DENIED:
            # Within what some rows lack as a whole, it is the other rows that lack this.
            if self.denied_of_each is None or self._guards:
                return f"deny(state, {selected.index})"
            self.denied_of_each.append(selected.index)
            return "None"
        if state is FieldState.ALLOWED:
            return self._allowed(selected, relations)
        outer = self._guards
        self._guards = (*outer, selected.rule.requires)
        value = self._allowed(selected, relations)
        self._guards = outer
        in_reach = self.select(self.is_in_reach(selected.rule.requires))
        return f"({value} if {in_reach} else deny(state, {selected.index}))"

    def _allowed(self, selected: SelectedField, relations: Relations) -> str:
        origin = selected.rule.origin if selected.rule is not None else None
        planning, model = self._planning, self.rule.model
        if isinstance(origin, FromColumn):
            column = planning.declarations.column(model, origin.column)
            return self.select(self.guarded(sql.selected(self.alias, column)), is_text=sql.is_text(column))
        if isinstance(origin, FromKey):
            prefix = planning.source.constant(f"{planning.declarations.type_name(model)}:".encode())
            return f"global_id({prefix}, {self.select(self.key_text, is_text=True)})"
        if isinstance(origin, FromSameRow):
            return self.object(selected.child, relations)
        if isinstance(origin, FromColumns):
            given = ", ".join(f"{name}={self.select(self.guarded(self.column(name)))}" for name in origin.columns)
            return f"{planning.source.constant(origin.compute)}({given})"
        if isinstance(origin, FromRead):
            return relations.value(selected, self)
        raise UnplannableError(selected.coordinate)


class Relations:
    """How a field that reads other rows is written into the row that it hangs on. ``engine/plan.py`` knows."""

    def value(self, selected: SelectedField, parent: Row) -> str:
        """The source of the relation's value; selects what it needs from ``parent``."""
        raise NotImplementedError
