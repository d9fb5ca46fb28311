"""Everything that a measurement stands on, opened together and gone together."""

from __future__ import annotations

import base64
import os
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import asyncpg

from bench.database import bench_settings, database_server, name_of, new_database
from bench.dataset import load_tenant
from bench.documents import Dialect, all_of
from bench.generator import Backends
from bench.processes import choose_cores, moved_to, parent_of
from bench.tokens import access_tokens
from bench.workloads import ANALYST, OWNER, REGIONAL, document_id
from server.operations.registry import publish
from settings import KEY_BYTES
from tenancy.database import open_database
from tenancy.migration import migrate_shared

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from bench.dataset import Dataset, Size
    from bench.processes import Cores
    from settings import Settings
    from tenancy.database import Database


class NotHereError(RuntimeError):
    """PostgreSQL runs where its processor time cannot be read."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What measurements share.

    Attributes:
        settings: of the servers.
        key: their key encryption key, in base64.
        database: as Fieldgate opens it; for tokens and tenants.
        connection: to look things up.
        dataset: of the tenant that everybody is asked about.
        backends: where PostgreSQL's time is read.
        folder: for logs and scripts; gone at the end.
    """

    settings: Settings
    key: str
    database: Database
    connection: asyncpg.Connection
    dataset: Dataset
    backends: Backends
    cores: Cores
    folder: Path

    async def tokens(self) -> dict[str, str]:
        """New access tokens of the three members, by what workloads call them."""
        members = {OWNER: self.dataset.owner, ANALYST: self.dataset.analyst, REGIONAL: self.dataset.regional}
        issued = await access_tokens(
            self.database, self.settings, [(self.dataset, member) for member in members.values()]
        )
        return dict(zip(members, issued, strict=True))

    async def version(self, company: UUID) -> int:
        """The version that a company has now."""
        schema = self.dataset.placement.schema
        version: int = await self.connection.fetchval(f'SELECT version FROM "{schema}".company WHERE id = $1', company)  # noqa: S608 - a generated name
        return version

    async def postgres(self) -> str:
        """PostgreSQL's version."""
        version: str = await self.connection.fetchval("SELECT current_setting('server_version')")
        return version


@asynccontextmanager
async def open_bench(size: Size, cores: Cores | None = None, server_url: str | None = None) -> AsyncIterator[Bench]:
    """A database of its own, filled; PostgreSQL moved to its core.

    Args:
        size: of the data.
        cores: where everything runs; chosen here if not given.
        server_url: of a PostgreSQL; FIELDGATE_DATABASE_URL or the embedded one if not given.

    Raises:
        NotHereError: the database server runs on another machine, or in another container.
        OSError: this machine does not say which process took how long.
    """
    cores = cores or choose_cores()
    key = base64.b64encode(os.urandom(KEY_BYTES)).decode()
    with nullcontext(server_url) if server_url else database_server() as server, TemporaryDirectory() as folder:
        async with new_database(server) as url:
            await migrate_shared(url)
            settings = bench_settings(url, key_encryption_key=key)
            database = await open_database(settings)
            connection = await asyncpg.connect(url)
            try:
                backends = Backends(_postmaster(connection), name_of(url))
                dataset = await load_tenant(database, "acme", size)
                await publish({document_id(text): text for text in all_of(Dialect.FIELDGATE)})
                with moved_to(cores.rest, backends.postmaster):
                    yield Bench(settings, key, database, connection, dataset, backends, cores, Path(folder))
            finally:
                await connection.close()
                await database.close()


def _postmaster(connection: asyncpg.Connection) -> int:
    postmaster = parent_of(connection.get_server_pid())
    if postmaster is None:
        message = "PostgreSQL has to run on this machine, where its processor time can be read"
        raise NotHereError(message)
    return postmaster
