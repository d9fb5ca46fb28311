"""``fieldgate token``: an access token for somebody of the demo, made by the code that makes real ones."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from auth.sessions.session import Sessions, SessionTokens
from auth.sessions.signing_keys import SigningKeys
from cli.environment import command_settings, settings_in_force
from cli.failure import CommandFailedError
from models.shared import IdentityProvider
from models.tenant import Member
from tenancy.database import open_database
from tenancy.errors import UnknownTenantError
from tenancy.scope import tenant_scope
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from settings import Settings
    from tenancy.placement import TenantPlacement

app = App(
    name="token",
    help="Print an access token for somebody of the demo (development only).",
    help_epilogue="Example: `fieldgate token --tenant acme --as owner@acme.example`",
)


@app.default
def token(
    *,
    tenant: str,
    email: Annotated[str, Parameter(name="--as")],
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Print an access token for a member, good for some minutes at the server that has the same settings.

    Args:
        tenant: The tenant's name in paths.
        email: The member's address.
        as_json: Print JSON, with a refresh token in it, for a program to read.
    """
    # Asked before anything is opened: whoever can reach production's database must not get tokens this way.
    if settings_in_force().environment != "development":
        message = "token is for a developer's machine; in production people sign in"
        raise CommandFailedError(message)
    with command_settings() as settings:
        tokens = asyncio.run(_begin(settings, tenant, email))
    if not as_json:
        sys.stdout.write(tokens.access_token + "\n")
        return
    body = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.access_seconds,
        "refresh_token": tokens.refresh_token,
        "tenant": str(tokens.subject.tenant_id),
        "member": str(tokens.subject.member_id),
    }
    sys.stdout.write(json.dumps(body) + "\n")


async def _begin(settings: Settings, tenant: str, email: str) -> SessionTokens:
    database = await open_database(settings)
    try:
        try:
            placement = await database.directory.by_slug(checked_slug(tenant))
        except (SlugRefusedError, UnknownTenantError) as failure:
            message = f"there is no tenant {tenant!r}"
            raise CommandFailedError(message) from failure
        async with tenant_scope(placement, authorization_version=None, read_only=True):
            member = await Member.get_or_none(email=email, active=True)
        if member is None:
            message = f"{tenant} has no active member {email!r}"
            raise CommandFailedError(message)
        return await Sessions(settings, SigningKeys(settings), database.directory).begin(
            tenant_id=placement.tenant_id,
            member_id=member.id,
            identity_provider_id=(await _provider(settings, placement)).id,
            authenticated_at=int(time.time()),
        )
    finally:
        await database.close()


async def _provider(settings: Settings, placement: TenantPlacement) -> IdentityProvider:
    # One that is there is taken as it is: a running server may have another address than this command thinks.
    known = await IdentityProvider.filter(tenant_id=placement.tenant_id).order_by("id").first()
    if known is not None:
        return known
    from development.identity_provider_registration import ensure_identity_provider  # noqa: PLC0415 - see cli/environment

    return await ensure_identity_provider(settings, placement)
