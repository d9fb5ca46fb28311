"""The commands of three pages, run by a shell as they stand but for names and addresses."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.server.command import ROOT
from tests.server.gateway import running_gateway
from tests.server.operations.forgetting import forget_operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway


pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the pages call curl")

LOCAL: Final = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
async def gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    async with running_gateway(settings, database, tmp_path_factory.mktemp("documented")) as running:
        yield running


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)


def shell_blocks(page: str) -> list[str]:
    return blocks(page, "sh")


async def run(gateway: Gateway, script: str, **variables: str) -> str:
    """What a script prints, with the tenant's and the server's own names in it."""
    script = script.replace("--tenant acme", f"--tenant {gateway.tenants[0].slug}").replace(LOCAL, gateway.url)
    script = script.replace("https://gateway.example", gateway.url)
    programs = f"{Path(sys.executable).parent}:{gateway.environment['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euc", script),
        cwd=ROOT,
        env={**gateway.environment, **variables, "PATH": programs},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problems = await process.communicate()
    assert process.returncode == 0, problems.decode()
    return output.decode()


async def ask(gateway: Gateway, document: str) -> Any:  # noqa: ANN401 - JSON
    async with gateway.client() as owner:
        return (await owner.post("/graphql", json={"query": document})).json()["data"]


async def test_a_partner_gets_a_token_as_the_page_says(gateway: Gateway) -> None:
    create, get = shell_blocks("oauth-clients.md")[:2]
    printed = await run(gateway, create.strip() + " --json")
    made = json.loads(printed)
    answer = json.loads(await run(gateway, get, CLIENT_ID=made["clientId"], CLIENT_SECRET=made["clientSecret"]))
    assert answer.pop("access_token")
    assert answer == {"token_type": "Bearer", "expires_in": 300, "scope": "company:read contact:read"}


async def test_an_operator_is_let_in_as_the_page_says(gateway: Gateway) -> None:
    request, enter = shell_blocks("support-access.md")
    grant = json.loads(await run(gateway, request.strip() + " --json"))["id"]
    approved = await ask(
        gateway, f'mutation {{ supportAccessApprove(input: {{ id: "{grant}" }}) {{ userErrors {{ code }} }} }}'
    )
    assert approved == {"supportAccessApprove": {"userErrors": []}}
    printed = await run(gateway, enter.replace("enter ID", f"enter {grant}"))
    assert json.loads(printed) == {"data": {"companies": {"nodes": []}}}


async def test_a_document_is_published_asked_for_and_retired_as_the_page_says(gateway: Gateway, tmp_path: Path) -> None:
    publish, ask_by_id, look_after, retire = shell_blocks("persisted-documents.md")
    (manifest,) = blocks("persisted-documents.md", "json")
    file = tmp_path / "persisted-documents.json"
    file.write_text(manifest, encoding="utf-8")
    try:
        printed = await run(gateway, publish.replace(file.name, str(file)))
        assert printed == "1 published, 0 republished, 0 unchanged\n"
        await asyncio.sleep(5)
        answer = json.loads(await run(gateway, ask_by_id, TOKEN=gateway.tokens[0]))
        assert answer == {"data": {"companies": {"nodes": []}}}
        listed, checked = (await run(gateway, look_after)).splitlines()
        assert listed.startswith(next(iter(json.loads(manifest))))
        assert checked == "1 documents work"
        await run(gateway, retire)
        await asyncio.sleep(5)
        answer = json.loads(await run(gateway, ask_by_id, TOKEN=gateway.tokens[0]))
        assert answer["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    finally:
        await forget_operations()
