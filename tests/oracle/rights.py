"""What a caller may see, asked for one field of one row at a time, as people write it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from auth.permissions import PUBLIC
from models.tenant import OrgUnit
from resolvers.reads import Nodes, Source
from schema.rules import FromRead

if TYPE_CHECKING:
    from uuid import UUID

    from tortoise.models import Model

    from auth.grants import Grants
    from auth.permissions import Requirement
    from schema.declarations import Declarations
    from schema.rules import FieldRule, TypeRule
    from tests.oracle.tenant_rows import Row, TenantRows


class Rights:
    """One caller's view of one tenant.

    Attributes:
        cases: how many rows have been judged.
    """

    def __init__(self, rows: TenantRows, declarations: Declarations, grants: Grants) -> None:
        self._rows = rows
        self._declarations = declarations
        self._grants = grants
        self.cases = 0

    def _holds_in(self, requires: Requirement, unit: UUID | None) -> bool:
        if requires == PUBLIC or requires in self._grants.everywhere:
            return True
        return unit in self._grants.in_units.get(requires, frozenset())

    def _holds_somewhere(self, requires: Requirement) -> bool:
        return any(self._holds_in(requires, unit) for units in self._grants.in_units.values() for unit in units)

    def holds(self, requires: Requirement, model: type[Model], row: Row) -> bool:
        """Whether a permission holds for a row."""
        return self._holds_in(requires, self._rows.unit(self._declarations, model, row))

    def holds_in_unit(self, requires: Requirement, unit: UUID) -> bool:
        """Whether a permission holds for what belongs to a unit."""
        return self._holds_in(requires, unit)

    def exists(self, model: type[Model], row: Row) -> bool:
        """Whether a row is there at all for the caller."""
        self.cases += 1
        return self.holds(self._declarations.of_model(model).requires, model, row)

    def is_there(self, rule: TypeRule) -> bool:
        """Whether any row of a type could exist for the caller."""
        return self._holds_in(rule.requires, None) or (self._holds_somewhere(rule.requires) and rule.reach is not None)

    def is_denied_whatever_the_row(self, rule: FieldRule, holder: TypeRule | None) -> bool:
        """Whether no object could show the field.

        Args:
            rule: the field's.
            holder: of the row that the field's object is made of; ``None`` for objects that are not rows.
        """
        if rule.requires == PUBLIC or rule.requires in self._grants.everywhere:
            return False
        if holder is not None and rule.requires == holder.requires:
            return False  # whoever may not read it has no object that could lack it
        if not self._holds_somewhere(rule.requires):
            return True
        read = self._read(rule)
        if read is not None and read.reach is None:
            return True  # held in some units counts as not held for what belongs to no unit
        # Nothing here belongs to a unit: then it takes rows that do, or a resolver that looks at units itself.
        return read is None and not rule.checks_reach if holder is None else holder.reach is None

    def _read(self, rule: FieldRule) -> TypeRule | None:
        read = rule.origin.describe(Source()) if isinstance(rule.origin, FromRead) else None
        return None if read is None or isinstance(read, Nodes) else self._declarations.of_model(read.model)

    def covers(self, requires: Requirement, other: Requirement) -> bool:
        """Whether ``requires`` holds wherever ``other`` does: in the units there are, and in those still to come."""
        units = {row["id"] for row in self._rows.tables[OrgUnit]}.union(*self._grants.in_units.values(), {uuid4()})
        return all(self._holds_in(requires, unit) for unit in units if self._holds_in(other, unit))
