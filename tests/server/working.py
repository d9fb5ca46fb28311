"""Three worker processes that answer with their number, run as a process of its own by the tests of workers.

Usage: ``python -m tests.server.working ADDRESS``, or with ``broken`` as a second word for workers that cannot start.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from server import workers
from server.drain import Drain
from server.graceful_server import run
from server.listening import listen
from tests.server.wire import development_settings

if TYPE_CHECKING:
    import socket

    from starlette.requests import Request
    from starlette.responses import Response


async def number(_request: Request) -> Response:
    # The connection is closed, so that the next request may go to another worker.
    return PlainTextResponse(str(os.getpid()), headers={"connection": "close"})


def work(listening: socket.socket) -> None:
    run(Starlette(routes=[Route("/", number)]), Drain(), development_settings(), listening=listening)


def fail(_listening: socket.socket) -> None:
    sys.exit(3)


def main(address: str, *broken: str) -> None:
    # Started just now does not count as having failed to start: the test ends workers as soon as they answer.
    if not broken:
        workers.STARTING_SECONDS = 0  # type: ignore[misc] # final for everybody else
    workers.Workers(3, fail if broken else work, listen(address)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
