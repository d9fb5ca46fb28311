from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
from starlette.applications import Starlette
from starlette.routing import Route

from server.drain import Drain
from server.health import Readiness, livez
from tests.server.wire import ORIGIN

if TYPE_CHECKING:
    from server.health import Check


class Probe:
    """A check that can be made to fail, and counts how often it was made."""

    def __init__(self) -> None:
        self.count = 0
        self.failure: Exception | None = None

    async def __call__(self) -> None:
        self.count += 1
        if self.failure is not None:
            raise self.failure


def client_of(drain: Drain, **checks: Check) -> httpx2.AsyncClient:
    routes = [Route("/livez", livez), Route("/readyz", Readiness(drain, checks).answer)]
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(Starlette(routes=routes)), base_url=ORIGIN)


async def test_a_process_is_ready_when_all_checks_hold() -> None:
    async with client_of(Drain(), database=Probe(), migrations=Probe()) as client:
        response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


async def test_a_failed_check_is_named_and_nothing_else_is_said() -> None:
    probe = Probe()
    probe.failure = OSError("cannot reach postgresql://fieldgate:hunter2@db")
    async with client_of(Drain(), database=probe, migrations=Probe()) as client:
        response = await client.get("/readyz")
        live = await client.get("/livez")
    assert (response.status_code, response.json()) == (503, {"status": "unready", "failed": ["database"]})
    assert live.status_code == 200


async def test_a_draining_process_is_unready_at_once_but_live() -> None:
    drain, probe = Drain(), Probe()
    async with client_of(drain, database=probe) as client:
        assert (await client.get("/readyz")).status_code == 200
        drain.begin()
        response = await client.get("/readyz")
        assert (response.status_code, response.json()) == (503, {"status": "draining"})
        assert (await client.get("/livez")).status_code == 200


async def test_many_questions_are_one_look_at_the_database() -> None:
    probe = Probe()
    async with client_of(Drain(), database=probe) as client:
        await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
    assert probe.count == 1
