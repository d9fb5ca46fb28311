"""A change that is one statement, described instead of made, so that it can travel with what begins the transaction.

It changes one row, or none. Where it changes none, nothing is known but that: the mutation is then made as ever, and
finds out why. So a description need not cover everything, and must only never change what the mutation would not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from tortoise.models import Model

from auth.viewer import Viewer
from resolvers.writes import Written


@dataclass(frozen=True, slots=True)
class Update:
    """Change the row that has this key and this version, where it is of one of these org units.

    Attributes:
        columns: to their new values. The version is counted up besides.
        units: in which the viewer may make this change, as far as a row of these is concerned; ``None``: in all.
        answer: what the mutation answers once the row is changed.
        known_as: the attribute of the answer that holds the key, by which the payload reads the row.
    """

    model: type[Model]
    key: UUID
    version: int
    columns: Mapping[str, object]
    units: frozenset[UUID] | None
    answer: object
    known_as: str

    @property
    def shape(self) -> tuple[object, ...]:
        """What its SQL depends on; the values are parameters."""
        return (self.model, tuple(self.columns), self.units is None, self.known_as)


# ``None``: this change takes more than one statement.
AtOnce = Callable[[Viewer, Written], Update | None]
