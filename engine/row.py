"""One row of a statement while it is being planned: the columns it selects, and the shape of its object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine import sql
from engine.assembly import Source
from engine.decision import FieldState
from engine.instructions import Instruction
from engine.parameters import Units
from engine.shape import Place, Shape, denied, in_reach, literal, object_of, of_column, shape
from resolvers.reads import Equal, Parent, UnitOf
from schema.rules import FromColumn, FromColumns, FromKey, FromRead, FromSameRow

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@dataclass(frozen=True, slots=True)
class RowColumn:
    """What a row selects.

    Attributes:
        text: SQL that gives the value to the driver.
        bare: SQL that gives it to whoever asks for its text form, where ``is_text``, and else for its binary one.
        is_text: whether PostgreSQL gives ``text`` as text.
    """

    text: str
    bare: str
    is_text: bool


class Row:
    """A row of one table.

    Attributes:
        rule: the declaration of its type. What the type requires is settled by the condition on the rows themselves.
        alias: the table's name in the statement.
        variable: the row's name in the assembling source.
        columns: what is selected of it.
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
        self.columns: list[RowColumn] = []
        self.denied_of_each: list[int] | None = None

    # ── SQL ────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def columns_text(self) -> str:
        """The select list; never empty, for a row of which only ``__typename`` is wanted is still a row."""
        return ", ".join(each.text for each in self.columns) or "1"

    @property
    def bare_text(self) -> str:
        """The same for whoever asks for the values in ``formats``."""
        return ", ".join(each.bare for each in self.columns) or "1"

    @property
    def formats(self) -> tuple[int, ...]:
        """The form that each value of ``bare_text`` is asked for in: 0 for text, 1 for binary."""
        return tuple(int(not each.is_text) for each in self.columns) or (1,)

    @property
    def is_array(self) -> bool:
        """Whether the row, once it has all its columns, is nested as a list of text.

        The driver looks the type of each value in a ``ROW`` up, for each row anew, and of an ``ARRAY`` once. Lists of
        text are the one kind that it knows wherever they stand.
        """
        return bool(self.columns) and all(each.is_text for each in self.columns)

    @property
    def nested_text(self) -> str:
        """The row as one value, for a statement that has it within another row."""
        form = "ARRAY[{}]::text[]" if self.is_array else "ROW({})"
        return form.format(self.columns_text)

    @property
    def from_text(self) -> str:
        """The table and its alias."""
        return f"{sql.table(self.rule.model)} {self.alias}"

    def column(self, name: str) -> str:
        """One of its columns, as SQL."""
        return sql.column(self.alias, self._planning.declarations.column(self.rule.model, name).name)

    def select(self, text: str, *, is_text: bool = False, bare: str | None = None) -> Place:
        """Select an expression, once.

        Args:
            text: its SQL.
            is_text: whether PostgreSQL gives it as text.
            bare: SQL whose text form is the same, where there is such.
        """
        known = [each.text for each in self.columns]
        if text in known:
            return Place(self.variable, known.index(text))
        self.columns.append(RowColumn(text, text if bare is None else bare, is_text))
        return Place(self.variable, len(known))

    def select_key(self) -> Place:
        """Select the row's key, as text."""
        key = sql.column(self.alias, "id")
        return self.select(f"{key}::text", is_text=True, bare=key)

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

    # ── shape ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def object(self, selection: Selection, relations: Relations) -> Shape:
        """The object that a selection makes of the row."""
        return object_of([(each.key, self._value(each, selection.type_name, relations)) for each in selection.fields])

    def _value(self, selected: SelectedField, type_name: str, relations: Relations) -> Shape:
        if selected.rule is None:
            return literal(type_name)
        state = self._planning.decision.fields[selected.index]
        if state is FieldState.DENIED:
            # Within what some rows lack as a whole, it is the other rows that lack this.
            if self.denied_of_each is None or self._guards:
                return denied(selected.index)
            self.denied_of_each.append(selected.index)
            return literal(None)
        if state is FieldState.ALLOWED:
            return self._allowed(selected, relations)
        outer = self._guards
        self._guards = (*outer, selected.rule.requires)
        value = self._allowed(selected, relations)
        self._guards = outer
        return in_reach(self.select(self.is_in_reach(selected.rule.requires)), value, selected.index)

    def _allowed(self, selected: SelectedField, relations: Relations) -> Shape:
        origin = selected.rule.origin if selected.rule is not None else None
        planning, model = self._planning, self.rule.model
        if isinstance(origin, FromColumn):
            column = planning.declarations.column(model, origin.column)
            text, bare = self.guarded(sql.selected(self.alias, column)), self.guarded(sql.bare(self.alias, column))
            return of_column(self.select(text, is_text=sql.is_text(column), bare=bare), column.kind)
        if isinstance(origin, FromKey):
            prefix, key = f"{planning.declarations.type_name(model)}:".encode(), self.select_key()
            source = f"global_id({planning.source.constant(prefix)}, {key.source})"
            return shape(source, Instruction.GLOBAL_ID, prefix, key.column)
        if isinstance(origin, FromSameRow):
            return self.object(selected.child, relations)
        if isinstance(origin, FromColumns):
            given = ", ".join(
                f"{name}={self.select(self.guarded(self.column(name))).source}" for name in origin.columns
            )
            return Shape(f"{planning.source.constant(origin.compute)}({given})", None)
        if isinstance(origin, FromRead):
            return relations.value(selected, self)
        raise UnplannableError(selected.coordinate)


class Relations:
    """How a field that reads other rows is written into the row that it hangs on. ``engine/plan.py`` knows."""

    def value(self, selected: SelectedField, parent: Row) -> Shape:
        """The relation's value; selects what it needs from ``parent``."""
        raise NotImplementedError
