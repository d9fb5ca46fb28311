"""What the README promises of the first query."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx2

if TYPE_CHECKING:
    from tests.acceptance.demo import Demo

README: Final = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")


def _block(language: str, number: int = 0) -> str:
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return blocks[number]


async def _ask(demo: Demo, person: str, document: str) -> dict[str, object]:
    headers = {"authorization": f"Bearer {await demo.token('acme', person)}"}
    async with httpx2.AsyncClient(base_url=demo.url, headers=headers) as client:
        answer: dict[str, object] = (await client.post("/graphql", json={"query": document})).json()
    return answer


async def test_the_first_query_has_the_answer_that_is_printed(demo: Demo) -> None:
    assert await _ask(demo, "analyst", _block("graphql")) == json.loads(_block("json"))


async def test_the_command_asks_the_same(demo: Demo) -> None:
    body = re.search(r"-d '(.*)'", _block("sh", 1))
    assert body is not None
    short, long = json.loads(body[1])["query"], _block("graphql")
    assert (await _ask(demo, "analyst", short))["data"] == (await _ask(demo, "analyst", long))["data"]


async def test_the_owner_sees_tax_ids_and_no_error(demo: Demo) -> None:
    answer = await _ask(demo, "owner", _block("graphql"))
    assert "errors" not in answer
    assert "null" not in json.dumps(answer)


def test_what_the_readme_links_to_is_there() -> None:
    root = Path(__file__).parent.parent.parent
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (root / target).exists()] == []
