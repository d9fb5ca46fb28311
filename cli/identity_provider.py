"""``fieldgate identity-provider``: a tenant's connections to identity providers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from cyclopts import App, Parameter, validators
from strawberry.utils.str_converters import to_camel_case

from auth.sso.connection import OPERATOR
from auth.sso.connection_addresses import ADDRESSES
from cli.administration import tenant_named, tenant_of_connection
from cli.identity_provider_options import SettingsOptions, settings_given
from models.shared import IdentityProviderKind

if TYPE_CHECKING:
    from auth.sso.connection import Connections
    from models.shared import IdentityProvider

app = App(
    name="identity-provider",
    help="Look after the identity providers of a tenant.",
    help_epilogue="Example: `fieldgate identity-provider list --tenant acme`",
)

TenantSlug = Annotated[str, Parameter(name="--tenant", help="The tenant's name in paths.")]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON for a program to read.")]


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

    async def work() -> list[dict[str, Any]]:
        async with tenant_named(tenant) as opened:
            row = await opened.connections.create(OPERATOR, protocol, given)
            return await _described(opened.connections, row)

    _print(asyncio.run(work()), as_json=as_json)


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

    async def work() -> list[dict[str, Any]]:
        async with tenant_of_connection(identifier) as opened:
            row = await opened.connections.update(OPERATOR, identifier, given, discard_staged=discard_waiting)
            return await _described(opened.connections, row)

    _print(asyncio.run(work()), as_json=as_json)


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

    async def work() -> list[dict[str, Any]]:
        async with tenant_of_connection(identifier) as opened:
            row = await opened.connections.rotate_key(OPERATOR, identifier, keep=keep)
            return await _described(opened.connections, row)

    _print(asyncio.run(work()), as_json=as_json)


@app.command(name="list", help_epilogue="Example: `fieldgate identity-provider list --tenant acme --json`")
def list_(*, tenant: TenantSlug, as_json: Json = False) -> None:
    """List a tenant's connections. Secrets are not shown, to nobody."""

    async def work() -> list[dict[str, Any]]:
        async with tenant_named(tenant) as opened:
            return await _described(opened.connections, *await opened.connections.all())

    _print(asyncio.run(work()), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate identity-provider show 0199…`")
def show(identifier: UUID, *, as_json: Json = False) -> None:
    """Show a connection, with the addresses to copy to the provider.

    Args:
        identifier: The connection's id.
        as_json: Print JSON for a program to read.
    """

    async def work() -> list[dict[str, Any]]:
        async with tenant_of_connection(identifier) as opened:
            return await _described(opened.connections, await opened.connections.one(identifier))

    _print(asyncio.run(work()), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate identity-provider test 0199…`")
def test(identifier: UUID) -> None:
    """Print the address of a dry run: it shows what the provider says and signs nobody in. Good for 15 minutes."""

    async def work() -> str:
        async with tenant_of_connection(identifier) as opened:
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
        async with tenant_of_connection(identifier) as opened:
            await opened.connections.delete(OPERATOR, identifier)

    asyncio.run(work())


async def _switch(identifier: UUID, *, enabled: bool) -> None:
    async with tenant_of_connection(identifier) as opened:
        await opened.connections.set_enabled(OPERATOR, identifier, enabled=enabled)


async def _described(connections: Connections, *rows: IdentityProvider) -> list[dict[str, Any]]:
    """What GraphQL shows too, under the same names; without the addresses of the other protocol."""
    return [
        {
            to_camel_case(name): _plain(value)
            for name, value in asdict(view).items()
            if value is not None or name not in ADDRESSES
        }
        for view in await connections.views(rows, datetime.now(UTC))
    ]


def _plain(value: object) -> object:
    """As JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dict):
        return {to_camel_case(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, UUID) else value


def _print(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows))
        return
    width = max((len(key) for row in rows for key in row), default=0)
    for row in rows:
        for key, value in row.items():
            print(f"{key:<{width}} {_text(value)}".rstrip())
        print()


def _text(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={_text(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return ", ".join(_text(inner) for inner in value)
    return "" if value is None else str(value)
