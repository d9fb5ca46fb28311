"""A hundred people sign in at once, by either protocol, and the server goes on serving.

``pytest -s tests/acceptance/test_many_sign_ins.py`` prints the figures; what depends on the machine is not asserted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2
import pytest

from models.shared import SigningPolicy
from tests.acceptance import npm, oidc_connection, saml_connection
from tests.acceptance.light_browser import LightBrowser
from tests.acceptance.visitor import Sending, Visitor
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


@dataclass
class Person:
    """Somebody who signs in.

    Attributes:
        browser: what they have at our server.
        visitor: what they have at their provider.
        connection: that they sign in by.
    """

    browser: LightBrowser
    visitor: Visitor
    connection: Connection

    async def leave(self) -> str:
        """From our sign-in page; returns where to."""
        answer = await self.browser.go(Sending(self.connection.sign_in_address))
        assert answer.status == 303, answer.body
        return answer.location

    async def come_back(self, sending: Sending) -> None:
        """With the provider's answer, up to the first page that says who one is."""
        arrived = await self.browser.go(sending)
        assert arrived.status == 303, arrived.body
        page = await self.browser.go(Sending(arrived.location))
        assert page.status == 200, page.body
        assert json.loads(page.body)["member"]["id"] == str(self.connection.members[self.visitor.name])


@dataclass(frozen=True)
class Round:
    """What a round has shown.

    Attributes:
        seconds: what our server took of each sign-in.
        whole: from the first request to the last answer, providers and browsers included.
        held: how long the loop was held at the longest, by the clock.
        computed: how long by its own work.
        processor: what the server has spent.
    """

    seconds: list[float]
    whole: float
    held: float
    computed: float
    processor: float


async def all_at_once(gateway: str, connections: list[Connection]) -> Round:
    """Everybody leaves in the same moment, waits until all have their provider's answer, and comes back with the rest.

    So our server has all of them at once, and none of what it takes is a provider's, but for the question that it asks
    one itself.
    """
    async with contextlib.AsyncExitStack() as opened:
        people = [
            Person(
                await opened.enter_async_context(LightBrowser(gateway)),
                await opened.enter_async_context(Visitor(gateway, name)),
                connection,
            )
            for name in PEOPLE
            for connection in connections
        ]
        async with httpx2.AsyncClient(base_url=gateway) as probing:
            await probing.get("/probe")
            began = time.perf_counter()
            left = await asyncio.gather(*(person.leave() for person in people))
            answers = await asyncio.gather(
                *(person.visitor.way_back(address) for person, address in zip(people, left, strict=True))
            )
            # What was idle meanwhile may be closed.
            await asyncio.gather(*(person.browser.connect() for person in people))
            await asyncio.gather(*(person.come_back(answer) for person, answer in zip(people, answers, strict=True)))
            whole = time.perf_counter() - began
            seen: dict[str, float] = (await probing.get("/probe")).json()
    return Round([person.browser.seconds for person in people], whole, **seen)


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
            seen = await all_at_once(gateway.url, [one, other])
            computed.append(seen.computed)
            print(  # noqa: T201 - see above
                f"\n{len(seen.seconds)} sign-ins: median {statistics.median(seen.seconds):.2f} s,"
                f" p99 {statistics.quantiles(seen.seconds, n=100)[98]:.2f} s ({seen.whole:.2f} s with their providers);"
                f" event loop held {seen.held * 1000:.0f} ms at the longest, {seen.computed * 1000:.0f} ms of that by"
                f" its own work; {seen.processor * 10:.1f} ms of processor time each"
            )
        log = gateway.log.read_text(encoding="utf-8")
    assert min(computed) < HELD_SECONDS
    assert list(temporary.iterdir()) == []
    assert "@both.example" not in log
