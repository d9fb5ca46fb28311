"""``fieldgate scim token``: the bearer tokens with which identity providers tell us about their people."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from auth.scim import token_registry
from auth.scim.token import DEFAULT_DAYS
from auth.sso.connection import OPERATOR
from auth.sso.connection_settings import ChangeRefusedError, ProblemKind
from cli.environment import command_settings
from cli.failure import CommandFailedError
from models.shared import IdentityProvider, ScimToken
from tenancy.database import open_database
from tenancy.errors import UnknownTenantError
from tenancy.scope import tenant_scope
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tenancy.placement import TenantPlacement

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
        async with _tenant(tenant) as found, tenant_scope(found, authorization_version=None):
            with _in_words(tenant):
                return await token_registry.create(OPERATOR, await _provider(found, provider), name, days=days)

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
            tokens = await ScimToken.filter(tenant_id=found.tenant_id).order_by("id")
            return [_described(token) for token in tokens]

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
        async with _tenant(tenant) as found, tenant_scope(found, authorization_version=None):
            with _in_words(tenant):
                return await token_registry.rotate(OPERATOR, token, days=days)

    _show(asyncio.run(work()), as_json=as_json)


@tokens.command(help_epilogue="Example: `fieldgate scim token revoke ID --tenant acme`")
def revoke(token: UUID, *, tenant: str) -> None:
    """End a token now.

    Args:
        token: The token's id.
        tenant: The tenant's name in paths.
    """

    async def work() -> None:
        async with _tenant(tenant) as found, tenant_scope(found, authorization_version=None):
            with _in_words(tenant):
                await token_registry.revoke(OPERATOR, token)

    asyncio.run(work())


@asynccontextmanager
async def _tenant(slug: str) -> AsyncIterator[TenantPlacement]:
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            yield await database.directory.by_slug(checked_slug(slug))
        except (SlugRefusedError, UnknownTenantError) as failure:
            message = f"there is no tenant {slug!r}"
            raise CommandFailedError(message) from failure
        finally:
            await database.close()


@contextmanager
def _in_words(tenant: str) -> Iterator[None]:
    try:
        yield
    except ChangeRefusedError as refused:
        unknown = any(each.kind is ProblemKind.UNKNOWN for each in refused.problems)
        message = f"{tenant} has no such token" if unknown else " ".join(each.message for each in refused.problems)
        raise CommandFailedError(message) from refused


async def _provider(tenant: TenantPlacement, wanted: UUID | None) -> UUID:
    providers = await IdentityProvider.filter(tenant_id=tenant.tenant_id)
    chosen = [provider for provider in providers if wanted in {None, provider.id}]
    if len(chosen) != 1:
        message = f"{tenant.slug} has {len(chosen)} such identity providers; name one with --provider"
        raise CommandFailedError(message)
    found: UUID = chosen[0].id
    return found


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
