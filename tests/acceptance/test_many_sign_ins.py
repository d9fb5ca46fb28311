"""A hundred people sign in at once, by either protocol, and the server goes on serving.

``pytest -s tests/acceptance/test_many_sign_ins.py`` prints the figures; what depends on the machine is not asserted.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from typing import TYPE_CHECKING, Final

import httpx2
import pytest

from models.shared import SigningPolicy
from tests.acceptance import npm, oidc_connection, saml_connection
from tests.acceptance.visitor import Visitor
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from pathlib import Path

    from settings import Settings
    from tenancy.database import Database
    from tests.acceptance.connection import Connection

# Providers are connected by commands, one after the other, before anybody signs in.
pytestmark = pytest.mark.timeout(400)

PEOPLE: Final = {f"person{number}": f"person{number}@both.example" for number in range(50)}
ROUNDS: Final = 3
# Once in so many rounds. A hundred requests that arrive at one moment are begun in one turn of the loop.
HELD_SECONDS: Final = 0.15


async def sign_in(visitor: Visitor, connection: Connection) -> float:
    """How long it takes, with the provider's part in it and that of the browser."""
    began = time.perf_counter()
    page = await visitor.sign_in(connection)
    seconds = time.perf_counter() - began
    assert page.status_code == 200, page.text
    assert page.json()["member"]["id"] == str(connection.members[visitor.name])
    return seconds


async def all_at_once(gateway: str, connections: list[Connection]) -> tuple[list[float], dict[str, float]]:
    """What each sign-in took, and how long the loop was held."""
    async with contextlib.AsyncExitStack() as opened:
        coming = [
            (await opened.enter_async_context(Visitor(gateway, name)), connection)
            for name in PEOPLE
            for connection in connections
        ]
        async with httpx2.AsyncClient(base_url=gateway) as probing:
            await probing.get("/probe")
            seconds = await asyncio.gather(*(sign_in(*each) for each in coming))
            held: dict[str, float] = (await probing.get("/probe")).json()
    return seconds, held


async def test_a_hundred_at_once_do_not_hold_the_event_loop_and_leave_no_file(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    for folder in (oidc_connection.FOLDER, saml_connection.FOLDER):
        await npm.install(folder)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    serving = running_gateway(settings, database, tmp_path, program="tests.server.probed", TMPDIR=str(temporary))
    names = tuple(PEOPLE)
    async with (
        serving as gateway,
        oidc_connection.oidc_connection(
            gateway, tmp_path, 0, PEOPLE, names, algorithm="ES256", emailInIdToken=True
        ) as one,
        saml_connection.saml_connection(gateway, 1, PEOPLE, names, signed=SigningPolicy.BOTH, encrypted=True) as other,
    ):
        computed = []
        for _ in range(ROUNDS):
            seconds, held = await all_at_once(gateway.url, [one, other])
            computed.append(held["computed"])
            print(  # noqa: T201 - see above
                f"\n{len(seconds)} sign-ins: median {statistics.median(seconds):.2f} s,"
                f" p99 {statistics.quantiles(seconds, n=100)[98]:.2f} s; event loop held {held['held'] * 1000:.0f} ms"
                f" at the longest, {held['computed'] * 1000:.0f} ms of that by its own work"
            )
        log = gateway.log.read_text(encoding="utf-8")
    assert min(computed) < HELD_SECONDS
    assert list(temporary.iterdir()) == []
    assert "@both.example" not in log
