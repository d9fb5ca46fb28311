"""The demo as ``make run`` starts it: a process of its own, a database of its own, a free port."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2

from tests.server.command import fieldgate
from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_STARTING_SECONDS: Final = 90


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo.

    Attributes:
        url: its origin.
        environment: of every command that works on the same database.
    """

    url: str
    environment: dict[str, str]

    async def command(self, *arguments: str) -> str:
        """What ``fieldgate`` prints; fails when the command fails."""
        return await fieldgate(self.environment, *arguments)

    async def token(self, tenant: str, person: str) -> str:
        """An access token for somebody of the demo."""
        return (await self.command("token", "--tenant", tenant, "--as", f"{person}@{tenant}.example")).strip()


@asynccontextmanager
async def running_demo(database_url: str) -> AsyncIterator[Demo]:
    """Start ``fieldgate dev``, and stop it as Ctrl-C does."""
    port = free_port()
    environment = {
        **os.environ,
        "FIELDGATE_ENVIRONMENT": "development",
        "FIELDGATE_DATABASE_URL": database_url,
        "FIELDGATE_LISTEN": f"127.0.0.1:{port}",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", "dev", env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await _wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield Demo(f"http://127.0.0.1:{port}", environment)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.wait()


async def _wait_until_ready(url: str, process: asyncio.subprocess.Process) -> None:
    async with httpx2.AsyncClient() as client, asyncio.timeout(_STARTING_SECONDS):
        while True:
            assert process.returncode is None, "fieldgate dev ended at once"
            try:
                if (await client.get(f"{url}/readyz")).status_code == httpx2.codes.OK:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.1)
