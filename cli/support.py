"""``fieldgate support``: operators ask a tenant to be let in, for a time and a reason, and enter once it has agreed."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Column, Table

from auth.audit import Actor
from auth.sessions.signing_keys import SigningKeys
from auth.sso.domain_name import domain_of_address
from auth.support.entry import NoSupportAccessError, SupportToken
from auth.support.entry import enter as enter_tenant
from auth.support.grant import (
    LONGEST_REASON,
    MOST_HOURS,
    end_support,
    grants_of,
    minutes_of,
    request_support,
    status_of,
)
from cli.environment import command_settings
from cli.failure import CommandFailedError, UsageError
from models.tenant import AuditActorKind
from tenancy.database import open_database
from tenancy.errors import UnknownTenantError
from tenancy.scope import tenant_scope
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from models.shared import SupportGrant
    from settings import Settings
    from tenancy.placement import TenantPlacement

app = App(
    name="support",
    help="Ask a tenant to be let in, and enter once it has agreed.",
    help_epilogue="Example: `fieldgate support list --tenant acme`",
)

Tenant = Annotated[str, Parameter(name="--tenant", help="The tenant's name in paths.")]
Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON for a program to read.")]

_LONGEST_ADDRESS = 320
_EXAMPLE = "Example: `fieldgate support request --tenant acme --operator ops@example.com --reason 'Case 7' --hours 2`"


@app.command(help_epilogue=_EXAMPLE)
def request(*, tenant: Tenant, operator: str, reason: str, hours: int = 1, as_json: Json = False) -> None:
    """Ask a tenant to be let in. Nobody is, before somebody of the tenant approves it.

    Args:
        tenant: The tenant's name in paths.
        operator: The e-mail address of whoever is to be let in.
        reason: Why, in a sentence that the tenant reads.
        hours: For how long, from when it is approved.
        as_json: Print JSON for a program to read.
    """
    operator = operator.strip().lower()
    if domain_of_address(operator) is None or not operator.isprintable() or len(operator) > _LONGEST_ADDRESS:
        message = f"{operator!r} is no e-mail address"
        raise UsageError(message)
    reason = " ".join(reason.split())
    if not reason or not reason.isprintable() or len(reason) > LONGEST_REASON:
        message = f"the reason is a sentence of at most {LONGEST_REASON} characters"
        raise UsageError(message)
    if not 1 <= hours <= MOST_HOURS:
        message = f"support access is for 1 to {MOST_HOURS} hours"
        raise UsageError(message)

    async def work() -> SupportGrant:
        async with _tenant(tenant) as (_, placement), tenant_scope(placement, authorization_version=None):
            return await request_support(placement.tenant_id, operator, reason, hours)

    _print([asyncio.run(work())], as_json=as_json, one=True)


@app.command(name="list", help_epilogue="Example: `fieldgate support list --tenant acme`")
def list_(*, tenant: Tenant, as_json: Json = False) -> None:
    """List a tenant's requests and grants, the newest first.

    Args:
        tenant: The tenant's name in paths.
        as_json: Print JSON for a program to read.
    """

    async def work() -> list[SupportGrant]:
        async with _tenant(tenant) as (_, placement):
            return await grants_of(placement.tenant_id)

    _print(asyncio.run(work()), as_json=as_json)


@app.command(help_epilogue="Example: `fieldgate support enter GRANT --tenant acme`")
def enter(grant: UUID, *, tenant: Tenant, as_json: Json = False) -> None:
    """Print an access token for the operator of an approved request. The tenant's log says that it was had.

    Args:
        grant: The request's id.
        tenant: The tenant's name in paths.
        as_json: Print JSON for a program to read.
    """

    async def work() -> SupportToken:
        async with _tenant(tenant) as (settings, placement):
            try:
                return await enter_tenant(settings, SigningKeys(settings), placement, grant)
            except NoSupportAccessError as failure:
                raise CommandFailedError(str(failure)) from failure

    made = asyncio.run(work())
    if not as_json:
        sys.stdout.write(made.access_token + "\n")
        return
    body = {
        "access_token": made.access_token,
        "token_type": "Bearer",
        "expires_in": made.seconds,
        "operator": made.operator,
        "grantExpiresAt": made.grant_expires_at.isoformat(timespec="seconds"),
    }
    print(json.dumps(body))


@app.command(help_epilogue="Example: `fieldgate support end GRANT --tenant acme`")
def end(grant: UUID, *, tenant: Tenant) -> None:
    """Withdraw a request, or end access before its time. Its tokens are refused everywhere within seconds.

    Args:
        grant: The request's id.
        tenant: The tenant's name in paths.
    """

    async def work() -> None:
        async with _tenant(tenant) as (_, placement), tenant_scope(placement, authorization_version=None):
            if await end_support(placement.tenant_id, grant, Actor(AuditActorKind.OPERATOR)) is None:
                message = f"{tenant} has no support request or access {grant} that is not over"
                raise CommandFailedError(message)

    asyncio.run(work())


@asynccontextmanager
async def _tenant(slug: str) -> AsyncIterator[tuple[Settings, TenantPlacement]]:
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            yield settings, await database.directory.by_slug(checked_slug(slug))
        except (SlugRefusedError, UnknownTenantError) as failure:
            message = f"there is no tenant {slug!r}"
            raise CommandFailedError(message) from failure
        finally:
            await database.close()


def _described(grant: SupportGrant) -> dict[str, object]:
    return {
        "id": str(grant.id),
        "operator": grant.operator,
        "reason": grant.reason,
        "status": status_of(grant, datetime.now(UTC)).value,
        "minutes": minutes_of(grant),
        "requestedAt": grant.requested_at.isoformat(timespec="seconds"),
        "expiresAt": None if grant.approved_at is None else grant.expires_at.isoformat(timespec="seconds"),
    }


def _print(grants: list[SupportGrant], *, as_json: bool, one: bool = False) -> None:
    described = [_described(grant) for grant in grants]
    if as_json:
        print(json.dumps(described[0] if one else described))
        return
    # Whole, however narrow the terminal is: it is what the other commands take.
    table = Table(Column("Id", no_wrap=True), "Operator", "Reason", "Status", "Minutes", "Expires", box=None)
    for each in described:
        table.add_row(*(str(each[key]) for key in ("id", "operator", "reason", "status", "minutes", "expiresAt")))
    Console().print(table)
