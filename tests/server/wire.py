"""The endpoint with everything around it that belongs to the wire, and nothing behind it.

What a test of the wire needs from behind is an engine that answers as told, faults included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx2

from auth.authentication import Authenticator
from auth.grants import NO_GRANTS
from auth.unauthenticated import UnauthenticatedError
from auth.viewer import Viewer
from engine.result import Result
from server.drain import Drain
from server.graphiql import GraphiQL
from server.graphql import GraphQLEndpoint
from server.request_log import RequestLogMiddleware
from server.security_headers import SecurityHeadersMiddleware
from settings import DEVELOPMENT_KEY, Settings
from tenancy.placement import TenantPlacement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.types import ASGIApp

    from engine.request import Request

ACME_TOKEN = "token-of-a-member-of-acme"
GLOBEX_TOKEN = "token-of-a-member-of-globex"

GRAPHQL = "application/graphql-response+json"

ORIGIN = "http://127.0.0.1:8000"


def viewer_of(slug: str) -> Viewer:
    name = f"t_{uuid4().hex[:16]}"
    return Viewer(
        tenant=TenantPlacement(tenant_id=uuid4(), slug=slug, database="main", schema=name, role=name, schema_version=1),
        member_id=uuid4(),
        session_id=uuid4(),
        grants=NO_GRANTS,
        authorization_version=1,
    )


class KnownTokens(Authenticator):
    """Believes two tokens. ``revoked`` takes one of them back when its viewer is renewed."""

    def __init__(self) -> None:
        self.viewers = {ACME_TOKEN: viewer_of("acme"), GLOBEX_TOKEN: viewer_of("globex")}
        self.renewals = 0
        self.revoked = False

    def remembered(self, _name: bytes) -> Viewer | None:
        return None

    async def viewer(self, access_token: str) -> Viewer:
        if access_token not in self.viewers:
            message = "unknown token"
            raise UnauthenticatedError(message)
        return self.viewers[access_token]

    async def renewed(self, viewer: Viewer) -> Viewer:
        self.renewals += 1
        if self.revoked:
            message = "member left"
            raise UnauthenticatedError(message)
        return viewer


@dataclass
class Engine:
    """Gives the answers that it was given, the last one for ever, and remembers what it was asked."""

    answers: list[Result | Exception] = field(
        default_factory=lambda: [Result(data=b'{"__typename":"Query"}', root_type="Query")]
    )
    requests: list[Request] = field(default_factory=list)
    viewers: list[Viewer] = field(default_factory=list)

    async def execute(self, request: Request, viewer: Viewer) -> Result:
        self.requests.append(request)
        self.viewers.append(viewer)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Wire:
    """The wire, what stands behind it, and a client that is signed in with a bearer token."""

    engine: Engine
    tokens: KnownTokens
    app: ASGIApp
    client: httpx2.AsyncClient

    def anonymous(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url=ORIGIN)

    async def post(self, query: object = "{ __typename }", **parameters: object) -> httpx2.Response:
        return await self.client.post("/graphql", json={"query": query, **parameters}, headers={"accept": GRAPHQL})


def development_settings(**changes: object) -> Settings:
    return Settings.model_validate(
        {"environment": "development", "key_encryption_key": DEVELOPMENT_KEY, "public_url": ORIGIN, **changes}
    )


def wire(
    *answers: Result | Exception,
    settings: Settings | None = None,
    graphiql_bundle: Path | None = None,
    published: Mapping[str, str] = MappingProxyType({}),
) -> Wire:
    settings = settings or development_settings()
    engine = Engine(list(answers)) if answers else Engine()
    tokens = KnownTokens()
    graphiql = None
    if graphiql_bundle is not None:
        graphiql = GraphiQL(authenticator=tokens, settings=settings, bundle=graphiql_bundle)
    endpoint = GraphQLEndpoint(
        execute=engine.execute,
        published=published.get,
        authenticator=tokens,
        settings=settings,
        graphiql=graphiql,
    )
    app = RequestLogMiddleware(SecurityHeadersMiddleware(endpoint, https=False), Drain())
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),
        base_url=ORIGIN,
        headers={"authorization": f"Bearer {ACME_TOKEN}"},
    )
    return Wire(engine, tokens, app, client)
