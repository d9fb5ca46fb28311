"""The plans that the engine made of an operation, with everything that it takes to run them once more."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from engine.assembly import Assembling
from engine.engine import Engine
from engine.parameters import Values
from engine.run import Run
from tenancy.connection import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from asyncpg import Connection

    from auth.viewer import Viewer
    from engine.plan import Plan
    from engine.request import Request
    from engine.selection import SelectedField
    from tenancy.placement import TenantPlacement


@dataclass(frozen=True)
class PlannedRead:
    """One field that was read by plan.

    Attributes:
        field: which.
        plan: of it.
        arguments: of the plan's statement.
        run: of the operation.
    """

    field: SelectedField
    plan: Plan
    arguments: Sequence[object]
    run: Run

    def state(self) -> Assembling:
        """The request's side of an assembly of which nothing has been assembled yet."""
        known = self.run._assembling  # noqa: SLF001 - made of the request, and nowhere else
        return Assembling(known.pages, [0] * len(known.denied), known.keys)


async def planned_reads(engine: Engine, request: Request, viewer: Viewer) -> list[PlannedRead]:
    """Run an operation; what was read for it by plan, in order."""
    reads: list[PlannedRead] = []
    read = Run.read

    async def recording(run: Run, field: SelectedField, source: object) -> object:
        plan = run._plan(field)  # noqa: SLF001 - the plan that is about to be run
        values = Values(run.inputs, run.viewer, source)
        reads.append(PlannedRead(field, plan, [each.value(values) for each in plan.parameters], run))
        return await read(run, field, source)

    # What is printed as it comes is not read by a run, so it has to go the other way.
    with patch.object(Run, "read", recording), patch.object(Engine, "_printing", return_value=None):
        await engine.execute(request, viewer)
    return reads


@asynccontextmanager
async def connected_to(url: str, placement: TenantPlacement, *, texts: Sequence[str] = ()) -> AsyncIterator[Connection]:
    """A connection that finds a tenant's tables; values of the types in ``texts`` are asked for in their text form."""
    connection: Any = await connect(url)
    try:
        await connection.execute(f"SET search_path = {placement.schema}, pg_temp")
        for name in texts:
            await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=str, format="text")
        yield connection
    finally:
        await connection.close()
