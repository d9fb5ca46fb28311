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

    def holds(self, requires: Requirement, model: type[Model], row: Row) -> bool:
        """Whether a permission holds for a row."""
        return self._holds_in(requires, self._rows.unit(self._declarations, model, row))

    def exists(self, model: type[Model], row: Row) -> bool:
        """Whether a row is there at all for the caller."""
        self.cases += 1
        return self.holds(self._declarations.of_model(model).requires, model, row)

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
        if not self._grants.in_units.get(rule.requires):
            return True
        if holder is not None:
            return holder.reach is None
        # Held in some units, and nothing here belongs to a unit: it depends on what is read whether that is enough.
        return not self._reads_rows_of_units(rule)

    def _reads_rows_of_units(self, rule: FieldRule) -> bool:
        if not isinstance(rule.origin, FromRead):
            return False
        read = rule.origin.describe(Source())
        return not isinstance(read, Nodes) and self._declarations.of_model(read.model).reach is not None

    def covers(self, requires: Requirement, other: Requirement) -> bool:
        """Whether ``requires`` holds wherever ``other`` does: in the units there are, and in those still to come."""
        units = {row["id"] for row in self._rows.tables[OrgUnit]}.union(*self._grants.in_units.values(), {uuid4()})
        return all(self._holds_in(requires, unit) for unit in units if self._holds_in(other, unit))
