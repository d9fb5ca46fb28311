"""A migration run as a person sees it: a progress bar while it runs, and what came of it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tenancy.migration import Report, migrate_shared, migrate_tenants

if TYPE_CHECKING:
    from uuid import UUID


async def migrate_with_progress(url: str, *, only: UUID | None = None, shared: bool = False) -> Report:
    """Migrate tenants (after the shared schema, if wanted), showing progress on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("Migrating tenants", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        steps = await migrate_shared(url) if shared else 0
        report = await migrate_tenants(url, only=only, progress=progress)
    report.shared = steps
    return report


def tell(report: Report, *, as_json: bool) -> int:
    """Print what a run did, naming each tenant that it had to set aside. The exit code."""
    if as_json:
        failures = [{"tenant": failure.slug, "error": failure.error} for failure in report.failures]
        print(json.dumps({"shared": report.shared, "migrated": report.migrated, "failures": failures}))
    else:
        for failure in report.failures:
            sys.stderr.write(f"fieldgate: {failure.slug} was left as it was: {failure.error}\n")
        print(
            f"{report.shared} steps of the shared schema, {report.migrated} tenants migrated,"
            f" {len(report.failures)} set aside"
        )
    return 1 if report.failures else 0
