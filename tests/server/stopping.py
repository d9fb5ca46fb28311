"""A server with one slow answer, run as a process of its own by the tests of stopping.

Usage: ``python -m tests.server.stopping ADDRESS DRAIN_SECONDS GRACE_SECONDS``. It says on standard output what happens,
in the order in which it happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from server.drain import Drain
from server.graceful_server import run
from server.health import Readiness, livez
from server.request_log import RequestLogMiddleware
from tests.server.wire import development_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response


def say(what: str) -> None:
    print(what, flush=True)  # noqa: T201 - the tests read it


async def slow(request: Request) -> Response:
    """Answers when told so, or after it was cancelled cleans up for a moment."""
    say("request begun")
    try:
        await asyncio.sleep(float(request.query_params["seconds"]))
    except asyncio.CancelledError:
        await asyncio.sleep(0.2)
        say("request cleaned up")
        raise
    return PlainTextResponse("done")


def main(address: str, drain_seconds: str, grace_seconds: str) -> None:
    drain = Drain()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        say("opened")
        yield
        await drain.finished(5)
        say("closed")

    settings = development_settings(
        listen=address, shutdown_drain_seconds=int(drain_seconds), shutdown_grace_seconds=int(grace_seconds)
    )
    app = Starlette(
        routes=[Route("/slow", slow), Route("/livez", livez), Route("/readyz", Readiness(drain, {}).answer)],
        middleware=[Middleware(RequestLogMiddleware, drain=drain)],
        lifespan=lifespan,
    )
    run(app, drain, settings)
    say("returned")


if __name__ == "__main__":
    main(*sys.argv[1:])
