"""A provider that can be made to misbehave in one way at a time. Left alone it is honest."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import httpx2
import orjson
from authlib.oidc.core.util import create_half_hash
from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.sso.attempt import Attempt, new_attempt
from auth.sso.oidc import OpenIdConnect
from auth.sso.outbound import Outbound
from auth.sso.provider import Provider
from auth.sso.refusal import Refusal, SignInRefusedError
from cache import open_cache
from tests.auth.tokens import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from joserfc.jwk import Key
    from starlette.requests import Request

    from auth.sso.id_token import Identity

ISSUER: Final = "https://idp.example/acme"
CLIENT_ID: Final = "fieldgate"
CLIENT_SECRET: Final = "correct horse battery staple"
ACCESS_TOKEN: Final = "an-access-token"
CODE: Final = "a-code"

PROVIDER: Final = Provider(
    id=UUID("00000000-0000-7000-8000-00000000000a"),
    tenant_id=UUID("00000000-0000-7000-8000-000000000002"),
    issuer=ISSUER,
    client_id=CLIENT_ID,
    client_secret=CLIENT_SECRET,
)

_SIGNATURES: Final = jws.JWSRegistry.algorithms


def encode(part: object) -> str:
    return urlsafe_b64encode(part if isinstance(part, bytes) else orjson.dumps(part)).decode()


def signed(header: dict[str, object], claims: object, key: Key, algorithm: str) -> str:
    """A token that is signed with ``algorithm`` whatever its header says."""
    signing_input = f"{encode(header)}.{encode(claims)}"
    return f"{signing_input}.{urlsafe_b64encode(_SIGNATURES[algorithm].sign(signing_input.encode(), key)).decode()}"


def ec_key() -> ECKey:
    return ECKey.generate_key("P-256")


def public(key: Key, **parameters: object) -> dict[str, object]:
    return {**key.as_dict(private=False), "use": "sig", **parameters}


@dataclass
class ProviderDouble:
    """What the provider says and does. Each attribute may be changed before a sign-in.

    Attributes:
        discovery, callback, token_response: members added to or replacing the honest ones; ``...`` leaves one out.
        claims, header: likewise, for the ID token.
        id_token: makes the token from header and claims; the default signs it as the header says.
        keys: the published JWK set.
        requests: how often each path was asked for.
        answers: by path, makes a response of the honest one's body.
    """

    key: Key = field(default_factory=ec_key)
    algorithm: str = "ES256"
    kid: str | None = "key-1"
    discovery: dict[str, object] = field(default_factory=dict)
    callback: dict[str, object] = field(default_factory=dict)
    token_response: dict[str, object] = field(default_factory=dict)
    claims: dict[str, object] = field(default_factory=dict)
    header: dict[str, object] = field(default_factory=dict)
    userinfo: dict[str, object] = field(default_factory=dict)
    id_token: Callable[[dict[str, object], dict[str, object]], str] | None = None
    keys: list[dict[str, object]] | None = None
    requests: Counter[str] = field(default_factory=Counter)
    authorization: dict[str, list[str]] = field(default_factory=dict)
    exchanges: list[dict[str, list[str]]] = field(default_factory=list)
    answers: dict[str, Callable[[dict[str, object]], Response]] = field(default_factory=dict)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/acme/.well-known/openid-configuration", self._discovery),
                Route("/acme/jwks", self._jwks),
                Route("/acme/token", self._token, methods=["POST"]),
                Route("/acme/userinfo", self._userinfo),
            ]
        )

    async def _discovery(self, _request: Request) -> Response:
        document: dict[str, object] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.algorithm],
            "authorization_response_iss_parameter_supported": True,
        }
        return self._answer("discovery", overlaid(document, self.discovery))

    async def _jwks(self, _request: Request) -> Response:
        parameters = {"alg": self.algorithm} | ({} if self.kid is None else {"kid": self.kid})
        keys = [public(self.key, **parameters)] if self.keys is None else self.keys
        return self._answer("jwks", {"keys": keys})

    async def _token(self, request: Request) -> Response:
        self.exchanges.append(parse_qs((await request.body()).decode()))
        nonce = self.authorization.get("nonce", [""])[0]
        response: dict[str, object] = {
            "access_token": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.make_id_token(nonce),
        }
        return self._answer("token", overlaid(response, self.token_response))

    async def _userinfo(self, _request: Request) -> Response:
        return self._answer("userinfo", self.userinfo)

    def make_id_token(self, nonce: str) -> str:
        now = int(time.time())
        at_hash = create_half_hash(ACCESS_TOKEN, "EdDSA" if self.algorithm == "Ed25519" else self.algorithm)
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "auth_time": now - 5,
            "nonce": nonce,
            "at_hash": at_hash.decode(),
            "email": "owner@acme.example",
            "email_verified": True,
        }
        header: dict[str, object] = {"alg": self.algorithm, "typ": "JWT", "kid": ... if self.kid is None else self.kid}
        header, claims = overlaid(header, self.header), overlaid(claims, self.claims)
        if self.id_token is not None:
            return self.id_token(header, claims)
        return signed(header, claims, self.key, self.algorithm)

    def _answer(self, name: str, body: dict[str, object]) -> Response:
        self.requests[name] += 1
        return self.answers[name](body) if name in self.answers else JSONResponse(body)


def overlaid(honest: dict[str, object], changes: dict[str, object]) -> dict[str, object]:
    """``honest`` with ``changes`` laid over it; a member that is ``...`` is left out."""
    return {name: value for name, value in {**honest, **changes}.items() if value is not ...}


class SignIn:
    """One of our gateways, one provider, and the browser between them."""

    def __init__(self, double: ProviderDouble, provider: Provider = PROVIDER) -> None:
        self.double = double
        self.provider = provider
        self.outbound = Outbound(SETTINGS, httpx2.ASGITransport(double.app()))
        self.oidc = OpenIdConnect(SETTINGS, self.outbound, open_cache(SETTINGS, namespace="sso", capacity=100))

    async def begin(self) -> Attempt:
        attempt = new_attempt(self.provider, "/graphql")
        url = await self.oidc.authorization_url(self.provider, attempt)
        self.double.authorization = parse_qs(urlsplit(url).query)
        return attempt

    def query(self) -> str:
        """What the provider has the browser bring back."""
        honest: dict[str, object] = {"code": CODE, "state": self.double.authorization["state"][0], "iss": ISSUER}
        return urlencode(overlaid(honest, self.double.callback))

    async def run(self) -> Identity:
        attempt = await self.begin()
        return await self.oidc.identity(self.provider, attempt, self.query())


async def refusal(double: ProviderDouble) -> Refusal | None:
    """Why a whole sign-in at this provider is refused, or ``None`` where it succeeds."""
    try:
        await SignIn(double).run()
    except SignInRefusedError as failure:
        return failure.reason
    return None
