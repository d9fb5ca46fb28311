"""One operation while it runs: the decided operation, the open transaction, and what has been denied so far."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from engine.assembly import Assembling, PageValues
from engine.inputs import NodesInput, PageInput
from engine.parameters import Values
from engine.plan import plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from engine.inputs import Inputs
    from engine.operation import DecidedOperation
    from engine.plan import Plan
    from engine.selection import SelectedField
    from schema.declarations import Declarations


# Of an operation that reads single rows alone.
_NONE: Final[MappingProxyType[int, Any]] = MappingProxyType({})


class Session(Protocol):
    """The open transaction of the viewer's tenant."""

    async def fetch(self, sql: str, *arguments: object, settled: bool = False) -> Sequence[Sequence[object]]: ...


class Run:
    """Everything that reading a field of this operation needs.

    Attributes:
        decided: the operation and the decision about it.
        inputs: what the request asks for.
        viewer: who asks.
        counts: objects that lack a field, by index of the selected field; what the errors are made of.
    """

    def __init__(  # noqa: PLR0913 - one for each stage that came before
        self,
        declarations: Declarations,
        cursors: Cursors,
        *,
        decided: DecidedOperation,
        inputs: Inputs,
        viewer: Viewer,
        session: Session,
    ) -> None:
        self._declarations = declarations
        self._session = session
        self.decided = decided
        self.inputs = inputs
        self.viewer = viewer
        self.counts = [0] * len(decided.operation.selection.fields)
        self._assembling = assembling(inputs, cursors, self.counts)

    async def read(self, field: SelectedField, source: object) -> object:
        """Read one field: its finished JSON value.

        Args:
            field: one whose declaration says what to read.
            source: the object that it hangs on, when a resolver returned one.
        """
        plan = self._plan(field)
        rows: Sequence[Sequence[object]] = ()
        if plan.statement is not None:
            values = Values(self.inputs, self.viewer, source)
            arguments = [parameter.value(values) for parameter in plan.parameters]
            rows = await self._session.fetch(plan.statement, *arguments, settled=plan.is_settled)
        return self.assembled(plan, rows)

    def assembled(self, plan: Plan, rows: Sequence[Sequence[object]]) -> Any:  # noqa: ANN401 - JSON, as the plan has it
        """What a plan makes of the rows of its statement."""
        return plan.assemble(rows, self._assembling)

    def _plan(self, field: SelectedField) -> Plan:
        return planned(self._declarations, self.decided, self.inputs, field)


def assembling(inputs: Inputs, cursors: Cursors, counts: list[int]) -> Assembling:
    """What assembling rows needs to know of a request; objects that lack a field are counted in ``counts``."""
    if not inputs.reads:
        return Assembling(_NONE, counts, _NONE)
    return Assembling(pages(inputs, cursors), counts, _keys(inputs))


def planned(declarations: Declarations, decided: DecidedOperation, inputs: Inputs, field: SelectedField) -> Plan:
    """The plan of a field that reads, made when it is first asked for."""
    plans = decided.plans
    if field.index not in plans:
        plans[field.index] = plan(declarations, field, decided.operation.readings, decided.decision, inputs)
    return plans[field.index]


def pages(inputs: Inputs, cursors: Cursors) -> Mapping[int, PageValues]:
    """What assembling needs to know of the pages that a request asks for, by the index of the field."""
    return {
        index: PageValues(asked.first, asked.after is not None, partial(cursors.encode, asked.purpose))
        for index, asked in inputs.reads.items()
        if isinstance(asked, PageInput)
    }


def _keys(inputs: Inputs) -> Mapping[int, Sequence[tuple[str, str] | None]]:
    return {
        index: [None if each is None else (each.type_name, str(each.key)) for each in asked.ids]
        for index, asked in inputs.reads.items()
        if isinstance(asked, NodesInput)
    }
