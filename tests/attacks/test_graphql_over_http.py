"""Rows of the security cases that the wire itself has to hold, each test named by the row's id."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson
import pytest

from engine.result import Result
from tests.server.logs import logs
from tests.server.wire import ACME_TOKEN, GLOBEX_TOKEN, GRAPHQL, ORIGIN, Wire, wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2
    from starlette.types import Message

JSON = {"content-type": "application/json", "accept": GRAPHQL}


async def post_bytes(gate: Wire, body: bytes | AsyncIterator[bytes], **headers: str) -> httpx2.Response:
    return await gate.client.post("/graphql", content=body, headers=JSON | headers)


def assert_refused(gate: Wire, response: httpx2.Response, *statuses: int) -> None:
    """Refused with one of the statuses, in the shape that clients read, small, and before the engine was asked."""
    assert response.status_code in statuses
    (entry,) = response.json()["errors"]
    assert entry["message"]
    assert entry["extensions"]["code"] in {"BAD_USER_INPUT", "OPERATION_LIMIT_EXCEEDED", "FORBIDDEN", "UNAUTHENTICATED"}
    assert "data" not in response.json()
    assert len(response.content) < 500
    assert not gate.engine.requests


async def test_g7_a_body_beyond_the_limit_is_refused() -> None:
    gate = wire()
    comment = b'{"query":"{a} #' + b"x" * 1_000_000 + b'"}'
    assert_refused(gate, await post_bytes(gate, comment), 413)
    assert_refused(gate, await post_bytes(gate, b" " * 2_000_000), 413)


async def test_g7_a_chunked_body_is_cut_off_at_the_limit() -> None:
    gate = wire()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    response = await post_bytes(gate, endless())
    assert_refused(gate, response, 413)
    assert sent <= 1_000_000 + 2 * 65_536


@pytest.mark.parametrize("nesting", [b'{"a":', b"["])
@pytest.mark.parametrize("depth", [100, 1_000, 20_000])
async def test_g7_deep_json_is_a_bad_request(nesting: bytes, depth: int) -> None:
    gate = wire()
    closing = b"}" if nesting.startswith(b"{") else b"]"
    value = nesting * depth + b"1" + closing * depth
    for parameter in (b"variables", b"extensions", b"query", b"unknown"):
        body = b'{"query":"{a}","' + parameter + b'":' + (b'{"b":' + value + b"}}")
        assert_refused(gate, await post_bytes(gate, body), 400)
        assert_refused(gate, await post_bytes(gate, body[:-depth]), 400)


async def test_g7_a_compressed_body_is_not_unpacked() -> None:
    gate = wire()
    bomb = gzip.compress(b'{"query":"' + b" " * 10_000_000 + b'"}')
    assert len(bomb) < 1_000_000
    for coding in ("gzip", "deflate", "br", "identity, gzip"):
        assert_refused(gate, await post_bytes(gate, bomb, **{"content-encoding": coding}), 415)


@pytest.mark.parametrize("count", [0, 1, 2, 10])
async def test_g8_a_batch_is_refused_whole(count: int) -> None:
    gate = wire()
    response = await post_bytes(gate, orjson.dumps([{"query": "{a}"}] * count))
    assert_refused(gate, response, 400)


async def test_g9_get_may_run_queries_only() -> None:
    gate = wire()
    await gate.client.get("/graphql", params={"query": "mutation{a}"})
    # The engine, which knows a mutation when it sees one, is told; its answer to that becomes 405 with Allow
    # (tests/server/test_graphql_response.py).
    assert [request.queries_only for request in gate.engine.requests] == [True]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"query=mutation{a}"),
        ("text/plain", b'{"query":"mutation{a}"}'),
        ("text/plain; application/json", b'{"query":"mutation{a}"}'),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n{a}\r\n--b--'),
        ("application/graphql", b"mutation{a}"),
        ("", b'{"query":"mutation{a}"}'),
    ],
)
async def test_g9_a_simple_request_is_never_executed(content_type: str, body: bytes) -> None:
    gate = wire()
    cookie = {"cookie": f"fieldgate-access={ACME_TOKEN}", "origin": ORIGIN}
    async with gate.anonymous() as client:
        by_cookie = await client.post("/graphql", content=body, headers=cookie | {"content-type": content_type})
    assert_refused(gate, by_cookie, 415)
    assert_refused(gate, await post_bytes(gate, body, **{"content-type": content_type}), 415)


async def test_g9_parameters_of_a_post_are_not_taken_from_its_url() -> None:
    gate = wire()
    response = await gate.client.post("/graphql?query={a}", content=b"{}", headers=JSON)
    assert_refused(gate, response, 422)


async def test_g10_a_multipart_upload_is_refused_with_and_without_preflight_header() -> None:
    gate = wire()
    operations = {"query": "mutation($f: Upload!){a(f:$f)}", "variables": {"f": None}}
    form = {"operations": orjson.dumps(operations).decode(), "map": '{"0":["variables.f"]}'}
    for headers in ({}, {"apollo-require-preflight": "1"}):
        response = await gate.client.post("/graphql", data=form, files={"0": b"x"}, headers=headers)
        assert_refused(gate, response, 415)


SECRETS = "postgresql://fieldgate:hunter2@db/x SELECT tax_id FROM company WHERE name = 'Wayne'"


class DriverError(Exception):
    detail = "Key (vat_id)=(DE123456789) already exists."
    sqlstate = "23505"
    constraint_name = "company_vat_id_key"


def nested_fault() -> Exception:
    fault = ValueError(SECRETS)
    fault.__cause__ = DriverError(SECRETS)
    return fault


@pytest.mark.parametrize("fault", [DriverError(SECRETS), nested_fault(), ExceptionGroup(SECRETS, [nested_fault()])])
async def test_g14_a_fault_is_masked_and_logged_without_values(
    fault: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = wire(fault)
    with logs():
        response = await gate.post("{ a(b: $b) }", variables={"b": "hunter2"})
    assert response.status_code == 500
    (entry,) = response.json()["errors"]
    request_id = response.headers["x-request-id"]
    assert entry == {
        "message": "Internal server error",
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
    }
    logged = capsys.readouterr().out
    assert request_id in logged
    assert "DriverError" in logged
    assert "23505" in logged
    assert "company_vat_id_key" in logged
    assert "tests.server.wire" in logged
    for secret in ("hunter2", "SELECT", "Wayne", "DE123456789", ACME_TOKEN):
        assert secret not in logged


async def test_g15_tracing_is_not_for_callers() -> None:
    gate = wire(Result(data=b"{}"))
    response = await gate.client.post(
        "/graphql",
        json={"query": "{a}", "extensions": {"tracing": True, "explain": True}},
        headers={"apollo-federation-include-trace": "ftv1", "x-apollo-tracing": "1"},
    )
    assert response.json() == {"data": {}}


@pytest.mark.parametrize(
    ("accept", "status", "content_type"),
    [
        (None, 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/json", 200, "application/json"),
        (GRAPHQL, 200, GRAPHQL),
        (
            # What urql sends.
            f"{GRAPHQL}, application/graphql+json, application/json, text/event-stream, multipart/mixed",
            200,
            GRAPHQL,
        ),
        ("text/event-stream, application/json;q=0.1", 200, "application/json"),
        ("text/event-stream;q=1, */*;q=0.1", 200, "application/json"),
        (f"{GRAPHQL};q=0, */*", 200, "application/json"),
        ("application/json;q=0", 406, GRAPHQL),
        ("text/event-stream", 406, GRAPHQL),
        ("text/html", 406, GRAPHQL),
        ("image/png", 406, GRAPHQL),
    ],
)
async def test_g28_the_answer_is_in_a_type_that_was_asked_for_and_never_a_stream(
    accept: str | None, status: int, content_type: str
) -> None:
    gate = wire()
    async with gate.anonymous() as client:
        del client.headers["accept"]
        headers = {"authorization": f"Bearer {ACME_TOKEN}"} | ({} if accept is None else {"accept": accept})
        posted = await client.post("/graphql", json={"query": "{a}"}, headers=headers)
        got = await client.get("/graphql", params={"query": "{a}"}, headers=headers)
    for response in (posted, got):
        assert response.status_code == status
        assert response.headers["content-type"] == f"{content_type}; charset=utf-8"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (b"123456789012345678901234567890", 422),
        (b"-9223372036854775809", 422),
        (b"9" * 5_000, 400),
        (b"NaN", 400),
        (b"Infinity", 400),
        (b"1e400", 400),
        (b"-1e400", 400),
        (b'"\\ud800"', 400),
        (b'"\\udc00\\ud800"', 400),
        (b'"\xed\xa0\x80"', 400),
        (b'"\\u0000"', 422),
        (b'"a\\u0000b"', 422),
        (b'"\x00"', 400),
        (b'{"\\u0000":1}', 422),
        (b'[[{"a":["\\u0000"]}]]', 422),
    ],
)
async def test_g29_values_that_cannot_be_kept_are_refused_with_a_typed_error(value: bytes, status: int) -> None:
    gate = wire()
    body = b'{"query":"query($a:ID){b(a:$a)}","variables":{"a":' + value + b"}}"
    assert_refused(gate, await post_bytes(gate, body), status)
    variables = quote(b'{"a":' + value + b"}")
    assert_refused(gate, await gate.client.get(f"/graphql?query={{a}}&variables={variables}"), status)


@pytest.mark.parametrize(
    "document",
    ["{a}\0", "{a} # \0", '{a(b:"\\u0000")}', '{a(b:"\\u{0}")}', '{a(b:"\\u{000}")}', '{a(b:"\\\\\\u0000")}'],
)
async def test_g29_no_document_can_spell_nul(document: str) -> None:
    gate = wire()
    assert_refused(gate, await gate.post(document), 422)
    assert_refused(gate, await gate.client.get("/graphql", params={"query": document}), 422)


@pytest.mark.parametrize("parameter", ["operationName", "unknown"])
async def test_g29_nul_is_refused_wherever_it_stands(parameter: str) -> None:
    gate = wire()
    assert_refused(gate, await gate.post("{a}", **{parameter: "A\0"}), 422)


async def test_g29_minus_zero_is_a_number_like_others() -> None:
    gate = wire()
    response = await post_bytes(gate, b'{"query":"{a}","variables":{"a":-0,"b":-0.0}}')
    assert response.status_code == 200
    assert gate.engine.requests[0].variables == {"a": 0, "b": 0.0}


@pytest.mark.parametrize("hint", ["globex", "", "ACME", "acme ", "acme,globex", "nonexistent"])
async def test_t2_a_tenant_hint_must_be_the_tokens_tenant(hint: str) -> None:
    gate = wire()
    response = await gate.client.post("/graphql", json={"query": "{a}"}, headers={"x-fieldgate-tenant": hint})
    assert_refused(gate, response, 401)
    assert "www-authenticate" in response.headers
    # Whether the tenant that was named exists cannot be told from the answer.
    assert response.json()["errors"][0]["message"] == "The token is not for this tenant."


async def test_t2_hints_that_disagree_are_refused() -> None:
    gate = wire()
    hints = [("x-fieldgate-tenant", "acme"), ("x-fieldgate-tenant", "globex")]
    for headers in (hints, hints[::-1]):
        response = await gate.client.post("/graphql", json={"query": "{a}"}, headers=headers)
        assert_refused(gate, response, 401)


async def test_t2_a_hint_that_agrees_changes_nothing() -> None:
    gate = wire()
    response = await gate.client.post("/graphql", json={"query": "{a}"}, headers={"x-fieldgate-tenant": "acme"})
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["host", "x-forwarded-host", "forwarded", "x-original-host", "x-tenant", "x-host"])
async def test_t2_no_other_header_names_a_tenant(name: str) -> None:
    gate = wire()
    value = "host=globex.example" if name == "forwarded" else "globex.example"
    await gate.client.post("/graphql", json={"query": "{a}"}, headers={name: value})
    assert [viewer.tenant.slug for viewer in gate.engine.viewers] == ["acme"]


@pytest.mark.parametrize("path", ["@globex.example/graphql", "//globex.example/graphql", "/graphql@globex.example"])
async def test_t3_a_request_target_cannot_name_a_tenant(path: str) -> None:
    gate = wire()
    answered: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b'{"query":"{a}"}', "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.append(message["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"tenant=globex",
        "scheme": "http",
        "server": ("globex.example", 80),
        "headers": [
            (b"host", b"globex.example"),
            (b"content-type", b"application/json"),
            (b"authorization", f"Bearer {ACME_TOKEN}".encode()),
        ],
    }
    await gate.app(scope, receive, send)
    assert answered == [200]
    assert [viewer.tenant.slug for viewer in gate.engine.viewers] == ["acme"]


async def test_t2_each_token_leads_to_its_own_tenant() -> None:
    gate = wire()
    for token in (ACME_TOKEN, GLOBEX_TOKEN):
        await gate.client.post("/graphql", json={"query": "{a}"}, headers={"authorization": f"Bearer {token}"})
    assert [viewer.tenant.slug for viewer in gate.engine.viewers] == ["acme", "globex"]
