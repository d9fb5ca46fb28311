"""``fieldgate scim token``: the bearer tokens with which identity providers tell us about their people."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from auth.scim.token import DEFAULT_DAYS, create_token, revoke_token, rotate_token
from cli.environment import command_settings
from cli.failure import CommandFailedError
from models.shared import IdentityProvider, ScimToken, Tenant
from tenancy.database import open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

app = App(
    name="scim",
    help="Look after the tokens of identity providers.",
    help_epilogue="Example: `fieldgate scim token create --tenant acme`",
)
tokens = App(
    name="token",
    help="Make, list, rotate and revoke tokens.",
    help_epilogue="Example: `fieldgate scim token list --tenant acme`",
)
app.command(tokens)

Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON for a program to read.")]


@tokens.command(help_epilogue="Example: `fieldgate scim token create --tenant acme --name Entra`")
def create(
    *, tenant: str, name: str = "SCIM", provider: UUID | None = None, days: int = DEFAULT_DAYS, as_json: Json = False
) -> None:
    """Make a token and print it. It is shown this once.

    Args:
        tenant: The tenant's name in paths.
        name: What people call the token.
        provider: The connection's id, where the tenant has several.
        days: How long it is good.
        as_json: Print JSON for a program to read.
    """

    async def work() -> tuple[ScimToken, str]:
        async with _tenant(tenant) as found:
            return await create_token(await _provider(found, provider), name, days=days)

    _show(asyncio.run(work()), as_json=as_json)


@tokens.command(name="list", help_epilogue="Example: `fieldgate scim token list --tenant acme`")
def list_(*, tenant: str, as_json: Json = False) -> None:
    """List the tokens of a tenant. What they are cannot be read again, only that they exist.

    Args:
        tenant: The tenant's name in paths.
        as_json: Print JSON for a program to read.
    """

    async def work() -> list[dict[str, str | None]]:
        async with _tenant(tenant) as found:
            return [_described(token) for token in await ScimToken.filter(tenant_id=found.id).order_by("id")]

    described = asyncio.run(work())
    if as_json:
        print(json.dumps(described))
        return
    table = Table("Id", "Name", "Expires", "Last used", "Revoked", box=None)
    for token in described:
        table.add_row(*(token[key] or "" for key in ("id", "name", "expiresAt", "lastUsedAt", "revokedAt")))
    Console().print(table)


@tokens.command(help_epilogue="Example: `fieldgate scim token rotate ID --tenant acme`")
def rotate(token: UUID, *, tenant: str, days: int = DEFAULT_DAYS, as_json: Json = False) -> None:
    """Make a token's successor and print it. The old one works for one more day.

    Args:
        token: The token's id.
        tenant: The tenant's name in paths.
        days: How long the new one is good.
        as_json: Print JSON for a program to read.
    """

    async def work() -> tuple[ScimToken, str]:
        async with _tenant(tenant) as found:
            known = await ScimToken.get_or_none(id=token, tenant_id=found.id, revoked_at=None)
            if known is None:
                message = f"{tenant} has no such token"
                raise CommandFailedError(message)
            return await rotate_token(known, days=days)

    _show(asyncio.run(work()), as_json=as_json)


@tokens.command(help_epilogue="Example: `fieldgate scim token revoke ID --tenant acme`")
def revoke(token: UUID, *, tenant: str) -> None:
    """End a token now.

    Args:
        token: The token's id.
        tenant: The tenant's name in paths.
    """

    async def work() -> bool:
        async with _tenant(tenant) as found:
            return await revoke_token(found.id, token)

    if not asyncio.run(work()):
        message = f"{tenant} has no such token, or it is over"
        raise CommandFailedError(message)


@asynccontextmanager
async def _tenant(slug: str) -> AsyncIterator[Tenant]:
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            tenant = await Tenant.get_or_none(slug=slug)
            if tenant is None:
                message = f"there is no tenant {slug!r}"
                raise CommandFailedError(message)
            yield tenant
        finally:
            await database.close()


async def _provider(tenant: Tenant, wanted: UUID | None) -> IdentityProvider:
    providers = await IdentityProvider.filter(tenant_id=tenant.id)
    chosen = [provider for provider in providers if wanted in {None, provider.id}]
    if len(chosen) != 1:
        message = f"{tenant.slug} has {len(chosen)} such identity providers; name one with --provider"
        raise CommandFailedError(message)
    return chosen[0]


def _described(token: ScimToken) -> dict[str, str | None]:
    def told(name: str) -> str | None:
        value = getattr(token, name)
        return None if value is None else str(value.isoformat(timespec="seconds"))

    return {
        "id": str(token.id),
        "name": token.name,
        "identityProvider": str(token.identity_provider_id),
        "expiresAt": told("expires_at"),
        "lastUsedAt": told("last_used_at"),
        "revokedAt": told("revoked_at"),
    }


def _show(made: tuple[ScimToken, str], *, as_json: bool) -> None:
    token, text = made
    print(json.dumps({**_described(token), "token": text}) if as_json else text)
