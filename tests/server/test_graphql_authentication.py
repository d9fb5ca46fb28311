from __future__ import annotations

import pytest

from engine.result import Result, Stage
from server.challenge import bearer_challenge
from server.graphql import MAXIMUM_RENEWALS
from tenancy.errors import StaleAuthorizationError
from tests.server.wire import ACME_TOKEN, GRAPHQL, ORIGIN, development_settings, wire

SUCCESS = Result(data=b"{}")
COOKIE = {"cookie": f"fieldgate-access={ACME_TOKEN}"}


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        (None, None),
        ("Basic YTpi", None),
        ("Bearer nobody", "invalid_token"),
        ("Bearer ", "invalid_token"),
    ],
)
async def test_who_is_not_known_gets_401_with_a_challenge_and_an_errors_list(
    authorization: str | None, error: str | None
) -> None:
    gate = wire()
    async with gate.anonymous() as client:
        headers = {"accept": GRAPHQL} | ({} if authorization is None else {"authorization": authorization})
        for response in (
            await client.post("/graphql", json={"query": "{a}"}, headers=headers),
            await client.get("/graphql", params={"query": "{a}"}, headers=headers),
        ):
            assert response.status_code == 401
            challenge = bearer_challenge(development_settings(), error)
            assert response.headers["www-authenticate"] == challenge
            (entry,) = response.json()["errors"]
            assert entry["extensions"] == {"code": "UNAUTHENTICATED"}
            assert "data" not in response.json()
    assert not gate.engine.requests


async def test_an_anonymous_body_is_not_read() -> None:
    gate = wire()
    async with gate.anonymous() as client:
        response = await client.post("/graphql", content=b"[" * 1000, headers={"content-type": "application/json"})
    assert response.status_code == 401


async def test_the_viewer_of_the_token_is_who_the_engine_sees() -> None:
    gate = wire()
    await gate.post()
    assert gate.engine.viewers == [gate.tokens.viewers[ACME_TOKEN]]


async def test_a_post_from_our_own_page_is_served_by_cookie() -> None:
    gate = wire()
    async with gate.anonymous() as client:
        for proof in ({"origin": ORIGIN}, {"sec-fetch-site": "same-origin"}):
            response = await client.post("/graphql", json={"query": "{a}"}, headers=COOKIE | proof)
            assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"{ORIGIN}.evil.example"},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://localhost:8000"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
        {"origin": ORIGIN, "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"x-forwarded-host": "evil.example", "origin": "http://evil.example"},
    ],
)
async def test_a_post_by_cookie_from_elsewhere_is_refused(headers: dict[str, str]) -> None:
    gate = wire()
    async with gate.anonymous() as client:
        response = await client.post("/graphql", json={"query": "{a}"}, headers=COOKIE | headers)
    assert response.status_code == 403
    assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert not gate.engine.requests


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"content-type": "text/plain"}, 403),
        ({"content-type": "application/x-www-form-urlencoded"}, 403),
        ({"apollo-require-preflight": ""}, 403),
        ({"apollo-require-preflight": "1", "origin": "https://evil.example"}, 403),
        ({"apollo-require-preflight": "1", "sec-fetch-site": "cross-site"}, 403),
        ({"apollo-require-preflight": "1"}, 200),
        ({"x-apollo-operation-name": "A", "sec-fetch-site": "same-origin"}, 200),
        ({"content-type": "application/json"}, 200),
    ],
)
async def test_a_get_by_cookie_needs_what_no_foreign_page_can_send(headers: dict[str, str], status: int) -> None:
    gate = wire()
    async with gate.anonymous() as client:
        response = await client.get("/graphql", params={"query": "{a}"}, headers=COOKIE | headers)
    assert response.status_code == status
    assert len(gate.engine.requests) == (status == 200)


async def test_a_bearer_token_needs_no_proof_of_origin() -> None:
    gate = wire()
    response = await gate.client.post("/graphql", json={"query": "{a}"}, headers={"origin": "https://app.example"})
    assert response.status_code == 200


async def test_a_bad_bearer_token_is_not_made_good_by_a_cookie() -> None:
    gate = wire()
    async with gate.anonymous() as client:
        headers = COOKIE | {"authorization": "Bearer nobody", "origin": ORIGIN}
        response = await client.post("/graphql", json={"query": "{a}"}, headers=headers)
    assert response.status_code == 401


@pytest.mark.parametrize("stale", range(1, MAXIMUM_RENEWALS + 1))
async def test_outdated_grants_are_renewed_and_the_operation_run_again(stale: int) -> None:
    gate = wire(*[StaleAuthorizationError()] * stale, SUCCESS)
    assert (await gate.post()).status_code == 200
    assert gate.tokens.renewals == stale


async def test_grants_that_never_settle_end_in_503() -> None:
    gate = wire(StaleAuthorizationError())
    response = await gate.post()
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["errors"][0]["extensions"]["requestId"] == response.headers["x-request-id"]
    assert gate.tokens.renewals == MAXIMUM_RENEWALS
    assert len(gate.engine.requests) == MAXIMUM_RENEWALS + 1


async def test_a_member_who_has_left_meanwhile_is_nobody() -> None:
    gate = wire(StaleAuthorizationError(), SUCCESS)
    gate.tokens.revoked = True
    assert (await gate.post()).status_code == 401
    assert len(gate.engine.requests) == 1


async def test_a_sign_in_that_is_too_old_gets_the_challenge_of_rfc_9470() -> None:
    response = await wire(Result(None, ({"message": "x"},), Stage.SIGN_IN, max_age=900)).post()
    assert response.status_code == 401
    metadata = f"{ORIGIN}/.well-known/oauth-protected-resource/graphql"
    assert response.headers["www-authenticate"] == (
        'Bearer realm="fieldgate", error="insufficient_user_authentication", '
        f'error_description="A more recent sign-in is required", max_age="900", resource_metadata="{metadata}"'
    )
    assert response.json() == {"errors": [{"message": "x"}]}
