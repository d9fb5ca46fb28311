"""``fieldgate identity-provider``: a tenant's connections to identity providers."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from cyclopts import App, Parameter, validators
from strawberry.utils.str_converters import to_camel_case

from auth.sso.connection import OPERATOR, Connections, issuer_of
from auth.sso.connection_addresses import connection_addresses
from auth.sso.connection_settings import ChangeRefusedError
from auth.sso.outbound import Outbound
from cli.environment import command_settings
from cli.failure import CommandFailedError
from cli.identity_provider_options import SettingsOptions, option_of, settings_given
from models.shared import IdentityProvider, IdentityProviderKind, Tenant
from tenancy.database import open_database
from tenancy.errors import UnknownTenantError
from tenancy.scope import tenant_scope
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from settings import Settings

app = App(
    name="identity-provider",
    help="Look after the identity providers of a tenant.",
    help_epilogue="Example: `fieldgate identity-provider list --tenant acme`",
)

TenantSlug = Annotated[str, Parameter(name="--tenant", help="The tenant's name in paths.")]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON for a program to read.")]


@dataclass(frozen=True)
class _Opened:
    """A tenant whose scope is open, and what changes its connections."""

    settings: Settings
    slug: str
    connections: Connections

    def described(self, row: IdentityProvider) -> dict[str, Any]:
        addresses = connection_addresses(self.settings, self.slug, row)
        return {
            "id": str(row.id),
            "name": row.name,
            "kind": row.kind.value,
            "issuer": issuer_of(row),
            "clientId": row.client_id,
            "enabled": row.enabled,
            "testedAt": None if row.tested_at is None else row.tested_at.isoformat(timespec="seconds"),
            "waitsForTest": sorted(row.staged or ()),
            **{to_camel_case(name): address for name, address in addresses.items()},
        }


@app.command(
    help_epilogue="Examples: `fieldgate identity-provider create Okta --tenant acme --issuer … --client-id …`,"
    " `fieldgate identity-provider create 'AD FS' --tenant acme --metadata-url https://…`"
)
def create(
    name: str,
    *,
    options: SettingsOptions | None = None,
    tenant: TenantSlug,
    kind: Literal["oidc", "saml"] = "oidc",
    as_json: Json = False,
) -> None:
    """Make a connection. It stays off until a test of it has worked and it is enabled.

    Args:
        name: What its people know it by.
        options: Its settings.
        tenant: The tenant's name in paths.
        kind: OpenID Connect, or SAML 2.0. With the provider's SAML metadata, it is SAML whatever this says.
        as_json: Print JSON for a program to read.
    """
    given = {"name": name, **settings_given(options)}
    protocol = IdentityProviderKind.SAML if given.keys() & {"metadata", "metadata_url"} else IdentityProviderKind(kind)

    async def work() -> dict[str, Any]:
        async with _tenant(tenant) as opened:
            return opened.described(await opened.connections.create(OPERATOR, protocol, given))

    _print([asyncio.run(work())], as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate identity-provider update 0199… --claim groups=roles`")
def update(
    identifier: UUID,
    *,
    options: SettingsOptions | None = None,
    name: str | None = None,
    discard_waiting: Annotated[bool, Parameter(negative=())] = False,
    as_json: Json = False,
) -> None:
    """Change what is given. Of a connection that has been tested, what a test proved waits for the next test.

    Args:
        identifier: The connection's id.
        options: Its settings.
        name: What its people know it by.
        discard_waiting: First forget the changes that wait for a test.
        as_json: Print JSON for a program to read.
    """
    given = settings_given(options) | ({} if name is None else {"name": name})

    async def work() -> dict[str, Any]:
        async with _tenant_of(identifier) as opened:
            return opened.described(
                await opened.connections.update(OPERATOR, identifier, given, discard_staged=discard_waiting)
            )

    _print([asyncio.run(work())], as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate identity-provider rotate-secret 0199… secret.txt`")
def rotate_secret(identifier: UUID, client_secret_file: Path, *, as_json: Json = False) -> None:
    """Take a new client secret. The present one is used until a test has worked with the new one.

    Args:
        identifier: The connection's id.
        client_secret_file: A file that holds the secret.
        as_json: Print JSON for a program to read.
    """
    update(identifier, options=SettingsOptions(client_secret_file=client_secret_file), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate identity-provider rotate-key 0199… --keep-days 30`")
def rotate_key(
    identifier: UUID,
    *,
    keep_days: Annotated[int | None, Parameter(validator=validators.Number(gte=0))] = None,
    as_json: Json = False,
) -> None:
    """Make a new key of ours in a SAML connection. It signs from now on, and is what our metadata shows.

    Give the provider our metadata anew right after: one that checks our requests refuses them until it has it.

    Args:
        identifier: The connection's id.
        keep_days: How long what the provider encrypts with the present key is still opened; 0 if somebody may have
            got hold of it. As long as its certificate is good, if this is not given.
        as_json: Print JSON for a program to read.
    """
    keep = None if keep_days is None else timedelta(days=keep_days)

    async def work() -> dict[str, Any]:
        async with _tenant_of(identifier) as opened:
            return opened.described(await opened.connections.rotate_key(OPERATOR, identifier, keep=keep))

    _print([asyncio.run(work())], as_json=as_json)


@app.command(name="list", help_epilogue="Example: `fieldgate identity-provider list --tenant acme --json`")
def list_(*, tenant: TenantSlug, as_json: Json = False) -> None:
    """List a tenant's connections. Secrets are not shown, to nobody."""

    async def work() -> list[dict[str, Any]]:
        async with _tenant(tenant) as opened:
            return [opened.described(row) for row in await opened.connections.all()]

    _print(asyncio.run(work()), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate identity-provider show 0199…`")
def show(identifier: UUID, *, as_json: Json = False) -> None:
    """Show a connection, with the addresses to copy to the provider.

    Args:
        identifier: The connection's id.
        as_json: Print JSON for a program to read.
    """

    async def work() -> dict[str, Any]:
        async with _tenant_of(identifier) as opened:
            return opened.described(await opened.connections.one(identifier))

    _print([asyncio.run(work())], as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate identity-provider test 0199…`")
def test(identifier: UUID) -> None:
    """Print the address of a dry run: it shows what the provider says and signs nobody in. Good for 15 minutes."""

    async def work() -> str:
        async with _tenant_of(identifier) as opened:
            return await opened.connections.test_address(OPERATOR, identifier)

    print(asyncio.run(work()))


@app.command(help_epilogue="Example: `fieldgate identity-provider enable 0199…`")
def enable(identifier: UUID) -> None:
    """Let people sign in by a connection that has been tested."""
    asyncio.run(_switch(identifier, enabled=True))


@app.command(help_epilogue="Example: `fieldgate identity-provider disable 0199…`")
def disable(identifier: UUID) -> None:
    """Let nobody sign in by a connection any more, and end the sessions that came of it."""
    asyncio.run(_switch(identifier, enabled=False))


@app.command(help_epilogue="Example: `fieldgate identity-provider delete 0199…`")
def delete(identifier: UUID) -> None:
    """Remove a connection that is off. Its members stay."""

    async def work() -> None:
        async with _tenant_of(identifier) as opened:
            await opened.connections.delete(OPERATOR, identifier)

    asyncio.run(work())


async def _switch(identifier: UUID, *, enabled: bool) -> None:
    async with _tenant_of(identifier) as opened:
        await opened.connections.set_enabled(OPERATOR, identifier, enabled=enabled)


@asynccontextmanager
async def _tenant(slug: str | None, identifier: UUID | None = None) -> AsyncIterator[_Opened]:
    """The tenant of this name, or of this connection."""
    with command_settings() as settings:
        database, outbound = await open_database(settings), Outbound(settings)
        try:
            if slug is None:
                slug = await _slug_of(identifier)
            placement = await database.directory.by_slug(checked_slug(slug))
            async with tenant_scope(placement, authorization_version=None):
                yield _Opened(settings, slug, Connections(settings, outbound))
        except (SlugRefusedError, UnknownTenantError) as failure:
            message = f"there is no tenant {slug!r}"
            raise CommandFailedError(message) from failure
        except ChangeRefusedError as refused:
            message = "; ".join(f"{option_of(each.setting)}{each.message}" for each in refused.problems)
            raise CommandFailedError(message) from refused
        finally:
            await outbound.close()
            await database.close()


def _tenant_of(identifier: UUID) -> AbstractAsyncContextManager[_Opened]:
    return _tenant(None, identifier)


async def _slug_of(identifier: UUID | None) -> str:
    tenant = await Tenant.get_or_none(identity_providers__id=identifier)
    if tenant is None:
        message = "there is no such connection"
        raise CommandFailedError(message)
    return tenant.slug


def _print(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows))
        return
    width = max((len(key) for row in rows for key in row), default=0)
    for row in rows:
        for key, value in row.items():
            text = ", ".join(value) if isinstance(value, list) else "" if value is None else value
            print(f"{key:<{width}} {text}".rstrip())
        print()
