"""Forms between two sites in Chromium over https: which cookies come back, and where a page lets its form lead."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Final

import pytest
import uvicorn
from lxml import etree
from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from auth.cookies import Cookie
from auth.opening import open_authentication
from auth.sso.saml.names import POST
from auth.sso.saml.unsolicited import Confirmation
from models.shared import IdentityProvider, Session
from server.routes.pages import confirm
from tests.auth.browser import ACME, Browser, gateway
from tests.auth.provider_double import ProviderDouble
from tests.auth.saml.provider_at_work import EMAIL, SIGN_ON, ProviderAtWork
from tests.auth.saml.test_sign_out import LOGOUT, LogoutDesk, with_logout
from tests.server.ports import free_port
from tests.server.tls import https_front

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from playwright.async_api import Page
    from starlette.requests import Request
    from starlette.responses import Response

    from settings import Settings
    from tenancy.database import Database
    from tests.auth.conftest import Person

CHROMIUM: Final = os.environ.get("FIELDGATE_TEST_CHROMIUM")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="FIELDGATE_TEST_CHROMIUM is not set"),
    pytest.mark.timeout(300),
]


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(app: Starlette, port: int) -> AsyncIterator[None]:
    server = _Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag and no event
        await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    await running


@dataclass
class FormsOnly:
    """A provider on a site of its own that takes nothing but forms, and answers a sign-out by a redirect."""

    url: str
    work: ProviderAtWork = field(init=False)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/sso", self.sign_on, methods=["POST"]),
                Route("/slo", self.sign_out, methods=["POST"]),
                Route("/portal", self.portal),
            ]
        )

    @property
    def metadata(self) -> str:
        document = with_logout(POST).replace(SIGN_ON, f"{self.url}/sso").replace(LOGOUT, f"{self.url}/slo")
        kept, _, rest = document.partition(f'<md:SingleSignOnService Binding="{POST}"')
        return f'{kept.partition("<md:SingleSignOnService")[0]}<md:SingleSignOnService Binding="{POST}"{rest}'

    async def sign_on(self, request: Request) -> Response:
        async with request.form() as form:
            self.work.request = etree.fromstring(base64.b64decode(str(form["SAMLRequest"])))
            return await self._answer(str(form["RelayState"]))

    async def portal(self, request: Request) -> Response:
        del request
        self.work.request = None
        return await self._answer("/auth/session")

    async def sign_out(self, request: Request) -> Response:
        async with request.form() as form:
            asked = etree.fromstring(base64.b64decode(str(form["SAMLRequest"])))
            desk = LogoutDesk(self.work)
            query = desk.query(desk.response(asked.get("ID")), relay_state=str(form["RelayState"]))
        return RedirectResponse(f"{self.work.ours.single_logout}?{query}", 303)

    async def _answer(self, relay_state: str) -> Response:
        raw = base64.b64encode(await self.work.answer()).decode()
        return HTMLResponse(
            f'<!doctype html><form method="post" action="{escape(self.work.ours.assertion_consumer)}">'
            f'<input type="hidden" name="SAMLResponse" value="{raw}">'
            f'<input type="hidden" name="RelayState" value="{escape(relay_state)}"><button>Back</button></form>'
        )


@pytest.fixture
async def provider(settings: Settings, database: Database, ada: Person, tmp_path: Path) -> AsyncIterator[FormsOnly]:
    port, inner = free_port(), free_port()
    provider = FormsOnly(f"http://localhost:{port}")
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=provider.metadata, allow_unsolicited=True)
    async with https_front(tmp_path) as front:
        front.behind = inner
        https = settings.model_copy(update={"public_url": front.url})
        async with open_authentication(https, database.directory) as authentication:
            provider.work = ProviderAtWork(Browser(authentication, ProviderDouble()), ada.provider_id)
            async with served(gateway(authentication), inner), served(provider.app(), port):
                yield provider


@pytest.fixture
async def page(provider: FormsOnly) -> AsyncIterator[Page]:
    origin = provider.work.browser.authentication.settings.public_origin
    async with async_playwright() as playwright:
        # Chromium refuses its sandbox to root, who runs the tests in containers.
        sandbox = [] if os.getuid() else ["--no-sandbox"]
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        context = await launched.new_context(base_url=origin, ignore_https_errors=True)
        yield await context.new_page()
        await launched.close()


LONG: Final = f"{'ada.lovelace-' * 5}contractor@subsidiary.international.acme.example"


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_the_question_fits_on_every_screen(page: Page, width: int) -> None:
    """However long a name or an address is, one sees whom one would be."""
    asked = confirm(Confirmation("/confirm", LONG, "Provider" * 20, "sealed", "attempt"))
    await page.set_viewport_size({"width": width, "height": 740})
    await page.set_content(bytes(asked.body).decode())
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    assert await page.evaluate("(b => b.scrollWidth <= b.clientWidth)(document.querySelector('button'))")
    below = "document.querySelector('form + p').getBoundingClientRect().top"
    gap = await page.evaluate(f"{below} - document.querySelector('button').getBoundingClientRect().bottom")
    assert 8 <= gap <= 32


async def click(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).click()


async def cookies(page: Page) -> dict[str, Any]:
    return {cookie.get("name", ""): cookie for cookie in await page.context.cookies()}


async def test_a_person_goes_there_and_back_by_forms_and_is_signed_out_on_both_sides(page: Page, ada: Person) -> None:
    await page.goto(f"/auth/login?tenant={ACME}&next=/auth/session")
    assert (await cookies(page))[f"__Host-{Cookie.SAML_SIGN_IN}"]["sameSite"] == "None"
    await click(page, "Continue to Test provider")
    await click(page, "Back")
    await page.wait_for_url("**/auth/session")
    await page.get_by_text(EMAIL).wait_for()
    kept = await cookies(page)
    assert kept.keys() == {f"__Host-{Cookie.ACCESS}", f"__Host-{Cookie.REFRESH}"}
    assert {cookie["sameSite"] for cookie in kept.values()} == {"Lax"}
    await page.goto("/auth/logout")
    await click(page, "Sign out")
    await click(page, "Continue to Test provider")
    await page.get_by_text("You are signed out").wait_for()
    assert await cookies(page) == {}
    assert await Session.filter(identity_provider_id=ada.provider_id, revoked_at=None).count() == 0


async def test_s28_whom_the_provider_sends_is_asked_and_then_signed_in(page: Page, provider: FormsOnly) -> None:
    await page.goto(f"{provider.url}/portal")
    await click(page, "Back")
    await page.get_by_role("heading", name="Is this you?").wait_for()
    assert f"__Host-{Cookie.REFRESH}" not in await cookies(page)
    await click(page, f"Sign in as {EMAIL}")
    await page.wait_for_url("**/auth/session")
    await page.get_by_text(EMAIL).wait_for()
