"""``fieldgate import``: bring rows of a file into a tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter

from cli.environment import command_settings
from cli.failure import CommandFailedError, UsageError
from cli.import_report import ImportReport, progress_bar
from models.tenant import OrgUnit
from resolvers.company_columns import ColumnMappingError, map_columns
from resolvers.company_import import ImportRow, ImportSummary, Operator, import_companies
from resolvers.company_table import read_companies
from resolvers.csv_table import UnreadableTableError, read_table
from resolvers.rehearsal import savepoint
from tenancy.database import open_database
from tenancy.errors import UnknownTenantError
from tenancy.placement import TenantPlacement
from tenancy.scope import tenant_scope

app = App(
    name="import",
    help="Bring rows of a file into a tenant.",
    help_epilogue="Example: `fieldgate import companies customers.csv --tenant acme`",
)


@app.command(
    help_epilogue="Example: `fieldgate import companies customers.csv --tenant acme --map Customer=name --dry-run`"
)
def companies(  # noqa: PLR0913 - one for each thing that a person may say
    file: Path,
    *,
    tenant: str,
    map_: Annotated[tuple[str, ...], Parameter(name="--map", negative=())] = (),
    org_unit: str | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Bring companies of a CSV file into a tenant, as its operator: nobody's permissions are asked for.

    Rows are matched by their reference: a known one is changed where it differs, a new one is made. An empty cell
    leaves what is known. Each row is taken whole or left out with a message, and all that are taken are kept together;
    the same file again changes nothing. Exit code 1 says that rows were left out, or that nothing was done at all.

    Columns are found by their titles: reference, name, legalName, status, sector, industry, website, foundedYear,
    foundedNote, listedOn, taxId, vatNumber, lei, cik, street, city, region, postalCode, country, creditLimit,
    creditCurrency, riskScore; founded (a year, and perhaps more) and headquarters (city and state or country). Titles
    of lists of listed companies, such as Symbol and GICS Sector, are known too. Columns with other titles are left out.

    Args:
        file: CSV in UTF-8, with a header.
        tenant: The tenant's name in paths.
        map_: COLUMN=FIELD: what a column says, where its title doesn't; COLUMN= leaves it out. May be repeated.
        org_unit: Where new companies go: name or id of an org unit. The topmost unless given; made if there is none.
        dry_run: Say what would become of the rows, and change nothing.
        as_json: Print JSON for a program to read.
    """
    chosen = _chosen(map_)
    try:
        table = read_table(file.read_bytes())
        mapped = map_columns(table.header, chosen)
    except (OSError, UnreadableTableError, ColumnMappingError) as problem:
        message = f"{file}: {problem.strerror if isinstance(problem, OSError) else problem}"
        raise CommandFailedError(message) from problem
    read = read_companies(table, mapped)
    summary = asyncio.run(_import(read.rows, tenant, org_unit, dry_run=dry_run))
    report = ImportReport(file, tenant, dry_run=dry_run, table=table, mapped=mapped, read=read, summary=summary)
    return report.tell(as_json=as_json)


async def _import(rows: list[ImportRow], tenant: str, org_unit: str | None, *, dry_run: bool) -> ImportSummary:
    # The operator acts and no viewer, so there are no grants that could have changed.
    async with (
        _placement(tenant) as placement,
        tenant_scope(placement, authorization_version=None),
        savepoint(keep=not dry_run),
    ):
        org_unit_id = await _org_unit_id(org_unit, tenant)
        with progress_bar(len(rows)) as progress:
            return await import_companies(rows, Operator(), org_unit_id=org_unit_id, progress=progress)


@asynccontextmanager
async def _placement(tenant: str) -> AsyncIterator[TenantPlacement]:
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            yield await database.directory.by_slug(tenant)
        except UnknownTenantError as problem:
            message = f"there is no tenant {tenant!r}"
            raise CommandFailedError(message) from problem
        finally:
            await database.close()


def _chosen(maps: tuple[str, ...]) -> dict[str, str]:
    chosen = {}
    for each in maps:
        # A title may hold an equals sign, a field doesn't.
        title, equals, field = each.rpartition("=")
        if not equals:
            message = f"--map wants COLUMN=FIELD, not {each!r}"
            raise UsageError(message)
        chosen[title.strip()] = field.strip()
    return chosen


async def _org_unit_id(given: str | None, tenant: str) -> UUID:
    if given is None and not await OrgUnit.exists():
        # A new tenant has none, and a company belongs to one.
        return (await OrgUnit.create(name=tenant, parent_id=None)).id
    try:
        found = OrgUnit.filter(parent_id=None) if given is None else OrgUnit.filter(id=UUID(given))
    except ValueError:
        found = OrgUnit.filter(name=given)
    units = await found.limit(2)
    if len(units) == 1:
        return units[0].id
    what = "at the top" if given is None else f"called {given!r}"
    message = f"there are several org units {what}; give --org-unit ID" if units else f"there is no org unit {what}"
    raise CommandFailedError(message)
