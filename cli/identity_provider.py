"""``fieldgate identity-provider``: a tenant's OpenID Connect connections."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from cyclopts import App, Parameter

from auth.sso.outbound import Outbound
from auth.sso.provider import seal_client_secret
from auth.sso.refusal import SignInRefusedError
from auth.sso.rehearsal import test_ticket
from cli.environment import command_settings
from cli.failure import CommandFailedError, UsageError
from models.shared import IdentityProvider, Tenant
from tenancy.database import open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings

app = App(
    name="identity-provider",
    help="Look after the identity providers of a tenant.",
    help_epilogue="Example: `fieldgate identity-provider list --tenant acme`",
)

CLAIMS = frozenset({"email", "email_verified", "full_name", "groups"})

TenantSlug = Annotated[str, Parameter(name="--tenant", help="The tenant's name in paths.")]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON for a program to read.")]


@app.command(help_epilogue="Example: `fieldgate identity-provider create Okta --tenant acme --issuer … --client-id …`")
def create(  # noqa: PLR0913 - one option for each thing that the provider's administrator hands over
    name: str,
    *,
    tenant: TenantSlug,
    issuer: str,
    client_id: str,
    client_secret_file: Path | None = None,
    claim: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    as_json: Json = False,
) -> None:
    """Make a connection. It stays off until a test of it has worked and it is enabled.

    Args:
        name: What its people know it by.
        tenant: The tenant's name in paths.
        issuer: What the provider calls itself, to the letter.
        client_id: What the provider calls us.
        client_secret_file: A file that holds the secret, so that it is in no history of commands; none: no secret.
        claim: OURS=THEIRS, where the provider calls a claim otherwise; ours: email, email_verified, full_name, groups.
        as_json: Print JSON for a program to read.
    """
    claim_names = {ours: theirs for ours, _, theirs in (pair.partition("=") for pair in claim)}
    if not claim_names.keys() <= CLAIMS or not all(claim_names.values()):
        message = f"--claim is OURS=THEIRS, and ours is one of {', '.join(sorted(CLAIMS))}"
        raise UsageError(message)
    secret = None if client_secret_file is None else client_secret_file.read_text(encoding="utf-8").strip()

    async def work() -> dict[str, object]:
        async with _database() as settings:
            try:
                Outbound(settings).safe_address(issuer)
            except SignInRefusedError as refused:
                message = "the issuer must be an https address"
                raise CommandFailedError(message) from refused
            row = IdentityProvider(
                tenant_id=(await _tenant(tenant)).id,
                name=name,
                issuer=issuer,
                client_id=client_id,
                claim_names=claim_names,
                enabled=False,
            )
            row.client_secret = None if secret is None else seal_client_secret(settings, row.id, secret)
            await row.save(force_create=True)
            return _described(row)

    _print([asyncio.run(work())], as_json=as_json)


@app.command(name="list", help_epilogue="Example: `fieldgate identity-provider list --tenant acme --json`")
def list_(*, tenant: TenantSlug, as_json: Json = False) -> None:
    """List a tenant's connections. Secrets are not shown, to nobody."""

    async def work() -> list[dict[str, object]]:
        async with _database():
            rows = IdentityProvider.filter(tenant_id=(await _tenant(tenant)).id).order_by("id")
            return [_described(row) async for row in rows]

    _print(asyncio.run(work()), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate identity-provider test 0199…`")
def test(identifier: UUID) -> None:
    """Print the address of a dry run: it shows what the provider says and signs nobody in. Good for 15 minutes."""

    async def work() -> str:
        async with _database() as settings:
            row = await _connection(identifier)
            return f"{settings.public_url.rstrip('/')}/auth/test?ticket={test_ticket(settings, row.id)}"

    print(asyncio.run(work()))


@app.command(help_epilogue="Example: `fieldgate identity-provider enable 0199…`")
def enable(identifier: UUID) -> None:
    """Let people sign in by a connection that has been tested."""

    async def work() -> None:
        async with _database():
            row = await _connection(identifier)
            if row.tested_at is None:
                message = "this connection has not been tested: fieldgate identity-provider test shows how"
                raise CommandFailedError(message)
            await IdentityProvider.filter(id=row.id).update(enabled=True)

    asyncio.run(work())


@app.command(help_epilogue="Example: `fieldgate identity-provider disable 0199…`")
def disable(identifier: UUID) -> None:
    """Let nobody sign in by a connection any more, and end the sessions that came of it."""

    async def work() -> None:
        async with _database():
            await IdentityProvider.filter(id=(await _connection(identifier)).id).update(enabled=False)

    asyncio.run(work())


@asynccontextmanager
async def _database() -> AsyncIterator[Settings]:
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            yield settings
        finally:
            await database.close()


async def _tenant(slug: str) -> Tenant:
    found = await Tenant.get_or_none(slug=slug)
    if found is None:
        message = f"there is no tenant {slug!r}"
        raise CommandFailedError(message)
    return found


async def _connection(identifier: UUID) -> IdentityProvider:
    found = await IdentityProvider.get_or_none(id=identifier)
    if found is None:
        message = "there is no such connection"
        raise CommandFailedError(message)
    return found


def _described(row: IdentityProvider) -> dict[str, object]:
    return {
        "id": str(row.id),
        "name": row.name,
        "kind": row.kind.value,
        "issuer": row.issuer,
        "clientId": row.client_id,
        "enabled": row.enabled,
        "testedAt": None if row.tested_at is None else row.tested_at.isoformat(timespec="seconds"),
    }


def _print(rows: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print("\n".join(f"{key:<10} {'' if value is None else value}" for key, value in row.items()), end="\n\n")
