"""Somebody at a browser without scripts: it follows redirects, keeps cookies, and sends the forms that it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import httpx2
from lxml import html

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tests.acceptance.connection import Connection

_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Sending:
    """Where a browser is sent.

    Attributes:
        values: of the form that sends it; ``None``: it just goes there.
        origin: of the page with the form.
    """

    address: str
    values: Mapping[str, str] | None = None
    origin: str = ""


@dataclass
class Visitor:
    """One person with one browser.

    Attributes:
        gateway: the origin of our server.
        name: what they type where a provider asks who they are.
    """

    gateway: str
    name: str
    client: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx2.AsyncClient(
            base_url=self.gateway,
            follow_redirects=True,
            timeout=_SECONDS,
            # Servers close what was idle, at times just as it is used again. A browser would try again.
            limits=httpx2.Limits(max_keepalive_connections=0),
            verify=False,  # the certificate of a test's server is by itself
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()

    @property
    def cookies(self) -> dict[str, str]:
        """What the browser keeps for our server."""
        host = httpx2.URL(self.gateway).host
        return {cookie.name: cookie.value or "" for cookie in self.client.cookies.jar if cookie.domain == host}

    async def sign_in(self, connection: Connection) -> httpx2.Response:
        """From our sign-in page to the first page behind it, which says who one is; or to the page that says no."""
        return await self.through(connection.sign_in_address)

    async def through(self, address: str) -> httpx2.Response:
        """Open a page, and go through whatever the provider asks until one is back at ours."""
        page = await self.client.get(address)
        while not str(page.url).startswith(self.gateway):
            page = await self.submit(page, **self._typed)
        return page

    async def way_back(self, address: str) -> Sending:
        """Go to a provider and through whatever it asks, up to where it sends one back to ours."""
        sending = Sending(address)
        while not sending.address.startswith(self.gateway):
            page = await self._send(sending, follow_redirects=False)
            sending = Sending(str(page.next_request.url)) if page.next_request else _form(page, self._typed)
        return sending

    async def submit(self, page: httpx2.Response, **typed: str) -> httpx2.Response:
        """Send the one form of a page, with what is typed into it, as a browser would."""
        return await self._send(_form(page, typed))

    async def post(self, path: str, **parameters: str) -> httpx2.Response:
        """A request that a page of ours makes."""
        return await self.client.post(path, data=parameters, headers={"origin": self.gateway})

    async def is_signed_in(self) -> bool:
        """Whether our server still believes what the browser keeps."""
        return (await self.client.get("/auth/session")).status_code == httpx2.codes.OK

    @property
    def _typed(self) -> dict[str, str]:
        return {"login": self.name, "password": "any"}

    async def _send(self, sending: Sending, *, follow_redirects: bool = True) -> httpx2.Response:
        if sending.values is None:
            return await self.client.get(sending.address, follow_redirects=follow_redirects)
        headers = {"origin": sending.origin}
        return await self.client.post(
            sending.address, data=dict(sending.values), headers=headers, follow_redirects=follow_redirects
        )


def _form(page: httpx2.Response, typed: Mapping[str, str]) -> Sending:
    """The one form of a page, with what is typed into it."""
    shown = html.fromstring(page.text, base_url=str(page.url))
    shown.make_links_absolute()
    assert len(shown.forms) == 1, page.text
    form = shown.forms[0]
    origin = f"{page.url.scheme}://{page.url.netloc.decode('ascii')}"
    return Sending(form.action or str(page.url), {**dict(form.form_values()), **typed}, origin)
