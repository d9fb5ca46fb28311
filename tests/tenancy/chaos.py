"""Many requests of two tenants at once, most of which go wrong somehow, and what each of them got to see.

The requests are the same for every :class:`Way` of reaching a tenant, so that a way known to leak can show that they
would notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    import asyncpg

    from tenancy.placement import TenantPlacement

CONCURRENT = 8
SLOW = "SELECT name FROM org_unit, pg_catalog.pg_sleep(0.003)"
READ = "SELECT name FROM org_unit"
WRITE = (
    "INSERT INTO org_unit (id, created_at, updated_at, version, name)"
    " VALUES (pg_catalog.gen_random_uuid(), pg_catalog.now(), pg_catalog.now(), 1, $1) RETURNING name"
)


class Reader(Protocol):
    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]: ...


class Way(Protocol):
    """A way of reaching a tenant's tables."""

    def scope(self, placement: TenantPlacement) -> AbstractAsyncContextManager[Reader]: ...

    async def forgotten(self) -> list[asyncpg.Record]:
        """Read the tenant's table without saying which tenant."""


@dataclass
class Observed:
    """What the requests saw.

    Attributes:
        requests: how many ran.
        outcomes: how often each kind of request ended how.
        own: rows of the tenant that asked.
        foreign: rows of another tenant. One is a leak.
        unscoped: rows that were read without saying for whom. One is a leak.
    """

    requests: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    own: int = 0
    foreign: int = 0
    unscoped: int = 0

    def see(self, slug: str, rows: Sequence[asyncpg.Record]) -> None:
        for row in rows:
            if row["name"] == slug:
                self.own += 1
            else:
                self.foreign += 1


class DeliberateError(Exception):
    """A request's own failure."""


async def run_chaos(way: Way, placements: Sequence[TenantPlacement], *, requests: int, seed: int) -> Observed:
    """Run the requests, some at a time, each of a random tenant and kind."""
    chance = random.Random(seed)  # noqa: S311  # repeatable, not secret
    observed = Observed()
    kinds = [kind for kind, weight in KINDS.items() for _ in range(weight)]
    todo = iter(range(requests))

    async def worker() -> None:
        for _ in todo:
            kind, placement = chance.choice(kinds), chance.choice(placements)
            observed.requests += 1
            try:
                await kind(way, placement, observed, chance)
                outcome = "answered"
            except Exception as problem:  # noqa: BLE001  # going wrong is what they are for
                outcome = type(problem).__name__
            name = f"{kind.__name__}: {outcome}"
            observed.outcomes[name] = observed.outcomes.get(name, 0) + 1

    await asyncio.gather(*(worker() for _ in range(CONCURRENT)))
    return observed


async def _reads(way: Way, placement: TenantPlacement, observed: Observed, _chance: random.Random) -> None:
    async with way.scope(placement) as reader:
        observed.see(placement.slug, await reader.fetch(READ))


async def _reads_at_once(way: Way, placement: TenantPlacement, observed: Observed, _chance: random.Random) -> None:
    async with way.scope(placement) as reader:
        for rows in await asyncio.gather(*(reader.fetch(READ) for _ in range(3))):
            observed.see(placement.slug, rows)


async def _writes_and_fails(way: Way, placement: TenantPlacement, observed: Observed, _chance: random.Random) -> None:
    async with way.scope(placement) as reader:
        observed.see(placement.slug, await reader.fetch(WRITE, placement.slug))
        raise DeliberateError


async def _fails_in_the_database(
    way: Way, placement: TenantPlacement, observed: Observed, _chance: random.Random
) -> None:
    async with way.scope(placement) as reader:
        observed.see(placement.slug, await reader.fetch(READ))
        await reader.fetch("SELECT 1/0")


async def _ignores_a_failure(way: Way, placement: TenantPlacement, observed: Observed, _chance: random.Random) -> None:
    async with way.scope(placement) as reader:
        with contextlib.suppress(Exception):
            await reader.fetch("SELECT no_such_column FROM org_unit")
        observed.see(placement.slug, await reader.fetch(READ))


async def _times_out(way: Way, placement: TenantPlacement, observed: Observed, chance: random.Random) -> None:
    async with asyncio.timeout(chance.random() * 0.015), way.scope(placement) as reader:
        observed.see(placement.slug, await reader.fetch(SLOW))
        observed.see(placement.slug, await reader.fetch(READ))


async def _is_cancelled(way: Way, placement: TenantPlacement, observed: Observed, chance: random.Random) -> None:
    # At any moment: waiting for the connection, while it is pinned, in a statement, while it is being given back.
    task = asyncio.create_task(_reads(way, placement, observed, chance))
    await asyncio.sleep(chance.random() * 0.006)
    for _ in range(chance.randrange(6)):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


async def _is_cancelled_twice(way: Way, placement: TenantPlacement, observed: Observed, chance: random.Random) -> None:
    task = asyncio.create_task(_times_out(way, placement, observed, chance))
    await asyncio.sleep(chance.random() * 0.01)
    task.cancel()
    for _ in range(chance.randrange(4)):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()


async def _leaves_a_task_behind(
    way: Way, placement: TenantPlacement, observed: Observed, _chance: random.Random
) -> None:
    async def child(reader: Reader) -> None:
        observed.see(placement.slug, await reader.fetch(SLOW))
        observed.see(placement.slug, await reader.fetch(READ))

    async with way.scope(placement) as reader:
        task = asyncio.create_task(child(reader))
        observed.see(placement.slug, await reader.fetch(READ))
    await asyncio.wait([task])
    task.exception()


async def _forgets_the_tenant(
    way: Way, _placement: TenantPlacement, observed: Observed, _chance: random.Random
) -> None:
    observed.unscoped += len(await way.forgotten())


KINDS: dict[Callable[[Way, TenantPlacement, Observed, random.Random], Awaitable[None]], int] = {
    _reads: 6,
    _reads_at_once: 2,
    _writes_and_fails: 2,
    _fails_in_the_database: 2,
    _ignores_a_failure: 1,
    _times_out: 2,
    _is_cancelled: 4,
    _is_cancelled_twice: 1,
    _leaves_a_task_behind: 1,
    _forgets_the_tenant: 3,
}
