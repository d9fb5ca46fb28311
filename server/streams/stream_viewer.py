"""The viewer of one open stream."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING

from auth.unauthenticated import UnauthenticatedError

if TYPE_CHECKING:
    from auth.authentication import Authenticator
    from auth.viewer import Viewer


class Ending(StrEnum):
    """Why a stream is over."""

    EXPIRED = "the access token has expired, or the stream is as old as one may be"
    SESSION_OVER = "the session is over"
    DRAINING = "the server is going away"


class StreamViewer:
    """The viewer of one stream, as of the last look.

    Attributes:
        viewer: with the grants to decide by.
        ended: done once nothing may be sent any more.
        renewed: replaced and set whenever the grants have changed.
    """

    def __init__(self, authenticator: Authenticator, viewer: Viewer) -> None:
        self._authenticator = authenticator
        self.viewer = viewer
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.renewed = asyncio.Event()

    def end(self, ending: Ending) -> None:
        """End it; the first reason counts."""
        if not self.ended.done():
            self.ended.set_result(ending)

    async def renew(self) -> None:
        """Take the grants as they are now, or end."""
        try:
            self.viewer = await self._authenticator.renewed(self.viewer)
        except UnauthenticatedError:
            self.end(Ending.SESSION_OVER)
        renewed, self.renewed = self.renewed, asyncio.Event()
        renewed.set()
