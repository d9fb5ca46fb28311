"""A connection to a SAML provider made of the npm package ``samlp``, set up as operators do it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Final

import httpx2

from tests.acceptance.connection import Connection, add_members, switch_on
from tests.auth.saml.provider_double import key_pair
from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from models.shared import SigningPolicy
    from tests.server.gateway import Gateway

FOLDER: Final = "saml_provider"

# The library's names for what of a person it has no other name for.
EMAIL_VERIFIED: Final = "http://schemas.passportjs.com/verified"


@contextlib.asynccontextmanager
async def saml_connection(  # noqa: PLR0913 - each is a thing that a test says about it
    gateway: Gateway,
    number: int,
    people: Mapping[str, str],
    members: Sequence[str],
    *,
    signed: SigningPolicy,
    encrypted: bool,
) -> AsyncIterator[Connection]:
    """A connection of the tenant of that number, tested and switched on.

    Args:
        gateway: the running server.
        number: which of its tenants.
        people: who can sign in at the provider: what they type there, and their e-mail addresses.
        members: which of them are made members of the tenant.
        signed: what the provider signs, and the connection asks for.
        encrypted: whether the provider encrypts, and the connection asks for it.
    """
    placement, port = gateway.tenants[number], free_port()
    issuer = f"http://localhost:{port}"
    output = await gateway.command(
        *("identity-provider", "create", f"Signs {signed.value}", "--tenant", placement.slug, "--kind", "saml"),
        *("--signing-policy", signed.value, "--claim", f"email_verified={EMAIL_VERIFIED}", "--json"),
        *(["--want-encrypted"] if encrypted else []),
    )
    connection_id = json.loads(output)[0]["id"]
    keys = key_pair(issuer)
    options = {
        "issuer": issuer,
        "port": port,
        "ours": await _document(f"{gateway.url}/saml/{placement.slug}/metadata/{connection_id}"),
        "certificate": keys.certificate_pem.decode(),
        "key": keys.key_pem.decode(),
        "signed": signed.value,
        "encrypted": encrypted,
        "nameFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" if encrypted else None,
        "people": {login: {"email": email, "verified": True} for login, email in people.items()},
    }
    ids = await add_members(placement, {name: people[name] for name in members})
    async with Connection(placement, connection_id, issuer, ids, FOLDER, options).running() as connection:
        await gateway.command("identity-provider", "update", connection_id, "--metadata-url", f"{issuer}/metadata")
        await switch_on(gateway, connection)
        yield connection


async def _document(address: str) -> str:
    # Our server may have a certificate by nobody but itself.
    async with httpx2.AsyncClient(verify=False) as client:
        return (await client.get(address)).raise_for_status().text
