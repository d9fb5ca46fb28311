"""Support access from the request to its end, as an operator and a tenant do it: commands, HTTP, the tenant's log."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from models.tenant import AuditEvent, Company, OrgUnit
from tenancy.scope import tenant_scope
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

OPERATOR = "ops@support.example"
COMPANIES = "query Look { companies(first: 5) { nodes { name taxId } } }"
WITHIN_SECONDS = 5


@pytest.fixture(scope="module")
async def gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    async with running_gateway(settings, database, tmp_path_factory.mktemp("support")) as running:
        async with tenant_scope(running.tenants[0], authorization_version=None):
            unit = await OrgUnit.get(parent_id=None)
            await Company.create(name="Acme Supplies", tax_id="DE123456789", org_unit_id=unit.id)
        yield running


async def command(gateway: Gateway, *arguments: str, tenant: int = 0) -> str:
    return (await gateway.command("support", *arguments, "--tenant", gateway.tenants[tenant].slug)).strip()


async def requested(gateway: Gateway) -> str:
    printed = await command(gateway, "request", "--operator", OPERATOR, "--reason", "Case 7", "--hours", "2", "--json")
    described: dict[str, str] = json.loads(printed)
    assert (described["operator"], described["status"]) == (OPERATOR, "pending")
    return described["id"]


async def change(gateway: Gateway, name: str, grant: str) -> Any:  # noqa: ANN401 - JSON
    document = (
        f'mutation {{ {name}(input: {{ id: "{grant}" }}) {{ supportAccess {{ status }} userErrors {{ code }} }} }}'
    )
    async with gateway.client() as owner:
        return (await owner.post("/graphql", json={"query": document})).json()["data"][name]["supportAccess"]["status"]


async def ask(gateway: Gateway, token: str, document: str) -> httpx2.Response:
    async with gateway.client(token) as client:
        return await client.post("/graphql", json={"query": document})


async def test_t17_an_operator_is_let_in_looks_and_is_out_when_the_tenant_says_so(gateway: Gateway) -> None:
    grant = await requested(gateway)
    with pytest.raises(AssertionError):
        await command(gateway, "enter", grant)
    assert await change(gateway, "supportAccessApprove", grant) == "ACTIVE"
    with pytest.raises(AssertionError):
        await command(gateway, "enter", grant, tenant=1)
    token = await command(gateway, "enter", grant)

    looked = await ask(gateway, token, COMPANIES)
    assert looked.json()["data"] == {"companies": {"nodes": [{"name": "Acme Supplies", "taxId": None}]}}
    assert [error["extensions"]["field"] for error in looked.json()["errors"]] == ["Company.taxId"]
    harm = await ask(gateway, token, 'mutation { personalAccessTokenCreate(input: { name: "x", days: 1 }) { token } }')
    assert harm.json()["data"] == {"personalAccessTokenCreate": None}

    assert await change(gateway, "supportAccessEnd", grant) == "ENDED"
    async with asyncio.timeout(WITHIN_SECONDS):
        while (await ask(gateway, token, COMPANIES)).status_code != 401:  # noqa: ASYNC110 - a caller asks, and nobody tells it
            await asyncio.sleep(0.05)
    with pytest.raises(AssertionError):
        await command(gateway, "enter", grant)


async def test_t17_the_tenants_log_has_what_support_has_looked_at(gateway: Gateway) -> None:
    grant = await requested(gateway)
    await change(gateway, "supportAccessApprove", grant)
    token = await command(gateway, "enter", grant)
    async with (
        gateway.client(token) as client,
        client.stream(
            "POST", "/graphql/stream", json={"query": COMPANIES}, headers={"accept": "text/event-stream"}
        ) as stream,
    ):
        await stream.aread()
    await ask(gateway, token, "{ nonsense }")
    async with tenant_scope(gateway.tenants[0], authorization_version=None, read_only=True):
        entered = await AuditEvent.filter(action="support_access:enter").order_by("-id").first()
        events = await AuditEvent.filter(action="support_access:read").order_by("-id").limit(1)
    assert entered is not None
    (read,) = events
    assert read.id > entered.id
    assert (read.actor_kind, read.operator, read.actor_id) == ("support", OPERATOR, entered.actor_id)
    assert read.details["fields"] == ["Company.name", "CompanyConnection.nodes", "Query.companies"]
    assert "Acme Supplies" not in str(read.details)


async def test_p26_the_tenants_owner_reads_who_was_let_in_and_what_they_looked_at(gateway: Gateway) -> None:
    grant = await requested(gateway)
    await change(gateway, "supportAccessApprove", grant)
    await ask(gateway, await command(gateway, "enter", grant), COMPANIES)
    document = """{ auditEvents(first: 4, orderBy: { field: AT, direction: DESC },
        filter: { action: { startsWith: "support_access:" } }) {
        nodes { action actorKind operator member { fullName } details } } }"""
    nodes = (await ask(gateway, gateway.tokens[0], document)).json()["data"]["auditEvents"]["nodes"]
    assert [(each["action"], each["actorKind"]) for each in reversed(nodes)] == [
        ("support_access:request", "operator"),
        ("support_access:approve", "member"),
        ("support_access:enter", "support"),
        ("support_access:read", "support"),
    ]
    assert [each["member"] and each["member"]["fullName"] for each in reversed(nodes)] == [
        None,
        "An Owner",
        *["Fieldgate support"] * 2,
    ]
    assert {each["operator"] or each["details"]["operator"] for each in nodes} == {OPERATOR}
    assert "Query.companies" in nodes[0]["details"]["fields"]
    elsewhere = (await ask(gateway, gateway.tokens[1], document)).json()["data"]["auditEvents"]["nodes"]
    assert elsewhere == []


async def test_t17_what_support_waits_for_is_in_the_log_before_anything_has_happened(gateway: Gateway) -> None:
    grant = await requested(gateway)
    await change(gateway, "supportAccessApprove", grant)
    token = await command(gateway, "enter", grant)
    document = "subscription { companyChanged { kind company { name } } }"

    async def noted() -> bool:
        async with tenant_scope(gateway.tenants[0], authorization_version=None, read_only=True):
            events = await AuditEvent.filter(action="support_access:read")
        return any("Subscription.companyChanged" in str(each.details) for each in events)

    async with (
        gateway.client(token) as client,
        client.stream(
            "POST", "/graphql/stream", json={"query": document}, headers={"accept": "text/event-stream"}
        ) as stream,
    ):
        assert stream.status_code == 200
        async with asyncio.timeout(20):
            while not await noted():  # noqa: ASYNC110 - the table tells nobody
                await asyncio.sleep(0.05)


async def test_the_list_and_the_end_of_a_request(gateway: Gateway) -> None:
    grant = await requested(gateway)
    await command(gateway, "end", grant)
    listed = json.loads(await command(gateway, "list", "--json"))
    assert [each["status"] for each in listed if each["id"] == grant] == ["denied"]
    assert grant in await command(gateway, "list")
    assert json.loads(await command(gateway, "list", "--json", tenant=1)) == []
    with pytest.raises(AssertionError):
        await command(gateway, "end", grant)


@pytest.mark.parametrize(
    "given",
    [
        ("--operator", "nobody", "--reason", "x"),
        ("--operator", OPERATOR, "--reason", " "),
        ("--operator", OPERATOR, "--reason", "x" * 501),
        ("--operator", OPERATOR, "--reason", "x", "--hours", "0"),
        ("--operator", OPERATOR, "--reason", "x", "--hours", "25"),
    ],
)
async def test_what_makes_no_sense_is_not_asked(gateway: Gateway, given: tuple[str, ...]) -> None:
    before = await command(gateway, "list", "--json")
    with pytest.raises(AssertionError):
        await command(gateway, "request", *given)
    assert await command(gateway, "list", "--json") == before
