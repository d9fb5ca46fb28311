"""``fieldgate domain``: e-mail domains that tenants prove to be theirs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from auth.sso.domain_name import domain_name
from auth.sso.domains import (
    DnsTextRecords,
    DomainTakenError,
    add_domain,
    record_name,
    record_value,
    verify_domain,
)
from cli.environment import command_settings
from cli.failure import CommandFailedError, UsageError
from models.shared import Domain, Tenant
from tenancy.database import open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings

app = App(
    name="domain",
    help="Prove e-mail domains.",
    help_epilogue="Example: `fieldgate domain add acme.example --tenant acme`",
)

TenantSlug = Annotated[str, Parameter(name="--tenant", help="The tenant's name in paths.")]


@app.command(help_epilogue="Example: `fieldgate domain add acme.example --tenant acme`")
def add(name: str, *, tenant: TenantSlug) -> None:
    """Claim a domain, and print the TXT record that proves it."""

    async def work() -> None:
        async with _claim(name, tenant) as (_, domain):
            print(f'{record_name(domain.name)}. IN TXT "{record_value(domain.verification_token)}"')

    asyncio.run(work())


@app.command(help_epilogue="Example: `fieldgate domain verify acme.example --tenant acme`")
def verify(name: str, *, tenant: TenantSlug) -> None:
    """Look for the record. One that is gone takes the proof back."""

    async def work() -> None:
        async with _claim(name, tenant) as (settings, domain):
            try:
                found = await verify_domain(domain, DnsTextRecords(settings))
            except DomainTakenError as taken:
                message = f"{domain.name} is verified for another tenant"
                raise CommandFailedError(message) from taken
            if not found:
                message = f"there is no such record at {record_name(domain.name)}"
                raise CommandFailedError(message)
            print(f"{domain.name} is verified")

    asyncio.run(work())


@asynccontextmanager
async def _claim(name: str, slug: str) -> AsyncIterator[tuple[Settings, Domain]]:
    checked = domain_name(name)
    if checked is None:
        message = f"{name!r} is no domain name"
        raise UsageError(message)
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            tenant = await Tenant.get_or_none(slug=slug)
            if tenant is None:
                message = f"there is no tenant {slug!r}"
                raise CommandFailedError(message)
            yield settings, await add_domain(tenant.id, checked)
        finally:
            await database.close()
