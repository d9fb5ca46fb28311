"""Whether the process is on its way out, and how many requests it still has to answer."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class Drain:
    """Begun by the signal that ends the process; from then on ``/readyz`` says no, so that no new traffic is sent."""

    def __init__(self) -> None:
        self.begun = False
        self._when_ending: list[Callable[[], None]] = []
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self) -> None:
        """May be called from a signal handler."""
        self.begun = True

    def on_ending(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` before connections are closed: what has no end of its own has to be ended by then."""
        self._when_ending.append(callback)

    def end(self) -> None:
        """The time for new traffic to go elsewhere is over."""
        for callback in self._when_ending:
            callback()
        self._when_ending.clear()

    def request(self) -> Self:
        """Count the request that runs inside; one object is enough for all of them."""
        return self

    def __enter__(self) -> None:
        self._requests += 1
        self._idle.clear()

    def __exit__(self, *_problem: object) -> None:
        self._requests -= 1
        if not self._requests:
            self._idle.set()

    async def finished(self, seconds: float) -> bool:
        """Wait until no request runs, ``seconds`` at most; false when some still do.

        uvicorn ends the application's lifespan right after it has cancelled the requests that overran their grace,
        while these are still cleaning up. Whoever closes what they use has to wait for them here.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        return not self._requests
