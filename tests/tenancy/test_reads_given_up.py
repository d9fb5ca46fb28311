"""Whoever goes away leaves the others; when all have gone, PostgreSQL stops, and the connection is as good as new."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.tenancy.taking import SLEEP, WHERE, Taking, ask, running, settled, until_running
from tests.tenancy.units import version_of

if TYPE_CHECKING:
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement


@pytest.mark.parametrize("when", ["before it is sent", "while it runs"])
async def test_who_goes_away_leaves_the_others(when: str, one: Database, acme: TenantPlacement) -> None:
    version = await version_of(acme)
    for gone in range(3):
        asked = [Taking(SLEEP if n == 1 else WHERE, "0.1") for n in range(3)]
        tasks = [asyncio.create_task(ask(acme, each, version=version)) for each in asked]
        await asyncio.sleep(0 if when == "before it is sent" else 0.03)
        tasks[gone].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(answers[gone], asyncio.CancelledError)
        for number in {0, 1, 2} - {gone}:
            assert answers[number] == ("" if number == 1 else f"{acme.schema} 0.1")
    await settled(one, 1)


async def test_when_all_have_gone_away_postgresql_stops_and_the_connection_is_clean(
    one: Database, acme: TenantPlacement
) -> None:
    version = await version_of(acme)
    await until_running(one.url, "pg_sleep", 0)
    for number in range(50):
        tasks = [asyncio.create_task(ask(acme, Taking(SLEEP, "30"), version=version)) for _ in range(1 + number % 3)]
        if number % 10 == 0:
            await until_running(one.url, "pg_sleep")
        else:
            await asyncio.sleep(number % 10 / 2000)
        for task in tasks:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in answers)
        async with asyncio.timeout(5):
            assert await ask(acme, Taking(WHERE, str(number)), version=version) == f"{acme.schema} {number}"
        assert await running(one.url, "pg_sleep") == 0
    await settled(one, 1)


@pytest.mark.parametrize("together", [1, 2])
async def test_a_late_request_to_stop_does_not_hit_the_next(
    together: int, one: Database, acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    del one
    version, stop = await version_of(acme), asyncpg.connect_utils._cancel  # noqa: SLF001 - the way there is slow

    async def late(**where: Any) -> None:  # noqa: ANN401 - passed on as they come
        await asyncio.sleep(0.15)
        await stop(**where)

    monkeypatch.setattr(asyncpg.connect_utils, "_cancel", late)
    await ask(acme, Taking(SLEEP, "0"), version=version)
    tasks = [asyncio.create_task(ask(acme, Taking(SLEEP, "0.1"), version=version)) for _ in range(together)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await ask(acme, Taking(SLEEP, "0.3"), version=version) == ""


async def test_a_request_to_stop_that_cannot_be_made_costs_the_connection_only(
    one: Database, acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = await version_of(acme)

    async def impossible(**_where: Any) -> None:  # noqa: ANN401 - as it is called
        raise OSError

    monkeypatch.setattr(asyncpg.connect_utils, "_cancel", impossible)
    task = asyncio.create_task(ask(acme, Taking(SLEEP, "0.1"), version=version))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await ask(acme, Taking(WHERE, "then"), version=version) == f"{acme.schema} then"
    await settled(one, 1)
