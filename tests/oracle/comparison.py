"""The engine beside the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from tests.oracle.execution import Oracle

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from engine.cursors import Cursors
    from engine.engine import Engine
    from engine.request import Request
    from schema.declarations import Declarations
    from tests.oracle.execution import Answer
    from tests.oracle.tenant_rows import TenantRows


@dataclass(frozen=True)
class Comparison:
    """Runs operations both ways over one tenant."""

    engine: Engine
    declarations: Declarations
    rows: TenantRows
    cursors: Cursors

    async def agreed(self, request: Request, viewer: Viewer) -> Answer:
        """The answer that both gave.

        Raises:
            AssertionError: they gave two; the message has all that is needed to see it again.
        """
        expected = Oracle(self.declarations, self.rows, self.cursors).execute(request, viewer)
        result = await self.engine.execute(request, viewer)
        if result.data != expected.data or list(result.errors) != list(expected.errors):
            raise AssertionError(_difference(request, viewer, (result.data, result.errors), expected))
        # What was printed of them before is what they are.
        assert result.errors_as_json() == orjson.dumps(result.errors, default=str)
        return expected


def _difference(
    request: Request, viewer: Viewer, engine: tuple[bytes | None, tuple[dict[str, object], ...]], oracle: Answer
) -> str:
    return "\n".join(
        [
            request.document,
            f"variables: {dict(request.variables)}",
            f"grants: {viewer.grants}",
            f"engine: {(engine[0] or b'no data').decode()}",
            f"oracle: {(oracle.data or b'no data').decode()}",
            f"engine's errors: {orjson.dumps(engine[1]).decode()}",
            f"oracle's errors: {orjson.dumps(oracle.errors).decode()}",
        ]
    )
