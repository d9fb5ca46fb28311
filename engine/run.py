"""One operation while it runs: the decided selection, the open transaction, and what has been denied so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from engine.assembly import Assembling, PageValues
from engine.inputs import NodesInput, PageInput
from engine.parameters import Values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from engine.decision import Decision
    from engine.inputs import Inputs
    from engine.plan import Plan
    from engine.reading import Reading
    from engine.selection import OperationSelection, SelectedField


class Session(Protocol):
    """The open transaction of the viewer's tenant."""

    async def fetch(self, sql: str, *arguments: object) -> Sequence[Sequence[object]]: ...


class Plans(Protocol):
    """Where plans come from: made once, then remembered."""

    def plan(self, run: Run, field: SelectedField) -> Plan: ...


@dataclass(slots=True)
class Run:
    """Everything that reading a field of this operation needs.

    Attributes:
        counts: objects that lack a field, by index of the selected field; what the errors are made of.
    """

    selection: OperationSelection
    readings: tuple[Reading | None, ...]
    inputs: Inputs
    decision: Decision
    viewer: Viewer
    session: Session
    plans: Plans
    cursors: Cursors
    counts: list[int] = field(init=False)
    _assembling: Assembling = field(init=False)

    def __post_init__(self) -> None:
        self.counts = [0] * len(self.selection.fields)
        self._assembling = Assembling(pages=self._pages(), denied=self.counts, keys=_keys(self.inputs))

    def _pages(self) -> Mapping[int, PageValues]:
        return {
            index: PageValues(asked.first, asked.after is not None, partial(self.cursors.encode, asked.purpose))
            for index, asked in enumerate(self.inputs.reads)
            if isinstance(asked, PageInput)
        }

    async def read(self, field: SelectedField, source: object) -> object:
        """Read one field: its finished JSON value.

        Args:
            field: one whose declaration says what to read.
            source: the object that it hangs on, when a resolver returned one.
        """
        plan = self.plans.plan(self, field)
        rows: Sequence[Sequence[object]] = ()
        if plan.statement is not None:
            values = Values(self.inputs, self.viewer, source)
            rows = await self.session.fetch(plan.statement, *[parameter.value(values) for parameter in plan.parameters])
        return plan.assemble(rows, self._assembling)


def _keys(inputs: Inputs) -> Mapping[int, Sequence[tuple[str, str] | None]]:
    return {
        index: [None if each is None else (each.type_name, str(each.key)) for each in asked.ids]
        for index, asked in enumerate(inputs.reads)
        if isinstance(asked, NodesInput)
    }
