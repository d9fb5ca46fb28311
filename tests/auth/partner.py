"""A partner's program: what it sends to prove who it is, honest and otherwise."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from auth.audit import NOBODY
from auth.oauth.client_assertion import ASSERTION_TYPE
from auth.oauth.client_registry import NewClient, create
from models.tenant import Role
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    import httpx2

    from auth.permissions import Permission
    from models.shared import Client
    from tests.auth.conftest import Person

KEYS: Final[dict[str, ECKey | RSAKey | OKPKey]] = {
    "ES256": ECKey.generate_key("P-256"),
    "RS256": RSAKey.generate_key(2048),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}


@dataclass(frozen=True)
class Partner:
    """A client, and how it reaches us."""

    client: Client
    secret: str | None
    http: httpx2.AsyncClient
    issuer: str

    @property
    def id(self) -> UUID:
        return self.client.id

    def basic(self, secret: str | None = None) -> dict[str, str]:
        pair = f"{self.client.id}:{self.secret if secret is None else secret}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    async def by_secret(self, secret: str | None = None, **parameters: str) -> httpx2.Response:
        body = {"grant_type": "client_credentials", **parameters}
        return await self.http.post("/auth/token", data=body, headers=self.basic(secret))

    def assertion(self, algorithm: str = "ES256", **changed: object) -> str:
        """A signed note, with claims changed; ``...`` leaves one out."""
        now = int(time.time())
        claims: dict[str, object] = {"iss": str(self.id), "sub": str(self.id), "aud": self.issuer, "jti": uuid4().hex}
        claims |= {"iat": now, "exp": now + 60} | changed
        given = {name: value for name, value in claims.items() if value is not ...}
        registry = jws.JWSRegistry(algorithms=[algorithm])
        header = {"alg": algorithm, "kid": algorithm if algorithm != "PS256" else "RS256"}
        key = KEYS["RS256" if algorithm == "PS256" else algorithm]
        return jwt.encode(header, given, key, registry=registry)

    async def by_assertion(self, text: str, **parameters: str) -> httpx2.Response:
        return await self.http.post("/auth/token", data=self.proof(text, grant_type="client_credentials", **parameters))

    def proof(self, text: str, **parameters: str) -> dict[str, str]:
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text, **parameters}


def public_keys() -> dict[str, object]:
    return {"keys": [{**key.as_dict(private=False), "kid": name} for name, key in KEYS.items()]}


async def new_partner(  # noqa: PLR0913 # each is a thing that a test says about its partner
    person: Person,
    http: httpx2.AsyncClient,
    issuer: str,
    *,
    role: str = "auditor",
    scopes: frozenset[Permission] | None = None,
    jwks: dict[str, object] | None = None,
) -> Partner:
    async with tenant_scope(person.placement, authorization_version=None):
        held = await Role.get(key=role)
        made = await create(
            NewClient(person.placement.tenant_id, "A partner", person.org_unit_id, held.id, None, scopes, jwks), NOBODY
        )
    return Partner(made.client, made.text, http, issuer)
