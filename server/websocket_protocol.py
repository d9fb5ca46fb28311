"""uvicorn's WebSocket protocol, for clients that do not read and for logs that hold no query string."""

from __future__ import annotations

import logging
from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_FLUSHING_SECONDS: Final = 2.0


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """Gives up what a client has not taken shortly after the end: an ended stream must not go on from a buffer."""

    async def run_asgi(self) -> None:
        # At the level of libraries, which leaves out its line about each address with the query string in it.
        self.logger = logging.getLogger("uvicorn.websocket")
        self.close_timeout = _FLUSHING_SECONDS
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(_FLUSHING_SECONDS, self.transport.abort)
