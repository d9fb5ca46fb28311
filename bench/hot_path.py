"""The whole application in one process, and requests without a socket: what a request takes, to the instruction.

``bench/instructions.py`` runs this under callgrind: a line of orders comes in, then for each request it says "ready",
waits for a line, answers the request many times, says "done", and waits again. PostgreSQL is the real one, since
decoding its rows is part of the path; waiting for it takes no instructions.
"""

from __future__ import annotations

import gc
import itertools
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson
import uvloop

import auth.sessions.signing_keys
from server.app import create_app
from server.logging import configure_logging
from settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from starlette.applications import Starlette

    from engine.engine import Engine

# Under callgrind seconds pass at every turn. What the application remembers for seconds it is to keep.
_FOR_EVER: Final = 1e9
_WARM_REQUESTS: Final = 10


class HotPath:
    """The application, and a transport that is none."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    @property
    def engine(self) -> Engine:
        """The application's engine, to look at what it remembers."""
        engine: Engine = self._app.state.graphql._execute.__self__  # noqa: SLF001 - nobody but the bench has to know
        return engine

    async def answer(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The body that a server would send for one request."""
        given = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(body)), **headers}
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }
        parts: list[bytes] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's messages are dictionaries of anything
            parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return b"".join(parts)


@asynccontextmanager
async def open_hot_path(settings: Settings) -> AsyncIterator[HotPath]:
    """The application with everything in it."""
    configure_logging(settings.log_format)
    app = create_app(settings)
    auth.sessions.signing_keys.RING_SECONDS = _FOR_EVER  # type: ignore[assignment, misc] # see _FOR_EVER
    async with app.router.lifespan_context(app):
        app.state.database.directory._seconds = _FOR_EVER  # noqa: SLF001 - see _FOR_EVER
        yield HotPath(app)


async def _serve(orders: Mapping[str, Any], talk: int) -> None:
    async with open_hot_path(Settings.model_validate(orders["settings"])) as hot_path:
        for ask in orders["asks"]:
            bodies, headers = _bodies(ask), ask["headers"]
            for _ in range(_WARM_REQUESTS):
                answer = await hot_path.answer(next(bodies), headers)
            if not isinstance(orjson.loads(answer).get("data"), dict):
                raise SystemExit(answer.decode())
            gc.collect()
            gc.freeze()
            _tell(talk, "ready")
            for _ in range(orders["requests"]):
                await hot_path.answer(next(bodies), headers)
            _tell(talk, "done")


def _bodies(ask: Mapping[str, Any]) -> Iterator[bytes]:
    """The same body for ever; of a change, with the version that comes next."""
    if ask["version"] is None:
        yield from itertools.repeat(ask["body"].encode())
    before, after = (part.encode() for part in ask["around"])
    for version in itertools.count(ask["version"]):
        yield b"%b%8d%b" % (before, version, after)


def _tell(talk: int, word: str) -> None:
    os.write(talk, f"{word}\n".encode())
    sys.stdin.readline()


def main() -> None:
    # The log goes to standard output, as in a server, but nobody is to read it: what is said goes elsewhere.
    talk = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    uvloop.run(_serve(orjson.loads(sys.stdin.readline()), talk))


if __name__ == "__main__":
    main()
