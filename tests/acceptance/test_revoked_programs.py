"""What an owner ends by GraphQL is refused by both workers within five seconds, and nothing beside it is."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.crowd import crowd
from tests.acceptance.test_killed_members import PROMISED_SECONDS, answered
from tests.auth.conftest import add_provider
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from pathlib import Path

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

# As many requests for a token as make it certain enough that each worker had one of them.
TIMES = 16


async def ask(gateway: Gateway, document: str, **variables: object) -> dict[str, Any]:
    """As the owner; the one payload of the answer."""
    async with gateway.client() as owner:
        answer = (await owner.post("/graphql", json={"query": document, "variables": variables})).json()
    assert "errors" not in answer, answer
    (payload,) = answer["data"].values()
    assert isinstance(payload, dict)
    assert not payload.get("userErrors"), payload
    return payload


async def client_token(gateway: Gateway) -> tuple[str, str]:
    """(the id of a new client, a token that it got)."""
    roles = await ask(gateway, "{ roles(first: 20) { nodes { id key } } }")
    role = next(each["id"] for each in roles["nodes"] if each["key"] == "auditor")
    made = await ask(
        gateway,
        'mutation ($role: ID!) { clientCreate(input: { name: "ERP", roleId: $role }) {'
        " secret client { id } userErrors { message } } }",
        role=role,
    )
    client_id: str = made["client"]["id"]
    basic = base64.b64encode(f"{client_id}:{made['secret']}".encode()).decode()
    async with gateway.client() as http:
        answer = await http.post(
            "/auth/token", data={"grant_type": "client_credentials"}, headers={"authorization": f"Basic {basic}"}
        )
    return client_id, answer.json()["access_token"]


async def script(gateway: Gateway) -> tuple[str, str]:
    """(the id of a new personal access token, its text)."""
    made = await ask(
        gateway,
        'mutation { personalAccessTokenCreate(input: { name: "A script", days: 1 }) {'
        " token personalAccessToken { id } userErrors { message } } }",
    )
    return made["personalAccessToken"]["id"], made["token"]


async def support(gateway: Gateway) -> tuple[str, str]:
    """(the id of approved support access, a token that it gave)."""
    tenant = ("--tenant", gateway.tenants[0].slug)
    printed = await gateway.command(
        *("support", "request", *tenant, "--operator", "ops@support.example", "--reason", "Case 7")
    )
    grant = next(word for word in printed.split() if word.count("-") == 4)
    await ask(
        gateway,
        "mutation ($id: ID!) { supportAccessApprove(input: { id: $id }) { userErrors { message } } }",
        id=grant,
    )
    return grant, (await gateway.command("support", "enter", grant, *tenant)).strip()


@pytest.mark.timeout(300)
async def test_j9_clients_scripts_support_and_sessions_end_on_both_workers(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    async with running_gateway(settings, database, tmp_path, FIELDGATE_WORKERS="2") as gateway:
        (client, client_bearer), (_, other_client) = await client_token(gateway), await client_token(gateway)
        (pat, pat_bearer), (_, other_pat) = await script(gateway), await script(gateway)
        (grant, support_bearer), (_, other_support) = await support(gateway), await support(gateway)
        provider = await add_provider(gateway.tenants[0])
        member, colleague = await crowd(gateway, settings, database, provider, 2)
        sessions = [each.access_token for each in member.sessions]
        kept = [other_client, other_pat, other_support, *colleague.access_tokens]
        ended = [client_bearer, pat_bearer, support_bearer, *sessions, member.personal]
        await answered(gateway, [*kept, *ended] * TIMES, 200)

        member_id = base64.b64encode(f"Member:{member.member_id}".encode()).decode()
        for name, values in (
            ("clientSetEnabled", f'id: "{client}", enabled: false'),
            ("personalAccessTokenRevoke", f'id: "{pat}"'),
            ("supportAccessEnd", f'id: "{grant}"'),
            ("memberSessionsEnd", f'memberId: "{member_id}", tokensToo: true'),
        ):
            await ask(gateway, f"mutation {{ {name}(input: {{ {values} }}) {{ userErrors {{ message }} }} }}")
        await asyncio.sleep(PROMISED_SECONDS)
        await answered(gateway, ended * TIMES, 401)
        await answered(gateway, kept * TIMES, 200)
