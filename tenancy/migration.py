"""Bringing the shared schema, then every tenant's, to the newest version.

A tenant's version is a column of the directory, so a run with nothing to do reads one index. Each tenant is migrated
in one transaction that also sets that column: whenever the run is stopped, the next one goes on from there, and several
may run at once. A tenant whose migration fails is left as it was, named in the report, and does not hold up the others.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncpg

from tenancy.connection import connect
from tenancy.migration_line import Line, Migration, migrations_of
from tenancy.placement import TenantPlacement, placement_of_row
from tenancy.privileges import grant_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from tenancy.connection import PooledConnection

# A migration waits so long for a tenant's running transactions. While it waits, later ones queue behind it, so the wait
# is short and the attempts are many.
LOCK_TIMEOUT: Final = "2s"
ATTEMPTS: Final = 6
FIRST_PAUSE_SECONDS: Final = 0.2
WORKERS: Final = 4
# Any number that nothing else locks by: one migration of the shared schema at a time.
_SHARED_LOCK: Final = 7_115_026_013

_WORTH_ANOTHER_TRY: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    OSError,
)

# NO KEY: a sign-in meanwhile refers to the tenant's row, and should not wait for a migration.
_CLAIM: Final = (
    "SELECT id, slug, database, schema_name, role_name, schema_version FROM fieldgate.tenant"
    " WHERE schema_version < $1 AND id <> ALL($2) AND ($3::uuid IS NULL OR id = $3)"
    " ORDER BY schema_version, id FOR NO KEY UPDATE SKIP LOCKED LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A tenant that could not be migrated and is as it was."""

    slug: str
    error: str


@dataclass(slots=True)
class Report:
    """What a run did.

    Attributes:
        shared: steps applied to the shared schema.
        migrated: tenants brought to the newest version.
        failures: tenants set aside.
    """

    shared: int = 0
    migrated: int = 0
    failures: list[Failure] = field(default_factory=list)


class UnknownSchemaError(Exception):
    """The schema has migrations that this release doesn't know: it was migrated by a newer one."""


async def migrate_shared(url: str) -> int:
    """Bring the shared schema up to date. How many steps that took.

    Raises:
        UnknownSchemaError: a newer release was here.
    """
    steps = await migrations_of(Line.SHARED)
    connection = await connect(url)
    try:
        if await _shared_version(connection) == len(steps):
            return 0
        async with connection.transaction():
            await connection.execute("SELECT pg_catalog.pg_advisory_xact_lock($1)", _SHARED_LOCK)
            version = await _shared_version(connection)
            if version > len(steps):
                message = f"the shared schema is at {version}, this release knows {len(steps)}"
                raise UnknownSchemaError(message)
            for step in steps[version:]:
                await connection.execute(step.sql)
            await connection.execute("UPDATE fieldgate.schema_state SET version = $1", len(steps))
            return len(steps) - version
    finally:
        await connection.close()


async def migrate_tenants(
    url: str,
    *,
    only: UUID | None = None,
    steps: Sequence[Migration] | None = None,
    workers: int = WORKERS,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Bring every tenant (or ``only`` one) up to date.

    Args:
        url: the database.
        only: one tenant's id; every tenant's without.
        steps: those of the tenant line, unless a test says otherwise.
        workers: how many tenants at once.
        progress: called after each tenant with how many are done, and of how many.
    """
    run = _Run(url, await migrations_of(Line.TENANT) if steps is None else steps, only, progress)
    await run.count()
    if run.total:
        tasks = [asyncio.create_task(run.work()) for _ in range(min(workers, run.total))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return run.report


class _Run:
    def __init__(
        self, url: str, steps: Sequence[Migration], only: UUID | None, progress: Callable[[int, int], None] | None
    ) -> None:
        self.report = Report()
        self.total = 0
        self._url = url
        self._steps = steps
        self._only = only
        self._progress = progress
        self._set_aside: list[UUID] = []
        # Claimed by a worker of this run, who may have let go of the row but not yet decided what becomes of it.
        self._taken: set[UUID] = set()
        self._attempts: dict[UUID, int] = {}

    async def count(self) -> None:
        connection = await connect(self._url)
        try:
            self.total = await connection.fetchval(
                "SELECT count(*) FROM fieldgate.tenant WHERE schema_version < $1 AND ($2::uuid IS NULL OR id = $2)",
                len(self._steps),
                self._only,
            )
        finally:
            await connection.close()

    async def work(self) -> None:
        connection = await connect(self._url)
        try:
            while await self._one(connection):
                if connection.is_closed():
                    connection = await connect(self._url)
        finally:
            await connection.close()

    async def _one(self, connection: PooledConnection) -> bool:
        """Migrate the next tenant that nobody else is at. False when there is none."""
        placement: TenantPlacement | None = None
        try:
            async with connection.transaction():
                row = await connection.fetchrow(_CLAIM, len(self._steps), [*self._set_aside, *self._taken], self._only)
                if row is None:
                    return False
                if row["id"] in self._taken or row["id"] in self._set_aside:
                    return True  # another worker took it, and let go again, while this one was asking
                placement = placement_of_row(row)
                self._taken.add(placement.tenant_id)
                await connection.execute(self._script(placement))
                await connection.execute(
                    "UPDATE fieldgate.tenant SET schema_version = $2, updated_at = now() WHERE id = $1",
                    placement.tenant_id,
                    len(self._steps),
                )
        except _WORTH_ANOTHER_TRY as problem:
            if placement is None:
                raise
            await self._again(placement, problem)
        except asyncpg.PostgresError as problem:
            if placement is None:
                raise
            self._give_up(placement, problem)
        else:
            self.report.migrated += 1
            self._tell()
        finally:
            if placement is not None:
                self._taken.discard(placement.tenant_id)
        return True

    def _script(self, placement: TenantPlacement) -> str:
        return ";".join(
            [
                f"SET LOCAL lock_timeout='{LOCK_TIMEOUT}'",
                f'SET LOCAL search_path TO "{placement.schema}",pg_temp',
                *(step.sql for step in self._steps[placement.schema_version :]),
                # Tables may be new. UPDATE of the directory names its schema, so the path may stay as it is.
                grant_sql(placement),
            ]
        )

    async def _again(self, placement: TenantPlacement, problem: Exception) -> None:
        attempt = self._attempts.get(placement.tenant_id, 0) + 1
        self._attempts[placement.tenant_id] = attempt
        if attempt == ATTEMPTS:
            self._give_up(placement, problem)
        else:
            # Workers must not come back in step, neither with each other nor with what holds the lock.
            pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311  # not a secret

    def _give_up(self, placement: TenantPlacement, problem: Exception) -> None:
        self._set_aside.append(placement.tenant_id)
        self.report.failures.append(Failure(slug=placement.slug, error=f"{type(problem).__name__}: {problem}"))
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self.report.migrated + len(self.report.failures), self.total)


async def _shared_version(connection: PooledConnection) -> int:
    if await connection.fetchval("SELECT pg_catalog.to_regclass('fieldgate.schema_state') IS NULL"):
        return 0
    version: int = await connection.fetchval("SELECT version FROM fieldgate.schema_state")
    return version
