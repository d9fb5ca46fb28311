"""One line in the log for each request, and the identifier by which a person can ask about it."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from random import getrandbits
from typing import TYPE_CHECKING, Final

import orjson
import structlog

from server.current_request import current_request_id
from server.logging import log_request

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from server.drain import Drain

_SCOPE_KEY: Final = "fieldgate.request"

# What a caller may choose ends up in logs and in a response header, so only characters that mean nothing there.
_WELL_FORMED: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")

_MAXIMUM_PATH: Final = 200

# Asked every few seconds by whatever watches the process; their refusals are logged, their successes are noise.
_PROBES: Final = frozenset({"/livez", "/readyz"})

_log = structlog.get_logger()


@dataclass(slots=True)
class RequestRecord:
    """What the log line says. Identifiers only: never a value, a token, a cookie, a query string or a document.

    Attributes:
        status: of the answer, once it has begun.
    """

    request_id: str
    status: int | None = None
    operation: str | None = None
    document_hash: str | None = None
    tenant_id: UUID | None = None
    member_id: UUID | None = None


def record_of(scope: Scope) -> RequestRecord:
    """The record of the request that ``scope`` belongs to, made when the request did not pass the middleware."""
    record = scope.get(_SCOPE_KEY)
    if not isinstance(record, RequestRecord):
        record = scope[_SCOPE_KEY] = RequestRecord(request_id=_request_id(scope))
    return record


class RequestLogMiddleware:
    """Names each request, counts it while it runs, logs it when it is answered, and masks what nobody has caught."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        self._app = app
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = record_of(scope)
        started = time.perf_counter()

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", record.request_id.encode())]
            await send(message)

        current_request_id.set(record.request_id)
        with self._drain.request():
            try:
                await self._app(scope, receive, send_named)
            except Exception:
                _log.exception("request failed")
                if record.status is not None:
                    raise  # half of another answer is on its way; the connection has to be cut
                await _send_problem(send_named, record, HTTPStatus.INTERNAL_SERVER_ERROR)
            except asyncio.CancelledError:
                if record.status is None:  # the process ends, and the request has overrun its grace
                    await _send_problem(send_named, record, HTTPStatus.SERVICE_UNAVAILABLE)
                raise
            finally:
                _write(scope, record, time.perf_counter() - started)


def _write(scope: Scope, record: RequestRecord, seconds: float) -> None:
    path = scope["path"]
    if path in _PROBES and record.status == HTTPStatus.OK:
        return
    line = {
        "method": scope["method"],
        "path": path[:_MAXIMUM_PATH],
        "status": record.status,
        "milliseconds": int(seconds * 100_000) / 100,
    }
    if record.operation is not None:
        line["operation"] = record.operation
    if record.document_hash is not None:
        line["document"] = record.document_hash
    # As text already: orjson does not take the driver's UUIDs for any, and asks for the text of each.
    if record.tenant_id is not None:
        line["tenant"] = str(record.tenant_id)
    if record.member_id is not None:
        line["member"] = str(record.member_id)
    log_request(line)


async def _send_problem(send: Send, record: RequestRecord, status: HTTPStatus) -> None:
    problem = {"type": "about:blank", "title": status.phrase, "status": status, "requestId": record.request_id}
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(problem)})


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given: bytes = value
            return given.decode() if _WELL_FORMED.match(given) else _new_id()
    return _new_id()


def _new_id() -> str:
    # It names a request and guards nothing, so it need not come from the kernel.
    return f"{getrandbits(128):032x}"
