"""One look-up in the directory's database for everybody who asks for the same in the same moment.

Nothing is remembered: each is answered by a look-up that began after they had asked, so nobody hears of what was so
before. When a hundred people sign in by one connection at once, a few look-ups do for all of them.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

from tenancy.clients import joined_block, shared_block

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

K = TypeVar("K")
V = TypeVar("V")


class AskedTogether(Generic[K, V]):
    """A look-up by key. Its answers go to several, so they must not be changed."""

    def __init__(self, look_up: Callable[[K], Coroutine[None, None, V]]) -> None:
        self._look_up = look_up
        # The look-ups that have not begun yet. A task works in one event loop only.
        self._next: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[K, asyncio.Task[V]]] = WeakKeyDictionary()

    async def __call__(self, key: K) -> V:
        """The answer. What the look-up raises is raised to all who have asked together."""
        if shared_block.get() is not None or joined_block() is not None:
            return await self._look_up(key)  # inside a transaction, which may have changed what is asked for
        beginning = self._next.setdefault(asyncio.get_running_loop(), {})
        task = beginning.get(key)
        if task is None:
            # Not in the context of whoever is the first: it is the others' look-up as well.
            task = beginning[key] = asyncio.create_task(self._begin(beginning, key), context=Context())
            task.add_done_callback(_seen)
        return await asyncio.shield(task)

    async def _begin(self, beginning: dict[K, asyncio.Task[V]], key: K) -> V:
        # Who asks from now on may know of something that this look-up does not see.
        del beginning[key]
        return await self._look_up(key)


def _seen(done: asyncio.Task[V]) -> None:
    if not done.cancelled():
        done.exception()  # so that asyncio doesn't complain when everybody has gone away
