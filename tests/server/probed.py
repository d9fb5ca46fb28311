"""The server as ``fieldgate serve`` runs it, with a watch on its event loop at ``/probe``. For measuring.

Usage: ``python -m tests.server.probed``, with the environment of ``fieldgate serve``.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from cli.environment import command_settings
from server.serve import serve

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


class Probe:
    """For how long the event loop did not get round to something that wanted to run."""

    def __init__(self) -> None:
        self._held = 0.0
        self._computed = 0.0
        self._processor = 0.0
        self._watching: asyncio.Task[None] | None = None

    async def answer(self, _request: Request) -> Response:
        """The longest since it was asked last: ``held`` by the clock, ``computed`` by the loop's own processor time.

        By the clock it is longer where the machine gave the processor to others. ``processor`` is what the whole
        process has spent since.
        """
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        spent = time.process_time()
        seen = {"held": self._held, "computed": self._computed, "processor": spent - self._processor}
        self._processor = spent
        self._held = self._computed = 0.0
        return JSONResponse(seen)

    async def _watch(self) -> None:
        while True:
            clock, processor = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            self._held = max(self._held, time.perf_counter() - clock - 0.001)
            self._computed = max(self._computed, time.thread_time() - processor)


if __name__ == "__main__":
    with command_settings() as settings:
        serve(settings, extra_routes=[Route("/probe", Probe().answer)])
