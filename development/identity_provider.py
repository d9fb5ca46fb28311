"""An identity provider for a developer's machine: each tenant has one, and it believes whoever says who they are.

Its routes are mounted on our own origin, so nothing leaves the machine; our side still talks to it over HTTP, as to any
other. It must never be reachable in production, where it would be a door without a lock: making the routes fails there.
"""

from __future__ import annotations

import hmac
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from auth.sealing import Purpose, derived_key
from auth.sso.oidc import redirect_uri
from development.identity_provider_people import person_of, persons_of
from development.identity_provider_protocol import ALGORITHM, Answer, ProtocolRequest, ProtocolServer
from development.identity_provider_tokens import SCOPES, Client, Issued
from models.shared import IdentityProvider
from server.request_body import read_body
from server.routes.pages import page
from settings import InsecureSettingsError
from tenancy.errors import UnknownTenantError
from tenancy.slug import SlugRefusedError, checked_slug

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from development.identity_provider_people import Persona
    from settings import Settings
    from tenancy.placement import TenantPlacement

MOUNT: Final = "/development/identity-provider"
CLIENT_ID: Final = "fieldgate"

_NO_STORE: Final = {"Cache-Control": "no-store"}
_BODY_BYTES: Final = 16_384


def issuer_of(settings: Settings, slug: str) -> str:
    """What the provider of this tenant calls itself."""
    return f"{settings.public_url.rstrip('/')}{MOUNT}/{slug}"


def client_secret_of(settings: Settings, tenant_id: UUID) -> str:
    """The secret that both sides know without having stored it together."""
    return hmac.digest(derived_key(settings, Purpose.DEVELOPMENT_CLIENT), tenant_id.bytes, "sha256").hex()


def development_routes(settings: Settings) -> list[BaseRoute]:
    """What a developer's server has beside the rest.

    Raises:
        InsecureSettingsError: this is not a developer's machine.
    """
    if settings.environment != "development":
        message = "the development identity provider lets everybody in as anybody; it does not exist in production"
        raise InsecureSettingsError(message)
    provider = DevelopmentIdentityProvider(settings)
    base = f"{MOUNT}/{{slug}}"
    return [
        Route(f"{base}/.well-known/openid-configuration", provider.discovery, methods=["GET"]),
        Route(f"{base}/authorize", provider.ask, methods=["GET"]),
        Route(f"{base}/authorize", provider.choose, methods=["POST"]),
        Route(f"{base}/token", provider.token, methods=["POST"]),
        Route(f"{base}/userinfo", provider.userinfo, methods=["GET", "POST"]),
        Route(f"{base}/jwks", provider.jwks, methods=["GET"]),
    ]


class DevelopmentIdentityProvider:
    """The endpoints. Each request says by its path which tenant's provider it means."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issued = Issued()

    async def discovery(self, request: Request) -> Response:
        """The discovery document."""
        issuer = issuer_of(self._settings, (await _placement(request)).slug)
        document = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/jwks",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "scopes_supported": list(SCOPES),
            "claims_supported": ["sub", "email", "email_verified", "name", "auth_time"],
        }
        return JSONResponse(document)

    async def jwks(self, request: Request) -> Response:
        """The key that ID tokens are signed with."""
        await _placement(request)
        key = self._issued.key.as_dict(private=False)
        return JSONResponse({"keys": [{**key, "kid": self._issued.kid, "alg": ALGORITHM, "use": "sig"}]})

    async def ask(self, request: Request) -> Response:
        """The page that asks who one is."""
        placement = await _placement(request)
        server, asked = await self._server(placement), _authorization_request(request)
        try:
            server.get_consent_grant(asked)
        except OAuth2Error as error:
            return self._refused(server, asked, error)
        return persona_page(placement.slug, await persons_of(placement))

    async def choose(self, request: Request) -> Response:
        """What the page sends: back to where one came from, with a code."""
        placement = await _placement(request)
        server, asked = await self._server(placement), _authorization_request(request)
        chosen = (await _form(request)).get("member", [""])[0]
        try:
            grant = server.get_consent_grant(asked)
            person = await person_of(placement, chosen)
        except OAuth2Error as error:
            return self._refused(server, asked, error)
        return _response(server.create_authorization_response(asked, grant_user=person, grant=grant))

    async def token(self, request: Request) -> Response:
        """A code for tokens."""
        server = await self._server(await _placement(request))
        asked = ProtocolRequest("POST", await _form(request), dict(request.headers))
        return _response(server.create_token_response(asked))

    async def userinfo(self, request: Request) -> Response:
        """The claims of the access token's person."""
        issuer = issuer_of(self._settings, (await _placement(request)).slug)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        claims = self._issued.userinfo(token, issuer)
        if claims is None:
            return JSONResponse({"error": "invalid_token"}, 401, headers={"WWW-Authenticate": "Bearer"})
        return JSONResponse(claims, headers=_NO_STORE)

    async def _server(self, placement: TenantPlacement) -> ProtocolServer:
        connections = IdentityProvider.filter(tenant_id=placement.tenant_id)
        known = [redirect_uri(self._settings, row.id) async for row in connections]
        client = Client(
            client_id=CLIENT_ID,
            client_secret=client_secret_of(self._settings, placement.tenant_id),
            redirect_uris=frozenset(known),
        )
        return ProtocolServer(issuer_of(self._settings, placement.slug), client, self._issued)

    def _refused(self, server: ProtocolServer, asked: ProtocolRequest, error: OAuth2Error) -> Response:
        answer: Answer = server.handle_error_response(asked, error)
        if answer.location is not None:
            answer.location = add_params_to_uri(answer.location, {"iss": server.issuer})
            return _response(answer)
        return page("This request is not one of ours", f"<p><code>{error.error}</code></p>", status=400)


def persona_page(slug: str, personas: list[Persona]) -> Response:
    """A list of buttons: the first has the focus, Tab and Enter do the rest."""
    choices = "\n".join(
        f'<li><button class="choice" name="member" value="{escape(persona.person.subject)}"'
        f"{' autofocus' if number == 0 else ''}><strong>{escape(persona.person.name)}</strong>"
        f"<span>{escape(persona.person.email)}</span><span>{escape(persona.roles)}</span></button></li>"
        for number, persona in enumerate(personas)
    )
    content = f"""<p>This is the development identity provider of <strong>{escape(slug)}</strong>. No passwords.</p>
<form method="post"><ul>
{choices or "<li>Nobody here may sign in.</li>"}
</ul></form>"""
    return page("Who are you?", content)


async def _placement(request: Request) -> TenantPlacement:
    try:
        placement: TenantPlacement = await request.app.state.database.directory.by_slug(
            checked_slug(request.path_params["slug"])
        )
    except (SlugRefusedError, UnknownTenantError) as failure:
        raise HTTPException(404) from failure
    return placement


def _authorization_request(request: Request) -> ProtocolRequest:
    query = parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return ProtocolRequest(request.method, query, {})


async def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((await read_body(request.receive, _BODY_BYTES)).decode("latin-1"), keep_blank_values=True)


def _response(answer: Answer) -> Response:
    if answer.location is not None:
        # 303, not Authlib's 302: what follows a form that was sent must be a GET.
        return RedirectResponse(answer.location, 303, headers=_NO_STORE)
    return JSONResponse(answer.body, answer.status, headers=_NO_STORE)
