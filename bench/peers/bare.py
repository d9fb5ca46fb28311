"""The least that a Python server can do: read the request, answer bytes that it has already."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

ANSWERS: Final[Mapping[str, bytes]] = {
    path: b64decode(body) for path, body in json.loads(Path(os.environ["BENCH_ANSWERS"]).read_text()).items()
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        await _lifespan(receive, send)
        return
    while (await receive()).get("more_body", False):
        pass
    body = ANSWERS[scope["path"]]
    headers = [(b"content-type", b"application/graphql-response+json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
