"""Everything that ``fieldgate dev`` starts, and the order in which it starts and ends."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.environment import with_database
from cli.failure import CommandFailedError
from cli.migration_report import migrate_with_progress
from development import graphiql_bundle
from development.demo import DEMO_TENANTS, ensure_demo
from development.identity_provider import development_routes
from development.identity_provider_people import persons_of
from development.identity_provider_registration import ensure_identity_providers
from development.postgres import running_postgres
from server.listening import listen
from server.serve import serve
from tenancy.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import NoReturn

    from development.identity_provider_people import Persona
    from settings import Settings

PEOPLE_SHOWN = 8
SHELLS_COUNT_FROM = 128

# Standard output belongs to the server's log.
_console = Console(stderr=True, highlight=False)


def run_development_server(settings: Settings) -> None:
    """Start everything, serve until Ctrl-C, stop everything.

    Raises:
        ListenError: the port is taken.
        PostgresUnavailableError: there is no database and none can be started.
        CommandFailedError: a tenant could not be brought to this release.
    """
    # A taken port is said now and not after a minute of preparation.
    listen(settings.listen).close()
    with _terminating_in_order(), ThreadPoolExecutor(max_workers=1) as background:
        page = background.submit(graphiql_bundle.build)
        with running_postgres(settings) as url:
            settings = with_database(settings, url)
            people = asyncio.run(_prepare(settings, url))
            _wait_for_page(page)
            serve(
                settings,
                extra_routes=development_routes(settings),
                started=partial(_say_what_to_open, settings, people),
            )
    _console.print("Stopped; the data is kept.")


async def _prepare(settings: Settings, url: str) -> dict[str, list[Persona]]:
    """Bring the database to this release, with demo tenants in it; the people who can sign in, by tenant."""
    report = await migrate_with_progress(url, shared=True)
    if report.failures:
        message = "; ".join(f"{failure.slug} was left as it was: {failure.error}" for failure in report.failures)
        raise CommandFailedError(message)
    database = await open_database(settings)
    try:
        await ensure_demo(database)
        await ensure_identity_providers(settings)
        return {demo.slug: await persons_of(await database.directory.by_slug(demo.slug)) for demo in DEMO_TENANTS}
    finally:
        await database.close()


def _wait_for_page(page: Future[None]) -> None:
    if not page.done():
        _console.print("Building GraphiQL's page; this is done once.")
    try:
        page.result()
    except graphiql_bundle.BundleError as failure:
        _console.print(f"GraphiQL could not be built ({failure}). Everything else works without it.", markup=False)


def _say_what_to_open(settings: Settings, people: dict[str, list[Persona]]) -> None:
    _console.print(f"\n[bold]Fieldgate runs.[/bold] Open [bold]{settings.public_url}/graphql[/bold] and sign in as\n")
    table = Table(box=None, show_header=False, padding=(0, 2))
    for slug, personas in people.items():
        for number, persona in enumerate(personas[:PEOPLE_SHOWN]):
            table.add_row("" if number else f"[bold]{slug}[/bold]", escape(persona.person.email), escape(persona.roles))
    _console.print(table)
    _console.print("\nCtrl-C stops everything, the database too, and keeps the data.\n")


@contextmanager
def _terminating_in_order() -> Iterator[None]:
    """End the block as an exception would, and so stop the database, when asked to end by other means than Ctrl-C.

    While the server runs, it handles SIGTERM and Ctrl-C itself.
    """

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(SHELLS_COUNT_FROM + number)

    def hang_up(_number: int, _frame: FrameType | None) -> None:
        # The terminal was closed. Whoever handles SIGTERM at the moment knows how to end.
        os.kill(os.getpid(), signal.SIGTERM)

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, end), signal.SIGHUP: signal.signal(signal.SIGHUP, hang_up)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
