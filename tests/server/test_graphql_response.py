"""Statuses and media types by the table of the September 2026 edition."""

from __future__ import annotations

import orjson
import pytest

from engine.result import Result, Stage
from errors import ErrorCode, error
from tests.server.wire import GRAPHQL, development_settings, wire

DENIED = (error("denied", ErrorCode.FORBIDDEN),)

SUCCESS = Result(data=b'{"a":1}')
PARTIAL = Result(data=b'{"a":null}', errors=DENIED)
NULLED = Result(data=b"null", errors=DENIED)
UNPARSABLE = Result(data=None, errors=DENIED, stage=Stage.PARSING)
INVALID = Result(data=None, errors=DENIED, stage=Stage.VALIDATION)
MUTATION_BY_GET = Result(data=None, errors=DENIED, stage=Stage.METHOD)
NOT_ALLOWED = Result(data=None, errors=DENIED, stage=Stage.DECISION)
TOO_OLD = Result(data=None, errors=DENIED, stage=Stage.SIGN_IN, max_age=900)
BROKEN = Result(data=None, errors=DENIED, stage=Stage.EXECUTION)


@pytest.mark.parametrize(
    ("result", "with_new_type", "with_old_type"),
    [
        (SUCCESS, 200, 200),
        (PARTIAL, 294, 200),
        (NULLED, 294, 200),
        (UNPARSABLE, 400, 400),
        (INVALID, 422, 422),
        (MUTATION_BY_GET, 405, 405),
        (NOT_ALLOWED, 403, 403),
        (TOO_OLD, 401, 401),
        (BROKEN, 500, 500),
    ],
)
async def test_the_status_follows_the_result_and_the_media_type(
    result: Result, with_new_type: int, with_old_type: int
) -> None:
    gate = wire(result)
    new = await gate.client.post("/graphql", json={"query": "{a}"}, headers={"accept": GRAPHQL})
    old = await gate.client.post("/graphql", json={"query": "{a}"}, headers={"accept": "application/json"})
    assert (new.status_code, old.status_code) == (with_new_type, with_old_type)
    assert new.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    # Plain JSON is for successes: an error in it could be anybody's on the way.
    old_type = "application/json" if with_old_type == 200 else GRAPHQL
    assert old.headers["content-type"] == f"{old_type}; charset=utf-8"


@pytest.mark.parametrize(
    ("result", "body"),
    [
        (SUCCESS, {"data": {"a": 1}}),
        (PARTIAL, {"data": {"a": None}, "errors": list(DENIED)}),
        (NULLED, {"data": None, "errors": list(DENIED)}),
        (UNPARSABLE, {"errors": list(DENIED)}),
        (INVALID, {"errors": list(DENIED)}),
    ],
)
async def test_the_body_has_data_only_where_something_ran(result: Result, body: object) -> None:
    assert (await wire(result).post()).json() == body


async def test_the_engines_bytes_are_passed_on_as_they_are() -> None:
    data = b'{"b" : 1.0, "a":"\xc3\xa4 %s %d {}"}'
    response = await wire(Result(data=data)).post()
    assert response.content == b'{"data":' + data + b"}"


async def test_a_mutation_by_get_is_told_to_use_post() -> None:
    response = await wire(MUTATION_BY_GET).client.get("/graphql", params={"query": "mutation{a}"})
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "QUERY"])
async def test_other_methods_are_not_allowed(method: str) -> None:
    gate = wire()
    response = await gate.client.request(method, "/graphql")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert not gate.engine.requests


async def test_a_get_runs_a_query_and_says_that_only_queries_may_run() -> None:
    gate = wire()
    response = await gate.client.get("/graphql", params={"query": "query A{a}", "operationName": "A"})
    assert response.json() == {"data": {"__typename": "Query"}}
    (request,) = gate.engine.requests
    assert (request.document, request.operation_name, request.queries_only) == ("query A{a}", "A", True)


async def test_a_post_hands_everything_to_the_engine() -> None:
    gate = wire()
    response = await gate.post("mutation A{a}", operationName="A", variables={"b": [1]})
    (request,) = gate.engine.requests
    assert (request.document, request.operation_name, request.variables) == ("mutation A{a}", "A", {"b": [1]})
    assert not request.queries_only
    assert request.request_id == response.headers["x-request-id"]


async def test_no_cache_may_keep_an_answer() -> None:
    gate = wire()
    by_get = await gate.client.get("/graphql", params={"query": "{a}"})
    assert by_get.headers["cache-control"] == "no-store"
    assert (await gate.client.get("/graphql")).headers["cache-control"] == "no-store"


async def test_a_query_string_too_long_is_refused() -> None:
    gate = wire(settings=development_settings(limit_body_bytes=1_000))
    response = await gate.client.get("/graphql", params={"query": "{a}" + " " * 1_000})
    assert response.status_code == 414
    assert not gate.engine.requests


async def test_values_that_json_does_not_know_do_not_break_an_error() -> None:
    odd = error("odd", ErrorCode.BAD_USER_INPUT, value=complex(1, 2))
    response = await wire(Result(data=b"{}", errors=(odd,))).post()
    assert orjson.loads(response.content)["errors"][0]["extensions"]["value"] == "(1+2j)"
