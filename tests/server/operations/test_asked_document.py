"""A document by its id, at the endpoint: what it comes to, and each way of being refused."""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.server.wire import GRAPHQL, wire

if TYPE_CHECKING:
    import httpx2

    from tests.server.wire import Wire

TEXT: Final = 'query A { node(id: "ä") { id } }\n'
OTHER: Final = "query B { __typename }"
DIGEST: Final = hashlib.sha256(TEXT.encode()).hexdigest()
OTHER_DIGEST: Final = hashlib.sha256(OTHER.encode()).hexdigest()
HASH: Final = f"sha256:{DIGEST}"
CUSTOM: Final = "8f14e45fceea167a5a36dedd4bea2543"
PUBLISHED: Final = MappingProxyType({HASH: TEXT, CUSTOM: TEXT})

NOT_FOUND: Final = {"code": "PERSISTED_QUERY_NOT_FOUND"}
BAD_INPUT: Final = {"code": "BAD_USER_INPUT"}


def gate() -> Wire:
    return wire(published=PUBLISHED)


def apollo(digest: object, version: object = 1) -> dict[str, object]:
    return {"persistedQuery": {"version": version, "sha256Hash": digest}}


async def post(gate: Wire, *, accept: str = GRAPHQL, **parameters: object) -> httpx2.Response:
    return await gate.client.post("/graphql", json=parameters, headers={"accept": accept})


async def get(gate: Wire, **parameters: str) -> httpx2.Response:
    return await gate.client.get("/graphql", params=parameters, headers={"accept": GRAPHQL})


@pytest.mark.parametrize(
    "named",
    [
        {"documentId": HASH},
        {"documentId": CUSTOM},
        {"documentId": HASH, "query": None},
        {"documentId": HASH, "query": ""},
        {"documentId": HASH, "extensions": {"persistedQuery": None}},
        {"extensions": apollo(DIGEST)},
        {"extensions": apollo(CUSTOM)},  # a manifest's own id, which is no hash
        {"extensions": apollo(DIGEST), "documentId": None},
        {"query": TEXT, "documentId": HASH},
        {"query": TEXT, "extensions": apollo(DIGEST)},
    ],
)
async def test_the_engine_is_asked_the_same_as_by_text(named: dict[str, Any]) -> None:
    asked = gate()
    variables: dict[str, Any] = {"operationName": "A", "variables": {"a": 1}}
    by_text = await post(asked, query=TEXT, **variables)
    by_name = await post(asked, **named, **variables)
    assert (by_name.status_code, by_name.content) == (by_text.status_code, by_text.content)
    one, other = asked.engine.requests
    assert (one.document, one.operation_name, one.variables) == (other.document, other.operation_name, other.variables)
    assert not other.queries_only


async def test_a_get_may_name_a_document_but_only_a_query_runs() -> None:
    asked = gate()
    for parameters in (
        {"documentId": HASH},
        {"documentId": HASH, "query": "", "extensions": ""},
        {"documentId": "", "extensions": f'{{"persistedQuery":{{"version":1,"sha256Hash":"{DIGEST}"}}}}'},
    ):
        assert (await get(asked, **parameters)).status_code == 200
    assert [each.document for each in asked.engine.requests] == [TEXT] * 3
    assert all(each.queries_only for each in asked.engine.requests)


async def test_a_text_need_not_be_published_to_come_with_its_hash_and_is_not_published_by_that() -> None:
    asked = gate()
    for way in ({"documentId": f"sha256:{OTHER_DIGEST}"}, {"extensions": apollo(OTHER_DIGEST)}):
        assert (await post(asked, query=OTHER, **way)).status_code == 200
        refused = await post(asked, **way)
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]) == (400, NOT_FOUND)
    assert [each.document for each in asked.engine.requests] == [OTHER] * 2


@pytest.mark.parametrize(
    ("named", "status", "extensions"),
    [
        ({"documentId": f"sha256:{OTHER_DIGEST}"}, 400, NOT_FOUND),
        ({"documentId": DIGEST}, 400, NOT_FOUND),  # published as sha256:…, and so named
        ({"documentId": "nobody-has-published-this"}, 400, NOT_FOUND),
        ({"documentId": "x-ours:1"}, 400, NOT_FOUND),
        ({"documentId": f"SHA256:{DIGEST}"}, 422, BAD_INPUT),
        ({"documentId": f"sha256:{DIGEST.upper()}"}, 422, BAD_INPUT),
        ({"documentId": f"sha256:{DIGEST[1:]}"}, 422, BAD_INPUT),
        ({"documentId": f"{HASH}\n"}, 422, BAD_INPUT),
        ({"documentId": "md5:8f14e45fceea167a5a36dedd4bea2543"}, 422, BAD_INPUT),
        ({"documentId": "a b"}, 422, BAD_INPUT),
        ({"documentId": "ä"}, 422, BAD_INPUT),
        ({"documentId": "a" * 161}, 422, BAD_INPUT),
        ({"documentId": "a\0"}, 422, BAD_INPUT),
        ({"documentId": 1}, 422, BAD_INPUT),
        ({"documentId": [HASH]}, 422, BAD_INPUT),
        ({"documentId": {"a": 1}}, 422, BAD_INPUT),
        ({"documentId": ""}, 422, BAD_INPUT),
        ({"documentId": None}, 422, BAD_INPUT),
        ({"documentId": HASH, "query": OTHER}, 422, BAD_INPUT),
        ({"documentId": HASH, "query": TEXT.strip()}, 422, BAD_INPUT),
        ({"documentId": HASH, "query": 1}, 422, BAD_INPUT),
        ({"documentId": CUSTOM, "query": TEXT}, 422, BAD_INPUT),
        ({"documentId": HASH, "extensions": apollo(DIGEST)}, 422, BAD_INPUT),
        ({"extensions": apollo(OTHER_DIGEST)}, 400, NOT_FOUND),
        ({"extensions": apollo(HASH)}, 200, None),
        ({"extensions": apollo(DIGEST), "query": OTHER}, 422, BAD_INPUT),
        ({"extensions": apollo(CUSTOM), "query": OTHER}, 422, BAD_INPUT),
        ({"extensions": apollo(DIGEST), "query": 1}, 422, BAD_INPUT),
        ({"extensions": apollo(DIGEST, version=2)}, 422, BAD_INPUT),
        ({"extensions": apollo(1)}, 422, BAD_INPUT),
        ({"extensions": {"persistedQuery": {}}}, 422, BAD_INPUT),
        ({"extensions": {"persistedQuery": DIGEST}}, 422, BAD_INPUT),
        ({"extensions": {"persistedQuery": {"version": 1}}, "query": TEXT}, 422, BAD_INPUT),
    ],
)
async def test_g23_what_names_nothing_or_two_things_is_refused(
    named: dict[str, Any], status: int, extensions: dict[str, str] | None
) -> None:
    asked = gate()
    response = await post(asked, **named)
    assert response.status_code == status
    if extensions is not None:
        (entry,) = response.json()["errors"]
        assert entry["extensions"] == extensions
        assert "data" not in response.json()
        assert not asked.engine.requests


@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 400), ("application/json", 200), ("*/*", 200)])
async def test_clients_of_automatic_persisted_queries_get_the_answer_that_they_know(accept: str, status: int) -> None:
    asked = gate()
    response = await post(asked, accept=accept, extensions=apollo(OTHER_DIGEST))
    assert response.status_code == status
    assert response.json() == {"errors": [{"message": "PersistedQueryNotFound", "extensions": NOT_FOUND}]}
    kind = "application/json" if status == 200 else GRAPHQL
    assert response.headers["content-type"] == f"{kind}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


async def test_nobody_learns_without_a_token_what_is_published() -> None:
    asked = gate()
    async with asked.anonymous() as client:
        answers = [await client.post("/graphql", json={"documentId": each}) for each in (HASH, "nothing")]
    assert [each.status_code for each in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
