"""A connection to a SAML provider made of the npm package ``samlp``, set up as operators do it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import httpx2

from models.shared import IdentityProvider, IdentityProviderKind, SigningPolicy
from tests.acceptance.connection import Connection, add_members, switch_on
from tests.auth.saml.provider_double import key_pair
from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tests.server.gateway import Gateway

FOLDER: Final = "saml_provider"

# The library's names for what of a person it has no other name for.
_EMAIL_VERIFIED: Final = "http://schemas.passportjs.com/verified"


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
    row = await IdentityProvider.create(
        tenant_id=placement.tenant_id,
        name=f"Signs {signed.value}",
        kind=IdentityProviderKind.SAML,
        issuer=issuer,
        signing_policy=signed,
        want_encrypted=encrypted,
        enabled=False,
        claim_names={"email_verified": _EMAIL_VERIFIED},
    )
    keys = key_pair(issuer)
    options = {
        "issuer": issuer,
        "port": port,
        "ours": await _document(f"{gateway.url}/saml/{placement.slug}/metadata/{row.id}"),
        "certificate": keys.certificate_pem.decode(),
        "key": keys.key_pem.decode(),
        "signed": signed.value,
        "encrypted": encrypted,
        "nameFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" if encrypted else None,
        "people": {login: {"email": email, "verified": True} for login, email in people.items()},
    }
    ids = await add_members(placement, {name: people[name] for name in members})
    async with Connection(placement, str(row.id), issuer, ids, FOLDER, options).running() as connection:
        await IdentityProvider.filter(id=row.id).update(saml_metadata=await _document(f"{issuer}/metadata"))
        await switch_on(gateway, connection)
        yield connection


async def _document(address: str) -> str:
    # Our server may have a certificate by nobody but itself.
    async with httpx2.AsyncClient(verify=False) as client:
        return (await client.get(address)).raise_for_status().text
