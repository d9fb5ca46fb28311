"""A person's browser in front of our gateway, and the provider that it is sent to and comes back from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware

from server.drain import Drain
from server.request_log import RequestLogMiddleware
from server.routes.auth import AUTH_ROUTES
from server.security_headers import SecurityHeadersMiddleware
from tests.auth.provider_double import CODE, ISSUER, ProviderDouble, overlaid

ACME: Final = "acme-auth"

if TYPE_CHECKING:
    from auth.opening import Authentication


def gateway(authentication: Authentication) -> Starlette:
    """The application, as far as signing in goes."""
    app = Starlette(
        routes=list(AUTH_ROUTES),
        middleware=[
            Middleware(RequestLogMiddleware, drain=Drain()),
            Middleware(SecurityHeadersMiddleware, https=authentication.settings.is_https),
        ],
    )
    app.state.authentication = authentication
    return app


@dataclass
class Browser:
    """One browser: its cookies, and what it does when it is told to go somewhere."""

    authentication: Authentication
    double: ProviderDouble
    client: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(gateway(self.authentication)),
            base_url=self.authentication.settings.public_url,
        )

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar}

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, **headers: str) -> httpx2.Response:
        """A request that a page of ours makes."""
        origin = {"Origin": self.authentication.settings.public_origin, "Sec-Fetch-Site": "same-origin"}
        return await self.client.post(path, headers=origin | headers)

    async def depart(self, tenant: str = ACME, wanted: str | None = None) -> httpx2.Response:
        """Ask to sign in, and let the provider know what it was asked."""
        query = {"tenant": tenant} | ({} if wanted is None else {"next": wanted})
        return await self.follow(f"/auth/login?{urlencode(query)}")

    async def follow(self, path: str) -> httpx2.Response:
        """Go where one is sent on to the provider from."""
        response = await self.get(path)
        self.double.authorization = parse_qs(urlsplit(response.headers.get("location", "")).query)
        return response

    def answer(self) -> str:
        """Where the provider sends the browser back to."""
        honest: dict[str, object] = {"code": CODE, "state": self.double.authorization["state"][0], "iss": ISSUER}
        path = urlsplit(self.double.authorization["redirect_uri"][0]).path
        return f"{path}?{urlencode(overlaid(honest, self.double.callback))}"

    async def sign_in(self, tenant: str = ACME, wanted: str | None = None) -> httpx2.Response:
        await self.depart(tenant, wanted)
        return await self.get(self.answer())
