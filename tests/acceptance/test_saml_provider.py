"""Two tenants with providers made of the npm package ``samlp``: whatever is signed, in Chromium over https too."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import httpx2
import pytest
from lxml import html

from models.shared import SigningPolicy
from tests.acceptance import npm
from tests.acceptance.saml_connection import FOLDER, saml_connection
from tests.acceptance.visitor import Visitor
from tests.server.gateway import running_gateway
from tests.server.tls import https_front

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from settings import Settings
    from tenancy.database import Database
    from tests.acceptance.connection import Connection
    from tests.server.gateway import Gateway

# Providers are connected by commands, one after the other, before the first test.
pytestmark = pytest.mark.timeout(400)

PEOPLE: Final = {name: f"{name}@both.example" for name in ("ada", "bob", "carol", "dan")}

# By name: the tenant, what is signed, whether it is encrypted, and who is a member there and signs in by it.
KINDS: Final = {
    "response": (0, SigningPolicy.RESPONSE, False, ("ada", "bob")),
    "both": (0, SigningPolicy.BOTH, False, ("dan",)),
    "assertion": (1, SigningPolicy.ASSERTION, False, ("ada",)),
    "encrypted": (1, SigningPolicy.BOTH, True, ("carol",)),
}


@pytest.fixture(scope="module")
async def gateway(
    settings: Settings, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    await npm.install(FOLDER)
    folder = tmp_path_factory.mktemp("gateway")
    async with (
        https_front(folder) as front,
        running_gateway(settings, database, folder, FIELDGATE_PUBLIC_URL=front.url) as running,
    ):
        front.behind = int(running.url.rpartition(":")[2])
        yield replace(running, url=front.url)


class Connections:
    """Opened when a test asks for them, to stay open for the others."""

    def __init__(self, gateway: Gateway, opened: contextlib.AsyncExitStack) -> None:
        self._gateway = gateway
        self._opened = opened
        self._known: dict[str, Connection] = {}

    async def get(self, kind: str) -> Connection:
        if kind not in self._known:
            number, signed, encrypted, members = KINDS[kind]
            opening = saml_connection(self._gateway, number, PEOPLE, members, signed=signed, encrypted=encrypted)
            self._known[kind] = await self._opened.enter_async_context(opening)
        return self._known[kind]


@pytest.fixture(scope="module")
async def connections(gateway: Gateway) -> AsyncIterator[Connections]:
    async with contextlib.AsyncExitStack() as opened:
        yield Connections(gateway, opened)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_person_signs_in_and_is_the_member_whom_the_provider_knows(
    gateway: Gateway, connections: Connections, kind: str
) -> None:
    connection = await connections.get(kind)
    name = next(iter(connection.members))
    async with Visitor(gateway.url, name) as visitor:
        for _ in range(2):
            page = await visitor.sign_in(connection)
            assert page.status_code == 200, page.text
            assert page.json()["tenant"]["slug"] == connection.placement.slug
            assert page.json()["member"]["id"] == str(connection.members[name])


async def test_somebody_of_both_tenants_is_at_each_whom_its_own_provider_knows_and_a_stranger_is_nobody(
    gateway: Gateway, connections: Connections
) -> None:
    one, other = [await connections.get(kind) for kind in ("response", "assertion")]
    async with Visitor(gateway.url, "ada") as ada, Visitor(gateway.url, "bob") as bob:
        for connection in (one, other):
            page = await ada.sign_in(connection)
            assert page.json()["member"]["id"] == str(connection.members["ada"])
        page = await bob.sign_in(other)
        assert (page.status_code, "Sign-in did not work" in page.text) == (400, True)
        assert bob.cookies == {}
        assert (await bob.sign_in(one)).json()["member"]["id"] == str(one.members["bob"])
    assert one.members["ada"] != other.members["ada"]


@pytest.mark.parametrize("kind", ["response", "encrypted"])
async def test_signing_out_here_signs_out_there_and_comes_back(
    gateway: Gateway, connections: Connections, kind: str
) -> None:
    connection = await connections.get(kind)
    async with Visitor(gateway.url, next(iter(connection.members))) as visitor:
        assert (await visitor.sign_in(connection)).status_code == 200
        page = await visitor.post("/auth/logout")
        assert [str(each.url).partition("?")[0] for each in page.history[1:]] == [
            f"{connection.issuer}/logout",
            f"{gateway.url}/saml/{connection.placement.slug}/sls/{connection.id}",
        ]
        assert "You are signed out" in page.text
        assert not await visitor.is_signed_in()


@pytest.mark.parametrize("kind", ["response", "encrypted"])
async def test_signing_out_there_ends_this_session_here_and_no_other(
    gateway: Gateway, connections: Connections, kind: str
) -> None:
    connection = await connections.get(kind)
    name = next(iter(connection.members))
    async with Visitor(gateway.url, name) as leaving, Visitor(gateway.url, name) as staying:
        for visitor in (leaving, staying):
            assert (await visitor.sign_in(connection)).status_code == 200
        page = await leaving.client.get(f"{connection.issuer}/logout")
        assert (page.status_code, str(page.url).partition("?")[0]) == (200, f"{connection.issuer}/logout")
        async with asyncio.timeout(5):
            while await leaving.is_signed_in():  # noqa: ASYNC110 - a browser asks, and nobody tells it
                await asyncio.sleep(0.05)
        assert await staying.is_signed_in()


async def test_what_one_tenants_provider_says_is_nothing_at_the_other_by_any_of_its_addresses(
    gateway: Gateway, connections: Connections
) -> None:
    one, other = [await connections.get(kind) for kind in ("response", "assertion")]
    async with Visitor(gateway.url, "ada") as ada:
        page = await ada.client.get(one.sign_in_address)
        page = await ada.submit(page, login="ada")
        shown = html.fromstring(page.text).forms[0]
        answer = dict(shown.form_values())
        assert shown.action == f"{gateway.url}/saml/{one.placement.slug}/acs/{one.id}"
        departed = await ada.client.get(other.sign_in_address, follow_redirects=False)
        relay_state = httpx2.URL(departed.headers["location"]).params["RelayState"]
        crossed = {
            f"/saml/{other.placement.slug}/acs/{other.id}": {400},
            f"/saml/{other.placement.slug}/acs": {400, 404},  # by whether the tenant has just this one
            f"/saml/{other.placement.slug}/acs/{one.id}": {404},
            f"/saml/{one.placement.slug}/acs/{other.id}": {404},
        }
        for path, statuses in crossed.items():
            for state in (answer["RelayState"], relay_state):
                await ada.client.get(other.sign_in_address, follow_redirects=False)
                page = await ada.client.post(path, data={**answer, "RelayState": state})
                assert page.status_code in statuses, path
                assert not await ada.is_signed_in()
        for slug, connection in ((other.placement.slug, one), (one.placement.slug, other)):
            page = await ada.client.get(f"/saml/{slug}/metadata/{connection.id}")
            assert page.status_code == 404


@pytest.fixture
async def page(gateway: Gateway, browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=gateway.url, ignore_https_errors=True)
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("kind", ["response", "encrypted"])
async def test_a_person_at_chromium_comes_back_by_a_form_of_another_site(
    page: Page, connections: Connections, kind: str
) -> None:
    connection = await connections.get(kind)
    name = next(iter(connection.members))
    await page.goto(connection.sign_in_address)
    await page.wait_for_url(f"{connection.issuer}/sso**")
    await page.locator("input[name=login]").fill(name)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/auth/session")
    shown = json.loads(await page.locator("body").inner_text())
    assert shown["member"]["id"] == str(connection.members[name])
