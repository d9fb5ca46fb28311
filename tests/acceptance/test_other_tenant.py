"""Somebody who is a member of two tenants and has signed in at one has nothing at the other, by every route.

``here`` is where they are signed in, ``there`` the other tenant, with its owner signed in at another browser. Whatever
a route answers, nothing of ``there`` is in it, and afterwards everything there is as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from auth.cookies import Cookie
from tests.acceptance.side import Side, side, sign_in_anew
from tests.acceptance.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.acceptance.connection import Connection
    from tests.server.gateway import Gateway

# Providers, tenants and clients are made by commands, one after the other, before the first of them.
pytestmark = pytest.mark.timeout(400)

HINT: Final = "x-fieldgate-tenant"
COMPANIES: Final = "{companies(first:100){nodes{name}}}"
EVENTS: Final = "subscription($id:ID){companyChanged(id:$id){company{id name}}}"
UPDATE: Final = """mutation ($input: CompanyUpdateInput!) {
  companyUpdate(input: $input) { company { version } userErrors { code } }
}"""


@pytest.fixture(scope="module")
async def sides(oidc_gateway: Gateway, oidc_connections: list[Connection]) -> AsyncIterator[list[Side]]:
    async with contextlib.AsyncExitStack() as opened:
        yield [
            await side(oidc_gateway, each, await opened.enter_async_context(Visitor(oidc_gateway.url, "ada")))
            for each in oidc_connections
        ]


@pytest.fixture
async def there(sides: list[Side]) -> Side:
    assert (await sides[1].visitor.post("/auth/token")).status_code == 200
    return sides[1]


@pytest.fixture
async def here(sides: list[Side], there: Side) -> AsyncIterator[Side]:
    async with Visitor(there.visitor.gateway, "ada") as visitor:
        await sign_in_anew(sides[0].connection, visitor)
        yield sides[0].by(visitor)


async def company_of(there: Side) -> dict[str, Any]:
    answered = await there.ask("query($id:ID!){company(id:$id){name version}}", id=there.ids["company"])
    company: dict[str, Any] = answered["data"]["company"]
    return company


async def client_token(of: Side) -> httpx2.Response:
    proof = (of.ids["client"], of.secrets["client"])
    return await of.visitor.client.post("/auth/token", data={"grant_type": "client_credentials"}, auth=proof)


async def assert_unharmed(there: Side, before: dict[str, Any]) -> None:
    assert await company_of(there) == before
    answered = await there.ask(COMPANIES, token=there.secrets["personal"])
    assert answered == {"data": {"companies": {"nodes": [{"name": before["name"]}]}}}
    assert (await client_token(there)).status_code == 200
    listed = await there.visitor.client.get(
        f"/scim/{there.slug}/v2/Users", headers={"authorization": f"Bearer {there.secrets['scim']}"}
    )
    assert listed.status_code == 200


# GraphQL


async def objects_by_id(here: Side, there: Side) -> str:
    found = {}
    for kind in ("company", "orgUnit", "member", "role"):
        query = "query($id:ID!){company(id:$id){name} node(id:$id){id} nodes(ids:[$id]){id}}"
        found[kind] = (await here.ask(query, id=there.ids[kind]))["data"]
    assert found == {kind: {"company": None, "node": None, "nodes": [None]} for kind in found}
    return json.dumps(found)


async def lists_after_a_cursor(here: Side, there: Side) -> str:
    return json.dumps(
        await here.ask("query($after:String){companies(first:100,after:$after){nodes{name}}}", after=there.cursor)
    )


async def mutations_of_objects(here: Side, there: Side) -> str:
    company, unit = there.ids["company"], there.ids["orgUnit"]
    own = here.ids["company"]
    attempts: list[tuple[str, dict[str, object]]] = [
        ("companyUpdate", {"id": company, "version": 1, "name": "Taken"}),
        ("companyUpdate", {"id": own, "version": 1, "orgUnitId": unit}),
        ("companyUpdate", {"id": own, "version": 1, "parentId": company}),
        ("companyCreate", {"orgUnitId": unit, "name": "Put there"}),
        ("onboardingCaseOpen", {"companyId": company, "title": "Opened there"}),
        ("memberSessionsEnd", {"memberId": there.ids["member"], "tokensToo": True}),
        ("memberSessionsEnd", {"memberId": str(there.connection.members["ada"]), "tokensToo": True}),
        ("personalAccessTokenRevoke", {"id": there.ids["personalAccessToken"]}),
        ("clientRotateSecret", {"id": there.ids["client"]}),
        ("clientSetEnabled", {"id": there.ids["client"], "enabled": False}),
        ("clientCreate", {"name": "A partner", "roleId": there.ids["role"]}),
    ]
    seen = []
    for name, given in attempts:
        kind = f"{name[0].upper()}{name[1:]}Input"
        query = f"mutation($input:{kind}!){{{name}(input:$input){{userErrors{{code message}}}}}}"
        answered = await here.ask(query, input=given)
        assert answered["data"][name]["userErrors"], (name, answered)
        seen.append(answered)
    return json.dumps(seen)


async def the_header_that_names_a_tenant(here: Side, there: Side) -> str:
    seen = []
    for token in (here.token, here.secrets["personal"], (await client_token(here)).json()["access_token"]):
        for method, path, accepted in (
            ("POST", "/graphql", "application/json"),
            ("POST", "/graphql/stream", "text/event-stream"),
            ("GET", "/auth/session", "application/json"),
        ):
            answer = await here.visitor.client.request(
                method,
                path,
                json={"query": COMPANIES} if method == "POST" else None,
                headers={"authorization": f"Bearer {token}", HINT: there.slug, "accept": accepted},
            )
            assert answer.status_code == 401, (path, answer.text)
            seen.append(answer.text)
    return "".join(seen)


async def a_cookie_and_the_header_that_names_a_tenant(here: Side, there: Side) -> str:
    headers = {"origin": here.visitor.gateway, HINT: there.slug}
    answer = await here.visitor.client.post("/graphql", json={"query": COMPANIES}, headers=headers)
    assert answer.status_code == 401
    return answer.text


# Streams


async def until_told(here: Side, there: Side, told: asyncio.Task[list[str]]) -> str:
    """Change something there and something here, again and again, until what is here has been told."""
    while not told.done():
        for each in (there, here):
            version = (await company_of(each))["version"]
            name = f"Secret of {each.slug}"
            await each.ask(UPDATE, input={"id": each.ids["company"], "version": version, "name": name, "sector": "X"})
            await each.ask(
                UPDATE, input={"id": each.ids["company"], "version": version + 1, "name": name, "sector": "Y"}
            )
        await asyncio.wait([told], timeout=0.5)
    return "".join(told.result())


async def server_sent_events(here: Side, there: Side) -> str:
    async def listen(identifier: str | None, events: int) -> list[str]:
        asked = {"query": EVENTS, "variables": {"id": identifier}}
        headers = {"authorization": f"Bearer {here.token}", "accept": "text/event-stream"}
        async with here.visitor.client.stream("POST", "/graphql/stream", json=asked, headers=headers) as response:
            seen: list[str] = []
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    seen.append(line)
                if len(seen) == events:
                    return seen
            return seen

    theirs = asyncio.create_task(listen(there.ids["company"], 1))
    seen = await until_told(here, there, asyncio.create_task(listen(None, 3)))
    assert not theirs.done() or theirs.result() == []
    theirs.cancel()
    return seen


async def websocket(here: Side, there: Side) -> str:
    address = f"{here.visitor.gateway.replace('http', 'ws')}/graphql"
    protocol: Any = ["graphql-transport-ws"]
    token = {"authorization": f"Bearer {here.token}"}

    async def listen(**headers: str) -> list[str]:
        async with connect(address, subprotocols=protocol, additional_headers=headers) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": token}))
            for name, identifier in (("theirs", there.ids["company"]), ("any", None)):
                payload = {"query": EVENTS, "variables": {"id": identifier}}
                await socket.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))
            seen: list[str] = []
            while sum('"next"' in message for message in seen) < 3:
                seen.append(str(await socket.recv()))
            assert all(json.loads(message).get("id") != "theirs" for message in seen)
            return seen

    seen = await until_told(here, there, asyncio.create_task(listen(**{HINT: here.slug})))
    with pytest.raises((ConnectionClosed, InvalidStatus)):
        await listen(**{HINT: there.slug})
    return seen


# SCIM


async def scim(here: Side, there: Side) -> str:
    seen = []
    for token in (here.secrets["scim"], here.token, here.secrets["personal"], here.secrets["client"]):
        for method, path in (("GET", "/Users"), ("GET", "/Groups"), ("POST", "/Users"), ("POST", "/Bulk")):
            answer = await here.visitor.client.request(
                method,
                f"/scim/{there.slug}/v2{path}",
                json={"userName": "eve@both.example"} if method == "POST" else None,
                headers={"authorization": f"Bearer {token}"},
            )
            assert answer.status_code == 401, answer.text
            seen.append(answer.text)
    return "".join(seen)


# /auth


async def session(here: Side, there: Side) -> str:
    headers = {"host": f"{there.slug}.example", "x-forwarded-host": f"{there.slug}.example"}
    answer = await here.visitor.client.get(f"/auth/session?tenant={there.slug}", headers=headers)
    assert answer.json()["tenant"]["slug"] == here.slug
    return answer.text


async def refresh_tokens(here: Side, there: Side) -> str:
    headers = {"origin": here.visitor.gateway, HINT: there.slug}
    by_cookie = await here.visitor.client.post("/auth/token", headers=headers)
    assert by_cookie.status_code == 400
    return by_cookie.text


async def client_credentials(here: Side, there: Side) -> str:
    token = (await client_token(here)).json()["access_token"]
    proof = (here.ids["client"], here.secrets["client"])
    mixed = await here.visitor.client.post(
        "/auth/token", data={"grant_type": "client_credentials"}, auth=(there.ids["client"], here.secrets["client"])
    )
    assert (await here.visitor.client.post("/auth/introspect", data={"token": token}, auth=proof)).json()["active"]
    assert mixed.status_code == 401
    return mixed.text + json.dumps(await here.ask(COMPANIES, token=token))


async def introspection(here: Side, there: Side) -> str:
    proof = (here.ids["client"], here.secrets["client"])
    for token in (there.token, there.secrets["personal"], (await client_token(there)).json()["access_token"]):
        answer = await here.visitor.client.post("/auth/introspect", data={"token": token}, auth=proof)
        assert answer.json() == {"active": False}
    return answer.text


async def revocation(here: Side, there: Side) -> str:
    proof = (here.ids["client"], here.secrets["client"])
    theirs = (await client_token(there)).json()["access_token"]
    for token in (there.token, there.secrets["personal"], theirs):
        answer = await here.visitor.client.post("/auth/revoke", data={"token": token}, auth=proof)
        assert answer.status_code == 200, "whatever it was"
    assert "errors" not in await there.ask(COMPANIES, token=theirs)
    return answer.text


async def personal_access_tokens(here: Side, there: Side) -> str:
    assert here.secrets["personal"] != there.secrets["personal"]
    return json.dumps(await here.ask(COMPANIES, token=here.secrets["personal"]))


async def sign_in_by_a_connection_of_the_other_tenant(here: Side, there: Side) -> str:
    answer = await here.visitor.client.get(f"/auth/login?tenant={there.slug}&provider={here.connection.id}")
    assert (answer.status_code, "Sign-in did not work" in answer.text) == (400, True)
    return answer.text


async def callback_of_one_providers_answer_with_an_attempt_for_the_other(here: Side, there: Side) -> str:
    async with Visitor(here.visitor.gateway, "ada") as visitor:
        stolen = httpx2.URL((await visitor.way_back(here.connection.sign_in_address)).address)
        departed = await visitor.client.get(there.connection.sign_in_address, follow_redirects=False)
        state, attempt = httpx2.URL(departed.headers["location"]).params["state"], visitor.cookies[Cookie.SIGN_IN]
        texts = []
        for parameters in ({}, {"state": state}, {"state": state, "iss": there.connection.issuer}):
            visitor.client.cookies.set(Cookie.SIGN_IN, attempt, domain=stolen.host)
            page = await visitor.client.get(stolen.copy_merge_params(parameters))
            assert page.status_code == 400, page.text
            assert not await visitor.is_signed_in()
            texts.append(page.text)
    return "".join(texts)


async def a_ticket_for_a_dry_run(here: Side, there: Side) -> str:
    async with Visitor(here.visitor.gateway, "ada") as visitor:
        page = await visitor.through(f"/auth/test?ticket={here.secrets['ticket']}&tenant={there.slug}")
        assert "Nobody has been signed in." in page.text
        assert not await visitor.is_signed_in()
    return page.text


async def logout_by_the_others_provider(here: Side, there: Side) -> str:
    asked = {"iss": here.connection.issuer, "sid": "any"}
    front = await here.visitor.client.get(f"/auth/frontchannel-logout/{there.connection.id}", params=asked)
    assert front.status_code == 400
    back = await here.visitor.client.post(
        f"/auth/backchannel-logout/{there.connection.id}", data={"logout_token": here.token}
    )
    assert back.status_code == 400
    return front.text + back.text


async def switching_takes_a_sign_in_at_the_others_provider(here: Side, there: Side) -> str:
    page = await here.visitor.client.get(there.connection.sign_in_address)
    assert str(page.url).startswith(there.connection.issuer), "it asks who one is"
    answer = await here.visitor.client.get("/auth/session")
    assert answer.json()["tenant"]["slug"] == here.slug
    return answer.text


ROUTES: Final[tuple[Callable[[Side, Side], Awaitable[str]], ...]] = (
    objects_by_id,
    lists_after_a_cursor,
    mutations_of_objects,
    the_header_that_names_a_tenant,
    a_cookie_and_the_header_that_names_a_tenant,
    server_sent_events,
    websocket,
    scim,
    session,
    refresh_tokens,
    client_credentials,
    introspection,
    revocation,
    personal_access_tokens,
    sign_in_by_a_connection_of_the_other_tenant,
    callback_of_one_providers_answer_with_an_attempt_for_the_other,
    a_ticket_for_a_dry_run,
    logout_by_the_others_provider,
    switching_takes_a_sign_in_at_the_others_provider,
)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)
async def test_nothing_at_the_other_tenant(
    here: Side, there: Side, route: Callable[[Side, Side], Awaitable[str]]
) -> None:
    before = await company_of(there)
    seen = await route(here, there)
    assert f"Secret of {there.slug}" not in seen
    assert str(there.connection.placement.tenant_id) not in seen
    if route not in {server_sent_events, websocket}:  # whose tests change it
        await assert_unharmed(there, before)
