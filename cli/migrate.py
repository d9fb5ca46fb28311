"""``fieldgate migrate``: bring the database to this release, and write the migrations that do."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from cli.environment import command_settings
from cli.failure import CommandFailedError, UsageError
from cli.migration_report import migrate_with_progress, tell
from tenancy.authoring import drift, write_migration
from tenancy.database import database_url
from tenancy.migration_line import MIGRATIONS, Line

if TYPE_CHECKING:
    from tenancy.migration import Report

app = App(
    name="migrate",
    help="Bring the shared schema, then every tenant, to this release.",
    help_epilogue="Example: `fieldgate migrate`",
)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


@app.default
def migrate(
    *,
    check: Annotated[bool, Parameter(negative=())] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Bring the shared schema, then every tenant, to this release.

    May be interrupted and repeated at will. A tenant that can't be migrated is left as it was and named.

    Args:
        check: Touch no database; fail if the models say something that no migration does.
        as_json: Print JSON for a program to read.
    """
    if check:
        return _check(as_json=as_json)

    async def work() -> Report:
        with command_settings() as settings:
            return await migrate_with_progress(database_url(settings), shared=True)

    return tell(asyncio.run(work()), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate migrate new company_sector --line tenant`")
def new(name: str, *, line: Line, empty: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Write the migration that the changed models need. Read it, complete it, commit it.

    Args:
        name: What it does, in a word or two joined by underscores.
        line: Which tables: the shared schema's, or each tenant's.
        empty: Write an empty one, for what models can't say (a trigger, a backfill).
    """
    if not _NAME.match(name):
        message = "a migration's name has a-z, 0-9 and underscores, 40 characters at most"
        raise UsageError(message)
    path = asyncio.run(write_migration(line, name, empty=empty))
    if path is None:
        message = "the models say nothing that the migrations don't; for a migration by hand say --empty"
        raise CommandFailedError(message)
    print(path.relative_to(MIGRATIONS.parent))


def _check(*, as_json: bool) -> int:
    async def work() -> list[str]:
        return [sentence for line in Line for sentence in await drift(line)]

    differences = asyncio.run(work())
    if as_json:
        print(json.dumps({"drift": differences}))
        return 1 if differences else 0
    if differences:
        message = "; ".join(differences) + ". Write one with: fieldgate migrate new NAME --line LINE"
        raise CommandFailedError(message)
    print("The migrations say all that the models do.")
    return 0
