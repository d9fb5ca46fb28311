"""What a member may do: each permission everywhere, in a set of org units, or nowhere.

A grant is a role assignment resolved. Nothing here reads a database; ``auth/grant_resolution.py`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

from auth.permissions import PUBLIC, Permission, Requirement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet


class GrantState(StrEnum):
    """The three answers that a plan depends on. Which units "some" means is a parameter of the plan, not its text."""

    EVERYWHERE = "everywhere"
    SOME_UNITS = "some_units"
    NOWHERE = "nowhere"


_NO_UNITS: Final[frozenset[UUID]] = frozenset()


@dataclass(frozen=True, slots=True)
class Grants:
    """The permissions of one member. What is not listed is not granted.

    Attributes:
        everywhere: permissions held in the whole tenant.
        in_units: permissions held in some org units only, with every unit of the assigned subtrees.
    """

    everywhere: frozenset[Permission]
    in_units: Mapping[Permission, frozenset[UUID]]

    def state(self, requirement: Requirement) -> GrantState:
        """Where ``requirement`` holds; ``PUBLIC`` holds everywhere."""
        if requirement == PUBLIC or requirement in self.everywhere:
            return GrantState.EVERYWHERE
        return GrantState.SOME_UNITS if self.units(requirement) else GrantState.NOWHERE

    def units(self, requirement: Requirement) -> frozenset[UUID]:
        """The org units in which ``requirement`` holds, when it holds in some only."""
        if requirement == PUBLIC:
            return _NO_UNITS
        return self.in_units.get(requirement, _NO_UNITS)

    def units_of_all(self, requirements: AbstractSet[Requirement]) -> frozenset[UUID] | None:
        """The org units in which each of ``requirements`` holds; ``None``: everywhere, in no unit as well."""
        if requirements <= self.everywhere:
            return None
        common: frozenset[UUID] | None = None
        for requirement in requirements:
            if self.state(requirement) is not GrantState.EVERYWHERE:
                units = self.units(requirement)
                common = units if common is None else common & units
        return common

    def lacks_some(self, requirements: AbstractSet[Requirement]) -> bool:
        """Whether one of ``requirements`` holds nowhere."""
        return not requirements <= self.everywhere and any(
            self.state(each) is GrantState.NOWHERE for each in requirements
        )

    def allows(self, requirement: Requirement, org_unit_id: UUID | None) -> bool:
        """Whether ``requirement`` holds for a thing that belongs to ``org_unit_id`` (``None``: to no unit)."""
        state = self.state(requirement)
        return state is GrantState.EVERYWHERE or (org_unit_id is not None and org_unit_id in self.units(requirement))

    def covers(self, requirement: Requirement, other: Requirement) -> bool:
        """Whether ``requirement`` holds for everything that ``other`` holds for."""
        if self.state(requirement) is GrantState.EVERYWHERE:
            return True
        return self.state(other) is not GrantState.EVERYWHERE and self.units(other) <= self.units(requirement)

    def narrowed(self, scope: frozenset[Permission]) -> Grants:
        """What is left of them within ``scope``. Nothing is ever added."""
        return Grants(
            everywhere=self.everywhere & scope,
            in_units={permission: units for permission, units in self.in_units.items() if permission in scope},
        )

    def lacking(self, other: Grants) -> frozenset[Permission]:
        """The permissions that ``other`` holds somewhere where these don't."""
        in_units = {
            permission
            for permission, units in other.in_units.items()
            if permission not in self.everywhere and not units <= self.units(permission)
        }
        return (other.everywhere - self.everywhere) | in_units

    def to_json(self) -> dict[str, object]:
        """A form that a cache can keep."""
        return {
            "everywhere": sorted(permission.value for permission in self.everywhere),
            "in_units": {p.value: sorted(map(str, units)) for p, units in sorted(self.in_units.items())},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """What ``to_json`` gave. A permission that this release no longer knows is dropped, never guessed.

        Raises:
            TypeError, ValueError, KeyError: the value is not one of ours.
        """
        everywhere, in_units = value["everywhere"], value["in_units"]
        if not isinstance(everywhere, list) or not isinstance(in_units, dict):
            raise TypeError(value)
        known = frozenset(Permission)
        return cls(
            everywhere=frozenset(Permission(name) for name in everywhere if name in known),
            in_units={
                Permission(name): frozenset(map(UUID, units)) for name, units in in_units.items() if name in known
            },
        )


NO_GRANTS: Final = Grants(everywhere=frozenset(), in_units={})
