from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
from starlette.applications import Starlette

from server.graphiql import assets
from tests.server.wire import ACME_TOKEN, GRAPHQL, ORIGIN, wire

if TYPE_CHECKING:
    from pathlib import Path

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SIGNED_IN = {"cookie": f"fieldgate-access={ACME_TOKEN}"}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>GraphiQL</title>")
    (tmp_path / "assets" / "index-abc123.js").write_text("1")
    (tmp_path / "secret.txt").write_text("hunter2")
    return tmp_path


async def test_a_signed_in_browser_gets_the_page_under_a_strict_policy(bundle: Path) -> None:
    gate = wire(graphiql_bundle=bundle)
    async with gate.anonymous() as client:
        response = await client.get("/graphql", headers=BROWSER | SIGNED_IN)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert not gate.engine.requests


async def test_a_session_that_has_to_be_renewed_gets_the_page_which_does_that(bundle: Path) -> None:
    gate = wire(graphiql_bundle=bundle)
    async with gate.anonymous() as client:
        response = await client.get("/graphql", headers=BROWSER | {"cookie": "fieldgate-refresh=any"})
    assert response.status_code == 200


@pytest.mark.parametrize("cookie", [{}, {"cookie": "fieldgate-access=nobody"}])
async def test_a_browser_that_is_not_signed_in_is_sent_to_sign_in(cookie: dict[str, str], bundle: Path) -> None:
    gate = wire(graphiql_bundle=bundle)
    async with gate.anonymous() as client:
        response = await client.get("/graphql?query=%7Bsecret%7D", headers=BROWSER | cookie)
    assert response.status_code == 303
    # The query stays out of the address, which others get to see.
    assert response.headers["location"] == "/auth/login?next=/graphql"


@pytest.mark.parametrize("accept", ["*/*", "application/json", GRAPHQL, "text/*, application/json", ""])
async def test_the_page_is_never_for_who_did_not_ask_for_one(accept: str, bundle: Path) -> None:
    gate = wire(graphiql_bundle=bundle)
    response = await gate.client.get("/graphql", params={"query": "{a}"}, headers={"accept": accept})
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_a_page_is_never_the_answer_to_a_post(bundle: Path) -> None:
    gate = wire(graphiql_bundle=bundle)
    response = await gate.client.post("/graphql", json={"query": "{a}"}, headers=BROWSER)
    assert response.headers["content-type"] == "application/json; charset=utf-8"


async def test_without_a_bundle_the_page_says_how_to_build_it(tmp_path: Path) -> None:
    gate = wire(graphiql_bundle=tmp_path)
    async with gate.anonymous() as client:
        response = await client.get("/graphql", headers=BROWSER | SIGNED_IN)
    assert response.status_code == 503
    assert "make graphiql" in response.text


async def test_where_there_is_no_page_a_browser_gets_json() -> None:
    gate = wire()
    async with gate.anonymous() as client:
        response = await client.get("/graphql", headers=BROWSER | SIGNED_IN | {"apollo-require-preflight": "1"})
        only_html = await client.get("/graphql", headers={"accept": "text/html"} | SIGNED_IN)
    assert response.status_code == 422
    assert only_html.status_code == 406


async def test_assets_are_kept_for_ever_and_nothing_else_of_the_folder_is_served(bundle: Path) -> None:
    app = Starlette(routes=[assets(bundle)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ORIGIN) as client:
        found = await client.get("/graphiql/assets/index-abc123.js")
        assert found.status_code == 200
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert found.headers["content-type"].startswith("text/javascript")
        for path in ("../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "index-other.js", ""):
            assert (await client.get(f"/graphiql/assets/{path}")).status_code == 404
