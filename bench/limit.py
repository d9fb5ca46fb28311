"""The least that PostgreSQL can spend on a workload: the best SQL that we could write by hand, sent by pgbench.

Twice: the statement alone, and pinned to the tenant as Fieldgate pins it, all in one round trip.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.database import client_environment
from bench.generator import LoadError
from bench.processes import backends_of, cpu_nanoseconds, running_on, spent, tree_of
from bench.results import Measurement
from bench.workloads import CONNECTIONS
from development.postgres_binaries import PostgresUnavailableError, find_binaries

if TYPE_CHECKING:
    from bench.generator import Backends, Span
    from bench.opening import Bench

PGBENCH, PGBENCH_PINNED = "pgbench", "pgbench_pinned"

_SQL: Final = Path(__file__).parent / "sql"
_EIGHT: Final = "id, name, legal_name, status, sector, founded_year, tax_id, credit_limit"
_SIX: Final = "id, name, legal_name, status, sector, founded_year"
_KEYS: Final = 16
_OWNERS_ONLY: Final = frozenset({"Q5"})
# Each second pgbench says how many transactions it made in it.
_PROGRESS: Final = re.compile(rb"progress: [\d.]+ s, ([\d.]+) tps")


@dataclass(frozen=True, slots=True)
class Limit:
    """Runs pgbench on the statements of a workload.

    Attributes:
        position: name and key of the last company of the page before the one that Q7 asks for.
        version: the tenant's authorization version.
    """

    bench: Bench
    position: tuple[str, str]
    version: int

    async def measure(self, workload: str, *, pinned: bool, span: Span) -> Measurement:
        """Run it, in place of the server: pgbench is on the server's core, PostgreSQL on its own.

        Raises:
            LoadError: pgbench failed.
        """
        scripts = self._scripts(workload, pinned=pinned)
        seconds, warm = max(1, round(span.measured)), max(1, round(span.warm))
        search_path = f"-c search_path={self.bench.dataset.placement.schema}"
        with running_on(self.bench.cores.server):
            process = await asyncio.create_subprocess_exec(
                pgbench_program(),
                *("--no-vacuum", "--protocol=prepared", "--progress=1"),
                *(f"--client={CONNECTIONS}", f"--time={warm + seconds + 1}"),
                *(word for name, value in self._variables().items() for word in ("-D", f"{name}={value}")),
                *(f"--file={script}" for script in scripts),
                env={**client_environment(self.bench.database.url), "PGOPTIONS": search_path},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        try:
            return await _watched(process, warm, seconds, self.bench.backends)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def _variables(self) -> dict[str, str]:
        units = ",".join(map(str, self.bench.dataset.regional.units))
        name, key = self.position
        return {"units": f"{{{units}}}", "after_name": name, "after_key": key, "sector": "Sector 1"}

    def _scripts(self, workload: str, *, pinned: bool) -> list[Path]:
        """A script for each kind of caller, and where a company is asked for by key, for each company."""
        text = (_SQL / f"{workload}.sql").read_text(encoding="utf-8").strip()
        keys = [str(key) for key in self.bench.dataset.companies[-_KEYS:]] if ":key" in text else [""]
        columns = [(_EIGHT, "tax_id")] if workload in _OWNERS_ONLY else [(_EIGHT, "tax_id"), (_SIX, "NULL")]
        scripts: list[Path] = []
        for key in keys:
            for eight, tax_id in columns:
                statement = text.replace("{eight}", eight).replace("{tax_id}", tax_id).replace(":key", f"'{key}'")
                script = self.bench.folder / f"{workload}-{'pinned' if pinned else 'plain'}-{len(scripts)}.sql"
                script.write_text(self._pinned(statement, workload) if pinned else statement, encoding="utf-8")
                scripts.append(script)
        return scripts

    def _pinned(self, statement: str, workload: str) -> str:
        """What ``tenancy/scope.py`` sends around a statement, as a pipeline."""
        placement = self.bench.dataset.placement
        lines = [
            "\\startpipeline",
            "BEGIN;" if workload == "Q6" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;",
            f'SET LOCAL search_path TO "{placement.schema}",pg_temp;',
            f'SET LOCAL ROLE "{placement.role}";',
            "SET LOCAL statement_timeout=15000;",
            f"SELECT 1/(EXISTS(SELECT FROM authorization_state WHERE version={self.version}))::int;",  # noqa: S608 - a number
            statement,
            "COMMIT;",
            "\\endpipeline",
        ]
        return "\n".join(lines)


async def open_limit(bench: Bench, *, rows_before: int) -> Limit:
    """Look up what the statements need."""
    schema = bench.dataset.placement.schema
    row = await bench.connection.fetchrow(
        f"SELECT name, id::text FROM \"{schema}\".company WHERE status = 'ACTIVE' ORDER BY name, id OFFSET $1 LIMIT 1",  # noqa: S608 - a generated name
        rows_before - 1,
    )
    version = await bench.connection.fetchval(f'SELECT version FROM "{schema}".authorization_state')  # noqa: S608 - as above
    return Limit(bench, ("", "") if row is None else (row["name"], row["id"]), version)


def pgbench_program() -> str:
    """The embedded PostgreSQL's own pgbench, else the machine's.

    Raises:
        LoadError: there is none.
    """
    try:
        beside = find_binaries(None) / "pgbench"
    except PostgresUnavailableError:
        beside = Path()
    found = str(beside) if beside.is_file() else shutil.which("pgbench")
    if found is None:
        message = "there is no pgbench"
        raise LoadError(message)
    return found


async def _watched(process: asyncio.subprocess.Process, warm: int, seconds: int, backends: Backends) -> Measurement:
    """Count between two of the reports that pgbench writes each second."""
    before, answered, reports, said = _readings(process, backends), 0.0, 0, b""
    assert process.stderr is not None  # noqa: S101 - it was asked for
    async for line in process.stderr:
        said += line
        found = _PROGRESS.match(line)
        if found is None:
            continue
        reports += 1
        if reports == warm:
            before = _readings(process, backends)
        elif reports > warm:
            answered += float(found.group(1))
        if reports == warm + seconds:
            after = _readings(process, backends)
            return Measurement(
                rps=answered / seconds,
                p50=None,
                p99=None,
                server_us=spent(before[0], after[0]) / answered / 1000,
                postgres_us=spent(before[1], after[1]) / answered / 1000,
            )
    raise LoadError(said.decode(errors="replace")[-2_000:])


def _readings(process: asyncio.subprocess.Process, backends: Backends) -> tuple[dict[int, int], dict[int, int]]:
    client = cpu_nanoseconds(tree_of(process.pid))
    return client, cpu_nanoseconds(backends_of(backends.postmaster, backends.database))
