"""A connection to a provider made of the npm package ``oidc-provider``, set up as operators do it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Final

from tests.acceptance.connection import Connection, add_members, switch_on
from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from tests.server.gateway import Gateway

FOLDER: Final = "oidc_provider"

_SECRET: Final = "not a secret beyond this test"


@contextlib.asynccontextmanager
async def oidc_connection(
    gateway: Gateway, folder: Path, number: int, people: Mapping[str, str], members: Sequence[str], **options: object
) -> AsyncIterator[Connection]:
    """A connection of the tenant of that number, tested and switched on.

    Args:
        gateway: the running server.
        folder: for a file with the client secret.
        number: which of its tenants.
        people: who can sign in at the provider: what they type there, and their e-mail addresses.
        members: which of them are members of the tenant.
        options: of ``oidc_provider/serve.mjs``.
    """
    placement, port = gateway.tenants[number], free_port()
    secret = folder / f"secret-{number}"
    secret.write_text(f"{_SECRET}\n", encoding="utf-8")
    issuer = f"http://localhost:{port}"
    output = await gateway.command(
        *("identity-provider", "create", f"Provider {number}", "--tenant", placement.slug, "--issuer", issuer),
        *("--client-id", "fieldgate", "--client-secret-file", str(secret), "--json"),
    )
    connection_id = json.loads(output)[0]["id"]
    options = {
        "name": f"provider{number}",
        "issuer": issuer,
        "port": port,
        "gateway": gateway.url,
        "connection": connection_id,
        "clientId": "fieldgate",
        "clientSecret": _SECRET,
        "people": {login: {"email": email, "name": login.title()} for login, email in people.items()},
        **options,
    }
    ids = await add_members(placement, {name: people[name] for name in members})
    async with Connection(placement, connection_id, issuer, ids, FOLDER, options).running() as connection:
        await switch_on(gateway, connection)
        yield connection
