"""What the pages on clients and on subscriptions print is run, on the demo's second tenant."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2

from auth.scannable_secret import CLIENT_SECRET
from settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.acceptance.demo import Demo

DOCS: Final = Path(__file__).parent.parent.parent / "docs"
TENANT: Final = "globex"
GRAPHQL: Final = "application/graphql-response+json"


def blocks(page: str, language: str) -> list[str]:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    return found


async def asked(demo: Demo, token: str, document: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
    """The data of an answer without errors."""
    headers = {"authorization": f"Bearer {token}", "accept": GRAPHQL}
    async with httpx2.AsyncClient(base_url=demo.url, headers=headers) as client:
        answer = await client.post("/graphql", json={"query": document, "variables": variables})
    assert "errors" not in answer.json(), answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_a_client_is_made_and_gets_a_token_as_it_is_printed(demo: Demo) -> None:
    create, curl = blocks("oauth-clients.md", "sh")
    program, *arguments = shlex.split(create.replace("--tenant acme", f"--tenant {TENANT}"))
    assert program == "fieldgate"
    printed = await demo.command(*arguments)
    (client_id,) = re.findall(r"clientId\s+(\S+)", printed)
    (secret,) = re.findall(rf"{CLIENT_SECRET}\w+", printed)

    command = shlex.split(curl)
    assert command[:4] == ["curl", "--user", "$CLIENT_ID:$CLIENT_SECRET", "--data"]
    body, address = command[4:]
    async with httpx2.AsyncClient(base_url=demo.url, auth=(client_id, secret)) as http:
        kind = {"content-type": "application/x-www-form-urlencoded"}  # as curl sends it
        answer = await http.post(httpx2.URL(address).path, content=body, headers=kind)
        expected, given = json.loads(blocks("oauth-clients.md", "json")[0]), answer.json()
        token = given.pop("access_token")
        assert token.startswith(expected.pop("access_token").rstrip("…"))
        assert given == expected

        less = await http.post("/auth/token", data={"grant_type": "client_credentials", "scope": "company:read"})
        assert less.json()["scope"] == "company:read"
        more = await http.post("/auth/token", data={"grant_type": "client_credentials", "scope": "member:read"})
        assert more.json() == {"error": "invalid_scope"}
        assert (await http.post("/auth/introspect", data={"token": token})).json()["active"] is True
        assert (await http.post("/auth/revoke", data={"token": token})).status_code == 200
        assert (await http.post("/auth/introspect", data={"token": token})).json() == {"active": False}
        for command_ in ("rotate", "disable"):
            assert f"fieldgate client {command_} ID --tenant acme" in (DOCS / "oauth-clients.md").read_text("utf-8")
            await demo.command("client", command_, client_id, "--tenant", TENANT)
        refused = await http.post("/auth/token", data={"grant_type": "client_credentials"})
        assert (refused.status_code, refused.json()) == (401, {"error": "invalid_client"})


async def test_an_administrator_makes_changes_and_stops_a_client_by_the_documents_that_are_printed(demo: Demo) -> None:
    create, rotate, stop, clients = blocks("oauth-clients.md", "graphql")
    token = await demo.token(TENANT, "owner")
    roles = await asked(demo, token, "{roles(first:20){nodes{id key}}}")
    (role,) = [each["id"] for each in roles["roles"]["nodes"] if each["key"] == "auditor"]
    made = (await asked(demo, token, create, {"role": role}))["clientCreate"]
    assert made["userErrors"] == []
    variables = {"client": made["client"]["id"]}
    rotated = (await asked(demo, token, rotate, variables))["clientRotateSecret"]
    assert rotated["userErrors"] == []
    assert made["secret"] != rotated["secret"]
    stopped = (await asked(demo, token, stop, variables))["clientSetEnabled"]
    assert (stopped["userErrors"], stopped["client"]["enabled"]) == ([], False)
    listed = (await asked(demo, token, clients))["clients"]
    assert {"ERP export": False}.items() <= {each["name"]: each["enabled"] for each in listed}.items()


async def test_the_subscription_that_is_printed_tells_of_a_change(demo: Demo) -> None:
    (document,) = blocks("subscriptions.md", "graphql")
    owner = await demo.token(TENANT, "owner")
    company = (await asked(demo, owner, "{companies(first:1){nodes{id name taxId}}}"))["companies"]["nodes"][0]
    headers = {"authorization": f"Bearer {owner}", "accept": "text/event-stream"}
    async with (
        httpx2.AsyncClient(base_url=demo.url, headers=headers, timeout=60) as client,
        client.stream("GET", "/graphql/stream", params={"query": document}) as response,
        asyncio.timeout(60),
    ):
        assert response.status_code == 200
        told = asyncio.create_task(event(response))
        while not told.done():  # what changed before the subscription had begun is not told
            await change(demo, owner, company["id"])
            await asyncio.wait({told}, timeout=2)
    expected = {"kind": "UPDATED", "company": {"name": company["name"], "taxId": company["taxId"]}}
    assert json.loads(told.result()) == {"data": {"companyChanged": expected}}


async def event(response: httpx2.Response) -> str:
    """The data of the first one."""
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            return line.removeprefix("data: ")
    return ""


async def change(demo: Demo, token: str, company_id: str) -> None:
    read = "query($id:ID!){node(id:$id){... on Company{version}}}"
    version = (await asked(demo, token, read, {"id": company_id}))["node"]["version"]
    website = f"https://changed-{version}.example"
    write = "mutation($input:CompanyUpdateInput!){companyUpdate(input:$input){userErrors{code}}}"
    values = {"input": {"id": company_id, "version": version, "website": website}}
    assert (await asked(demo, token, write, values))["companyUpdate"]["userErrors"] == []


def test_the_settings_that_are_printed_have_these_defaults() -> None:
    text = (DOCS / "subscriptions.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `FIELDGATE_(\w+)` \| (\d+) \|", text, re.MULTILINE)
    assert len(rows) == 2
    for name, default in rows:
        assert Settings.model_fields[name.lower()].default == int(default)
