"""``fieldgate client``: a partner's programs, which get tokens by OAuth 2 client credentials."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Column, Table

from auth.audit import Actor
from auth.oauth.client_registry import (
    NewClient,
    NoSecretError,
    RefusedKeysError,
    checked_keys,
    clients_of,
    rotate_secret,
    set_enabled,
)
from auth.oauth.client_registry import (
    create as create_client,
)
from auth.permissions import Permission
from cli.environment import command_settings
from cli.failure import CommandFailedError, UsageError
from models.tenant import AuditActorKind, OrgUnit, Role
from tenancy.database import open_database
from tenancy.errors import UnknownTenantError
from tenancy.scope import tenant_scope
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.oauth.client_registry import Secret
    from models.shared import Client
    from tenancy.placement import TenantPlacement

app = App(
    name="client",
    help="Create and look after a partner's programs (OAuth 2 client credentials).",
    help_epilogue="Example: `fieldgate client create --tenant acme --name 'ERP export' --role auditor`",
)

# The tenant sees in its log that an operator did it.
OPERATOR: Final = Actor(AuditActorKind.OPERATOR)

Tenant = Annotated[str, Parameter(name="--tenant", help="The tenant's name in paths.")]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON for a program to read.")]


@app.command(help_epilogue="Example: `fieldgate client create --tenant acme --name 'ERP export' --role auditor`")
def create(  # noqa: PLR0913 - one for each thing that an operator may say
    *,
    tenant: Tenant,
    name: str,
    role: str,
    scope: str | None = None,
    keys: Path | None = None,
    as_json: Json = False,
) -> None:
    """Create a client. Its secret is printed now and never again.

    Args:
        tenant: The tenant's name in paths.
        name: What people call it.
        role: The role that it holds, by its key.
        scope: What the role's permissions are cut down to, with blanks between.
        keys: A file with its public keys (a JWK set), instead of a secret.
        as_json: Print JSON for a program to read.
    """
    scopes, jwks = _scopes(scope), _keys(keys)

    async def work() -> Secret:
        async with _tenant(tenant) as placement, tenant_scope(placement, authorization_version=None):
            held = await Role.get_or_none(key=role)
            top = await OrgUnit.filter(parent_id=None).order_by("id").first()
            if held is None or top is None:
                message = f"{tenant} has no role {role!r}" if held is None else f"{tenant} has no org unit yet"
                raise CommandFailedError(message)
            new = NewClient(placement.tenant_id, name, top.id, held.id, None, scopes, jwks)
            return await create_client(new, OPERATOR)

    _print(asyncio.run(work()), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate client rotate CLIENT_ID --tenant acme`")
def rotate(client_id: UUID, *, tenant: Tenant, as_json: Json = False) -> None:
    """Give a client a new secret. The present one is good for another day.

    Args:
        client_id: The client.
        tenant: The tenant's name in paths.
        as_json: Print JSON for a program to read.
    """

    async def work() -> Secret:
        async with _tenant(tenant) as placement, tenant_scope(placement, authorization_version=None):
            try:
                made = await rotate_secret(placement.tenant_id, client_id, OPERATOR)
            except NoSecretError as failure:
                message = f"{client_id} proves itself by its keys and has no secret"
                raise CommandFailedError(message) from failure
            if made is None:
                raise _no_client(tenant, client_id)
            return made

    _print(asyncio.run(work()), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate client disable CLIENT_ID --tenant acme`")
def disable(client_id: UUID, *, tenant: Tenant) -> None:
    """Switch a client off. Its tokens are refused everywhere within seconds.

    Args:
        client_id: The client.
        tenant: The tenant's name in paths.
    """
    asyncio.run(_switch(tenant, client_id, enabled=False))


@app.command(help_epilogue="Example: `fieldgate client enable CLIENT_ID --tenant acme`")
def enable(client_id: UUID, *, tenant: Tenant) -> None:
    """Switch a client on again. Tokens that it had before stay dead.

    Args:
        client_id: The client.
        tenant: The tenant's name in paths.
    """
    asyncio.run(_switch(tenant, client_id, enabled=True))


@app.command(name="list", help_epilogue="Example: `fieldgate client list --tenant acme`")
def list_(*, tenant: Tenant, as_json: Json = False) -> None:
    """List a tenant's clients.

    Args:
        tenant: The tenant's name in paths.
        as_json: Print JSON for a program to read.
    """

    async def work() -> list[dict[str, object]]:
        async with _tenant(tenant) as placement:
            return [_described(client) for client in await clients_of(placement.tenant_id)]

    clients = asyncio.run(work())
    if as_json:
        print(json.dumps(clients))
        return
    # Whole, however narrow the terminal is: it is what the other commands take.
    table = Table(Column("Client", no_wrap=True), "Name", "Enabled", "Scope", "Last used", box=None)
    for client in clients:
        table.add_row(*(str(client[key]) for key in ("clientId", "name", "enabled", "scope", "lastUsedAt")))
    Console().print(table)


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


async def _switch(tenant: str, client_id: UUID, *, enabled: bool) -> None:
    async with _tenant(tenant) as placement, tenant_scope(placement, authorization_version=None):
        if await set_enabled(placement.tenant_id, client_id, OPERATOR, enabled=enabled) is None:
            raise _no_client(tenant, client_id)


def _no_client(tenant: str, client_id: UUID) -> CommandFailedError:
    message = f"{tenant} has no client {client_id}"
    return CommandFailedError(message)


def _scopes(scope: str | None) -> frozenset[Permission] | None:
    try:
        return None if scope is None else frozenset(Permission(name) for name in scope.split())
    except ValueError as failure:
        message = f"a scope is made of permissions such as {Permission.COMPANY_READ.value}: {failure}"
        raise UsageError(message) from failure


def _keys(path: Path | None) -> dict[str, object] | None:
    try:
        return None if path is None else checked_keys(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, RefusedKeysError, json.JSONDecodeError) as failure:
        message = f"{path}: {failure}"
        raise UsageError(message) from failure


def _described(client: Client) -> dict[str, object]:
    return {
        "clientId": str(client.id),
        "name": client.name,
        "enabled": client.enabled,
        "scope": None if client.scopes is None else " ".join(client.scopes),
        "lastUsedAt": client.last_used_at and client.last_used_at.isoformat(timespec="seconds"),
    }


def _print(made: Secret, *, as_json: bool) -> None:
    described = _described(made.client) | ({} if made.text is None else {"clientSecret": made.text})
    if as_json:
        print(json.dumps(described))
        return
    table = Table(box=None, show_header=False)
    for key, value in described.items():
        table.add_row(key, str(value))
    Console().print(table)
