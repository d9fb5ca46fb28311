from __future__ import annotations

import json
from contextlib import suppress
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.request import Request
from server.parameters import MAXIMUM_DEPTH, from_body, from_query_string
from server.refusal import RequestRefusedError


def nothing(_identifier: str) -> str | None:
    """What is published."""
    return None


def refusal_of_body(body: bytes) -> int:
    with pytest.raises(RequestRefusedError) as refusal:
        from_body(body, "r", nothing)
    return refusal.value.status


def test_a_post_gives_a_request_of_the_right_types() -> None:
    body = b'{"query": "{a}", "operationName": "A", "variables": {"id": 1}, "extensions": {"x": 1}, "unknown": 1}'
    assert from_body(body, "r", nothing) == Request(
        "{a}", "r", operation_name="A", variables={"id": 1}, queries_only=False
    )


@pytest.mark.parametrize("parameter", ["operationName", "variables", "extensions"])
def test_null_is_the_same_as_leaving_out(parameter: str) -> None:
    body = orjson.dumps({"query": "{a}", parameter: None})
    assert from_body(body, "r", nothing) == Request("{a}", "r")


def test_a_get_decodes_its_parameters_and_allows_queries_only() -> None:
    query_string = urlencode({"query": "{ä}", "operationName": "A", "variables": '{"id":"+"}', "extensions": ""})
    expected = Request("{ä}", "r", operation_name="A", variables={"id": "+"}, queries_only=True)
    assert from_query_string(query_string.encode(), "r", nothing) == expected


def test_empty_parameters_of_a_get_count_as_left_out() -> None:
    assert from_query_string(b"query={a}&operationName=&variables=", "r", nothing) == Request(
        "{a}", "r", queries_only=True
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"nonsense", 400),
        (b"null", 400),
        (b"1", 400),
        (b'"{a}"', 400),
        (b"[]", 400),
        (b'\xef\xbb\xbf{"query":"{a}"}', 400),
        (b'{"query":"\xff"}', 400),
        (b"{}", 422),
        (b'{"qeury":"{a}"}', 422),
        (b'{"query":null}', 422),
        (b'{"query":0}', 422),
        (b'{"query":["{a}"]}', 422),
        (b'{"query":"{a}","operationName":0}', 422),
        (b'{"query":"{a}","operationName":{}}', 422),
        (b'{"query":"{a}","variables":"{}"}', 422),
        (b'{"query":"{a}","variables":[7]}', 422),
        (b'{"query":"{a}","variables":false}', 422),
        (b'{"query":"{a}","extensions":0}', 422),
    ],
)
def test_malformed_parameters_are_refused(body: bytes, status: int) -> None:
    assert refusal_of_body(body) == status


@pytest.mark.parametrize(
    ("query_string", "status"),
    [
        (b"", 422),
        (b"variables={}", 422),
        (b"query={a}&query={b}", 422),
        (b"query={a}&variables=[]", 422),
        (b"query={a}&variables={", 400),
        (b"query=%ff", 400),
        (b"query=\xff", 400),
        (b"query={a}" + b"&a=1" * 100, 400),
    ],
)
def test_malformed_query_strings_are_refused(query_string: bytes, status: int) -> None:
    with pytest.raises(RequestRefusedError) as refusal:
        from_query_string(query_string, "r", nothing)
    assert refusal.value.status == status


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, 1.7976931348623157e308, -0.5])
def test_numbers_that_can_be_kept_are_taken(number: float) -> None:
    body = json.dumps({"query": "{a}", "variables": {"n": number}}).encode()
    assert from_body(body, "r", nothing).variables["n"] == number


def test_long_digits_in_a_string_are_no_number() -> None:
    variables = from_body(b'{"query":"{a}","variables":{"n":"' + b"9" * 5000 + b'"}}', "r", nothing).variables
    assert variables["n"] == "9" * 5000


def test_an_escaped_backslash_before_u0000_is_text() -> None:
    document = r'{ a(b: "\\u0000") }'
    assert from_body(orjson.dumps({"query": document}), "r", nothing).document == document


def test_nesting_is_taken_up_to_its_limit_and_not_beyond() -> None:
    def body(depth: int) -> bytes:
        return b'{"query":"{a}","variables":{"a":' + b"[" * depth + b"]" * depth + b"}}"

    from_body(body(MAXIMUM_DEPTH - 2), "r", nothing)
    assert refusal_of_body(body(MAXIMUM_DEPTH)) == 400


# Few characters, each of them trouble somewhere: the quick way to find what a large alphabet finds seldom.
texts = st.text('a0u{"\\\0\ud800\udfff\u00e4\U0001f3c3', max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
parameter_names = st.sampled_from(["query", "operationName", "variables", "extensions", "x"])


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return strings([*value.keys(), *value.values()])
    return [text for item in value for text in strings(item)] if isinstance(value, list) else []


def accepted(body: bytes) -> Request | None:
    """The request, or ``None`` for a typed refusal; any other exception fails the test that asks."""
    try:
        return from_body(body, "r", nothing)
    except RequestRefusedError as refusal:
        return None if refusal.status in {400, 422} else pytest.fail(str(refusal))


@settings(deadline=None)
@given(
    st.dictionaries(parameter_names, json_values) | st.fixed_dictionaries({"query": texts, "variables": json_values})
)
def test_any_json_becomes_a_storable_request_or_a_typed_refusal(payload: dict[str, object]) -> None:
    request = accepted(json.dumps(payload).encode())
    if request is not None:
        kept = strings([request.document, request.operation_name, request.variables])
        assert not any("\0" in text for text in kept)
        orjson.dumps(kept)  # which fails on a lone surrogate


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_become_a_request_or_a_typed_refusal(body: bytes) -> None:
    accepted(body)
    with suppress(RequestRefusedError):
        from_query_string(body, "r", nothing)
