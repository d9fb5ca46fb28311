"""Rows of the security cases against the whole server: real HTTP, real tokens, real engine, real PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx2

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway


@pytest.fixture(scope="module")
async def gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    async with running_gateway(settings, database, folder) as running:
        yield running


async def test_g7_a_chunked_body_without_end_is_cut_off_and_the_connection_closed(gateway: Gateway) -> None:
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {gateway.tokens[0]}\r\n"
        "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    writer.write(head.encode())
    with contextlib.suppress(ConnectionError):
        for _ in range(50):
            writer.write(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
            await writer.drain()
    with contextlib.suppress(ConnectionError):
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer.lower()
    writer.close()


@pytest.mark.parametrize("value", ["{a:", "[", '{"a":'])
async def test_g7_a_deep_document_or_variable_is_a_typed_refusal(gateway: Gateway, value: str) -> None:
    closing = {"{a:": "}", "[": "]", '{"a":': "}"}[value]
    async with gateway.client() as client:
        for depth in (200, 5_000):
            nested = value * depth + "1" + closing * depth
            documents = [f"{{company(id:{nested}){{name}}}}", "{company" * depth + "}" * depth]
            for document in documents:
                response = await client.post("/graphql", json={"query": document})
                assert response.status_code in {400, 422}
                assert "data" not in response.json()


CREATE = "mutation($input:CompanyCreateInput!){companyCreate(input:$input){company{name} userErrors{code field}}}"


async def org_unit(client: httpx2.AsyncClient) -> str:
    response = await client.post("/graphql", json={"query": "{orgUnits(first:1){nodes{id}}}"})
    identifier: str = response.json()["data"]["orgUnits"]["nodes"][0]["id"]
    return identifier


async def names(client: httpx2.AsyncClient) -> list[str]:
    response = await client.post("/graphql", json={"query": "{companies(first:100){nodes{name}}}"})
    return [node["name"] for node in response.json()["data"]["companies"]["nodes"]]


async def test_g9_a_mutation_is_executed_by_nothing_but_a_post_of_json(gateway: Gateway) -> None:
    async with gateway.client() as client:
        value = {"orgUnitId": await org_unit(client), "name": "Made by a mutation"}
        parameters = {"query": CREATE, "variables": orjson.dumps({"input": value}).decode()}
        by_get = await client.get("/graphql", params=parameters)
        assert by_get.status_code == 405
        assert by_get.headers["allow"] == "POST"
        by_form = await client.post("/graphql", data=parameters)
        assert by_form.status_code == 415
        as_text = await client.post(
            "/graphql",
            content=orjson.dumps({"query": CREATE, "variables": {"input": value}}),
            headers={"content-type": "text/plain"},
        )
        assert as_text.status_code == 415
        assert value["name"] not in await names(client)
        by_post = await client.post("/graphql", json={"query": CREATE, "variables": {"input": value}})
        assert by_post.status_code == 200
        assert value["name"] in await names(client)


@pytest.mark.parametrize(
    "odd",
    [
        {"financials": {"creditLimit": value, "creditCurrency": "EUR"}}
        for value in (
            "NaN",
            "sNaN",
            "-Infinity",
            "1e400",
            "1E+1000000",
            "9" * 5_000,
            "-0",
            "0." + "1" * 5_000,
            "x",
            1e308,
        )
    ]
    + [{"listedOn": value} for value in ("0000-00-00", "9999-12-31T25:00", "-1", "10000-01-01", "x" * 5_000, 5)]
    + [{"foundedYear": value} for value in (2**31 - 1, -(2**31), 2**31, 1.5, "1999")]
    + [{"financials": {"riskScore": value}} for value in (2**31 - 1, -1, 1e10)]
    + [
        {key: "\ufdd0\u202e\x7f" * 2_000}
        for key in ("legalName", "taxId", "lei", "website", "vatNumber", "cik", "sector")
    ]
    + [{"name": ""}, {"name": " "}, {"name": "x" * 100_000}, {"version": 1}, {"unknown": {"a": [1]}}],
)
async def test_g29_an_odd_value_of_an_input_is_never_a_fault_of_ours(gateway: Gateway, odd: dict[str, object]) -> None:
    async with gateway.client() as client:
        value = {"orgUnitId": await org_unit(client), "name": "Odd", **odd}
        response = await client.post("/graphql", json={"query": CREATE, "variables": {"input": value}})
    assert response.status_code in {200, 422}
    assert "INTERNAL_SERVER_ERROR" not in response.text


async def test_g25_only_the_named_operation_of_a_document_runs(gateway: Gateway) -> None:
    document = "query One{one:__typename} query Other{other:viewer{__typename}}"
    async with gateway.client() as client:
        for name, data in (("One", {"one": "Query"}), ("Other", {"other": {"__typename": "Viewer"}})):
            response = await client.post("/graphql", json={"query": document, "operationName": name})
            assert (response.status_code, response.json()) == (200, {"data": data})
        for missing in ("Neither", "one", None, ""):
            response = await client.post("/graphql", json={"query": document, "operationName": missing})
            assert response.status_code == 422
            assert "data" not in response.json()


@pytest.mark.parametrize(
    "document",
    [
        "{companies(first:999999999999999999999999999999){edges{cursor}}}",
        "{companies(first:%s){edges{cursor}}}" % ("9" * 5_000),
        "{companies(first:1e400){edges{cursor}}}",
        "{companies(first:-0){edges{cursor}}}",
        '{company(id:"\\ud800"){name}}',
        '{company(id:"\\udc00\\ud800"){name}}',
    ],
)
async def test_g29_a_literal_that_cannot_be_kept_is_a_typed_refusal(gateway: Gateway, document: str) -> None:
    async with gateway.client() as client:
        response = await client.post("/graphql", json={"query": document})
    assert response.status_code in {400, 422}
    assert response.json()["errors"][0]["extensions"]["code"] in {
        "BAD_USER_INPUT",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "OPERATION_LIMIT_EXCEEDED",
    }


@pytest.mark.parametrize(
    "identifier",
    ["9" * 5_000, "", "🏃", "x" * 100_000, "\ufffe", "' OR 1=1 --", '";DROP TABLE company', "%00", "\x7f\x01"],
)
async def test_g29_an_odd_identifier_finds_nothing_and_breaks_nothing(gateway: Gateway, identifier: str) -> None:
    async with gateway.client() as client:
        response = await client.post(
            "/graphql",
            json={"query": "query($id:ID!){company(id:$id){name} node(id:$id){id}}", "variables": {"id": identifier}},
        )
    assert response.status_code in {200, 294, 422}
    assert response.json().get("data") in ({"company": None, "node": None}, None)


async def test_t2_a_token_opens_its_own_tenant_whatever_else_the_request_names(gateway: Gateway) -> None:
    one, other = gateway.tenants
    elsewhere = {"host": f"{other.slug}.example", "x-forwarded-host": f"{other.slug}.example"}
    async with gateway.client() as client:
        response = await client.get("/auth/session", headers=elsewhere)
        assert response.json()["tenant"]["slug"] == one.slug
        question = {"query": "{viewer{__typename}}"}
        for slug, status in ((one.slug, 200), (other.slug, 401)):
            response = await client.post("/graphql", json=question, headers={"x-fieldgate-tenant": slug})
            assert response.status_code == status


@pytest.mark.parametrize("target", ["//{}.example/graphql", "http://{}.example/graphql", "/graphql?tenant={}"])
async def test_t3_the_request_target_does_not_choose_the_tenant(gateway: Gateway, target: str) -> None:
    host, port = gateway.url.removeprefix("http://").split(":")
    one, other = gateway.tenants
    reader, writer = await asyncio.open_connection(host, int(port))
    body = b'{"query":"{viewer{__typename}}"}'
    head = (
        f"POST {target.format(other.slug)} HTTP/1.1\r\nhost: @{other.slug}.example\r\n"
        f"authorization: Bearer {gateway.tokens[0]}\r\nx-request-id: target-of-t3\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    status = int(answer.split(b" ")[1])
    assert status in {200, 400, 404}
    if status == 200:
        lines = [line for line in gateway.logged() if line.get("request_id") == "target-of-t3"]
        assert {line["tenant"] for line in lines if "tenant" in line} == {str(one.tenant_id)}


async def test_g14_the_log_of_all_this_holds_no_value(gateway: Gateway) -> None:
    async with gateway.client() as client:
        await client.post(
            "/graphql",
            json={"query": '{company(id:"hunter2"){name}}', "variables": {"secret": "hunter2"}},
            headers={"cookie": "crumb=hunter2", "x-fieldgate-tenant": "hunter2"},
        )
        await client.get("/graphql", params={"query": '{company(id:"hunter2"){name}}'})
        await client.get("/auth/callback", params={"code": "hunter2", "state": "hunter2"})
    for _ in range(500):  # a request's line is written after its answer
        if any(line.get("path") == "/auth/callback" for line in gateway.logged()):
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("the request was not logged")
    log = gateway.log.read_text()
    for secret in ("hunter2", *gateway.tokens, "Bearer", "postgresql://", "company(id"):
        assert secret not in log
