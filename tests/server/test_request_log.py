from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import httpx2
import orjson
import pytest
from starlette.responses import PlainTextResponse

from server.drain import Drain
from server.request_log import RequestLogMiddleware
from tests.server.logs import logs
from tests.server.wire import ACME_TOKEN, ORIGIN, wire

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]


def client_of(app: ASGIApp, drain: Drain | None = None) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(RequestLogMiddleware(app, drain or Drain()), raise_app_exceptions=False),
        base_url=ORIGIN,
    )


async def test_a_request_is_one_line_of_identifiers_and_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    gate = wire()
    viewer = gate.tokens.viewers[ACME_TOKEN]
    document = "query Payroll { salary(of: 42) }"
    with logs():
        response = await gate.client.get(
            "/graphql",
            params={"query": document, "variables": '{"v":"hunter2"}'},
            headers={"cookie": "fieldgate-access=crumbs", "user-agent": "agent", "referer": "http://elsewhere"},
        )
    (line,) = lines(capsys)
    assert isinstance(line.pop("milliseconds"), float)
    assert line.pop("timestamp")
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": response.headers["x-request-id"],
        "method": "GET",
        "path": "/graphql",
        "status": 200,
        "operation": "query",
        "document": hashlib.sha256(document.encode()).hexdigest()[:12],
        "tenant": str(viewer.tenant.tenant_id),
        "member": str(viewer.member_id),
    }


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "0" * 64, "01890a5d-ac96-774b-bcce-b302099a8057"])
async def test_a_well_formed_request_id_is_kept(given: str) -> None:
    response = await wire().client.get("/graphql", headers={"x-request-id": given})
    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "0" * 65, "a b", "a\tb", "a{b}", "ü", "a;b", "%0d%0aset-cookie:x"])
async def test_an_ill_formed_request_id_is_replaced(given: str) -> None:
    response = await wire().client.get("/graphql", headers=[(b"x-request-id", given.encode("latin-1"))])
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 32


async def test_a_fault_that_nobody_caught_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        message = "hunter2"
        raise ValueError(message)

    with logs():
        async with client_of(broken) as client:
            response = await client.get("/auth/callback?code=hunter2")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["requestId"] == response.headers["x-request-id"]
    failure, request = lines(capsys)
    assert failure["request_id"] == request["request_id"] == response.headers["x-request-id"]
    assert (request["path"], request["status"]) == ("/auth/callback", 500)
    assert "hunter2" not in str((failure, request, response.text))


async def test_a_long_path_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    with logs():
        await wire().client.get("/" + "a" * 10_000)
    assert len(str(lines(capsys)[0]["path"])) == 200


@pytest.mark.parametrize(("status", "count"), [(200, 0), (503, 1)])
async def test_probes_are_logged_only_when_they_fail(
    status: int, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs():
        async with client_of(PlainTextResponse("", status)) as client:
            await client.get("/readyz")
    assert len(lines(capsys)) == count


async def test_requests_are_counted_while_they_run() -> None:
    drain = Drain()
    counted = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        counted.append(await drain.finished(0))
        await PlainTextResponse("")(scope, receive, send)

    async with client_of(app, drain) as client:
        await client.get("/")
    assert counted == [False]
    assert await drain.finished(0)
