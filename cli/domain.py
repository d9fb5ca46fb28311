"""``fieldgate domain``: e-mail domains that tenants prove to be theirs."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from auth.sso.connection import OPERATOR
from auth.sso.domain_claims import missing_record
from auth.sso.domain_name import domain_name
from auth.sso.domains import record_name, record_value
from cli.administration import tenant_named
from cli.failure import CommandFailedError, UsageError

if TYPE_CHECKING:
    from models.shared import Domain

app = App(
    name="domain",
    help="Prove e-mail domains.",
    help_epilogue="Example: `fieldgate domain add acme.example --tenant acme`",
)

TenantSlug = Annotated[str, Parameter(name="--tenant", help="The tenant's name in paths.")]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON for a program to read.")]


@app.command(help_epilogue="Example: `fieldgate domain add acme.example --tenant acme`")
def add(name: str, *, tenant: TenantSlug, as_json: Json = False) -> None:
    """Claim a domain, and print the TXT record that proves it."""
    checked = _checked(name)

    async def work() -> Domain:
        async with tenant_named(tenant) as administered:
            return await administered.domains.add(OPERATOR, checked)

    domain = asyncio.run(work())
    record = f'{record_name(domain.name)}. IN TXT "{record_value(domain.verification_token)}"'
    print(json.dumps(_described(domain)) if as_json else record)


@app.command(help_epilogue="Example: `fieldgate domain verify acme.example --tenant acme`")
def verify(name: str, *, tenant: TenantSlug, as_json: Json = False) -> None:
    """Look for the record. One that is gone takes the proof back."""
    checked = _checked(name)

    async def work() -> Domain:
        async with tenant_named(tenant) as administered:
            domain = await administered.domains.add(OPERATOR, checked)
            return await administered.domains.verify(OPERATOR, domain.id)

    domain = asyncio.run(work())
    if domain.verified_at is None:
        raise CommandFailedError(missing_record(domain))
    print(json.dumps(_described(domain)) if as_json else f"{domain.name} is verified")


@app.command(name="list", help_epilogue="Example: `fieldgate domain list --tenant acme`")
def list_(*, tenant: TenantSlug, as_json: Json = False) -> None:
    """List a tenant's domains."""

    async def work() -> list[dict[str, object]]:
        async with tenant_named(tenant) as administered:
            return [_described(domain) for domain in await administered.domains.all()]

    domains = asyncio.run(work())
    if as_json:
        print(json.dumps(domains))
        return
    for domain in domains:
        print(f"{domain['name']:<40} {'verified' if domain['verifiedAt'] else 'not verified'}")


@app.command(help_epilogue="Example: `fieldgate domain remove acme.example --tenant acme`")
def remove(name: str, *, tenant: TenantSlug) -> None:
    """Take a claim back. Nobody is found by addresses in the domain any more, and nobody becomes a member by one."""

    async def work() -> None:
        async with tenant_named(tenant) as administered:
            await administered.domains.remove(OPERATOR, (await administered.domains.named(name)).id)

    asyncio.run(work())


def _checked(name: str) -> str:
    checked = domain_name(name)
    if checked is None:
        message = f"{name!r} is no domain name"
        raise UsageError(message)
    return checked


def _described(domain: Domain) -> dict[str, object]:
    return {
        "id": str(domain.id),
        "name": domain.name,
        "verifiedAt": domain.verified_at and domain.verified_at.isoformat(timespec="seconds"),
        "recordName": record_name(domain.name),
        "recordValue": record_value(domain.verification_token),
    }
