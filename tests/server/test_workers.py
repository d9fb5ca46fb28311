from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parent.parent.parent


class Service:
    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    async def numbers(self, count: int) -> set[int]:
        """Ask until that many workers have answered; the test's own timeout is the bound."""
        seen: set[int] = set()
        async with httpx2.AsyncClient() as client:
            while len(seen) < count:
                with contextlib.suppress(httpx2.HTTPError):
                    answers = await asyncio.gather(*(client.get(self.url) for _ in range(12)))
                    seen |= {int(answer.text) for answer in answers}
                await asyncio.sleep(0.05)
        return seen

    async def is_silent(self) -> None:
        with contextlib.suppress(httpx2.HTTPError):
            async with httpx2.AsyncClient() as client:
                while True:
                    await client.get(self.url)
                    await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def service(*arguments: str) -> AsyncIterator[Service]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.server.working", f"127.0.0.1:{port}", *arguments, cwd=ROOT
    )
    try:
        yield Service(process, f"http://127.0.0.1:{port}/")
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_several_processes_answer_on_one_address_and_stop_together(sent: signal.Signals) -> None:
    async with service() as running:
        await running.numbers(3)
        running.process.send_signal(sent)
        assert await running.process.wait() == 0
        await running.is_silent()


async def test_a_worker_that_dies_is_replaced() -> None:
    async with service() as running:
        victim = min(await running.numbers(3))
        os.kill(victim, signal.SIGKILL)
        numbers: set[int] = set()
        while len(numbers - {victim}) < 3:
            numbers |= await running.numbers(1)


async def test_workers_do_not_outlive_their_parent() -> None:
    async with service() as running:
        await running.numbers(3)
        running.process.kill()
        await running.process.wait()
        await running.is_silent()


async def test_workers_that_cannot_start_end_the_service() -> None:
    async with service("broken") as running:
        assert await running.process.wait() == 1
